//! Intervals by resampling (Efron 1979; Efron and Tibshirani 1993, chapters 13
//! and 14).
//!
//! The resamples of n values are a fixed matrix of indices, a pure function of n: the same values
//! give the same interval in every report, and configurations with equally many seeds share their
//! resamples.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use seed_stream::stream;

use super::location::mean_of;
use super::{CONFIDENCE, RESAMPLES, normal};

/// Largest number of values that are resampled. Sweeps rarely have more seeds, and at this size
/// Student's t and the bootstrap agree.
pub const LARGEST: usize = 256;

/// Resamples as indices of values: `count` rows of n indices below n.
#[derive(Clone, Debug, PartialEq)]
pub struct Resamples {
    n: usize,
    // Bytes, because an index into 256 slots needs no bounds check.
    indices: Vec<u8>,
}

/// Resamples by number of values and stratum.
type Cache = Mutex<BTreeMap<(usize, usize), Arc<Resamples>>>;

impl Resamples {
    /// Returns the [`RESAMPLES`] fixed resamples of `n` values, `n` in 1..=[`LARGEST`]. Rows are
    /// sorted, which changes no statistic of unordered values, and makes a resample of ascending
    /// values ascend.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`].
    pub fn of(n: usize) -> Arc<Resamples> {
        Resamples::of_stratum(n, 0)
    }

    /// Returns resamples as [`Resamples::of`] does, but independent ones for each `stratum`.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`].
    pub fn of_stratum(n: usize, stratum: usize) -> Arc<Resamples> {
        static KNOWN: OnceLock<Cache> = OnceLock::new();
        // A panic while the lock is held leaves only complete entries.
        let known = KNOWN.get_or_init(Mutex::default).lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry((n, stratum));
        entry.or_insert_with(|| Arc::new(Resamples::draw(n, RESAMPLES, stratum))).clone()
    }

    /// Draws `count` resamples of `n` values from the stream `bootstrap/<n>/<stratum>` of seed 0;
    /// the first rows do not depend on `count`.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`].
    pub fn draw(n: usize, count: usize, stratum: usize) -> Resamples {
        assert!((1..=LARGEST).contains(&n), "no resamples of {n} values");
        let mut rng = stream(0, &format!("bootstrap/{n}/{stratum}"));
        let mut indices: Vec<u8> = (0..n * count).map(|_| rng.below(n as u32) as u8).collect();
        indices.chunks_exact_mut(n).for_each(|row| row.sort_unstable());
        Resamples { n, indices }
    }

    /// Makes resamples of `n` values from indices that were drawn elsewhere, row after row.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`], an index is not below `n`, or the last row is incomplete.
    pub fn from_indices(n: usize, indices: &[usize]) -> Resamples {
        assert!((1..=LARGEST).contains(&n) && indices.len().is_multiple_of(n), "{n} in a row");
        assert!(indices.iter().all(|&i| i < n), "an index of {n} or above");
        Resamples { n, indices: indices.iter().map(|&i| i as u8).collect() }
    }

    /// Returns the number of resamples.
    pub fn count(&self) -> usize {
        self.indices.len() / self.n
    }

    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.indices[row * self.n..(row + 1) * self.n]
    }
}

/// Returns `statistic` of each resample of `values`, in the order of `resamples`.
///
/// # Panics
/// `resamples` were made for another number of values.
pub fn replicates(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    resamples: &Resamples,
) -> Vec<f64> {
    assert_eq!(values.len(), resamples.n, "resamples of another number of values");
    let mut resample = vec![0.0; values.len()];
    let rows = resamples.indices.chunks_exact(resamples.n);
    rows.map(|row| {
        fill(&mut resample, values, row);
        statistic(&resample)
    })
    .collect()
}

/// Writes to `means` the mean of each resample without its first and last `cut` entries. With
/// ascending values and [`Resamples::of`] these are trimmed means, bit for bit those of
/// [`replicates`].
pub(super) fn means(values: &[f64], cut: usize, resamples: &Resamples, means: &mut Vec<f64>) {
    let n = resamples.n;
    assert_eq!(values.len(), n, "resamples of another number of values");
    let mut slots = [0.0; LARGEST];
    slots[..n].copy_from_slice(values);
    let kept = (n - 2 * cut) as f64;
    let at = |index: &u8| slots[usize::from(*index)];
    means.clear();
    means.reserve(resamples.count());
    // Four rows at a time: additions to one sum wait for each other, those to four sums do not.
    let fours = resamples.indices.chunks_exact(4 * n);
    let rest = fours.remainder();
    for four in fours {
        let mut rows = four.chunks_exact(n).map(|row| &row[cut..n - cut]);
        let mut next = || rows.next().unwrap_or_default();
        let (a, b, c, d) = (next(), next(), next(), next());
        let mut sums = [0.0; 4];
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            sums[0] += at(a);
            sums[1] += at(b);
            sums[2] += at(c);
            sums[3] += at(d);
        }
        means.extend(sums.map(|sum| sum / kept));
    }
    let rest = rest.chunks_exact(n).map(|row| &row[cut..n - cut]);
    means.extend(rest.map(|row| row.iter().map(at).sum::<f64>() / kept));
}

/// Returns `statistic` of each joint resample of several tasks. Every stratum is resampled within
/// itself, as rliable does with arch, so that each task keeps its number of runs. `resamples` has
/// one matrix for each stratum, all with the same number of rows; row r of all matrices makes
/// replicate r.
///
/// # Panics
/// The matrices do not fit the strata, or differ in their number of rows.
pub fn stratified(
    strata: &[Vec<f64>],
    statistic: impl Fn(&[Vec<f64>]) -> f64,
    resamples: &[Arc<Resamples>],
) -> Vec<f64> {
    assert_eq!(strata.len(), resamples.len(), "one matrix for each stratum");
    let rows = resamples.first().map_or(0, |r| r.count());
    for (stratum, resamples) in strata.iter().zip(resamples) {
        assert_eq!((stratum.len(), rows), (resamples.n, resamples.count()), "the shape of strata");
    }
    let mut resample = strata.to_vec();
    (0..rows)
        .map(|row| {
            for ((into, values), resamples) in resample.iter_mut().zip(strata).zip(resamples) {
                fill(into, values, resamples.row(row));
            }
            statistic(&resample)
        })
        .collect()
}

/// Returns the matrices that [`stratified`] needs for `strata`, each from its own stream.
///
/// # Panics
/// A stratum is empty or has more than [`LARGEST`] values.
pub fn resamples_of(strata: &[Vec<f64>]) -> Vec<Arc<Resamples>> {
    strata.iter().enumerate().map(|(i, s)| Resamples::of_stratum(s.len(), i)).collect()
}

fn fill(into: &mut [f64], values: &[f64], row: &[u8]) {
    for (slot, &index) in into.iter_mut().zip(row) {
        *slot = values[usize::from(index)];
    }
}

/// Returns the percentile interval, the bounds of the middle [`CONFIDENCE`] of `replicates`; `None`
/// without replicates or with a NaN among them.
pub fn percentile(replicates: &[f64]) -> Option<(f64, f64)> {
    Tails::of(replicates).map(|mut tails| tails.percentile())
}

/// Returns the bias-corrected and accelerated (BCa) interval of `statistic` of `values` (Efron
/// 1987, JASA 82:171), from its `replicates`. Replicates equal to the statistic count half in the
/// bias, as in `scipy.stats.bootstrap`; the acceleration is the jackknife's. `None` where the bias
/// is infinite, because all replicates are on one side, below two values, and with a NaN.
pub fn bca(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    replicates: &[f64],
) -> Option<(f64, f64)> {
    if values.len() < 2 {
        return None;
    }
    let left_out: Vec<f64> =
        (0..values.len()).map(|i| statistic(&[&values[..i], &values[i + 1..]].concat())).collect();
    let [low, high] = bca_shares(statistic(values), &left_out, largest(values), replicates)?;
    let mut tails = Tails::of(replicates)?;
    Some((tails.quantile(low), tails.quantile(high)))
}

/// Returns the shares of replicates below the [`bca`] bounds of the mean, whose jackknife needs no
/// pass for each value.
pub(super) fn bca_shares_of_mean(values: &[f64], replicates: &[f64]) -> Option<[f64; 2]> {
    let (mean, n) = (mean_of(values), values.len() as f64);
    let left_out: Vec<f64> = values.iter().map(|v| mean + (mean - v) / (n - 1.0)).collect();
    bca_shares(mean, &left_out, largest(values), replicates)
}

/// Returns the largest absolute value, which is the scale of rounding.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| v.abs().max(most))
}

fn bca_shares(
    statistic: f64,
    left_out: &[f64],
    scale: f64,
    replicates: &[f64],
) -> Option<[f64; 2]> {
    // Accuracies are multiples of one image, so resamples often equal the statistic up to rounding.
    // Without a tolerance the last bits would decide the bias.
    let slack = scale * 1e-13;
    let (below, above) = (statistic - slack, statistic + slack);
    let below_twice: usize =
        replicates.iter().map(|&r| usize::from(r < below) + usize::from(r <= above)).sum();
    let bias = normal::quantile(below_twice as f64 / (2 * replicates.len()) as f64);
    if !bias.is_finite() {
        return None;
    }
    let center = mean_of(left_out);
    let (mut squares, mut cubes) = (0.0, 0.0);
    for left_out in left_out {
        let u = center - left_out;
        squares += u * u;
        cubes += u * u * u;
    }
    // Without spread there is no skew.
    let acceleration = if squares > 0.0 { cubes / (6.0 * squares.powf(1.5)) } else { 0.0 };
    let z = normal::quantile(0.5 + CONFIDENCE / 2.0);
    let shares = [-z, z].map(|z| {
        let z = bias + z;
        normal::cdf(bias + z / (1.0 - acceleration * z))
    });
    shares.iter().all(|s| s.is_finite()).then_some(shares)
}

/// Share of the replicates that [`Tails`] keeps separately at either end; bounds of intervals are
/// rarely further in.
const TAIL: f64 = 0.08;

/// Both ends of the replicates, from which quantiles are selected: a selection among all replicates
/// moves each several times, and four quantiles are needed.
pub(super) struct Tails<'a> {
    all: &'a [f64],
    low: Vec<f64>,
    high: Vec<f64>,
}

impl<'a> Tails<'a> {
    /// Splits off both ends; `None` without replicates or with a NaN among them.
    pub(super) fn of(replicates: &'a [f64]) -> Option<Tails<'a>> {
        if replicates.is_empty() || replicates.iter().any(|r| r.is_nan()) {
            return None;
        }
        // A sample is enough to guess where the tails begin.
        let mut sample: Vec<f64> =
            replicates.iter().step_by(replicates.len() / 256 + 1).copied().collect();
        sample.sort_unstable_by(f64::total_cmp);
        let at = (sample.len() as f64 * TAIL) as usize;
        let (left, right) = (sample[at], sample[sample.len() - 1 - at]);
        Some(Tails {
            all: replicates,
            low: kept(replicates, |r| r <= left),
            high: kept(replicates, |r| r >= right),
        })
    }

    /// Returns all replicates.
    pub(super) fn all(&self) -> &'a [f64] {
        self.all
    }

    /// Returns the interval of [`percentile`].
    pub(super) fn percentile(&mut self) -> (f64, f64) {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    /// Returns the quantile at `share` in [0, 1], linear between order statistics as is numpy's
    /// default.
    pub(super) fn quantile(&mut self, share: f64) -> f64 {
        let n = self.all.len();
        let position = share * (n - 1) as f64;
        let rank = position.floor() as usize;
        let first_high = n - self.high.len();
        let (low, high) = if rank + 1 < self.low.len() {
            neighbours(&mut self.low, rank)
        } else if rank >= first_high {
            neighbours(&mut self.high, rank - first_high)
        } else {
            neighbours(&mut self.all.to_vec(), rank)
        };
        low + (high - low) * (position - rank as f64)
    }
}

fn kept(values: &[f64], keep: impl Fn(f64) -> bool) -> Vec<f64> {
    // The capacity is small, because allocating and freeing the size of `values` at each call costs
    // more than the arithmetic.
    let mut kept = Vec::with_capacity(values.len() / 8);
    kept.extend(values.iter().copied().filter(|&v| keep(v)));
    kept
}

/// Returns the order statistic `rank` (from 0) and the next one, or the last one twice.
fn neighbours(values: &mut [f64], rank: usize) -> (f64, f64) {
    let (_, &mut low, above) = values.select_nth_unstable_by(rank, f64::total_cmp);
    (low, above.iter().copied().reduce(f64::min).unwrap_or(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fixed_resamples_are_pinned() {
        let resamples = Resamples::of(10);
        assert_eq!((resamples.count(), resamples.row(0), resamples.row(9_999)), PINNED);
        // A longer matrix has the same first rows; another stratum has another matrix.
        let longer = Resamples::draw(10, RESAMPLES + 1, 0);
        assert_eq!(longer.row(9_999), resamples.row(9_999));
        assert_ne!(Resamples::of_stratum(10, 1), resamples);
    }
    const PINNED: (usize, &[u8], &[u8]) =
        (10_000, &[0, 0, 0, 2, 4, 4, 5, 6, 7, 8], &[0, 1, 2, 4, 5, 6, 6, 8, 9, 9]);

    #[test]
    fn every_value_is_drawn_equally_often() {
        for n in [1, 3, LARGEST] {
            let mut counts = vec![0.0; n];
            for &index in &Resamples::of(n).indices {
                counts[usize::from(index)] += 1.0;
            }
            // 10,000 expected each, standard deviation 100.
            assert!(counts.iter().all(|c: &f64| (c - 1e4).abs() < 450.0), "{n}");
        }
    }

    #[test]
    fn tasks_are_resampled_apart_and_keep_their_runs() {
        let strata = [vec![1.0, 2.0, 3.0], vec![10.0, 20.0, 30.0], vec![5.0]];
        let resamples = resamples_of(&strata);
        let replicates = stratified(
            &strata,
            |strata| {
                assert_eq!(strata.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 1]);
                strata[1].iter().sum::<f64>() - 10.0 * strata[0].iter().sum::<f64>() + strata[2][0]
            },
            &resamples,
        );
        // If the first two strata had the same resamples, every replicate would be 5.
        let alike = replicates.iter().filter(|r| **r == 5.0).count();
        assert!(alike < 3_000, "{alike}");
        assert!((mean_of(&replicates) - 5.0).abs() < 1.0);
    }
}
