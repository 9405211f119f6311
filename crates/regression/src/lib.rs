//! Comparison of a night with its baseline and its history, to detect whether training got worse.
//!
//! A [`Night`] is a finished sweep in one file. [`judge`] compares it with an earlier one, run by
//! run, and with a folder of earlier nights. The result, [`Regression`], is plain values from which
//! page, Markdown, JSON and exit code are made.

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
