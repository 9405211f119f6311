//! What can go wrong, with where it did and what to do.

use std::path::PathBuf;

use polars::prelude::PolarsError;
use store::StoreError;

/// An error of collecting or rendering.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file could not be read or written, or is not what it should be.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A Parquet file could not be read or written.
    #[error("{}: {reason}; `report` writes it anew from the journal", path.display())]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// What polars said.
        reason: PolarsError,
    },
    /// A file of a baseline or of a history is not what it should be. Nothing
    /// makes it anew from a journal, so the user has to.
    #[error("{} is not {what}: {reason}; restore it from git or record it anew", path.display())]
    Kept {
        /// Which file.
        path: PathBuf,
        /// What it should be: `a night`.
        what: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// One of the two files of a baseline is there without the other.
    #[error(
        "{} is missing beside {other}, and without it there is no baseline; restore it from git, \
         or accept one anew: cargo xtask baseline accept FILE --reason TEXT", path.display()
    )]
    HalfBaseline {
        /// The file that is missing.
        path: PathBuf,
        /// Name of the file that is there.
        other: &'static str,
    },
    /// A file of published numbers is not what it should be.
    #[error("{} is no file of published numbers: {reason}; mend it there", path.display())]
    Published {
        /// The file.
        path: PathBuf,
        /// The problem, with line and column.
        reason: String,
    },
    /// A figure could not be drawn.
    #[error("figure `{name}` could not be drawn: {reason}")]
    Figure {
        /// Name of the figure.
        name: String,
        /// What the drawing library said.
        reason: String,
    },
}

impl ReportError {
    /// Returns what turns an error of the system into one of `action` on `path`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let error = StoreError::io(action, path);
        move |reason| error(reason).into()
    }

    /// Returns what turns an error of polars into one of the file at `path`.
    pub fn parquet(path: impl Into<PathBuf>) -> impl FnOnce(PolarsError) -> Self {
        let path = path.into();
        move |reason| ReportError::Parquet { path, reason }
    }
}
