//! The order in which a run feeds its samples, and its cuts into batches.

use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::Digest;
use spec::run::{DataSpec, Shuffle};
use spec::seed::{permutation, stream};

/// The tokens at which the sequences of an epoch begin.
fn windows(seed: u64, epoch: u64, samples: usize, data: &DataSpec) -> Vec<u32> {
    let tokens = data.dataset.train_len().saturating_sub(data.validation);
    // Behind a sequence stands one more token, the target of its last.
    let starts = u32::try_from(tokens.saturating_sub(data.context)).unwrap_or(u32::MAX).max(1);
    let context = u32::try_from(data.context).unwrap_or(u32::MAX);
    let drawn = |epoch: u64| {
        let mut stream = stream(seed, &format!("windows/{epoch}"));
        (0..samples).map(|_| stream.below(starts)).collect()
    };
    match data.shuffle {
        Shuffle::EachEpoch => drawn(epoch),
        Shuffle::Once => drawn(1),
        Shuffle::None => (0..samples as u32).map(|i| i * context).collect(),
    }
}

/// One epoch's order and its cuts into batches.
pub(crate) struct EpochOrder {
    indices: Vec<u32>,
    batch: usize,
    drop_last: bool,
}

impl EpochOrder {
    /// The order of `epoch` (from 1): a pure function of seed, epoch and `shuffle`. Of a text
    /// the tokens at which its `samples` sequences begin: drawn with replacement from the
    /// stream `windows/<epoch>`, or one sequence after the other.
    pub(crate) fn new(seed: u64, epoch: u64, samples: usize, data: &DataSpec) -> Self {
        let batch = usize::try_from(data.batch_size).unwrap_or(usize::MAX);
        let indices = match data.shuffle {
            _ if data.dataset.is_text() => windows(seed, epoch, samples, data),
            Shuffle::EachEpoch => permutation(seed, epoch, samples),
            Shuffle::Once => permutation(seed, 1, samples),
            Shuffle::None => (0..samples as u32).collect(),
        };
        EpochOrder { indices, batch, drop_last: data.drop_last }
    }

    /// Bounds of the batches, in order.
    pub(crate) fn bounds(&self) -> Vec<(usize, usize)> {
        let n = self.indices.len();
        (0..n)
            .step_by(self.batch.max(1))
            .map(|start| (start, (start + self.batch).min(n)))
            .filter(|(start, end)| !self.drop_last || end - start == self.batch)
            .collect()
    }

    /// The whole order as one tensor: batches are slices of it, so that an
    /// epoch needs one upload.
    pub(crate) fn upload(&self, device: &Device) -> Tensor<1, Int> {
        let indices: Vec<i64> = self.indices.iter().map(|&i| i64::from(i)).collect();
        let n = indices.len();
        Tensor::from_data(TensorData::new(indices, [n]), device)
    }

    /// BLAKE3 of the indices that are fed, in order, with the batch size.
    pub(crate) fn digest(&self) -> String {
        let fed = self.bounds().last().map_or(0, |(_, end)| *end);
        let mut hash = blake3::Hasher::new();
        hash.update(&(self.batch as u64).to_le_bytes());
        for index in &self.indices[..fed] {
            hash.update(&index.to_le_bytes());
        }
        Digest::from_hash(&hash.finalize()).to_string()
    }

    /// The order itself.
    pub(crate) fn indices(&self) -> &[u32] {
        &self.indices
    }
}

#[cfg(test)]
mod tests {
    use spec::DatasetName;

    use super::*;

    fn spec(batch_size: u64, drop_last: bool) -> DataSpec {
        let dataset = DatasetName::Digits.into();
        let shuffle = Shuffle::EachEpoch;
        DataSpec { dataset, batch_size, validation: 0, drop_last, shuffle, context: 0 }
    }

    #[test]
    fn the_short_batch_is_kept_or_dropped() {
        let keep = EpochOrder::new(1, 1, 10, &spec(4, false));
        assert_eq!(keep.bounds(), [(0, 4), (4, 8), (8, 10)]);
        let drop = EpochOrder::new(1, 1, 10, &spec(4, true));
        assert_eq!(drop.bounds(), [(0, 4), (4, 8)]);
        assert_ne!(keep.digest(), drop.digest(), "what is not fed is not digested");
    }

    #[test]
    fn the_digest_follows_seed_epoch_and_batch_size() {
        let digest =
            |seed, epoch, batch| EpochOrder::new(seed, epoch, 100, &spec(batch, false)).digest();
        assert_eq!(digest(1, 1, 8), digest(1, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(2, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 2, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 1, 16));
    }

    #[test]
    fn samples_are_shuffled_each_epoch_once_or_never() {
        let order = |shuffle, epoch| {
            let data = DataSpec { shuffle, ..spec(4, false) };
            EpochOrder::new(7, epoch, 10, &data).indices().to_vec()
        };
        assert_eq!(order(Shuffle::EachEpoch, 1), permutation(7, 1, 10));
        assert_eq!(order(Shuffle::EachEpoch, 2), permutation(7, 2, 10));
        assert_eq!(order(Shuffle::Once, 1), permutation(7, 1, 10));
        assert_eq!(order(Shuffle::Once, 5), permutation(7, 1, 10));
        assert_eq!(order(Shuffle::None, 3), (0..10).collect::<Vec<u32>>());
    }

    /// A text of 1,071,317 tokens in the training split.
    fn text(shuffle: Shuffle) -> DataSpec {
        let dataset = DatasetName::MobyDick.into();
        DataSpec { dataset, shuffle, context: 8, validation: 1_071_217, ..spec(4, false) }
    }

    #[test]
    fn sequences_of_a_text_are_drawn_within_its_training_part() {
        let starts = |epoch, shuffle| EpochOrder::new(7, epoch, 500, &text(shuffle)).indices;
        let drawn = starts(1, Shuffle::EachEpoch);
        // 100 tokens: a sequence of 8 and the token behind it begin at 91 at most.
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&91)));
        assert_eq!(drawn, starts(1, Shuffle::EachEpoch));
        assert_ne!(drawn, starts(2, Shuffle::EachEpoch));
        assert_eq!(drawn, starts(3, Shuffle::Once));
        assert_eq!(starts(2, Shuffle::None)[..3], [0, 8, 16]);
    }
}
