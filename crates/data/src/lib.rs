//! Datasets as plain host arrays: built-in ones by name, or the user's own files.
//!
//! [`load`] reads the files under `data/<name>/`, refuses bytes whose checksum differs from the one
//! that `spec` pins, and scales them once. [`inspect`] reads the user's own files for a plan.
//! [`load_spec`] reads either kind of dataset for a plan and refuses own files that have changed
//! since. Nothing here depends on Burn: a worker uploads the arrays to its device as they are.
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
    /// Dataset as a plan describes it.
    pub name: DatasetSpec,
    /// [`DatasetSpec::digest`], against which the bytes were checked.
    pub digest: String,
    /// Number of inputs in one flattened sample; of a text, in one token: 1.
    pub features: usize,
    /// Number of classes; labels are `0..classes`. 0 if the targets are real values.
    pub classes: usize,
    /// Training split in file order, including any validation samples.
    pub train: Part,
    /// Test split in file order.
    pub test: Part,
}

/// One split of a dataset.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Scaled inputs: `samples * features` float32 values, one sample after another. A text has one
    /// value per token, its index in the vocabulary.
    pub inputs: Inputs,
    /// Class indices, one per sample. Empty if the targets are real values, if there are none, and
    /// for a text, where each token is the target of those before it.
    pub labels: Vec<i64>,
    /// Scaled real values to predict, `targets` per sample, one sample after another; empty if the
    /// targets are classes.
    pub values: Vec<f32>,
    /// Number of real values to predict per sample; 0 for classes.
    pub targets: usize,
}

impl Part {
    /// Builds a split whose targets are classes.
    pub fn of_classes(inputs: impl Into<Inputs>, labels: Vec<i64>) -> Self {
        Part { inputs: inputs.into(), labels, values: Vec::new(), targets: 0 }
    }

    /// Builds a split whose targets are real values, `targets` per sample.
    pub fn of_values(inputs: impl Into<Inputs>, values: Vec<f32>, targets: usize) -> Self {
        Part { inputs: inputs.into(), labels: Vec::new(), values, targets }
    }

    /// Returns the number of samples with labels or values; 0 if there are neither, as for a text.
    pub fn len(&self) -> usize {
        self.labels.len().max(self.values.len() / self.targets.max(1))
    }

    /// Whether no sample has a label or value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads a dataset from `data_dir/<name>/`.
///
/// Each file is read from its `.gz`. If that is missing and the checksum of the contents is known,
/// the uncompressed file of the same name is read instead. `DatasetInfo::scaling` describes how
/// values are scaled.
///
/// # Errors
/// A file is missing, unreadable, truncated, too long, damaged, altered or swapped with another
/// file of the dataset, or an archive has unexpected members. The message names the file and a
/// remedy.
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

/// Checks that the files of a dataset exist and are unaltered, in constant memory.
///
/// # Errors
/// The first faulty file, as [`load`] would report it.
pub fn check(name: DatasetName, data_dir: &Path) -> Result<(), DataError> {
    name.info().files.iter().try_for_each(|file| source::Table::from(name).check(file, data_dir))
}

/// Inspects own files: sizes, targets, the resolved split and scaling, the checksum of the files on
/// disk, remarks for the user, and traps. Everything is read and every value is checked, so that
/// whatever passes here can be trained on.
///
/// Relative paths start at `root`, the folder that holds `data/`. Without a `split` or a
/// `test_path` the last `test` samples are the test split, by default a fifth of them (rounded
/// down, at least 1). The default scaling is `features` for tables and two-dimensional NumPy
/// arrays, else `global`. Gzip files are decompressed.
///
/// # Errors
/// A file is missing, unreadable, empty, longer than 8 GiB or not in its format; a value is
/// missing, not finite or not a number; the target is ambiguous; sizes disagree; there are fewer
/// than two classes, or a split lacks some. The message names the file, place and remedy in one
/// line.
pub fn inspect(request: &OwnRequest, root: &Path) -> Result<Inspected, DataError> {
    Ok(own::inspect(request, root)?)
}

/// Reads the dataset of a plan: a built-in one as [`load`] does, own files relative to `root`,
/// scaled by 64-bit statistics of the samples that are trained on.
///
/// Scaled inputs of 4 MiB or more are kept in a file below `data_dir/.cache/` and mapped into
/// memory, so that all workers of a machine share them. The cached file is used only while its
/// source files and its own bytes are unaltered; otherwise it is made again. If it cannot be
/// written, this process keeps the inputs to itself.
///
/// # Errors
/// Those of [`load`] or [`inspect`], and own files whose bytes differ from the plan's.
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

/// Makes the samples of a function: one zero per variable for each step of an epoch, as the base to
/// which gradient noise is added. They have no labels.
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

/// Reads the matrix of a quadratic from the files of `dataset`, whose paths are relative to `root`:
/// `features` x `features` values, row-major. `None` if the dataset has no matrix.
///
/// # Errors
/// A file cannot be read, or does not hold a symmetric matrix of that size.
pub fn matrix(dataset: &DatasetSpec, root: &Path) -> Result<Option<Vec<f32>>, DataError> {
    match dataset {
        DatasetSpec::Own(own) => Ok(own::matrix(own, root)?),
        DatasetSpec::Builtin(_) | DatasetSpec::Function(_) => Ok(None),
    }
}

/// Checks that the files of a plan's dataset exist and are unaltered, in constant memory.
///
/// # Errors
/// Those of [`check`], and own files that cannot be read or whose bytes differ from the plan's.
pub fn check_spec(dataset: &DatasetSpec, data_dir: &Path, root: &Path) -> Result<(), DataError> {
    match dataset {
        DatasetSpec::Builtin(name) => check(*name, data_dir),
        DatasetSpec::Own(own) => Ok(own::check(own, root)?),
        DatasetSpec::Function(_) => Ok(()),
    }
}
