//! Errors in own data; each is one line with the file as the sweep file names it, the place and a
//! remedy.

use std::fmt;
use std::io;
use std::path::PathBuf;

use text_format::plural;

/// Maximum size of a file in bytes, on disk and decompressed.
pub(super) const LARGEST: u64 = 8 << 30;

/// Own data could not be read.
#[derive(Debug)]
pub enum OwnError {
    /// The file does not exist.
    Missing {
        /// The file as given.
        file: String,
        /// Folder that relative paths start at.
        root: PathBuf,
    },
    /// The path names a folder, a pipe or a device.
    NotAFile {
        /// The file as given.
        file: String,
        /// Kind of the entry, in words.
        what: &'static str,
    },
    /// The operating system returned an error.
    Io {
        /// The file as given.
        file: String,
        /// Error of the operating system; part of the message, and therefore not the `source`.
        reason: io::Error,
    },
    /// The file exceeds 8 GiB, on disk or decompressed.
    TooLarge {
        /// The file as given.
        file: String,
    },
    /// The gzip stream ends early or is damaged.
    Gzip {
        /// The file as given.
        file: String,
        /// Message of the decoder.
        reason: String,
    },
    /// The contents are invalid.
    Content {
        /// The file as given.
        file: String,
        /// Place in the file.
        place: Place,
        /// Description of the fault.
        reason: String,
        /// Remedy, in words.
        remedy: String,
    },
    /// The bytes differ from those when the plan was made.
    Changed {
        /// Every file of the dataset as given; one checksum covers them all.
        files: Vec<String>,
    },
    /// The bytes are the plan's, but their interpretation is not.
    Plan {
        /// The inputs' file as given.
        file: String,
        /// Sizes in the plan, in words.
        planned: String,
        /// Sizes found in the file, in words.
        found: String,
    },
}

impl OwnError {
    /// Returns the problem, with the file and the place in it.
    pub fn problem(&self) -> String {
        match self {
            OwnError::Missing { file, .. } => format!("{file}: no such file"),
            OwnError::NotAFile { file, what } => format!("{file}: {what}, not a file"),
            OwnError::Io { file, reason } => format!("{file}: {reason}"),
            OwnError::TooLarge { file } => format!(
                "{file}: longer than {} GiB (after decompression), the most that is read",
                LARGEST >> 30
            ),
            OwnError::Gzip { file, reason } => format!("{file}: not a sound gzip file ({reason})"),
            OwnError::Content { file, place, reason, .. } => format!("{file}: {place}{reason}"),
            OwnError::Changed { files } => {
                let what = match files.len() {
                    1 => "the data changed",
                    _ => "the data in one of these files changed",
                };
                format!("{}: {what} since the plan was made", files.join(", "))
            }
            OwnError::Plan { file, planned, found } => {
                format!("{file}: the plan has {planned}, the file has {found}")
            }
        }
    }

    /// Returns the remedy.
    pub fn remedy(&self) -> String {
        match self {
            OwnError::Missing { root, .. } => format!(
                "check the path; relative paths start at {}, the folder that holds data/",
                root.display()
            ),
            OwnError::NotAFile { .. } => "give the path of the file itself".to_owned(),
            OwnError::Io { .. } => "check the file's permissions and its disk".to_owned(),
            OwnError::TooLarge { .. } => "use fewer samples, or a smaller number type".to_owned(),
            OwnError::Gzip { .. } => "compress or copy it again".to_owned(),
            OwnError::Content { remedy, .. } => remedy.clone(),
            OwnError::Changed { files } => {
                let what = plural::form(files.len(), "the file", "the files");
                format!(
                    "restore {what}, or run the sweep with --fresh (or another `name`) to begin \
                     anew with the new data"
                )
            }
            OwnError::Plan { .. } => "run the sweep with --fresh to begin anew".to_owned(),
        }
    }
}

impl fmt::Display for OwnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; remedy: {}", self.problem(), self.remedy())
    }
}

impl std::error::Error for OwnError {}

/// Place in a file. Lines and columns count from 1, samples and features from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The whole file.
    File,
    /// A line of text, from 1.
    Line(usize),
    /// A field of a line.
    Field {
        /// Line number, from 1.
        line: usize,
        /// Field number, from 1.
        column: usize,
    },
    /// A sample, from 0.
    Sample(usize),
    /// A value of a flattened sample.
    Value {
        /// Index of the sample, from 0.
        sample: usize,
        /// Index of the value in the sample, from 0.
        feature: usize,
    },
}

/// Writes the place followed by a colon and a space; nothing for the whole file.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::File => Ok(()),
            Place::Line(line) => write!(f, "line {line}: "),
            Place::Field { line, column } => write!(f, "line {line}, column {column}: "),
            Place::Sample(sample) => write!(f, "sample {sample} (from 0): "),
            Place::Value { sample, feature } => {
                write!(f, "sample {sample}, feature {feature} (both from 0): ")
            }
        }
    }
}

/// Fault found by a parser, which does not know the file's name.
#[derive(Debug)]
pub(super) enum Fault {
    /// Reading failed.
    Io(io::Error),
    /// The contents are invalid.
    Content { place: Place, reason: String, remedy: String },
}

impl Fault {
    pub(super) fn new(place: Place, reason: impl Into<String>, remedy: impl Into<String>) -> Self {
        Fault::Content { place, reason: reason.into(), remedy: remedy.into() }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

/// Shortens and escapes text of a file for a message, so that it stays on one line.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 40;
    let mut out: String = text.chars().take(MOST).flat_map(char::escape_debug).collect();
    if text.chars().nth(MOST).is_some() {
        out.push_str("...");
    }
    out
}

/// Returns ` (it looks like ...)` if a file begins like a known format, else an empty string.
pub(super) fn looks_like(start: &[u8]) -> String {
    const KNOWN: [(&[u8], &str); 11] = [
        (b"%PDF", "a PDF document"),
        (b"\x89PNG", "a PNG image"),
        (b"\xff\xd8\xff", "a JPEG image"),
        (b"PK\x03\x04", "a zip archive such as .npz or .xlsx"),
        (b"\x93NUMPY", "a NumPy array: kind \"npy\""),
        (b"\x1f\x8b", "a gzip file, which is to be decompressed first"),
        (b"\x89HDF", "an HDF5 file"),
        (b"PAR1", "a Parquet file"),
        (b"\xff\xfe", "UTF-16 text"),
        (b"\xfe\xff", "UTF-16 text"),
        (b"\0\0\x08", "an IDX file: kind \"idx\""),
    ];
    match KNOWN.iter().find(|(magic, _)| start.starts_with(magic)) {
        Some((_, what)) => format!(" (it looks like {what})"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_the_file_holds_a_message_stays_one_short_line() {
        assert_eq!(shown("a\nb\0"), "a\\nb\\0");
        assert_eq!(shown(&"x".repeat(50)), format!("{}...", "x".repeat(40)));
    }

    #[test]
    fn formats_are_known_by_their_first_bytes() {
        assert_eq!(looks_like(b"\x89PNG\r\n\x1a\n"), " (it looks like a PNG image)");
        assert_eq!(looks_like(b"1,2,3"), "");
    }

    #[test]
    fn a_change_names_one_file_or_all() {
        let text = |files: &[&str]| {
            OwnError::Changed { files: files.iter().map(|&f| f.to_owned()).collect() }.to_string()
        };
        assert_eq!(
            text(&["a.csv"]),
            "a.csv: the data changed since the plan was made; remedy: restore the file, or run the sweep with --fresh (or another `name`) to begin anew with the new data"
        );
        assert_eq!(
            text(&["a.npy", "b.npy"]),
            "a.npy, b.npy: the data in one of these files changed since the plan was made; remedy: restore the files, or run the sweep with --fresh (or another `name`) to begin anew with the new data"
        );
    }
}
