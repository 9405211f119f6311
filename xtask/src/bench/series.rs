//! Results of several subjects that trained in turn, round by round.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use super::stats::median;
use super::subject::Training;

/// Largest difference of two mean training losses, as a fraction of the smaller. Initial
/// weights and order of samples differ, but the task is the same.
const SAME_WORK: f64 = 0.1;

/// The results of each round, by subject and task.
#[derive(Debug)]
pub(super) struct Series<K>(BTreeMap<K, Vec<Training>>);

impl<K: Ord + Copy + std::fmt::Debug> Series<K> {
    pub(super) fn new() -> Self {
        Series(BTreeMap::new())
    }

    pub(super) fn add(&mut self, key: K, training: Training) {
        self.0.entry(key).or_default().push(training);
    }

    /// Returns the seconds of each round; empty if the key was not measured.
    pub(super) fn seconds(&self, key: K) -> Vec<f64> {
        self.0.get(&key).into_iter().flatten().map(|training| training.seconds).collect()
    }

    /// Returns the key with the smallest median.
    pub(super) fn fastest(&self, keys: impl IntoIterator<Item = K>) -> Option<K> {
        keys.into_iter()
            .filter(|key| self.0.contains_key(key))
            .min_by(|a, b| median(&self.seconds(*a)).total_cmp(&median(&self.seconds(*b))))
    }

    /// Checks that these keys trained the same task: their losses are nearly equal.
    pub(super) fn ensure_same_work(&self, keys: impl IntoIterator<Item = K>) -> Result<()> {
        let loss = |key: K| {
            let losses: Vec<f64> =
                self.0.get(&key).into_iter().flatten().filter_map(|t| t.loss).collect();
            (key, median(&losses))
        };
        let losses: Vec<(K, f64)> =
            keys.into_iter().map(loss).filter(|(_, loss)| !loss.is_nan()).collect();
        for pair in losses.windows(2) {
            let [(a, loss_a), (b, loss_b)] = [pair[0], pair[1]];
            ensure!(
                (loss_a - loss_b).abs() <= SAME_WORK * loss_a.min(loss_b),
                "{a:?} and {b:?} did not train the same: training losses {loss_a:.4} and {loss_b:.4}"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[(char, f64, f64)]) -> Series<char> {
        let mut series = Series::new();
        for &(key, seconds, loss) in values {
            series.add(key, Training { seconds, loss: Some(loss) });
        }
        series
    }

    #[test]
    fn the_fastest_has_the_least_median() {
        let series = series(&[('a', 1.0, 0.5), ('a', 9.0, 0.5), ('b', 4.0, 0.5), ('b', 4.0, 0.5)]);
        assert_eq!(series.fastest(['a', 'b', 'c']), Some('b'));
        assert_eq!(series.fastest(['c']), None);
        assert_eq!(series.seconds('a'), [1.0, 9.0]);
        assert!(series.seconds('c').is_empty());
    }

    #[test]
    fn who_did_not_do_the_work_is_found() {
        let series = series(&[('a', 1.0, 0.50), ('b', 1.0, 0.53), ('c', 1.0, 2.3)]);
        series.ensure_same_work(['a', 'b']).unwrap();
        let error = series.ensure_same_work(['a', 'b', 'c']).unwrap_err().to_string();
        assert!(error.contains("'b' and 'c' did not train the same"), "{error}");
    }
}
