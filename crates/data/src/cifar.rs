//! CIFAR-10: a tar archive of binary batches. A sample is one byte of label, then 3,072 bytes of
//! pixels: the red, green and blue planes, each row by row.
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>, "binary version".

use std::path::Path;

use spec::DatasetName;

use crate::Part;
use crate::error::DataError;
use crate::idx::{IdxError, labels};
use crate::mnist::scale_table;
use crate::pixels::Histogram;
use crate::source::Table;

/// Loads the training and test split. Each colour is scaled by the mean and standard deviation of
/// its training pixels.
pub(crate) fn load(data_dir: &Path) -> Result<(Part, Part), DataError> {
    let info = DatasetName::Cifar10.info();
    let (path, bytes) = Table::from(DatasetName::Cifar10).read(0, data_dir)?;
    split(&bytes, info.shape, info.classes, info.train_len as usize)
        .map_err(|reason| DataError::Idx { path, reason })
}

/// Splits the samples into the first `train` and the rest.
fn split(
    bytes: &[u8],
    [channels, height, width]: [usize; 3],
    classes: usize,
    train: usize,
) -> Result<(Part, Part), IdxError> {
    let plane = height * width;
    let sample = 1 + channels * plane;
    let samples = bytes.chunks_exact(sample);
    let targets: Vec<u8> = samples.clone().map(|s| s[0]).collect();
    let mut targets = labels(&targets, classes)?;
    let tables: Vec<[f32; 256]> = (0..channels)
        .map(|c| {
            let of_channel = 1 + c * plane..1 + (c + 1) * plane;
            let pixels = samples.clone().take(train).flat_map(|s| &s[of_channel.clone()]);
            let (mean, deviation) = Histogram::of(pixels).mean_and_deviation();
            scale_table(mean, deviation)
        })
        .collect();
    let mut inputs: Vec<f32> = Vec::with_capacity(samples.len() * channels * plane);
    for s in samples {
        for (pixels, table) in s[1..].chunks_exact(plane).zip(&tables) {
            inputs.extend(pixels.iter().map(|&p| table[usize::from(p)]));
        }
    }
    let test = Part::of_classes(inputs.split_off(train * (sample - 1)), targets.split_off(train));
    Ok((Part::of_classes(inputs, targets), test))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_scaled_apart_and_by_the_training_split_alone() {
        // Two training samples and a test sample of 1x2 pixels, two colours.
        let bytes = [1, 0, 255, 10, 10, 0, 255, 0, 10, 10, 2, 0, 0, 255, 10];
        let (train, test) = split(&bytes, [2, 1, 2], 3, 2).unwrap();
        assert_eq!((train.labels, test.labels), (vec![1, 0], vec![2]));
        // Red: mean 0.5, deviation 0.5. Green never varies: divided by 1.
        let green = |p: f32| p / 255.0 - 10.0 / 255.0;
        assert_eq!(train.inputs, [-1.0, 1.0, 0.0, 0.0, 1.0, -1.0, 0.0, 0.0]);
        assert_eq!(test.inputs, [-1.0, -1.0, green(255.0), 0.0]);
    }

    #[test]
    fn a_label_beyond_the_classes_is_refused() {
        let error = split(&[0, 1, 9, 1], [1, 1, 1], 3, 1).unwrap_err();
        assert_eq!(error, IdxError::Label { label: 9, sample: 1, classes: 3 });
    }
}
