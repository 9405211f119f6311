//! A night against its baseline and its history: whether training got worse.
//!
//! [`Night`] is a finished sweep in one file; [`judge`] sets it beside
//! an earlier one, run by run, and looks back over a folder of nights. What comes of it,
//! [`Regression`], is plain values that page, Markdown, JSON and exit code are
//! made of.

pub mod amounts;
pub mod baseline;
pub mod figures;
pub mod finding;
pub mod history;
pub mod night;
pub mod render;
pub mod text;

mod change;
mod compare;
mod divergence;
mod html;
mod judge;
mod levels;
mod markdown;
mod pairs;
mod quantity;
mod ranking;
mod tables;
mod trends;

pub use finding::{
    Change, ConfigChange, Finding, Gap, GapKind, Method, Regression, Segment, Trend, TrendPoint,
    TrendStep, Verdict,
};
pub use judge::{Against, judge};
pub use night::{Facts, Night, NightRun};
pub use render::{Title, render};
pub use text::{exit_code, headline};
