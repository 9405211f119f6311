//! What can be wrong with a dataset's files: each case tells what was found,
//! where, and how to mend it.

use std::io;
use std::path::PathBuf;

use spec::DatasetName;
use spec::own_data::Unusable;

use crate::idx::IdxError;
use crate::own::OwnError;

/// A dataset could not be read. Each text says its cause itself; there is no `source` that
/// a chain would say a second time.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// Neither the compressed nor the raw file exists.
    #[error("{path}: no such file{}; {remedy}", nor(raw.as_deref()), path = path.display(), remedy = mended(*dataset))]
    Missing {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The compressed file that was looked for.
        path: PathBuf,
        /// Name of the uncompressed file that would do as well, if one would.
        raw: Option<String>,
    },
    /// The operating system refused.
    #[error("{path}: {reason}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
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
        /// Uncompressed bytes before the end.
        found: u64,
        /// Uncompressed bytes of the genuine file.
        expected: u64,
    },
    /// More data than the genuine file has.
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
    /// Not a gzip stream, or a damaged one.
    #[error("{path}: not a sound gzip file ({reason}); {remedy}", path = path.display(), remedy = mended(*dataset))]
    Gzip {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// Another file of the same dataset under this name.
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
    /// Right length, wrong bytes.
    #[error(
        "{path}: altered: {of} is {found}, expected {expected}; {remedy}",
        path = path.display(), remedy = mended(*dataset)
    )]
    Altered {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// What the checksum is and is taken of.
        of: &'static str,
        /// Checksum of what was read.
        found: String,
        /// Checksum of the genuine file.
        expected: &'static str,
    },
    /// A tar archive that holds what it should not, or lacks what it should hold.
    #[error("{path}: not the archive it should be: {reason}; {remedy}", path = path.display(), remedy = mended(*dataset))]
    Archive {
        /// The dataset it belongs to.
        dataset: DatasetName,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The bytes are not in the format they should have.
    #[error("{path}: {reason}", path = path.display())]
    Idx {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: IdxError,
    },
    /// A line of a CSV file is not as it should be.
    #[error("{path}:{line}: {reason}", path = path.display())]
    Csv {
        /// The file.
        path: PathBuf,
        /// Line number from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The user's own files.
    #[error(transparent)]
    Own(#[from] OwnError),
}

fn nor(raw: Option<&str>) -> String {
    raw.map(|raw| format!(" (nor {raw} without compression)")).unwrap_or_default()
}

/// The end of a text: [`remedy`] with its word.
fn mended(dataset: DatasetName) -> String {
    format!("remedy: {}", remedy(dataset))
}

/// How to get the genuine files back.
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
    /// Returns the problem and its remedy, apart where both are known.
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
            // Its text names a remedy of its own before this one.
            DataError::Swapped { .. } => None,
            DataError::Io { .. } | DataError::Idx { .. } | DataError::Csv { .. } => None,
        };
        let whole = self.to_string();
        let end = remedy.as_ref().map(|remedy| format!("; remedy: {remedy}")).unwrap_or_default();
        let problem = whole.strip_suffix(&end).unwrap_or(&whole).to_owned();
        Unusable { problem, remedy }
    }
}
