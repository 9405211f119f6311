//! Datasets as plain host arrays: built in by name, or the user's own files.
//!
//! [`load`] reads the files under `data/<name>/`, refuses bytes whose checksum
//! is not the one that `spec` pins, and scales them once. [`inspect`] looks at
//! own files for a plan; [`load_spec`] reads either sort of dataset of a plan
//! and refuses own files that have changed since. No Burn here: a worker
//! uploads the arrays to its device as they are.
//!
//! The feature `fetch` (off by default) adds [`mod@fetch`], which downloads.

mod archive;
mod cache;
mod cifar;
mod diabetes;
mod digits;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod idx;
mod inputs;
mod keep;
mod mapping;
mod mnist;
mod own;
mod pixels;
mod source;
mod synthetic;
mod text;
mod vocabulary;

use std::path::Path;

use spec::DatasetName;
use spec::dataset::DatasetSpec;
use spec::landscape::FunctionData;
use spec::own_data::{Inspected, OwnRequest};

pub use error::DataError;
#[cfg(feature = "fetch")]
pub use fetch::{FetchError, Fetched, fetch};
pub use inputs::Inputs;
pub use own::{OwnError, Place};

/// A dataset in memory, scaled and ready for a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Which one.
    pub name: DatasetSpec,
    /// [`DatasetSpec::digest`]; the bytes read were checked against it.
    pub digest: String,
    /// Length of one flattened sample.
    pub features: usize,
    /// Number of classes; labels are `0..classes`. 0: the targets are real values.
    pub classes: usize,
    /// The training split in file order, any validation samples included.
    pub train: Part,
    /// The test split in file order.
    pub test: Part,
}

/// One split.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Scaled inputs, `len() * features` values, one sample after another. Of a text one number
    /// a token, its index in the vocabulary.
    pub inputs: Inputs,
    /// Class indices, one a sample; empty if the targets are real values, if there are none, and
    /// of a text, where each token is the target of those before it.
    pub labels: Vec<i64>,
    /// Scaled real values to predict, `targets` a sample, one sample after another; empty if
    /// the targets are classes.
    pub values: Vec<f32>,
    /// Number of real values to predict for each sample; 0 for classes.
    pub targets: usize,
}

impl Part {
    /// Samples of classes.
    pub fn of_classes(inputs: impl Into<Inputs>, labels: Vec<i64>) -> Self {
        Part { inputs: inputs.into(), labels, values: Vec::new(), targets: 0 }
    }

    /// Samples of real values, `targets` each.
    pub fn of_values(inputs: impl Into<Inputs>, values: Vec<f32>, targets: usize) -> Self {
        Part { inputs: inputs.into(), labels: Vec::new(), values, targets }
    }

    /// Number of samples with labels or values of their own; 0 where they have none.
    pub fn len(&self) -> usize {
        self.labels.len().max(self.values.len() / self.targets.max(1))
    }

    /// Whether it has no samples.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a dataset from `data_dir/<name>/`.
///
/// Each file is read from its `.gz`, or from the uncompressed file of the same
/// name beside it if there is no `.gz` and its contents are known. How values are
/// scaled is described by `DatasetInfo::scaling`.
///
/// # Errors
/// A file is missing, cannot be read, is truncated, too long, damaged, swapped
/// with another file of the dataset, altered, or an archive that holds what it should not. The message names file and remedy.
pub fn load(name: DatasetName, data_dir: &Path) -> Result<Dataset, DataError> {
    let (train, test) = match name {
        DatasetName::Mnist | DatasetName::FashionMnist | DatasetName::Kmnist => {
            mnist::load(name, data_dir)?
        }
        DatasetName::Digits => digits::load(data_dir)?,
        DatasetName::Cifar10 => cifar::load(data_dir)?,
        DatasetName::Diabetes => diabetes::load(data_dir)?,
        DatasetName::MobyDick
        | DatasetName::TinyShakespeare
        | DatasetName::Text8
        | DatasetName::Enwik8 => text::load(name, data_dir)?,
        DatasetName::TeacherStudent | DatasetName::SparseParity => synthetic::generate(name),
    };
    let info = name.info();
    Ok(Dataset {
        name: name.into(),
        digest: name.digest(),
        features: info.features(),
        classes: info.classes,
        train,
        test,
    })
}

/// Checks that the files of a dataset are there and unaltered, in constant memory.
///
/// # Errors
/// The first file that is not as it should be, as [`load`] would report it.
pub fn check(name: DatasetName, data_dir: &Path) -> Result<(), DataError> {
    name.info().files.iter().try_for_each(|file| source::Table::from(name).check(file, data_dir))
}

/// Looks at own files: sizes, targets, the resolved split and scaling, the checksum of
/// the files as they lie on disk, what is to be said of them and which traps they hold.
/// Everything is read and every value is checked, so that what passes here can be
/// trained on.
///
/// Relative paths start at `root`, the folder that holds `data/`. Without a `split` or a
/// `test_path` the last `test` samples are the test split, by default a fifth
/// (rounded down, at least 1). Scaling is by default `features` for tables and for
/// two-dimensional NumPy arrays, else `global`. Gzip files are decompressed.
///
/// # Errors
/// A file is missing, unreadable, empty, longer than 8 GiB or not in its
/// format; a value is not finite, missing or no number; the target is not clear; sizes do
/// not agree; fewer than two classes, or a part that lacks them. The message names file,
/// place and remedy in one line.
pub fn inspect(request: &OwnRequest, root: &Path) -> Result<Inspected, DataError> {
    Ok(own::inspect(request, root)?)
}

/// Reads the dataset of a plan: a built-in one as [`load`] does, own files
/// relative to `root`, scaled by statistics (64-bit floats) of the samples that are
/// trained on.
///
/// Of more than a few megabytes the scaled inputs are kept in a file below
/// `data_dir/.cache/`, mapped into memory, so that all workers of a machine share
/// them. It is used only while the files it was made of are unaltered and its own
/// bytes are those that were written; else it is made again. Where it cannot be
/// written the inputs are this process's own.
///
/// # Errors
/// As [`load`] or [`inspect`], and own files whose bytes are no longer the plan's.
pub fn load_spec(
    dataset: &DatasetSpec,
    data_dir: &Path,
    root: &Path,
) -> Result<Dataset, DataError> {
    cache::load(dataset, data_dir, root, || match dataset {
        DatasetSpec::Builtin(name) => load(*name, data_dir),
        DatasetSpec::Own(own) => Ok(own::load(own, root)?),
        DatasetSpec::Function(none) => Ok(no_data(dataset, *none)),
    })
}

/// Makes the samples of a function: for each step of an epoch a zero for each variable, which
/// is the noise on its gradient where there is none. They have no labels.
fn no_data(name: &DatasetSpec, none: FunctionData) -> Dataset {
    let part = |steps: u64| {
        let length = usize::try_from(steps).unwrap_or(usize::MAX).saturating_mul(name.features());
        Part::of_classes(vec![0.0; length], Vec::new())
    };
    Dataset {
        name: name.clone(),
        digest: name.digest(),
        features: name.features(),
        classes: name.classes(),
        train: part(none.steps),
        test: part(1),
    }
}

/// Reads the matrix of a quadratic from the files of `dataset`, whose paths are relative to
/// `root`: `features` squared values, row-major. `None` where it has none.
///
/// # Errors
/// A file that cannot be read, or holds anything but a symmetric matrix of that size.
pub fn matrix(dataset: &DatasetSpec, root: &Path) -> Result<Option<Vec<f32>>, DataError> {
    match dataset {
        DatasetSpec::Own(own) => Ok(own::matrix(own, root)?),
        DatasetSpec::Builtin(_) | DatasetSpec::Function(_) => Ok(None),
    }
}

/// Checks that the files of a plan's dataset are there and unaltered, in
/// constant memory.
///
/// # Errors
/// As [`check`], and own files that cannot be read or whose bytes are no longer
/// the plan's.
pub fn check_spec(dataset: &DatasetSpec, data_dir: &Path, root: &Path) -> Result<(), DataError> {
    match dataset {
        DatasetSpec::Builtin(name) => check(*name, data_dir),
        DatasetSpec::Own(own) => Ok(own::check(own, root)?),
        DatasetSpec::Function(_) => Ok(()),
    }
}
