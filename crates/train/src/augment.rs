//! Random changes of training images: `[data] augment`.
//!
//! `crop` puts zeros around an image and cuts a window of its size anywhere, `flip` mirrors every
//! second one by chance. Draws are made on the host, image by image in the order in which an
//! epoch feeds them, from the stream `augment/<epoch>`: they follow from seed and epoch alone.
//! On the device numbers are only moved, so that every device gives the same bits.

use burn::tensor::ops::PadMode;
use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::augment::Augment;
use spec::run::DataSpec;
use spec::seed::stream;

/// The change of one image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    /// First row of the window, of the image with its zeros.
    row: u32,
    /// First column of the window.
    column: u32,
    /// True of an image whose window is mirrored.
    mirrored: bool,
}

impl Change {
    /// The bytes that the digest of batches takes of it.
    pub(crate) fn bytes(self) -> [u8; 9] {
        let mut out = [0; 9];
        out[..4].copy_from_slice(&self.row.to_le_bytes());
        out[4..8].copy_from_slice(&self.column.to_le_bytes());
        out[8] = u8::from(self.mirrored);
        out
    }
}

/// The changes of the images of an epoch (from 1), in the order in which they are fed; none
/// where nothing is changed.
pub(crate) fn changes(seed: u64, epoch: u64, images: usize, augment: Augment) -> Vec<Change> {
    if augment.is_neutral() {
        return Vec::new();
    }
    let mut stream = stream(seed, &format!("augment/{epoch}"));
    let places = 2 * u32::try_from(augment.crop).unwrap_or(u32::MAX / 4) + 1;
    // Each image takes three draws, whatever is asked for: a crop beside a flip leaves the flips.
    let mut change = || Change {
        row: stream.below(places),
        column: stream.below(places),
        mirrored: stream.below(2) == 1 && augment.flip,
    };
    (0..images).map(|_| change()).collect()
}

/// The changes of a pass on its device.
pub(crate) struct Changes {
    /// Channels, height and width of an image.
    shape: [usize; 3],
    /// Zeros on each side of an image.
    crop: usize,
    /// `[images]`: the number, in an image with its zeros, of the window's first position.
    first: Tensor<1, Int>,
    /// `[images]`: 1 of a mirrored window, else 0.
    mirrored: Tensor<1, Int>,
    /// `[height * width]`: from the window's first position to each of it.
    to_each: Tensor<1, Int>,
    /// `[height * width]`: from each position to the one that a mirror has in its place.
    to_mirrored: Tensor<1, Int>,
}

impl Changes {
    /// Puts the changes of images of `data` on a device; `None` where nothing is changed.
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

    /// The images of a batch, `[batch, channels * height * width]`, each by its change; they are
    /// those that the pass feeds from `start` to `end`.
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
        // Each of nine places about as often; mirrored are half, with a deviation of 16.
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

    /// Three colours of 32x32: what moves is compared with loops on the host.
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
