//! Datasets by name, as plain host arrays.
//!
//! [`load`] reads the files under `data/<name>/`, refuses bytes whose SHA-256
//! is not the one that `spec` pins, and scales them once. No Burn here: a
//! worker uploads the arrays to its device as they are.
//!
//! The feature `fetch` (off by default) adds [`mod@fetch`], which downloads.

mod digits;
mod error;
#[cfg(feature = "fetch")]
pub mod fetch;
pub mod idx;
mod mnist;
mod source;

use std::path::Path;

use spec::DatasetName;

pub use error::DataError;
#[cfg(feature = "fetch")]
pub use fetch::{FetchError, Fetched, fetch};

/// A dataset in memory, scaled and ready for a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Which one.
    pub name: DatasetName,
    /// [`DatasetName::digest`]; the bytes read were checked against it.
    pub digest: String,
    /// Length of one flattened sample.
    pub features: usize,
    /// Number of classes; labels are `0..classes`.
    pub classes: usize,
    /// The training split in file order, any validation samples included.
    pub train: Part,
    /// The test split in file order.
    pub test: Part,
}

/// One split.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Scaled inputs, `len() * features` values, one sample after another.
    pub inputs: Vec<f32>,
    /// Class indices, one a sample.
    pub labels: Vec<i64>,
}

impl Part {
    /// Number of samples.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether it has no samples.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }
}

/// Reads a dataset from `data_dir/<name>/`.
///
/// Each file is read from its `.gz`, or from the uncompressed file of the same
/// name beside it if there is no `.gz`. MNIST is scaled to
/// (pixel / 255 - 0.1307) / 0.3081 in 32-bit floats, digits to pixel / 16.
///
/// # Errors
/// A file is missing, cannot be read, is truncated, too long, damaged, swapped
/// with another file of the dataset, or altered. The message names file and remedy.
pub fn load(name: DatasetName, data_dir: &Path) -> Result<Dataset, DataError> {
    let (train, test) = match name {
        DatasetName::Mnist => mnist::load(data_dir)?,
        DatasetName::Digits => digits::load(data_dir)?,
    };
    let info = name.info();
    Ok(Dataset {
        name,
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
    name.info().files.iter().try_for_each(|file| source::check(name, file, data_dir))
}
