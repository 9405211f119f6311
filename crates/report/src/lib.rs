//! From the journal of a sweep to Parquet, figures, a page and a table.
//!
//! Three stages, each restartable from disk: [`collect()`] turns journal and
//! plan into `runs.parquet`, `metrics.parquet` and `summary.parquet`;
//! [`render`] reads only those, `plan.json` and `manifest.json`, draws the
//! figures and writes `index.html` and `REPORT.md`; [`summary()`] gives the
//! closing table and the answer in a sentence. [`redraw()`] does all three with
//! one analysis. Nothing here knows Burn, so a report can be redrawn on a
//! machine without libtorch.

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
