//! Reports of a sweep: Parquet files, figures, a page and a closing table, made from its journal.
//!
//! There are three stages, each restartable from disk. [`collect()`] converts journal and plan into
//! `runs.parquet`, `metrics.parquet` and `summary.parquet`. [`render`] reads only those,
//! `plan.json` and `manifest.json`; it draws the figures and writes `index.html` and `REPORT.md`.
//! [`summary()`] returns the closing table and the answer as a sentence. [`redraw()`] runs all
//! three with one analysis. This crate does not depend on Burn, so that a report can be redrawn on
//! a machine without libtorch.

pub mod analysis;
pub mod collect;
pub mod cross_task;
pub mod derived;
pub mod error;
pub mod external;
pub mod figures;
pub mod page;
pub mod repeats;
pub mod setting;
pub mod superseded;
pub mod table;
pub mod text;

mod best;
mod files;
pub mod reading;
mod redraw;
mod summary;
mod targets;

pub use analysis::{Advice, GridEnd};
pub use best::BestRow;
pub use collect::{Collected, collect};
pub use error::ReportError;
pub use files::manifest;
pub use page::{Rendered, render};
pub use reading::{Opened, open};
pub use redraw::{Redrawn, redraw};
pub(crate) use store::journal;
pub use summary::{Summary, summary};
pub(crate) use text_format::{escape, number, plural};
