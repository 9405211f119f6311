//! The order in which a run feeds its samples, cut into steps and batches.

use std::ops::Range;

use burn::tensor::{Device, Int, Tensor, TensorData};
use spec::run::{Batching, DataSpec, Shuffle};
use spec::seed::{permutation, stream};
use spec::{Digest, RunSpec};

use crate::augment::{self, Change};
use crate::feed::accumulate;

/// Returns the tokens at which the `samples` sequences of an epoch begin.
fn windows(seed: u64, epoch: u64, samples: usize, data: &DataSpec) -> Vec<u32> {
    let tokens = data.dataset.train_len().saturating_sub(data.validation);
    // One more token follows a sequence: the target of its last token.
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

/// Returns the tokens at which the sequences of a stream begin: the first sequence of every lane,
/// then the second of every lane, and so on. A lane has one sequence per batch and begins right
/// after the previous lane.
fn lanes(samples: usize, data: &DataSpec) -> Vec<u32> {
    let lanes = usize::try_from(data.batch_size).unwrap_or(usize::MAX).max(1);
    let (batches, context) = (samples / lanes, usize::try_from(data.context).unwrap_or(usize::MAX));
    let first = |batch: usize, lane: usize| ((lane * batches + batch) * context) as u32;
    (0..batches).flat_map(|batch| (0..lanes).map(move |lane| first(batch, lane))).collect()
}

/// Samples in feeding order, cut into steps, each of one or more batches.
pub(crate) struct Order {
    /// Index of each sample in the training split; for a text, the token at which each sequence
    /// begins.
    indices: Vec<u32>,
    batch: usize,
    /// Positions `start..end` of each batch in `indices`.
    bounds: Vec<(usize, usize)>,
    /// Number of batches of each step.
    steps: Vec<usize>,
    /// True if each batch continues where the previous one ended.
    stream: bool,
    /// Change of each image, in feeding order; empty without augmentation.
    changes: Vec<Change>,
}

impl Order {
    /// Returns the order of `epoch` (from 1), with at most `accumulate` batches per step: a pure
    /// function of seed, epoch and `data`. A text is fed as `samples` sequences, whose starts are
    /// drawn with replacement from the stream `windows/<epoch>`, consecutive, or lane by lane. The
    /// last step of an epoch averages the batches that are left, so that no gradient is carried
    /// into the next epoch.
    pub(crate) fn epoch(
        seed: u64,
        epoch: u64,
        samples: usize,
        data: &DataSpec,
        accumulate: usize,
    ) -> Self {
        let batch = usize::try_from(data.batch_size).unwrap_or(usize::MAX);
        let indices = match data.shuffle {
            _ if data.batching == Batching::Stream => lanes(samples, data),
            _ if data.dataset.is_text() => windows(seed, epoch, samples, data),
            Shuffle::EachEpoch => permutation(seed, epoch, samples),
            Shuffle::Once => permutation(seed, 1, samples),
            Shuffle::None => (0..samples as u32).collect(),
        };
        let bounds = batches(indices.len(), batch, data.drop_last);
        let steps = bounds.chunks(accumulate.max(1)).map(<[_]>::len).collect();
        let changes = augment::changes(seed, epoch, indices.len(), data.augment);
        let stream = data.batching == Batching::Stream;
        Order { indices, batch, bounds, steps, stream, changes }
    }

    /// Returns the order of the steps `steps` of a run, counted from 0, which may begin and end
    /// within epochs. `samples` is the number of samples fed per epoch.
    pub(crate) fn of_steps(spec: &RunSpec, steps: Range<u64>, samples: usize) -> Self {
        let batch = usize::try_from(spec.data.batch_size).unwrap_or(usize::MAX);
        let mut order = Order {
            indices: Vec::new(),
            batch,
            bounds: Vec::new(),
            steps: Vec::new(),
            stream: spec.data.batching == Batching::Stream,
            changes: Vec::new(),
        };
        let per_epoch = spec.steps_per_epoch().max(1);
        let mut at = steps.start;
        while at < steps.end {
            let (epoch, first) = (at / per_epoch, at % per_epoch);
            let last = (steps.end - epoch * per_epoch).min(per_epoch);
            let whole = Order::epoch(spec.seed, epoch + 1, samples, &spec.data, accumulate(spec));
            order.extend(&whole, first as usize..last as usize);
            at = epoch * per_epoch + last;
        }
        order
    }

    /// Appends the steps `steps` of another order.
    fn extend(&mut self, other: &Order, steps: Range<usize>) {
        for batches in other.steps().skip(steps.start).take(steps.len()) {
            for &(start, end) in batches {
                let at = self.indices.len();
                self.indices.extend_from_slice(&other.indices[start..end]);
                self.changes.extend(other.changes.iter().take(end).skip(start));
                self.bounds.push((at, self.indices.len()));
            }
            self.steps.push(batches.len());
        }
    }

    /// Returns the positions `start..end` of each batch, in order.
    pub(crate) fn bounds(&self) -> &[(usize, usize)] {
        &self.bounds
    }

    /// Returns true if each batch continues where the previous one ended, with its recurrent state.
    pub(crate) fn is_stream(&self) -> bool {
        self.stream
    }

    /// Returns true for the first batch of an epoch of a stream: its first lane begins at token 0.
    pub(crate) fn begins_epoch(&self, (start, _): (usize, usize)) -> bool {
        self.stream && self.indices[start] == 0
    }

    /// Iterates over the steps, each as the positions of its batches.
    pub(crate) fn steps(&self) -> impl Iterator<Item = &[(usize, usize)]> {
        let mut rest = self.bounds.as_slice();
        self.steps.iter().map(move |&count| {
            let (batches, behind) = rest.split_at(count);
            rest = behind;
            batches
        })
    }

    /// Uploads the whole order as one tensor `[samples]`. Batches are slices of it, so that a
    /// segment needs one upload.
    pub(crate) fn upload(&self, device: &Device) -> Tensor<1, Int> {
        let indices: Vec<i64> = self.indices.iter().map(|&i| i64::from(i)).collect();
        let n = indices.len();
        Tensor::from_data(TensorData::new(indices, [n]), device)
    }

    /// Returns the change of each image, in feeding order; empty without augmentation.
    pub(crate) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Returns the BLAKE3 digest of the batch size and the fed indices in order, each with its
    /// change.
    pub(crate) fn digest(&self) -> String {
        let fed = self.bounds.last().map_or(0, |(_, end)| *end);
        let mut hash = blake3::Hasher::new();
        hash.update(&(self.batch as u64).to_le_bytes());
        for (i, index) in self.indices[..fed].iter().enumerate() {
            hash.update(&index.to_le_bytes());
            if let Some(change) = self.changes.get(i) {
                hash.update(&change.bytes());
            }
        }
        Digest::from_hash(&hash.finalize()).to_string()
    }

    /// Returns the indices in feeding order.
    pub(crate) fn indices(&self) -> &[u32] {
        &self.indices
    }
}

/// Bounds of the batches of `n` samples.
fn batches(n: usize, batch: usize, drop_last: bool) -> Vec<(usize, usize)> {
    (0..n)
        .step_by(batch.max(1))
        .map(|start| (start, start.saturating_add(batch).min(n)))
        .filter(|(start, end)| !drop_last || end - start == batch)
        .collect()
}

#[cfg(test)]
mod tests {
    use spec::DatasetName;

    use super::*;

    fn spec(batch_size: u64, drop_last: bool) -> DataSpec {
        DataSpec { drop_last, ..DataSpec::new(DatasetName::Digits.into(), batch_size) }
    }

    #[test]
    fn the_short_batch_is_kept_or_dropped() {
        let keep = Order::epoch(1, 1, 10, &spec(4, false), 1);
        assert_eq!(keep.bounds(), [(0, 4), (4, 8), (8, 10)]);
        let drop = Order::epoch(1, 1, 10, &spec(4, true), 1);
        assert_eq!(drop.bounds(), [(0, 4), (4, 8)]);
        assert_ne!(keep.digest(), drop.digest(), "what is not fed is not digested");
    }

    #[test]
    fn the_digest_follows_seed_epoch_and_batch_size() {
        let digest =
            |seed, epoch, batch| Order::epoch(seed, epoch, 100, &spec(batch, false), 1).digest();
        assert_eq!(digest(1, 1, 8), digest(1, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(2, 1, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 2, 8));
        assert_ne!(digest(1, 1, 8), digest(1, 1, 16));
    }

    #[test]
    fn samples_are_shuffled_each_epoch_once_or_never() {
        let order = |shuffle, epoch| {
            let data = DataSpec { shuffle, ..spec(4, false) };
            Order::epoch(7, epoch, 10, &data, 1).indices().to_vec()
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
        let starts = |epoch, shuffle| Order::epoch(7, epoch, 500, &text(shuffle), 1).indices;
        let drawn = starts(1, Shuffle::EachEpoch);
        // 100 tokens: a sequence of 8 and the token after it begin at 91 at most.
        assert_eq!((drawn.iter().min(), drawn.iter().max()), (Some(&0), Some(&91)));
        assert_eq!(drawn, starts(1, Shuffle::EachEpoch));
        assert_ne!(drawn, starts(2, Shuffle::EachEpoch));
        assert_eq!(drawn, starts(3, Shuffle::Once));
        assert_eq!(starts(2, Shuffle::None)[..3], [0, 8, 16]);
    }

    /// Compares with a plain reference: one row of text per lane, cut into columns of `context`
    /// tokens.
    #[test]
    fn a_stream_feeds_every_lane_in_order() {
        let data = DataSpec { batching: Batching::Stream, ..text(Shuffle::EachEpoch) };
        // 100 tokens: 12 whole sequences of 8, each followed by a token, 3 for each of 4 lanes.
        assert_eq!(data.train_samples(), 12);
        let order = Order::epoch(7, 1, 12, &data, 1);
        let lane: Vec<Vec<u32>> =
            (0..4).map(|lane| (lane * 24..(lane + 1) * 24).collect()).collect();
        let columns = (0..3).flat_map(|step| lane.iter().map(move |tokens| tokens[8 * step]));
        assert_eq!(order.indices(), columns.collect::<Vec<_>>());
        assert_eq!(order.bounds(), [(0, 4), (4, 8), (8, 12)]);
        let begins = |order: &Order| {
            order.bounds().iter().map(|&batch| order.begins_epoch(batch)).collect::<Vec<_>>()
        };
        assert_eq!((order.is_stream(), begins(&order)), (true, vec![true, false, false]));
        assert_eq!(order.digest(), Order::epoch(8, 5, 12, &data, 1).digest(), "nothing is drawn");
        let windows = Order::epoch(7, 1, 12, &text(Shuffle::None), 1);
        assert_eq!((windows.is_stream(), begins(&windows)), (false, vec![false; 3]));
        // 95 tokens: 11 sequences, so that each lane has two.
        let shorter = DataSpec { validation: data.validation + 5, ..data };
        assert_eq!(shorter.train_samples(), 8);
        let first = Order::epoch(7, 1, 8, &shorter, 1).indices()[..4].to_vec();
        assert_eq!(first, [0, 16, 32, 48]);
    }

    #[test]
    fn steps_of_a_stream_begin_anew_with_each_epoch() {
        let data = "[data]\ndataset = \"moby-dick\"\nvalidation = 1071217\ncontext = 8\nbatch_size = 4\nbatching = \"stream\"";
        let text = format!("{data}\n[train]\nsteps = 9\n[model]\nkind = \"lstm\"");
        let spec = run_of(&text);
        assert_eq!(spec.steps_per_epoch(), 3);
        let order = Order::of_steps(&spec, 2..7, 12);
        let begins = order.bounds().iter().map(|&batch| order.begins_epoch(batch));
        assert_eq!(begins.collect::<Vec<_>>(), [false, true, false, false, true]);
        let whole = Order::epoch(spec.seed, 1, 12, &spec.data, 1);
        assert_eq!(order.indices()[..4], whole.indices()[8..]);
        assert_eq!(order.indices()[4..16], *whole.indices());
    }

    fn run(text: &str) -> RunSpec {
        run_of(&format!("{text}\n[model]\nkind = \"linear\""))
    }

    fn run_of(text: &str) -> RunSpec {
        let text = format!("{text}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n");
        let loaded = sweep_file::load_text("x.toml", "x", text, &sweep_file::Overrides::default());
        loaded.unwrap().plan.runs[0].spec.clone()
    }

    /// Uses 1,437 samples in batches of 100: fifteen steps per epoch, the last of 37 samples.
    #[test]
    fn steps_of_a_run_are_those_of_its_epochs() {
        let spec = run("[data]\ndataset = \"digits\"\nbatch_size = 100\n[train]\nsteps = 40");
        let whole = |epoch| Order::epoch(spec.seed, epoch, 1437, &spec.data, 1);
        let (first, second) = (whole(1), whole(2));
        assert_eq!(Order::of_steps(&spec, 0..15, 1437).digest(), first.digest());
        let across = Order::of_steps(&spec, 13..17, 1437);
        let sizes: Vec<usize> = across.bounds().iter().map(|(a, b)| b - a).collect();
        assert_eq!(sizes, [100, 37, 100, 100]);
        assert_eq!(across.indices()[..137], first.indices()[1300..]);
        assert_eq!(across.indices()[137..], second.indices()[..200]);
        assert_eq!(across.steps().map(<[_]>::len).collect::<Vec<_>>(), [1; 4]);
    }

    #[test]
    fn changes_of_images_go_with_their_images() {
        let augment = "augment = { crop = 2, flip = true }";
        let plain = "[data]\ndataset = \"digits\"\nbatch_size = 100\n";
        let spec = run(&format!("{plain}{augment}\n[train]\nsteps = 40"));
        let whole = |epoch| Order::epoch(spec.seed, epoch, 1437, &spec.data, 1);
        let (first, second) = (whole(1), whole(2));
        let across = Order::of_steps(&spec, 13..17, 1437);
        assert_eq!(across.changes()[..137], first.changes()[1300..]);
        assert_eq!(across.changes()[137..], second.changes()[..200]);
        let without = run(&format!("{plain}[train]\nsteps = 40"));
        let same = Order::epoch(spec.seed, 1, 1437, &without.data, 1);
        assert_eq!(same.indices(), first.indices());
        assert!(same.changes().is_empty());
        assert_ne!(same.digest(), first.digest(), "what was drawn is digested");
    }

    #[test]
    fn no_gradient_is_carried_into_the_next_epoch() {
        let text = "[data]\ndataset = \"digits\"\nbatch_size = 100\n[train]\nsteps = 9";
        let mut spec = run(text);
        spec.update.accumulate = 4;
        // Four steps per epoch, the last of three batches.
        let order = Order::of_steps(&spec, 2..6, 1437);
        assert_eq!(order.steps().map(<[_]>::len).collect::<Vec<_>>(), [4, 3, 4, 4]);
    }
}
