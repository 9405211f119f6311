//! The user's own data: files in one of six formats, with what was found in
//! them when the plan was made.
//!
//! In the sweep file `dataset = { path = "data/iris.csv", label = "species" }`. The
//! crate `data` inspects the files, and refuses them later when their bytes are
//! no longer those of the plan.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::lint::Lint;
use crate::params::choice;
use crate::reading::{Arrays, Asked, DataDescription, Reading, SplitSpec};

choice! {
    /// Format of the files.
    OwnKind {
        /// A table as text, one sample a line, its fields separated by commas,
        /// semicolons or tabs; `.gz` or not.
        Csv = "csv",
        /// NumPy arrays: inputs `[n, ...]` and labels `[n]` or `[n, columns]`, a file each.
        Npy = "npy",
        /// IDX arrays as MNIST has them, a file each, `.gz` or not.
        Idx = "idx",
        /// An archive of NumPy arrays by name.
        Npz = "npz",
        /// A table in Parquet.
        Parquet = "parquet",
        /// A text in UTF-8, a token a character or a byte; `.gz` or not.
        Text = "text",
    }
}

choice! {
    /// The tokens of a text.
    Vocabulary {
        /// Each character that occurs in any of its files, in the order of code points.
        Char = "char",
        /// Each of the 256 values of a byte.
        Byte = "byte",
    }
}

impl OwnKind {
    /// The format that the name of a file says, whatever its case and with `.gz` or
    /// without: CSV where it says none.
    pub fn of_path(path: &str) -> Self {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default().to_ascii_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let idx = ["-ubyte", ".idx", "-int", ".ubyte"].iter().any(|end| name.ends_with(end))
            || ["idx1", "idx2", "idx3", "idx4"].iter().any(|part| name.contains(part));
        match name.rsplit('.').next().unwrap_or_default() {
            "npy" => OwnKind::Npy,
            "npz" => OwnKind::Npz,
            "parquet" | "pq" => OwnKind::Parquet,
            _ if idx => OwnKind::Idx,
            _ => OwnKind::Csv,
        }
    }

    /// Whether inputs and labels are columns of one file.
    pub fn is_table(self) -> bool {
        matches!(self, OwnKind::Csv | OwnKind::Parquet)
    }
}

choice! {
    /// How raw values become inputs. Statistics are those of the samples that are
    /// trained on.
    Scaling {
        /// As they are (IDX bytes divided by 255).
        None = "none",
        /// Each feature less its mean, divided by its standard deviation; a
        /// feature that never varies becomes 0.
        Features = "features",
        /// All values less one mean, divided by one standard deviation.
        Global = "global",
        /// Each feature less its smallest value, divided by its range: 0 to 1 in training.
        Range = "range",
        /// Each sample divided by its Euclidean length; one of zeros alone stays so.
        Unit = "unit",
    }
}

impl Scaling {
    /// Every name that a sweep file may give.
    pub const ASKED: &[&str] = &["standard", "range", "unit", "global", "none", "features"];

    /// The scaling of this name; `standard` is the usual word for `features`, which
    /// stored forms keep.
    pub fn asked(name: &str) -> Option<Self> {
        if name == "standard" { Some(Scaling::Features) } else { Scaling::from_name(name) }
    }
}

/// What a sweep file asks for. Paths are relative to the folder that holds
/// `data/` and `reports/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFiles {
    /// Format.
    pub kind: OwnKind,
    /// Inputs; of a table with its labels.
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
    /// Inputs of a validation split of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_path: Option<String>,
    /// Labels of `validation_path` for `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_labels: Option<String>,
    /// Names of the arrays of an `npz`; none: those that its own names tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrays: Option<Arrays>,
    /// The symmetric matrix of the model `quadratic`, an `npy` of `[features, features]`:
    /// the samples are then vectors without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// The tokens of a `text`; none: characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Vocabulary>,
}

impl OwnFiles {
    /// One file of inputs, and that of its labels where they lie apart.
    pub fn new(kind: OwnKind, path: impl Into<String>, labels: Option<&str>) -> Self {
        OwnFiles {
            kind,
            path: path.into(),
            labels: labels.map(str::to_owned),
            test_path: None,
            test_labels: None,
            validation_path: None,
            validation_labels: None,
            arrays: None,
            matrix: None,
            vocabulary: None,
        }
    }

    /// Every file with the role it plays, in a fixed order.
    pub fn roles(&self) -> Vec<(&'static str, &str)> {
        let optional = [
            ("labels", &self.labels),
            ("test_path", &self.test_path),
            ("test_labels", &self.test_labels),
            ("validation_path", &self.validation_path),
            ("validation_labels", &self.validation_labels),
            ("matrix", &self.matrix),
        ];
        let rest = optional.into_iter().filter_map(|(role, p)| Some((role, p.as_deref()?)));
        std::iter::once(("path", self.path.as_str())).chain(rest).collect()
    }
}

/// What a sweep file says of its own data; all that is null is resolved by
/// looking at the files.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRequest {
    /// The files.
    pub files: OwnFiles,
    /// The last samples of `path` that are the test split; default a fifth.
    /// Null with a `test_path` or a `split`.
    pub test: Option<u64>,
    /// Default: `features` for tables and two-dimensional arrays, else `global`.
    pub scaling: Option<Scaling>,
    /// How the files are to be read.
    pub asked: Asked,
    /// A split by the contents of the samples; null: by their order, or by files.
    pub split: Option<SplitSpec>,
    /// `validation` of `[data]`: the last samples of the training split in file order.
    pub validation: u64,
    /// True where numbers are real targets unless something else is said: the only loss is `mse`.
    pub values: bool,
}

impl OwnRequest {
    /// Returns a request for files alone, everything else as it is by default.
    pub fn new(files: OwnFiles) -> Self {
        OwnRequest {
            files,
            test: None,
            scaling: None,
            asked: Asked::default(),
            split: None,
            validation: 0,
            values: false,
        }
    }
}

/// The reason why own data cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The problem, with the file and the place in it.
    pub problem: String,
    /// The remedy; `None` where none is known.
    pub remedy: Option<String>,
}

/// What was found in own data.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// What a run is trained on.
    pub data: OwnData,
    /// What is said of it.
    pub described: DataDescription,
    /// Traps: which one, and what was found.
    pub traps: Vec<(Lint, String)>,
}

/// Own data, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Number of classes; labels are `0..classes`. 0 where targets are real values, or there
    /// are none.
    pub classes: u64,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// [`checksum`] of the files as they were when the plan was made.
    pub checksum: String,
    /// Real targets of each sample; left out while there are classes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub targets: u64,
    /// Samples at the end of the training split that are held out, and whose values
    /// no statistic knows; left out while there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub validation: u64,
    /// How the files are read; left out while they are read as a CSV of numbers with the
    /// classes 0, 1, 2 and so on in its last column, or as arrays with such labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Box<Reading>>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
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
    Digest::from_hash(&hash.finalize()).to_string()
}
