//! The data on which a run is evaluated: whole splits, or a subset of each that is drawn once.

use burn::tensor::Device;
use spec::record::Split;

use crate::samples::Samples;

/// The held-out splits, on the device of a model without autodiff.
#[derive(Clone)]
pub(crate) struct HeldOut {
    validation: Option<Samples>,
    test: Samples,
}

impl HeldOut {
    /// Creates the whole splits; `validation` is `None` without a validation split.
    pub(crate) fn new(validation: Option<Samples>, test: Samples) -> Self {
        HeldOut { validation, test }
    }

    /// Iterates over the splits that have samples, the validation split first; user data may lack a
    /// test split.
    pub(crate) fn splits(&self) -> impl Iterator<Item = (Split, &Samples)> {
        let validation = self.validation.iter().map(|samples| (Split::Validation, samples));
        let all = validation.chain([(Split::Test, &self.test)]);
        all.filter(|(_, samples)| samples.len() > 0)
    }

    /// Draws at most `count` samples of each split (for a text, sequences), in file order. Returns
    /// `None` if no split has more, or if `count` is 0. All runs get the same subset, whatever
    /// their seeds.
    pub(crate) fn subset(&self, count: u64, device: &Device) -> Option<HeldOut> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let few = |samples: &Samples| count == 0 || samples.len() <= count;
        if self.splits().all(|(_, samples)| few(samples)) {
            return None;
        }
        let of = |split: Split, samples: &Samples| match few(samples) {
            true => samples.clone(),
            false => samples.chosen(&drawn(split, samples.len(), count), device),
        };
        Some(HeldOut {
            validation: self.validation.as_ref().map(|v| of(Split::Validation, v)),
            test: of(Split::Test, &self.test),
        })
    }
}

/// Returns `count` distinct numbers below `n`, ascending: the first of a permutation that depends
/// only on `n` and the name of the split.
fn drawn(split: Split, n: usize, count: usize) -> Vec<usize> {
    let mut stream = spec::seed::stream(0, &format!("evaluate/{split}"));
    let mut all: Vec<usize> = (0..n).collect();
    for i in 0..count {
        let rest = u32::try_from(n - i).unwrap_or(u32::MAX);
        all.swap(i, i + stream.below(rest) as usize);
    }
    all.truncate(count);
    all.sort_unstable();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subset_has_different_samples_and_depends_on_the_split_alone() {
        let some = drawn(Split::Test, 1_000, 100);
        assert!(some.is_sorted_by(|a, b| a < b) && some.len() == 100 && some[99] < 1_000);
        assert_eq!(some, drawn(Split::Test, 1_000, 100));
        assert_ne!(some, drawn(Split::Validation, 1_000, 100));
        assert_eq!(drawn(Split::Test, 5, 5), [0, 1, 2, 3, 4]);
        // Each is drawn about as often as any other.
        let half = drawn(Split::Validation, 10_000, 5_000);
        let low = half.iter().filter(|&&i| i < 5_000).count();
        assert!((2_400..2_600).contains(&low), "{low}");
    }
}
