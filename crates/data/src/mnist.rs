//! MNIST and datasets of the same format: four IDX files, scaled by the mean and standard deviation
//! of the training pixels.

use std::path::Path;

use spec::DatasetName;

use crate::error::DataError;
use crate::pixels::Histogram;
use crate::source::Table;
use crate::{Part, idx};

/// Mean of the training pixels / 255, as in the PyTorch examples.
const MEAN: f32 = 0.1307;
/// Standard deviation of the training pixels / 255, as in the PyTorch examples.
const DEVIATION: f32 = 0.3081;

/// Loads the training and test split. MNIST is scaled by the customary four-digit mean and
/// deviation, the other datasets by those of their training pixels.
pub(crate) fn load(name: DatasetName, data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = name.info();
    let (train, train_labels) = read(name, data_dir, 0, info.train_len)?;
    let (test, test_labels) = read(name, data_dir, 2, info.test_len)?;
    let (mean, deviation) = match name {
        DatasetName::Mnist => (MEAN, DEVIATION),
        _ => Histogram::of(train.iter()).mean_and_deviation(),
    };
    let table = scale_table(mean, deviation);
    let scaled =
        |pixels: Vec<u8>| -> Vec<f32> { pixels.iter().map(|&p| table[usize::from(p)]).collect() };
    Ok((Part::of_classes(scaled(train), train_labels), Part::of_classes(scaled(test), test_labels)))
}

/// Reads pixels and labels of one split; its images are file `first` of the dataset, its labels the
/// next file.
fn read(
    name: DatasetName,
    data_dir: &Path,
    first: usize,
    len: u64,
) -> Result<(Vec<u8>, Vec<i64>), DataError> {
    let info = name.info();
    let [_, height, width] = info.shape.map(|n| n as u32);
    let len = len as u32;
    let (path, mut bytes) = Table::from(name).read(first, data_dir)?;
    let header = bytes.len()
        - idx::parse(&bytes, &[len, height, width])
            .map_err(|reason| DataError::Idx { path, reason })?
            .len();
    bytes.drain(..header);
    let (path, labels) = Table::from(name).read(first + 1, data_dir)?;
    let labels = idx::parse(&labels, &[len])
        .and_then(|labels| idx::labels(labels, info.classes))
        .map_err(|reason| DataError::Idx { path, reason })?;
    Ok((bytes, labels))
}

/// Returns the scaled value of each pixel value, with the order of operations of
/// `torchvision.transforms.ToTensor` and `Normalize`.
pub(crate) fn scale_table(mean: f32, deviation: f32) -> [f32; 256] {
    std::array::from_fn(|p| (p as f32 / 255.0 - mean) / deviation)
}
