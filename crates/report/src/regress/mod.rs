//! A night against its baseline and its history: whether training got worse.
//!
//! [`Night`] is a finished sweep in one file; `compare` sets two of them side
//! by side, run by run; the history is a folder of nights. What comes of it,
//! [`Regression`], is plain values that page, Markdown, JSON and exit code are
//! made of.

pub mod baseline;
pub mod finding;
pub mod night;

pub use finding::{
    Change, ConfigChange, Finding, Gap, GapKind, Method, Regression, Segment, Trend, TrendPoint,
    TrendStep, Verdict,
};
pub use night::{Facts, Night, NightRun};
