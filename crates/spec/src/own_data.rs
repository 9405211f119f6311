//! The user's own data: files in one of three formats, with what was found in
//! them when the plan was made.
//!
//! In the sweep file `dataset = { kind = "csv", path = "data/iris.csv" }`. The
//! crate `data` inspects the files, and refuses them later when their bytes are
//! no longer those of the plan.

use serde::{Deserialize, Serialize};

use crate::params::choice;

choice! {
    /// Format of the files.
    OwnKind {
        /// Comma-separated numbers, one sample a line, the class in the last
        /// column; a first line without numbers is a header.
        Csv = "csv",
        /// NumPy arrays: inputs `[n, ...]` and labels `[n]`, a file each.
        Npy = "npy",
        /// IDX arrays of unsigned bytes as MNIST has them, a file each, `.gz` or not.
        Idx = "idx",
    }
}

choice! {
    /// How raw values become inputs. Statistics are those of the training
    /// split, validation samples included.
    Scaling {
        /// As they are (IDX bytes divided by 255).
        None = "none",
        /// Each feature less its mean, divided by its standard deviation; a
        /// feature that never varies becomes 0.
        Features = "features",
        /// All values less one mean, divided by one standard deviation.
        Global = "global",
    }
}

/// What a sweep file asks for. Paths are relative to the folder that holds
/// `data/` and `reports/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFiles {
    /// Format.
    pub kind: OwnKind,
    /// Inputs (for CSV with the class in the last column).
    pub path: String,
    /// Labels of `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// Inputs of a test split of its own; without it the last samples of
    /// `path` are the test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<String>,
    /// Labels of `test_path` for `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<String>,
}

impl OwnFiles {
    /// Every file with the role it plays, in a fixed order.
    pub fn roles(&self) -> Vec<(&'static str, &str)> {
        let optional = [
            ("labels", &self.labels),
            ("test_path", &self.test_path),
            ("test_labels", &self.test_labels),
        ];
        let rest = optional.into_iter().filter_map(|(role, p)| Some((role, p.as_deref()?)));
        std::iter::once(("path", self.path.as_str())).chain(rest).collect()
    }
}

/// What a sweep file says of its own data; all that is null is resolved by
/// looking at the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnRequest {
    /// The files.
    pub files: OwnFiles,
    /// The last samples of `path` that are the test split; default a fifth.
    /// Null with a `test_path`.
    pub test: Option<u64>,
    /// Default: `features` for CSV and two-dimensional arrays, else `global`.
    pub scaling: Option<Scaling>,
}

/// Own data, resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnData {
    /// The files. Where they lie is no part of a run's identity; what is in
    /// them is, by `checksum`.
    pub files: OwnFiles,
    /// Samples at the end of `path` that are the test split; 0 with a `test_path`.
    pub test: u64,
    /// How raw values become inputs.
    pub scaling: Scaling,
    /// Numbers in one flattened sample.
    pub features: u64,
    /// Number of classes; labels are `0..classes`.
    pub classes: u64,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// [`checksum`] of the files as they were when the plan was made.
    pub checksum: String,
}

impl OwnData {
    /// A name for tables: the file name of `path`.
    pub fn name(&self) -> String {
        let name = self.files.path.rsplit(['/', '\\']).next().unwrap_or_default();
        if name.is_empty() { self.files.kind.name().to_owned() } else { name.to_owned() }
    }
}

/// BLAKE3 (128 bits, hex) over role and SHA-256 of each file, in the order of
/// [`OwnFiles::roles`].
pub fn checksum<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = blake3::Hasher::new();
    for (role, sha256) in files {
        hash.update(role.as_bytes()).update(b"\0").update(sha256.as_bytes()).update(b"\n");
    }
    hash.finalize().to_hex()[..32].to_owned()
}
