//! What can go wrong, with where it did and what to do.

use std::path::PathBuf;

use polars::prelude::PolarsError;

/// An error of collecting or rendering.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}; check disk, folder and permissions", path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A JSON file does not have the form it should.
    #[error("{} is not what it should be: {reason}; run the sweep again to write it anew", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A Parquet file could not be read or written.
    #[error("{}: {source}; `report` writes it anew from the journal", path.display())]
    Parquet {
        /// Which file.
        path: PathBuf,
        /// What polars said.
        source: PolarsError,
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
    pub(crate) fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| ReportError::Io { action, path, source }
    }

    pub(crate) fn parquet(path: impl Into<PathBuf>) -> impl FnOnce(PolarsError) -> Self {
        let path = path.into();
        move |source| ReportError::Parquet { path, source }
    }
}
