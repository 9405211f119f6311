//! Intervals by resampling (Efron 1979; Efron and Tibshirani 1993, chapters 13
//! and 14).
//!
//! The resamples of n values are a fixed matrix of indices, a pure function of n:
//! the same values give the same interval in every report, and configurations of
//! equally many seeds are resampled alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use seed_stream::stream;

use super::location::mean_of;
use super::{CONFIDENCE, RESAMPLES, normal};

/// Most values that are resampled. So many seeds are not to be expected, and
/// Student's t and the bootstrap agree by then.
pub const LARGEST: usize = 256;

/// Which values each resample holds: `count` rows of n indices below n.
#[derive(Clone, Debug, PartialEq)]
pub struct Resamples {
    n: usize,
    // A byte: an index into 256 slots needs no bounds check.
    indices: Vec<u8>,
}

/// By number of values and stratum.
type Cache = Mutex<BTreeMap<(usize, usize), Arc<Resamples>>>;

impl Resamples {
    /// The [`RESAMPLES`] resamples of `n` values, `n` in 1..=[`LARGEST`]. Rows
    /// ascend, which no statistic of unordered values can tell, and a resample of
    /// ascending values then ascends too.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`].
    pub fn of(n: usize) -> Arc<Resamples> {
        Resamples::of_stratum(n, 0)
    }

    /// As [`Resamples::of`], independent for each `stratum`.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`].
    pub fn of_stratum(n: usize, stratum: usize) -> Arc<Resamples> {
        static KNOWN: OnceLock<Cache> = OnceLock::new();
        // A panic while the lock is held leaves whole entries only.
        let known = KNOWN.get_or_init(Mutex::default).lock();
        let mut known = known.unwrap_or_else(PoisonError::into_inner);
        let entry = known.entry((n, stratum));
        entry.or_insert_with(|| Arc::new(Resamples::draw(n, RESAMPLES, stratum))).clone()
    }

    /// `count` resamples of `n` values from the stream `bootstrap/<n>/<stratum>`
    /// of seed 0; the first rows do not depend on `count`.
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

    /// Resamples of `n` values that were drawn elsewhere, row after row.
    ///
    /// # Panics
    /// `n` is 0 or above [`LARGEST`], an index is not below `n`, or the last row is not whole.
    pub fn from_indices(n: usize, indices: &[usize]) -> Resamples {
        assert!((1..=LARGEST).contains(&n) && indices.len().is_multiple_of(n), "{n} in a row");
        assert!(indices.iter().all(|&i| i < n), "an index of {n} or above");
        Resamples { n, indices: indices.iter().map(|&i| i as u8).collect() }
    }

    /// Resamples held.
    pub fn count(&self) -> usize {
        self.indices.len() / self.n
    }

    pub(super) fn row(&self, row: usize) -> &[u8] {
        &self.indices[row * self.n..(row + 1) * self.n]
    }
}

/// `statistic` of each resample of `values`, in the order of `resamples`.
///
/// # Panics
/// `resamples` are of another number of values.
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

/// Means of each resample but for the `cut` first and last of each: with ascending
/// values and [`Resamples::of`], trimmed means, the same bits as [`replicates`]
/// gives. Written over `means`.
pub(super) fn means(values: &[f64], cut: usize, resamples: &Resamples, means: &mut Vec<f64>) {
    let n = resamples.n;
    assert_eq!(values.len(), n, "resamples of another number of values");
    let mut slots = [0.0; LARGEST];
    slots[..n].copy_from_slice(values);
    let kept = (n - 2 * cut) as f64;
    let at = |index: &u8| slots[usize::from(*index)];
    means.clear();
    means.reserve(resamples.count());
    // Four rows at a time: a sum waits for its last addition, four do not wait for
    // each other.
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

/// `statistic` of each resample of several tasks: every stratum is resampled
/// within itself, as rliable does it with arch, so that each task keeps its
/// number of runs. `resamples` holds one matrix for each stratum, of equally many
/// rows; row r of all makes replicate r.
///
/// # Panics
/// The matrices do not fit the strata or differ in their number of rows.
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

/// The resamples that [`stratified`] takes for `strata`, each of its own stream.
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

/// Percentile interval: where the middle [`CONFIDENCE`] of `replicates` lies.
/// None without replicates or with a NaN among them.
pub fn percentile(replicates: &[f64]) -> Option<(f64, f64)> {
    Tails::of(replicates).map(|mut tails| tails.percentile())
}

/// Bias-corrected and accelerated interval (Efron 1987, JASA 82:171) of
/// `statistic` of `values`, from its `replicates`. Replicates equal to the
/// statistic count half in the bias, as in `scipy.stats.bootstrap`; the
/// acceleration is the jackknife's. None where the bias is infinite (all
/// replicates on one side), with fewer than two values, and with a NaN.
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

/// [`bca`] of the mean, whose jackknife needs no pass for each value: the shares
/// of replicates below the bounds.
pub(super) fn bca_shares_of_mean(values: &[f64], replicates: &[f64]) -> Option<[f64; 2]> {
    let (mean, n) = (mean_of(values), values.len() as f64);
    let left_out: Vec<f64> = values.iter().map(|v| mean + (mean - v) / (n - 1.0)).collect();
    bca_shares(mean, &left_out, largest(values), replicates)
}

/// Size of the largest value, the scale of rounding.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| v.abs().max(most))
}

fn bca_shares(
    statistic: f64,
    left_out: &[f64],
    scale: f64,
    replicates: &[f64],
) -> Option<[f64; 2]> {
    // Accuracies are multiples of one image, so resamples often have exactly the
    // statistic's value and only rounding tells them apart; without a tolerance
    // the last bits would decide the bias.
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

/// Share of the replicates that [`Tails`] keeps apart at either end; the bounds of
/// intervals rarely lie further in.
const TAIL: f64 = 0.08;

/// Both ends of the replicates, for their quantiles: a selection among all of
/// them moves each several times, and four quantiles are wanted.
pub(super) struct Tails<'a> {
    all: &'a [f64],
    low: Vec<f64>,
    high: Vec<f64>,
}

impl<'a> Tails<'a> {
    /// None without replicates or with a NaN among them.
    pub(super) fn of(replicates: &'a [f64]) -> Option<Tails<'a>> {
        if replicates.is_empty() || replicates.iter().any(|r| r.is_nan()) {
            return None;
        }
        // Every so many are enough to guess where the tails begin.
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

    /// The replicates.
    pub(super) fn all(&self) -> &'a [f64] {
        self.all
    }

    /// See [`percentile`].
    pub(super) fn percentile(&mut self) -> (f64, f64) {
        let tail = (1.0 - CONFIDENCE) / 2.0;
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    /// The replicate with `share` in [0, 1] of them below it: numpy's default,
    /// linear between order statistics.
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
    // Small from the start: memory of the size of `values`, taken and given back
    // at each call, costs more than all the arithmetic.
    let mut kept = Vec::with_capacity(values.len() / 8);
    kept.extend(values.iter().copied().filter(|&v| keep(v)));
    kept
}

/// Order statistics `rank` (from 0) and the one after it, or the last twice.
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
        // A longer matrix begins alike; another stratum is another matrix.
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
        // Alike resamples of the first two would leave 5 alone.
        let alike = replicates.iter().filter(|r| **r == 5.0).count();
        assert!(alike < 3_000, "{alike}");
        assert!((mean_of(&replicates) - 5.0).abs() < 1.0);
    }
}
