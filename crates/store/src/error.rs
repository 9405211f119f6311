//! File errors, each with its path and a remedy.

use std::path::PathBuf;

/// An error of reading or writing a file of a report folder.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {reason}; check disk, folder and permissions", path.display())]
    Io {
        /// `read`, `write`, ...
        action: &'static str,
        /// Path of the file or folder.
        path: PathBuf,
        /// The system's error. It is not the `source`, because the message already includes it.
        reason: std::io::Error,
    },
    /// A JSON file cannot be parsed, or was written by a newer program.
    #[error("{} is invalid: {reason}; run the sweep again to rewrite it", path.display())]
    Json {
        /// Path of the file or folder.
        path: PathBuf,
        /// The reason, as shown in the message.
        reason: String,
    },
}

impl StoreError {
    /// Returns a function that turns an error of the system into [`StoreError::Io`] for `action` on
    /// `path`.
    pub fn io(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |reason| StoreError::Io { action, path, reason }
    }
}
