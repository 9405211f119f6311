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

/// How a file is known to be the genuine one; hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256 of the uncompressed bytes, of files that are committed.
    Sha256(&'static str),
    /// MD5 of the file as it lies on the disk, compressed: what publishers state.
    Md5(&'static str),
    /// MD5 of the uncompressed bytes, where a publisher states that.
    Md5OfContents(&'static str),
}

impl Checksum {
    /// What it is taken of, in words.
    pub fn of(self) -> &'static str {
        match self {
            Checksum::Sha256(_) => "SHA-256 of the uncompressed bytes",
            Checksum::Md5(_) => "MD5 of the compressed file",
            Checksum::Md5OfContents(_) => "MD5 of the uncompressed bytes",
        }
    }

    /// Its hexadecimal digits.
    pub fn hex(self) -> &'static str {
        match self {
            Checksum::Sha256(hex) | Checksum::Md5(hex) | Checksum::Md5OfContents(hex) => hex,
        }
    }

    /// True where the contents alone can be judged, however they are compressed.
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
    /// File name under `data/<dataset>/`.
    pub name: &'static str,
    /// How it is known.
    pub checksum: Checksum,
    /// Length of the uncompressed file in bytes; of an archive that of its members together.
    pub bytes: u64,
    /// What is read of a tar archive, in this order, or the member of a zip archive; empty for
    /// a plain file.
    pub members: &'static [Member],
}

impl DataFile {
    /// The form in which it lies on the disk, which its name says.
    pub fn container(&self) -> Container {
        match self.name.rsplit('.').next() {
            Some("gz") => Container::Gzip,
            Some("zip") => Container::Zip,
            _ => Container::Plain,
        }
    }

    /// Name of the file without compression, which does as well where its contents can be
    /// judged; `None` where there is no such file.
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
    /// Its path within the archive.
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: u64,
}

/// What is known of a dataset before it is read.
#[derive(Clone, Copy, Debug)]
pub struct DatasetInfo {
    /// What it is, in a sentence.
    pub doc: &'static str,
    /// Shape of one sample: channels, height, width.
    pub shape: [usize; 3],
    /// Number of classes; labels are `0..classes`. 0 where targets are real values.
    pub classes: usize,
    /// Samples in the training split, validation included.
    pub train_len: u64,
    /// Samples in the test split.
    pub test_len: u64,
    /// How raw values become inputs, in words.
    pub scaling: &'static str,
    /// Origin and licence.
    pub licence: &'static str,
    /// The files under `data/<name>/`; empty where data is generated.
    pub files: &'static [DataFile],
    /// Base URLs from which `fetch` can bring the files; empty if committed only.
    pub mirrors: &'static [&'static str],
    /// The tokens of a text; `None` of everything else. A sample is then a token, its shape
    /// 1x1x1, and a class is an entry of the vocabulary.
    pub vocabulary: Option<Vocabulary>,
}

impl DatasetInfo {
    /// Numbers in one flattened sample.
    pub fn features(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the files are committed with the repository, where they are compressed by gzip
    /// and known by their contents.
    pub fn is_committed(&self) -> bool {
        let committed = |f: &DataFile| {
            f.container() == Container::Gzip && matches!(f.checksum, Checksum::Sha256(_))
        };
        self.files.iter().all(committed)
    }
}

impl DatasetName {
    /// BLAKE3 over name and checksums of its files: changes when any raw byte does. Of generated
    /// data over its own name, which changes when other numbers are generated.
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
    /// By name; `spec` knows its checksums.
    Builtin(DatasetName),
    /// Own files, with what was found in them.
    Own(Box<OwnData>),
    /// None: a function is minimised.
    Function(FunctionData),
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
            DatasetSpec::Function(none) => usize::try_from(none.variables).unwrap_or(usize::MAX),
        }
    }

    /// Shape of one sample: channels, height, width. Own data is one row; that of a text is one
    /// token, and [`DataSpec::shape`](crate::run::DataSpec::shape) that of a sequence.
    pub fn shape(&self) -> [usize; 3] {
        match self {
            DatasetSpec::Builtin(name) => name.info().shape,
            DatasetSpec::Own(_) | DatasetSpec::Function(_) => [1, 1, self.features()],
        }
    }

    /// Number of classes; labels are `0..classes`. 0 where targets are real values, or
    /// nothing (a function), and there is no accuracy.
    pub fn classes(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => name.info().classes,
            DatasetSpec::Own(own) => usize::try_from(own.classes).unwrap_or(usize::MAX),
            DatasetSpec::Function(_) => 0,
        }
    }

    /// Real targets of a sample; 0 for classes and for a function.
    pub fn targets(&self) -> usize {
        match self {
            DatasetSpec::Builtin(name) => usize::from(name.info().classes == 0),
            DatasetSpec::Own(own) => usize::try_from(own.targets).unwrap_or(usize::MAX),
            DatasetSpec::Function(_) => 0,
        }
    }

    /// Outputs of a model: one a class, or one a value.
    pub fn outputs(&self) -> usize {
        self.classes().max(self.targets()).max(1)
    }

    /// Samples in the training split, validation included: of a text its tokens; for a
    /// function the steps of an epoch, a draw of the noise each.
    pub fn train_len(&self) -> u64 {
        match self {
            DatasetSpec::Builtin(name) => name.info().train_len,
            DatasetSpec::Own(own) => own.train_len,
            DatasetSpec::Function(none) => none.steps,
        }
    }

    /// True of a text, whose samples are tokens.
    pub fn is_text(&self) -> bool {
        match self {
            DatasetSpec::Builtin(name) => name.info().vocabulary.is_some(),
            DatasetSpec::Own(own) => own.files.kind == OwnKind::Text,
            DatasetSpec::Function(_) => false,
        }
    }

    /// Samples in the test split: of a text its tokens.
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
