//! The parts of a dataset: training, validation and test samples.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use spec::reading::{Share, SplitSpec};

/// Sample indices of each part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// Training samples, followed by the validation samples.
    pub(super) train: Rows,
    /// Number of samples at the end of `train` that are held out for validation.
    pub(super) validation: usize,
    /// Test samples.
    pub(super) test: Rows,
}

/// Sample indices in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// Consecutive indices.
    Range(Range<usize>),
    /// Indices in any order.
    List(Vec<usize>),
}

impl Rows {
    pub(super) fn len(&self) -> usize {
        match self {
            Rows::Range(range) => range.len(),
            Rows::List(list) => list.len(),
        }
    }

    /// Returns the sample index at this position.
    pub(super) fn at(&self, place: usize) -> usize {
        match self {
            Rows::Range(range) => range.start + place,
            Rows::List(list) => list[place],
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        (0..self.len()).map(|place| self.at(place))
    }
}

impl Parts {
    /// Returns the samples that are trained on, without those held out.
    pub(super) fn fitted(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        self.train.iter().take(self.train.len() - self.validation)
    }

    /// Returns the samples that are held out.
    pub(super) fn held_out(&self) -> impl Iterator<Item = usize> + Clone + '_ {
        self.train.iter().skip(self.train.len() - self.validation)
    }
}

/// Key that decides the part of a sample: the hash of its inputs and of the number of equal samples
/// before it, then a number that follows from its target. Samples with equal keys are equal, so
/// their order makes no difference.
///
/// The target is not part of the hash. Otherwise samples with equal inputs and different targets
/// would be in different parts, each with one of the targets alone, and renaming the classes would
/// change the split.
pub(super) type Key = ([u8; 16], u64);

/// Splits samples by their contents, with the sizes of `spec`. With `classes`, every class is split
/// in proportion.
///
/// Samples are ordered by their keys in each part, so that the order of the file has no effect.
///
/// # Errors
/// The sizes leave no sample for training or for a requested part.
pub(super) fn by_contents(
    spec: &SplitSpec,
    keys: &[Key],
    classes: Option<&[i64]>,
) -> Result<Parts, String> {
    let n = keys.len();
    let (test, validation) = (spec.test.of(n as u64), spec.validation.of(n as u64));
    for (share, found) in [(spec.test, test), (spec.validation, validation)] {
        if let (Share::Part(part), 0) = (share, found)
            && part > 0.0
        {
            return Err(format!("{n} samples, of which {part} is less than one"));
        }
    }
    let all = test.saturating_add(validation);
    if all >= n as u64 {
        return Err(format!(
            "{n} samples, of which {test} are to be the test split and {validation} the validation split"
        ));
    }
    let (test, validation) = (test as usize, validation as usize);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by_key(|i| keys[*i]);
    let strata: Vec<Vec<usize>> = match classes {
        None => vec![order],
        Some(classes) => {
            let mut strata: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
            order.iter().for_each(|i| strata.entry(classes[*i]).or_default().push(*i));
            strata.into_values().collect()
        }
    };
    let sizes: Vec<usize> = strata.iter().map(Vec::len).collect();
    let of_test = shares(&sizes, test);
    let left: Vec<usize> = sizes.iter().zip(&of_test).map(|(n, taken)| n - taken).collect();
    let of_validation = shares(&left, validation);
    let (mut tested, mut held, mut trained) = (Vec::new(), Vec::new(), Vec::new());
    for (stratum, (a, b)) in strata.iter().zip(of_test.iter().zip(&of_validation)) {
        tested.extend_from_slice(&stratum[..*a]);
        held.extend_from_slice(&stratum[*a..a + b]);
        trained.extend_from_slice(&stratum[a + b..]);
    }
    for part in [&mut tested, &mut held, &mut trained] {
        part.sort_by_key(|i| keys[*i]);
    }
    trained.extend_from_slice(&held);
    Ok(Parts { train: Rows::List(trained), validation, test: Rows::List(tested) })
}

/// Distributes `total` in proportion to `sizes` by largest remainders, ties going to the first. No
/// share exceeds its size.
fn shares(sizes: &[usize], total: usize) -> Vec<usize> {
    let all: usize = sizes.iter().sum();
    if all == 0 {
        return vec![0; sizes.len()];
    }
    let wide = |size: usize| (size as u128) * (total as u128);
    let mut out: Vec<usize> = sizes.iter().map(|s| (wide(*s) / all as u128) as usize).collect();
    let mut order: Vec<usize> = (0..sizes.len()).collect();
    order.sort_by_key(|i| std::cmp::Reverse(wide(sizes[*i]) % all as u128));
    let missing = total - out.iter().sum::<usize>();
    for i in order.into_iter().take(missing) {
        out[i] += 1;
    }
    out
}

/// Computes the keys of samples, given the hash of the inputs and the target's number of each.
pub(super) fn keys(seed: u64, samples: &[Key]) -> Vec<Key> {
    let mut seen: HashMap<Key, u64> = HashMap::new();
    let key = |sample: &Key| {
        let before = seen.entry(*sample).or_default();
        let mut hash = blake3::Hasher::new();
        hash.update(&seed.to_le_bytes()).update(&sample.0).update(&before.to_le_bytes());
        *before += 1;
        (start(&hash), sample.1)
    };
    samples.iter().map(key).collect()
}

/// Returns the first 128 bits of a hash.
pub(super) fn start(hash: &blake3::Hasher) -> [u8; 16] {
    let mut out = [0; 16];
    out.copy_from_slice(&hash.finalize().as_bytes()[..16]);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spec(test: Share, validation: Share) -> SplitSpec {
        SplitSpec { test, validation, stratified: None, split_seed: 0 }
    }

    fn keys(values: &[u64], seed: u64) -> Vec<Key> {
        let sample = |v: &u64| (start(blake3::Hasher::new().update(&v.to_le_bytes())), v % 3);
        super::keys(seed, &values.iter().map(sample).collect::<Vec<_>>())
    }

    #[test]
    fn shares_and_counts_are_what_was_asked_for() {
        let values: Vec<u64> = (0..150).collect();
        let classes: Vec<i64> = (0..150).map(|i| i / 50).collect();
        let spec = spec(Share::Part(0.2), Share::Count(15));
        let parts = by_contents(&spec, &keys(&values, 0), Some(&classes)).unwrap();
        let (train, validation, test) = (parts.train.len(), parts.validation, parts.test.len());
        assert_eq!((train, validation, test), (120, 15, 30));
        for class in 0..3 {
            let of = |rows: &mut dyn Iterator<Item = usize>| {
                rows.filter(|i| classes[*i] == class).count()
            };
            assert_eq!(of(&mut parts.test.iter()), 10);
            assert_eq!(of(&mut parts.held_out()), 5);
            assert_eq!(of(&mut parts.fitted()), 35);
        }
        let mut all: Vec<usize> = parts.train.iter().chain(parts.test.iter()).collect();
        all.sort_unstable();
        assert_eq!(all, (0..150).collect::<Vec<_>>());
        let other = by_contents(&spec, &keys(&values, 1), Some(&classes)).unwrap();
        assert_ne!(other, parts);
    }

    /// Otherwise all equal samples would be in one part, and those with another target in another.
    #[test]
    fn samples_that_repeat_are_spread_over_the_parts() {
        let samples: Vec<Key> = (0..400).map(|i| ([7; 16], i % 2)).collect();
        let classes: Vec<i64> = (0..400).map(|i| i % 2).collect();
        let spec = spec(Share::Part(0.25), Share::Count(0));
        let parts = by_contents(&spec, &super::keys(0, &samples), Some(&classes)).unwrap();
        for class in 0..2 {
            assert_eq!(parts.test.iter().filter(|i| classes[*i] == class).count(), 50);
        }
        let alone = by_contents(&spec, &super::keys(0, &samples), None).unwrap();
        let of_one = alone.test.iter().filter(|i| classes[*i] == 1).count();
        assert!((30..70).contains(&of_one), "{of_one}");
    }

    #[test]
    fn nothing_left_to_train_on_is_refused() {
        let spec = spec(Share::Count(2), Share::Count(1));
        assert_eq!(
            by_contents(&spec, &keys(&[1, 2, 3], 0), None).unwrap_err(),
            "3 samples, of which 2 are to be the test split and 1 the validation split"
        );
    }

    proptest! {
        /// Whatever the order of the rows, each part holds the same samples in the same order.
        #[test]
        fn the_order_of_the_rows_changes_nothing(
            values in proptest::collection::vec(0u64..20, 4..60), seed: u64, swaps: u64, stratified: bool
        ) {
            let mut order: Vec<usize> = (0..values.len()).collect();
            let places: Vec<u64> = (0..values.len() as u64).collect();
            let shuffled = keys(&places, swaps);
            order.sort_by_key(|i| shuffled[*i]);
            let permuted: Vec<u64> = order.iter().map(|i| values[*i]).collect();
            let spec = spec(Share::Part(0.25), Share::Part(0.25));
            let contents = |values: &[u64]| {
                let classes: Vec<i64> = values.iter().map(|v| (v % 3) as i64).collect();
                let classes = stratified.then_some(&classes[..]);
                let parts = by_contents(&spec, &keys(values, seed), classes).unwrap();
                let of = |rows: &Rows| rows.iter().map(|i| values[i]).collect::<Vec<_>>();
                (of(&parts.train), parts.validation, of(&parts.test))
            };
            prop_assert_eq!(contents(&values), contents(&permuted));
        }

        #[test]
        fn shares_sum_up_and_fit(sizes in proptest::collection::vec(0usize..50, 1..8), part in 0.0f64..1.0) {
            let all: usize = sizes.iter().sum();
            let total = (part * all as f64) as usize;
            let found = shares(&sizes, total);
            prop_assert_eq!(found.iter().sum::<usize>(), total);
            prop_assert!(found.iter().zip(&sizes).all(|(f, s)| f <= s));
        }
    }
}
