//! Built-in datasets: names, sizes and the checksums of their raw bytes, so
//! that a plan knows a dataset's digest without reading it. The crate `data`
//! reads the files and refuses bytes that do not match.

mod table;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::landscape::{self, FunctionData};
use crate::own_data::{OwnData, OwnKind, Vocabulary};
use crate::params::{ParamType, ParamValue, Value};

pub use table::DatasetName;

/// The checksum that identifies a file, in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256 of the uncompressed bytes.
    Sha256(&'static str),
    /// MD5 of the compressed file on disk, as most publishers state it.
    Md5(&'static str),
    /// MD5 of the uncompressed bytes, if the publisher states that.
    Md5OfContents(&'static str),
}

impl Checksum {
    /// Returns a description of the hash and the bytes that it covers.
    pub fn of(self) -> &'static str {
        match self {
            Checksum::Sha256(_) => "SHA-256 of the uncompressed bytes",
            Checksum::Md5(_) => "MD5 of the compressed file",
            Checksum::Md5OfContents(_) => "MD5 of the uncompressed bytes",
        }
    }

    /// Returns the hexadecimal digits.
    pub fn hex(self) -> &'static str {
        match self {
            Checksum::Sha256(hex) | Checksum::Md5(hex) | Checksum::Md5OfContents(hex) => hex,
        }
    }

    /// Returns whether it covers the uncompressed contents, however they are compressed.
    pub fn is_of_contents(self) -> bool {
        !matches!(self, Checksum::Md5(_))
    }
}

/// The form in which a file is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// A gzip stream: `<name>.gz`.
    Gzip,
    /// A zip archive of one member: `<name>.zip`.
    Zip,
    /// The bytes themselves.
    Plain,
}

/// One file of a dataset.
#[derive(Clone, Copy, Debug)]
pub struct DataFile {
    /// File name in `data/<dataset>/`.
    pub name: &'static str,
    /// Its checksum.
    pub checksum: Checksum,
    /// Length of the uncompressed file in bytes; for an archive the sum over its members.
    pub bytes: u64,
    /// Members to read, in this order, of a tar archive, or the one of a zip archive; empty for
    /// other files.
    pub members: &'static [Member],
}

impl DataFile {
    /// Returns the form of the file on disk, which follows from its name.
    pub fn container(&self) -> Container {
        match self.name.rsplit('.').next() {
            Some("gz") => Container::Gzip,
            Some("zip") => Container::Zip,
            _ => Container::Plain,
        }
    }

    /// Returns the name of the uncompressed file, which may replace the compressed one if the
    /// checksum covers the contents; `None` if there is no such file.
    pub fn raw(&self) -> Option<&'static str> {
        match (self.container(), self.members) {
            (Container::Gzip, []) => self.name.strip_suffix(".gz"),
            (Container::Zip, [member]) => Some(member.name),
            _ => None,
        }
        .filter(|_| self.checksum.is_of_contents())
    }
}

/// One file of an archive.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// Path within the archive.
    pub name: &'static str,
    /// Length in bytes.
    pub bytes: u64,
}

/// Description of a built-in dataset, known before it is read.
#[derive(Clone, Copy, Debug)]
pub struct DatasetInfo {
    /// Description for users, in a sentence.
    pub doc: &'static str,
    /// Shape of one sample: channels, height, width.
    pub shape: [usize; 3],
    /// Number of classes; labels are `0..classes`. 0 for real targets.
    pub classes: usize,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// Conversion of raw values to inputs, as text.
    pub scaling: &'static str,
    /// Origin and licence.
    pub licence: &'static str,
    /// The files in `data/<name>/`; empty if the data is generated.
    pub files: &'static [DataFile],
    /// Base URLs from which `fetch` downloads the files; empty if they are committed or generated.
    pub mirrors: &'static [&'static str],
    /// The tokens of a text, `None` for other data. A sample of a text is one token of shape
    /// 1x1x1, and a class is an entry of the vocabulary.
    pub vocabulary: Option<Vocabulary>,
}

impl DatasetInfo {
    /// Returns the number of values in one flattened sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Returns whether the files are committed to the repository: compressed by gzip, with a
    /// SHA-256 of their contents. True also for generated data.
    pub fn is_committed(&self) -> bool {
        let committed = |f: &DataFile| {
            f.container() == Container::Gzip && matches!(f.checksum, Checksum::Sha256(_))
        };
        self.files.iter().all(committed)
    }
}

impl DatasetName {
    /// Returns the BLAKE3 digest over names and checksums of the files, which changes with any raw
    /// byte. For generated data it covers the dataset's name, which must change with the numbers.
    pub fn digest(self) -> String {
        let mut hash = blake3::Hasher::new();
        if self.info().files.is_empty() {
            hash.update(b"generated\0").update(self.name().as_bytes());
        }
        for file in self.info().files {
            hash.update(file.name.as_bytes())
                .update(b"\0")
                .update(file.checksum.hex().as_bytes())
                .update(b"\n");
        }
        Digest::from_hash(&hash.finalize()).to_string()
    }
}

/// The dataset of a run: built in, or the user's own files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum DatasetSpec {
    /// A built-in dataset, whose checksums this crate knows.
    Builtin(DatasetName),
    /// The user's own files, with the properties found in them.
    Own(Box<OwnData>),
    /// No data: a function is minimised.
    Function(FunctionData),
}

impl DatasetSpec {
    /// Returns the name in tables; `none` for a function.
    pub fn name(&self) -> String {
        match self {
            DatasetSpec::Builtin(name) => name.name().to_owned(),
            DatasetSpec::Own(own) => own.name(),
            DatasetSpec::Function(_) => "none".to_owned(),
        }
    }

    /// Returns the digest of the data, which changes with any byte.
    pub fn digest(&self) -> String {
        match self {
            DatasetSpec::Builtin(name) => name.digest(),
            DatasetSpec::Own(own) => own.checksum.clone(),
            DatasetSpec::Function(_) => landscape::no_digest(),
        }
    }

    /// Returns the number of values in one flattened sample.
    pub fn features(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => name.info().features(),
            DatasetSpec::Own(own) => usize::try_from(own.features).unwrap_or(usize::MAX),
            // A sample is the noise on the gradient, which has the position's length.
            DatasetSpec::Function(none) => usize::try_from(none.variables).unwrap_or(usize::MAX),
        }
    }

    /// Returns the shape of one sample: channels, height, width. A sample of own data is one row,
    /// and a sample of a text one token; see [`DataSpec::shape`](crate::run::DataSpec::shape) for
    /// sequences.
    pub fn shape(&self) -> [usize; 3] {
        match self {
            DatasetSpec::Builtin(name) => name.info().shape,
            DatasetSpec::Own(_) | DatasetSpec::Function(_) => [1, 1, self.features()],
        }
    }

    /// Returns the number of classes; labels are `0..classes`. 0 for real targets and functions,
    /// which have no accuracy.
    pub fn classes(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => name.info().classes,
            DatasetSpec::Own(own) => usize::try_from(own.classes).unwrap_or(usize::MAX),
            DatasetSpec::Function(_) => 0,
        }
    }

    /// Returns the number of real targets per sample; 0 for classes and functions.
    pub fn targets(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => usize::from(name.info().classes == 0),
            DatasetSpec::Own(own) => usize::try_from(own.targets).unwrap_or(usize::MAX),
            DatasetSpec::Function(_) => 0,
        }
    }

    /// Returns the number of outputs of a model: one per class or per real target, at least 1.
    pub fn outputs(&self) -> usize {
        self.classes().max(self.targets()).max(1)
    }

    /// Returns the number of samples in the training split, validation included: for a text its
    /// tokens, for a function the steps of an epoch, each of which draws noise.
    pub fn train_len(&self) -> u64 {
        match self {
            DatasetSpec::Builtin(name) => name.info().train_len,
            DatasetSpec::Own(own) => own.train_len,
            DatasetSpec::Function(none) => none.steps,
        }
    }

    /// Returns whether the data is a text, whose samples are tokens.
    pub fn is_text(&self) -> bool {
        match self {
            DatasetSpec::Builtin(name) => name.info().vocabulary.is_some(),
            DatasetSpec::Own(own) => own.files.kind == OwnKind::Text,
            DatasetSpec::Function(_) => false,
        }
    }

    /// Returns the number of samples in the test split; for a text its tokens, for a function 1.
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

/// A dataset as a hyper-parameter is its name. If the sweep file has a table instead, its reader
/// inserts the own data.
impl ParamValue for DatasetSpec {
    const TYPE: ParamType = ParamType::Choice(DatasetName::NAMES);
    fn from_value(value: &Value) -> Option<Self> {
        DatasetName::from_value(value).map(DatasetSpec::Builtin)
    }
    fn to_value(&self) -> Value {
        Value::Text(self.name())
    }
}
