//! MNIST: four IDX files, scaled by the training split's mean and deviation.

use std::path::Path;

use spec::DatasetName;

use crate::error::DataError;
use crate::{Part, idx, source};

/// Mean of the training pixels / 255, as the PyTorch examples have it.
const MEAN: f32 = 0.1307;
/// Their standard deviation.
const DEVIATION: f32 = 0.3081;

/// Training and test split.
pub(crate) fn load(data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = DatasetName::Mnist.info();
    let train = part(data_dir, 0, info.train_len)?;
    let test = part(data_dir, 2, info.test_len)?;
    Ok((train, test))
}

/// The split whose images are file `first` of the dataset and whose labels follow it.
fn part(data_dir: &Path, first: usize, len: u64) -> Result<Part, DataError> {
    let info = DatasetName::Mnist.info();
    let [_, height, width] = info.shape.map(|n| n as u32);
    let len = len as u32;

    let (path, bytes) = source::read(DatasetName::Mnist, &info.files[first], data_dir)?;
    let pixels = idx::parse(&bytes, &[len, height, width])
        .map_err(|source| DataError::Idx { path, source })?;
    let table = scale_table();
    let inputs = pixels.iter().map(|&p| table[usize::from(p)]).collect();

    let (path, bytes) = source::read(DatasetName::Mnist, &info.files[first + 1], data_dir)?;
    let labels = idx::parse(&bytes, &[len])
        .and_then(|labels| idx::labels(labels, info.classes))
        .map_err(|source| DataError::Idx { path, source })?;
    Ok(Part { inputs, labels })
}

/// Scaled value of each pixel value, in the order of operations of
/// `torchvision.transforms.ToTensor` and `Normalize`.
fn scale_table() -> [f32; 256] {
    std::array::from_fn(|p| (p as f32 / 255.0 - MEAN) / DEVIATION)
}
