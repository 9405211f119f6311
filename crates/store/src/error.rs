//! Errors of files, each with its path and a remedy.

use std::path::PathBuf;

/// An error of reading or writing a file of a report folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {reason}; check disk, folder and permissions", path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// Which file.
        path: PathBuf,
        /// The system's error. Not the source, since the message holds it.
        reason: std::io::Error,
    },
    /// A JSON file does not have the form it should.
    #[error("{} is not what it should be: {reason}; run the sweep again to write it anew", path.display())]
    Json {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl StoreError {
    /// Returns what turns an error of the system into one of `action` on `path`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| StoreError::Io { action, path, reason }
    }
}
