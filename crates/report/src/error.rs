//! Errors of reports, with the place and a remedy.

use std::path::PathBuf;

use polars::prelude::PolarsError;
use store::StoreError;

/// An error while collecting or rendering a report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file cannot be read or written, or its content is invalid.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A Parquet file cannot be read or written.
    #[error("{}: {reason}; `report` rewrites it from the journal", path.display())]
    Parquet {
        /// Path of the file.
        path: PathBuf,
        /// Error from polars.
        reason: PolarsError,
    },
    /// A file of a baseline or of a history is invalid. It cannot be rebuilt from a journal, so the
    /// user has to restore it.
    #[error("{} is not {what}: {reason}; restore it from git or record it again", path.display())]
    Kept {
        /// Path of the file.
        path: PathBuf,
        /// Expected content: `a night`.
        what: &'static str,
        /// The problem.
        reason: String,
    },
    /// One of the two files of a baseline is missing.
    #[error(
        "{} is missing next to {other}, so there is no baseline; restore it from git, \
         or accept a new one: cargo xtask baseline accept FILE --reason TEXT", path.display()
    )]
    HalfBaseline {
        /// The file that is missing.
        path: PathBuf,
        /// Name of the file that exists.
        other: &'static str,
    },
    /// A file of published numbers is invalid.
    #[error("{} is not a valid file of published numbers: {reason}; fix it there", path.display())]
    Published {
        /// The file.
        path: PathBuf,
        /// The problem, with line and column.
        reason: String,
    },
    /// A figure cannot be drawn.
    #[error("figure `{name}` could not be drawn: {reason}")]
    Figure {
        /// Name of the figure.
        name: String,
        /// Error from the drawing library.
        reason: String,
    },
}

impl ReportError {
    /// Returns a function that converts an I/O error into an error of `action` on `path`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let error = StoreError::io(action, path);
        move |reason| error(reason).into()
    }

    /// Returns a function that converts a polars error into an error of the file at `path`.
    pub fn parquet(path: impl Into<PathBuf>) -> impl FnOnce(PolarsError) -> Self {
        let path = path.into();
        move |reason| ReportError::Parquet { path, reason }
    }
}
