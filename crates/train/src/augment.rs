//! Random changes of training images: `[data] augment`.
//!
//! `crop` pads an image with zeros and cuts a window of the image's size at a random position;
//! `flip` mirrors it with probability 1/2. Random numbers are drawn on the host, image by image in
//! feeding order, from the stream `augment/<epoch>`, so that they depend on seed and epoch alone.
//! The device only moves numbers, so that every device gives the same bits.

use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::augment::Augment;
use spec::run::DataSpec;
use spec::seed::stream;

/// The change of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// First row of the window in the padded image, 0 to twice `crop`.
    row: u32,
    /// First column of the window, in the same range.
    column: u32,
    /// True if the window is mirrored.
    mirrored: bool,
}

impl Change {
    /// Returns the bytes that enter the digest of batches.
    pub(crate) fn bytes(self) -> [u8; 9] {
        let mut out = [0; 9];
        out[..4].copy_from_slice(&self.row.to_le_bytes());
        out[4..8].copy_from_slice(&self.column.to_le_bytes());
        out[8] = u8::from(self.mirrored);
        out
    }
}

/// Draws the changes of the images of an epoch (from 1), in feeding order; empty without
/// augmentation.
pub(crate) fn changes(seed: u64, epoch: u64, images: usize, augment: Augment) -> Vec<Change> {
    if augment.is_neutral() {
        return Vec::new();
    }
    let mut stream = stream(seed, &format!("augment/{epoch}"));
    let places = 2 * u32::try_from(augment.crop).unwrap_or(u32::MAX / 4) + 1;
    // Each image takes three draws whatever the settings, so that adding a crop leaves the flips as
    // they are.
    let mut change = || Change {
        row: stream.below(places),
        column: stream.below(places),
        mirrored: stream.below(2) == 1 && augment.flip,
    };
    (0..images).map(|_| change()).collect()
}

/// Changes of all images of a pass, on the device.
pub(crate) struct Changes {
    /// Channels, height and width of an image, the latter two in pixels.
    shape: [usize; 3],
    /// Rows and columns of zeros on each side of an image.
    crop: usize,
    /// `[images]`: index of the window's first position in the padded image, row by row.
    first: Tensor<1, Int>,
    /// `[images]`: 1 for a mirrored window, else 0.
    mirrored: Tensor<1, Int>,
    /// `[height * width]`: offset from the window's first position to each of its positions.
    to_each: Tensor<1, Int>,
    /// `[height * width]`: offset from each position to its mirror image.
    to_mirrored: Tensor<1, Int>,
}

impl Changes {
    /// Uploads the changes of images of `data`; returns `None` without augmentation.
    pub(crate) fn upload(changes: &[Change], data: &DataSpec, device: &Device) -> Option<Self> {
        if changes.is_empty() {
            return None;
        }
        let (shape, crop) = (data.shape(), usize::try_from(data.augment.crop).unwrap_or(0));
        let [_, height, width] = shape;
        let padded = width + 2 * crop;
        let tensor = |values: Vec<i64>| {
            let n = values.len();
            Tensor::from_data(TensorData::new(values, [n]), device)
        };
        let first =
            |change: &Change| i64::from(change.row) * padded as i64 + i64::from(change.column);
        let positions = || (0..height).flat_map(|row| (0..width).map(move |column| (row, column)));
        Some(Changes {
            shape,
            crop,
            first: tensor(changes.iter().map(first).collect()),
            mirrored: tensor(changes.iter().map(|change| i64::from(change.mirrored)).collect()),
            to_each: tensor(
                positions().map(|(row, column)| (row * padded + column) as i64).collect(),
            ),
            to_mirrored: tensor(
                positions().map(|(_, column)| width as i64 - 1 - 2 * column as i64).collect(),
            ),
        })
    }

    /// Applies each image's change to a batch `[batch, channels * height * width]`, which the pass
    /// feeds at the positions `start..end`.
    pub(crate) fn of(&self, images: Tensor<2>, (start, end): (usize, usize)) -> Tensor<2> {
        let ([channels, height, width], crop) = (self.shape, self.crop);
        let (batch, size) = (end - start, height * width);
        let around = [(crop, crop), (crop, crop)];
        let padded = images
            .reshape([batch, channels, height, width])
            .pad(around, PadMode::Constant(0.0))
            .reshape([batch, channels, (height + 2 * crop) * (width + 2 * crop)]);
        let each = |values: &Tensor<1, Int>| values.clone().slice(start..end).reshape([batch, 1]);
        let turned = each(&self.mirrored) * self.to_mirrored.clone().reshape([1, size]);
        let places = each(&self.first) + self.to_each.clone().reshape([1, size]) + turned;
        let places = places.reshape([batch, 1, size]).repeat_dim(1, channels);
        padded.gather(2, places).reshape([batch, channels * size])
    }
}

#[cfg(test)]
mod tests {
    use spec::DatasetName;

    use super::*;

    fn data(augment: Augment) -> DataSpec {
        DataSpec { augment, ..DataSpec::new(DatasetName::Cifar10.into(), 4) }
    }

    #[test]
    fn draws_follow_from_seed_and_epoch_alone() {
        let both = Augment { crop: 4, flip: true };
        let drawn = changes(1, 1, 1_000, both);
        assert_eq!(drawn, changes(1, 1, 1_000, both));
        assert_eq!(drawn[..10], changes(1, 1, 10, both));
        assert_ne!(drawn, changes(1, 2, 1_000, both));
        assert_ne!(drawn, changes(2, 1, 1_000, both));
        assert!(changes(1, 1, 10, Augment::default()).is_empty());
        // Each of nine positions occurs about equally often; half are mirrored, with a deviation of
        // 16.
        for place in 0..9 {
            let rows = drawn.iter().filter(|change| change.row == place).count();
            assert!((70..=155).contains(&rows), "{place}: {rows}");
        }
        let mirrored = drawn.iter().filter(|change| change.mirrored).count();
        assert!((436..=564).contains(&mirrored), "{mirrored}");
        let flipped = changes(1, 1, 1_000, Augment { crop: 0, flip: true });
        assert!(flipped.iter().all(|change| (change.row, change.column) == (0, 0)));
        let cropped = changes(1, 1, 1_000, Augment { crop: 4, flip: false });
        assert!(cropped.iter().all(|change| !change.mirrored));
        assert!(cropped.iter().zip(&drawn).all(|(a, b)| (a.row, a.column) == (b.row, b.column)));
    }

    /// Compares changed images of 3 x 32 x 32 with loops on the host.
    #[test]
    fn images_are_cut_and_mirrored_number_by_number() {
        let device = Device::flex();
        let features = 3 * 32 * 32;
        let image = |n: usize| (0..features).map(move |i| (n * features + i) as f32 + 1.0);
        let values: Vec<f32> = (0..2).flat_map(image).collect();
        for augment in [
            Augment { crop: 4, flip: true },
            Augment { crop: 3, flip: false },
            Augment { crop: 0, flip: true },
        ] {
            let changes = changes(3, 1, 6, augment);
            let data = data(augment);
            let on_device = Changes::upload(&changes, &data, &device).unwrap();
            let images = TensorData::new(values.clone(), [2, features]);
            let found = on_device.of(Tensor::from_data(images, &device), (3, 5)).into_data();
            let crop = augment.crop as i64;
            let mut expected = Vec::new();
            for (n, change) in changes[3..5].iter().enumerate() {
                for i in 0..features as i64 {
                    let (channel, row, column) = (i / 1024, i / 32 % 32, i % 32);
                    let column = if change.mirrored { 31 - column } else { column };
                    let row = row + i64::from(change.row) - crop;
                    let column = column + i64::from(change.column) - crop;
                    let inside = (0..32).contains(&row) && (0..32).contains(&column);
                    let at = n as i64 * features as i64 + channel * 1024 + row * 32 + column;
                    expected.push(if inside { values[at as usize] } else { 0.0 });
                }
            }
            assert_eq!(found.try_into_vec::<f32>().unwrap(), expected, "{augment:?}");
        }
    }
}
