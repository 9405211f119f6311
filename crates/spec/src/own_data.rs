//! The user's own data: files in one of six formats, and the properties found in
//! them when the plan was made.
//!
//! A sweep file requests it by `dataset = { path = "data/iris.csv", label = "species" }`. The
//! crate `data` inspects the files, and later refuses them if their bytes have changed since the
//! plan was made.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::lint::Lint;
use crate::params::choice;
use crate::reading::{Arrays, Asked, DataDescription, Reading, SplitSpec};

choice! {
    /// Format of the files.
    OwnKind {
        /// A table as text, one sample per line, its fields separated by commas,
        /// semicolons or tabs; optionally `.gz`.
        Csv = "csv",
        /// NumPy arrays: inputs `[n, ...]` and labels `[n]` or `[n, columns]`, one file each.
        Npy = "npy",
        /// IDX arrays in the format of MNIST, one file each; optionally `.gz`.
        Idx = "idx",
        /// An archive of NumPy arrays by name.
        Npz = "npz",
        /// A table in Parquet.
        Parquet = "parquet",
        /// A text in UTF-8 whose tokens are characters or bytes; optionally `.gz`.
        Text = "text",
    }
}

choice! {
    /// The tokens of a text.
    Vocabulary {
        /// Every character that occurs in any of the files, in the order of code points.
        Char = "char",
        /// All 256 values of a byte.
        Byte = "byte",
    }
}

impl OwnKind {
    /// Returns the format that the name of a file implies, ignoring case and a final `.gz`; CSV if
    /// the name implies none.
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

    /// Returns whether inputs and labels are columns of one file.
    pub fn is_table(self) -> bool {
        matches!(self, OwnKind::Csv | OwnKind::Parquet)
    }
}

choice! {
    /// The conversion of raw values to inputs. Statistics are those of the samples that are
    /// trained on.
    Scaling {
        /// No scaling, except that IDX bytes are divided by 255.
        None = "none",
        /// Each feature minus its mean, divided by its standard deviation; a
        /// constant feature becomes 0.
        Features = "features",
        /// All values minus one common mean, divided by one common standard deviation.
        Global = "global",
        /// Each feature minus its smallest value, divided by its range: 0 to 1 in training.
        Range = "range",
        /// Each sample divided by its Euclidean norm; a sample of zeros stays unchanged.
        Unit = "unit",
    }
}

impl Scaling {
    /// All names that a sweep file may give.
    pub const ASKED: &[&str] = &["standard", "range", "unit", "global", "none", "features"];

    /// Returns the scaling of this name; `None` if there is none. `standard` is an alias of
    /// `features`, which stored forms use.
    pub fn asked(name: &str) -> Option<Self> {
        if name == "standard" { Some(Scaling::Features) } else { Scaling::from_name(name) }
    }
}

/// The files of own data. Paths are relative to the folder that contains `data/` and `reports/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnFiles {
    /// Format of the files.
    pub kind: OwnKind,
    /// File of the inputs; for a table also of the labels.
    pub path: String,
    /// File of the labels, for `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// Inputs of a separate test split; `None`: the last samples of `path` are the test split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_path: Option<String>,
    /// Labels of `test_path` for `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_labels: Option<String>,
    /// Inputs of a separate validation split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_path: Option<String>,
    /// Labels of `validation_path` for `npy` and `idx`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation_labels: Option<String>,
    /// Names of the arrays of an `npz`; `None`: recognised by the names in the archive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrays: Option<Arrays>,
    /// The symmetric matrix of the model `quadratic`, an `npy` of `[features, features]`. The
    /// samples are then vectors without labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix: Option<String>,
    /// The tokens of a `text`; `None`: characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Vocabulary>,
}

impl OwnFiles {
    /// Returns one file of inputs and, if they are separate, the file of its labels.
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

    /// Returns every file as pairs of role and path, in a fixed order.
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

/// The request of a sweep file for own data; `None` fields are resolved by inspecting the files.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnRequest {
    /// The files.
    pub files: OwnFiles,
    /// Number of last samples of `path` that are the test split; default: a fifth, or
    /// a tenth of a text.
    /// `None` with a `test_path` or a `split`.
    pub test: Option<u64>,
    /// Scaling; default: `features` for tables and two-dimensional arrays, else `global`.
    pub scaling: Option<Scaling>,
    /// Settings for reading the files.
    pub asked: Asked,
    /// A split by the contents of the samples; `None`: by their order, or by files.
    pub split: Option<SplitSpec>,
    /// `validation` of `[data]`: number of last samples of the training split, in file order.
    pub validation: u64,
    /// Whether numbers are real targets unless the file specifies otherwise, because the only loss
    /// is `mse`.
    pub values: bool,
}

impl OwnRequest {
    /// Returns a request for files, with defaults for everything else.
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
    /// The remedy; `None` if none is known.
    pub remedy: Option<String>,
}

/// Result of inspecting own data.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspected {
    /// The data that a run trains on.
    pub data: OwnData,
    /// Their description for people.
    pub described: DataDescription,
    /// Lints, each with the columns or parts concerned.
    pub traps: Vec<(Lint, String)>,
}

/// Own data, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnData {
    /// The files. Their paths are not part of a run's identity; their contents are, through
    /// `checksum`.
    pub files: OwnFiles,
    /// Samples at the end of `path` that are the test split; 0 with a `test_path`.
    pub test: u64,
    /// Conversion of raw values to inputs.
    pub scaling: Scaling,
    /// Numbers in one flattened sample.
    pub features: u64,
    /// Number of classes; labels are `0..classes`. 0 for real targets, and without targets.
    pub classes: u64,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// [`checksum`] of the files at the time when the plan was made.
    pub checksum: String,
    /// Number of real targets per sample; 0, and omitted from the stored form, for classes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub targets: u64,
    /// Number of samples at the end of the training split that are held out and excluded from all
    /// statistics; omitted from the stored form if 0.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub validation: u64,
    /// Reading of the files; `None`, and omitted, for a CSV of numbers with the classes 0, 1, 2
    /// and so on in its last column, or arrays with such labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reading: Option<Box<Reading>>,
}

fn is_zero(n: &u64) -> bool {
    *n == 0
}

impl OwnData {
    /// Returns the name in tables: the file name of `path`, or the format if that is empty.
    pub fn name(&self) -> String {
        let name = self.files.path.rsplit(['/', '\\']).next().unwrap_or_default();
        if name.is_empty() { self.files.kind.name().to_owned() } else { name.to_owned() }
    }
}

/// Returns the BLAKE3 hash (128 bits, hex) over role and SHA-256 of each file, in the order of
/// [`OwnFiles::roles`].
pub fn checksum<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = blake3::Hasher::new();
    for (role, sha256) in files {
        hash.update(role.as_bytes()).update(b"\0").update(sha256.as_bytes()).update(b"\n");
    }
    Digest::from_hash(&hash.finalize()).to_string()
}
