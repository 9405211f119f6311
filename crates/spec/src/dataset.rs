//! Built-in datasets: names, sizes and the checksums of their raw bytes, so
//! that a plan knows a dataset's digest without reading it. The crate `data`
//! reads the files and refuses bytes that do not match.

use serde::{Deserialize, Serialize};

use crate::landscape::{self, NoData};
use crate::own_data::OwnData;
use crate::params::{ParamType, ParamValue, Value, choice};

choice! {
    /// A dataset that the project can read by name.
    DatasetName {
        /// Handwritten digits, 28x28, 60,000 + 10,000.
        Mnist = "mnist",
        /// Handwritten digits, 8x8, 1,797; small enough for tests.
        Digits = "digits",
    }
}

/// One file of a dataset, gzip-compressed on disk.
#[derive(Clone, Copy, Debug)]
pub struct DataFile {
    /// File name under `data/<dataset>/`.
    pub name: &'static str,
    /// SHA-256 of the uncompressed bytes, hex.
    pub sha256: &'static str,
    /// Length of the uncompressed file in bytes.
    pub bytes: u64,
}

/// What is known of a dataset before it is read.
#[derive(Clone, Copy, Debug)]
pub struct DatasetInfo {
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Shape of one sample: channels, height, width.
    pub shape: [usize; 3],
    /// Number of classes; labels are `0..classes`.
    pub classes: usize,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// How raw values become inputs, in words.
    pub scaling: &'static str,
    /// Origin and licence.
    pub licence: &'static str,
    /// The files under `data/<name>/`.
    pub files: &'static [DataFile],
    /// Base URLs from which `fetch` can bring the files; empty if committed only.
    pub mirrors: &'static [&'static str],
}

impl DatasetInfo {
    /// Numbers in one flattened sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }
}

const MNIST: DatasetInfo = DatasetInfo {
    doc: "handwritten digits, 28x28 grey pixels, 60,000 training and 10,000 test samples",
    shape: [1, 28, 28],
    classes: 10,
    train_len: 60_000,
    test_len: 10_000,
    scaling: "pixel/255, then mean 0.1307 and standard deviation 0.3081",
    licence: "LeCun, Cortes and Burges; CC BY-SA 3.0",
    files: &[
        DataFile {
            name: "train-images-idx3-ubyte.gz",
            sha256: "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
            bytes: 47_040_016,
        },
        DataFile {
            name: "train-labels-idx1-ubyte.gz",
            sha256: "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
            bytes: 60_008,
        },
        DataFile {
            name: "t10k-images-idx3-ubyte.gz",
            sha256: "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
            bytes: 7_840_016,
        },
        DataFile {
            name: "t10k-labels-idx1-ubyte.gz",
            sha256: "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
            bytes: 10_008,
        },
    ],
    mirrors: &[
        "https://storage.googleapis.com/cvdf-datasets/mnist",
        "https://ossci-datasets.s3.amazonaws.com/mnist",
    ],
};

const DIGITS: DatasetInfo = DatasetInfo {
    doc: "handwritten digits, 8x8 grey pixels, 1,437 training and 360 test samples (the last 360 of the file)",
    shape: [1, 8, 8],
    classes: 10,
    train_len: 1_437,
    test_len: 360,
    scaling: "pixel/16",
    licence: "Alpaydin and Kaynak, UCI Machine Learning Repository, as shipped with scikit-learn; CC BY 4.0",
    files: &[DataFile {
        name: "digits.csv.gz",
        sha256: "6ebb3d2fee246a4e99363262ddf8a00a3c41bee6014c373ed9d9216ba7f651b8",
        bytes: 264_712,
    }],
    mirrors: &[],
};

impl DatasetName {
    /// What is known of the dataset.
    pub fn info(self) -> &'static DatasetInfo {
        match self {
            DatasetName::Mnist => &MNIST,
            DatasetName::Digits => &DIGITS,
        }
    }

    /// BLAKE3 over name and checksums of its files: changes when any raw byte does.
    pub fn digest(self) -> String {
        let mut hash = blake3::Hasher::new();
        for file in self.info().files {
            hash.update(file.name.as_bytes())
                .update(b"\0")
                .update(file.sha256.as_bytes())
                .update(b"\n");
        }
        hash.finalize().to_hex()[..32].to_owned()
    }
}

/// The dataset of a run: built in, or the user's own files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DatasetSpec {
    /// By name; `spec` knows its checksums.
    Builtin(DatasetName),
    /// Own files, with what was found in them.
    Own(Box<OwnData>),
    /// None: a function is minimised.
    Function(NoData),
}

impl DatasetSpec {
    /// The name in tables.
    pub fn name(&self) -> String {
        match self {
            DatasetSpec::Builtin(name) => name.name().to_owned(),
            DatasetSpec::Own(own) => own.name(),
            DatasetSpec::Function(_) => "none".to_owned(),
        }
    }

    /// Changes when any byte of the data does.
    pub fn digest(&self) -> String {
        match self {
            DatasetSpec::Builtin(name) => name.digest(),
            DatasetSpec::Own(own) => own.checksum.clone(),
            DatasetSpec::Function(_) => landscape::no_digest(),
        }
    }

    /// Numbers in one flattened sample.
    pub fn features(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => name.info().features(),
            DatasetSpec::Own(own) => usize::try_from(own.features).unwrap_or(usize::MAX),
            // The noise on the gradient, which has the position's length.
            DatasetSpec::Function(_) => 2,
        }
    }

    /// Shape of one sample: channels, height, width. Own data is one row.
    pub fn shape(&self) -> [usize; 3] {
        match self {
            DatasetSpec::Builtin(name) => name.info().shape,
            DatasetSpec::Own(_) | DatasetSpec::Function(_) => [1, 1, self.features()],
        }
    }

    /// Number of classes; labels are `0..classes`. 0 where there are none.
    pub fn classes(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => name.info().classes,
            DatasetSpec::Own(own) => usize::try_from(own.classes).unwrap_or(usize::MAX),
            DatasetSpec::Function(_) => 0,
        }
    }

    /// Samples in the training split, validation included; for a function the
    /// steps of an epoch, a draw of the noise each.
    pub fn train_len(&self) -> u64 {
        match self {
            DatasetSpec::Builtin(name) => name.info().train_len,
            DatasetSpec::Own(own) => own.train_len,
            DatasetSpec::Function(none) => none.steps,
        }
    }

    /// Samples in the test split.
    pub fn test_len(&self) -> u64 {
        match self {
            DatasetSpec::Builtin(name) => name.info().test_len,
            DatasetSpec::Own(own) => own.test_len,
            DatasetSpec::Function(_) => 1,
        }
    }
}

impl From<DatasetName> for DatasetSpec {
    fn from(name: DatasetName) -> Self {
        DatasetSpec::Builtin(name)
    }
}

/// As a hyper-parameter a dataset is its name; the sweep file's reader puts
/// own data in where a table stands in its place.
impl ParamValue for DatasetSpec {
    const TYPE: ParamType = ParamType::Choice(DatasetName::NAMES);
    fn from_value(value: &Value) -> Option<Self> {
        DatasetName::from_value(value).map(DatasetSpec::Builtin)
    }
    fn to_value(&self) -> Value {
        Value::Text(self.name())
    }
}
