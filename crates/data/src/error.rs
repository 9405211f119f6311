//! Errors in a dataset's files; each message names the fault, the place and a remedy.

use std::io;
use std::path::PathBuf;

use spec::DatasetName;
use spec::own_data::Unusable;

use crate::idx::IdxError;
use crate::own::OwnError;

/// A dataset could not be read. Each message includes its cause; `source` is not set, so that an
/// error chain does not print the cause twice.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Neither the compressed nor the uncompressed file exists.
    #[error("{path}: no such file{}; {remedy}", nor(raw.as_deref()), path = path.display(), remedy = mended(*dataset))]
    Missing {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The compressed file that was expected.
        path: PathBuf,
        /// Name of the uncompressed file that would be accepted too; `None` if only the compressed
        /// one is.
        raw: Option<String>,
    },
    /// The operating system returned an error.
    #[error("{path}: {reason}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Error of the operating system.
        reason: io::Error,
    },
    /// The data ends too early.
    #[error(
        "{path}: truncated: {found} of {expected} bytes (uncompressed); {remedy}",
        path = path.display(), remedy = mended(*dataset)
    )]
    Truncated {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// Uncompressed bytes read before the end.
        found: u64,
        /// Uncompressed bytes of the genuine file.
        expected: u64,
    },
    /// The data is longer than the genuine file.
    #[error(
        "{path}: longer than the {expected} bytes (uncompressed) of the genuine file; {remedy}",
        path = path.display(), remedy = mended(*dataset)
    )]
    TooLong {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// Uncompressed bytes of the genuine file.
        expected: u64,
    },
    /// Bytes follow the end of the gzip stream.
    #[error("{path}: bytes follow the end of the gzip stream; {remedy}", path = path.display(), remedy = mended(*dataset))]
    TrailingBytes {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
    },
    /// The file is not a gzip stream, or it is damaged.
    #[error("{path}: not a sound gzip file ({reason}); {remedy}", path = path.display(), remedy = mended(*dataset))]
    Gzip {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// Message of the decoder.
        reason: String,
    },
    /// The file has the contents of another file of the same dataset.
    #[error(
        "{path}: holds the contents of {actual}: two files were swapped; rename them, or {remedy}",
        path = path.display(), remedy = mended(*dataset)
    )]
    Swapped {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// The file whose bytes these are.
        actual: &'static str,
    },
    /// The length is right, but the bytes are not.
    #[error(
        "{path}: altered: {of} is {found}, expected {expected}; {remedy}",
        path = path.display(), remedy = mended(*dataset)
    )]
    Altered {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// Kind of the checksum and the bytes it covers.
        of: &'static str,
        /// Checksum of what was read.
        found: String,
        /// Checksum of the genuine file.
        expected: &'static str,
    },
    /// A tar or zip archive holds unexpected entries, or lacks expected ones.
    #[error("{path}: not the archive it should be: {reason}; {remedy}", path = path.display(), remedy = mended(*dataset))]
    Archive {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// Fault of the archive, in words.
        reason: String,
    },
    /// The bytes are not in the expected format.
    #[error("{path}: {reason}", path = path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// Fault of the format.
        reason: IdxError,
    },
    /// A line of a CSV or text file is invalid.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// Fault of the line, in words.
        reason: String,
    },
    /// An error in the user's own files.
    #[error(transparent)]
    Own(#[from] OwnError),
}

fn nor(raw: Option<&str>) -> String {
    raw.map(|raw| format!(" (nor {raw} without compression)")).unwrap_or_default()
}

/// Returns [`remedy`] with its prefix, the end of a message.
fn mended(dataset: DatasetName) -> String {
    format!("remedy: {}", remedy(dataset))
}

/// Returns the command that restores the genuine files.
fn remedy(dataset: DatasetName) -> String {
    let info = dataset.info();
    let git = format!("restore it from git (`git checkout -- data/{dataset}`)");
    match (info.mirrors.is_empty(), info.is_committed()) {
        (true, _) => git,
        (false, true) => format!("`cargo xtask fetch {dataset}`, or {git}"),
        (false, false) => format!("`cargo xtask fetch {dataset}`"),
    }
}

impl DataError {
    /// Returns the problem and its remedy, separately if both are known.
    pub fn parts(&self) -> Unusable {
        let remedy = match self {
            DataError::Own(error) => {
                return Unusable { problem: error.problem(), remedy: Some(error.remedy()) };
            }
            DataError::Missing { dataset, .. }
            | DataError::Truncated { dataset, .. }
            | DataError::TooLong { dataset, .. }
            | DataError::TrailingBytes { dataset, .. }
            | DataError::Gzip { dataset, .. }
            | DataError::Altered { dataset, .. }
            | DataError::Archive { dataset, .. } => Some(remedy(*dataset)),
            // Its message names a better remedy first.
            DataError::Swapped { .. } => None,
            DataError::Io { .. } | DataError::Idx { .. } | DataError::Csv { .. } => None,
        };
        let whole = self.to_string();
        let end = remedy.as_ref().map(|remedy| format!("; remedy: {remedy}")).unwrap_or_default();
        let problem = whole.strip_suffix(&end).unwrap_or(&whole).to_owned();
        Unusable { problem, remedy }
    }
}
