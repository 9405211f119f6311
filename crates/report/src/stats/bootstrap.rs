//! Intervals by resampling (Efron 1979; Efron and Tibshirani 1993, chapters 13
//! and 14).
//!
//! The resamples of n values are a fixed matrix of indices, a pure function of n:
//! the same values give the same interval in every report, and configurations of
//! equally many seeds are resampled alike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use spec::seed::stream;

use super::location::mean_of;
use super::{CONFIDENCE, RESAMPLES, normal};

/// Values that [`Resamples::of`] serves at most; past them a matrix outgrows its
/// use, since Student's t and the bootstrap agree.
pub const LARGEST: usize = 1_000;

/// Matrices of more values than this are drawn at each use and not kept.
const KEPT: usize = 128;

/// Which values each resample holds: `count` rows of n indices below n.
#[derive(Clone, Debug, PartialEq)]
pub struct Resamples {
    n: usize,
    indices: Vec<u16>,
}

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
        static KNOWN: OnceLock<Mutex<BTreeMap<(usize, usize), Arc<Resamples>>>> = OnceLock::new();
        assert!((1..=LARGEST).contains(&n), "no resamples of {n} values");
        if n > KEPT {
            return Arc::new(Resamples::draw(n, RESAMPLES, stratum));
        }
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
    /// `n` is 0 or above 65,536.
    pub fn draw(n: usize, count: usize, stratum: usize) -> Resamples {
        assert!((1..=1 << 16).contains(&n), "no resamples of {n} values");
        let mut rng = stream(0, &format!("bootstrap/{n}/{stratum}"));
        let mut indices: Vec<u16> = (0..n * count).map(|_| rng.below(n as u32) as u16).collect();
        indices.chunks_exact_mut(n).for_each(|row| row.sort_unstable());
        Resamples { n, indices }
    }

    /// Resamples of `n` values that were drawn elsewhere, row after row.
    ///
    /// # Panics
    /// An index is not below `n`, or the last row is not whole.
    pub fn from_indices(n: usize, indices: &[usize]) -> Resamples {
        assert!((1..=1 << 16).contains(&n) && indices.len().is_multiple_of(n), "{n} in a row");
        assert!(indices.iter().all(|&i| i < n), "an index of {n} or above");
        Resamples { n, indices: indices.iter().map(|&i| i as u16).collect() }
    }

    /// Resamples held.
    pub fn count(&self) -> usize {
        self.indices.len() / self.n
    }

    fn row(&self, row: usize) -> &[u16] {
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

/// Means of each resample, the same bits as [`replicates`] with a mean gives.
pub(super) fn means(values: &[f64], resamples: &Resamples) -> Vec<f64> {
    assert_eq!(values.len(), resamples.n, "resamples of another number of values");
    let rows = resamples.indices.chunks_exact(resamples.n);
    rows.map(|row| row.iter().map(|&i| values[usize::from(i)]).sum::<f64>() / row.len() as f64)
        .collect()
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

fn fill(into: &mut [f64], values: &[f64], row: &[u16]) {
    for (slot, &index) in into.iter_mut().zip(row) {
        *slot = values[usize::from(index)];
    }
}

/// Percentile interval: where the middle [`CONFIDENCE`] of `replicates` lies.
/// None without replicates or with a NaN among them.
pub fn percentile(replicates: &[f64]) -> Option<(f64, f64)> {
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let [low, high] = quantiles(replicates, [tail, 1.0 - tail])?;
    Some((low, high))
}

/// Bias-corrected and accelerated interval (Efron 1987, JASA 82:171) of
/// `statistic` of `values`, from its `replicates`. Replicates equal to the
/// statistic count half in the bias, as in `scipy.stats.bootstrap`; the
/// acceleration is the jackknife's. None where the bias is infinite (all
/// replicates on one side) or with fewer than two values.
pub fn bca(
    values: &[f64],
    statistic: impl Fn(&[f64]) -> f64,
    replicates: &[f64],
) -> Option<(f64, f64)> {
    if values.len() < 2 || replicates.is_empty() {
        return None;
    }
    let left_out: Vec<f64> =
        (0..values.len()).map(|i| statistic(&[&values[..i], &values[i + 1..]].concat())).collect();
    bca_of(statistic(values), &left_out, largest(values), replicates)
}

/// [`bca`] of the mean, whose jackknife needs no pass for each value.
pub(super) fn bca_of_mean(values: &[f64], replicates: &[f64]) -> Option<(f64, f64)> {
    let (mean, n) = (mean_of(values), values.len() as f64);
    let left_out: Vec<f64> = values.iter().map(|v| mean + (mean - v) / (n - 1.0)).collect();
    bca_of(mean, &left_out, largest(values), replicates)
}

/// Size of the largest value, the scale of rounding.
fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0, |most, v| v.abs().max(most))
}

fn bca_of(statistic: f64, left_out: &[f64], scale: f64, replicates: &[f64]) -> Option<(f64, f64)> {
    // Accuracies are multiples of one image, so resamples often have exactly the
    // statistic's value and only rounding tells them apart; without a tolerance
    // the last bits would decide the bias.
    let slack = scale * 1e-13;
    let (below, above) = (statistic - slack, statistic + slack);
    let ties_twice: usize =
        replicates.iter().map(|&r| usize::from(r < below) + usize::from(r <= above)).sum();
    let bias = normal::quantile(ties_twice as f64 / (2 * replicates.len()) as f64);
    if bias.is_infinite() {
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
    let share = |z: f64| {
        let z = bias + z;
        normal::cdf(bias + z / (1.0 - acceleration * z))
    };
    let z = normal::quantile(0.5 + CONFIDENCE / 2.0);
    let [low, high] = quantiles(replicates, [share(-z), share(z)])?;
    Some((low, high))
}

/// Two quantiles, numpy's default: linear between order statistics. None where a
/// share or a value is NaN.
fn quantiles(values: &[f64], shares: [f64; 2]) -> Option<[f64; 2]> {
    if values.is_empty() || shares.iter().any(|s| !(0.0..=1.0).contains(s)) {
        return None;
    }
    // NaN sorts to an end and would shift the others.
    if values.iter().any(|v| v.is_nan()) {
        return None;
    }
    Some(shares.map(|share| {
        let position = share * (values.len() - 1) as f64;
        let rank = position.floor() as usize;
        let (low, high) = neighbours(values, rank);
        low + (high - low) * (position - rank as f64)
    }))
}

/// Spacing and share of the values that [`neighbours`] looks at first.
const PROBE: usize = 64;

/// Order statistics `rank` (from 0) and the one after it, or the last twice.
/// A full selection moves every value; a quantile near an end needs only those
/// beyond a pivot that a sample of the values suggests.
fn neighbours(values: &[f64], rank: usize) -> (f64, f64) {
    let n = values.len();
    let from_below = rank < n / 2;
    if n >= 32 * PROBE {
        let mut sample: Vec<f64> = values.iter().step_by(n / (4 * PROBE)).copied().collect();
        sample.sort_unstable_by(f64::total_cmp);
        let at = rank * (sample.len() - 1) / (n - 1);
        // The sample's own error, a few of its ranks, is allowed for.
        let margin = 8 + sample.len() / 32;
        if from_below {
            let pivot = sample[(at + margin).min(sample.len() - 1)];
            let mut kept = beyond(values, |v| v <= pivot);
            if kept.len() > rank + 1 {
                return select(&mut kept, rank);
            }
        } else {
            let pivot = sample[at.saturating_sub(margin)];
            let mut kept = beyond(values, |v| v >= pivot);
            let left = n - kept.len();
            if rank >= left {
                return select(&mut kept, rank - left);
            }
        }
    }
    select(&mut values.to_vec(), rank)
}

fn beyond(values: &[f64], keep: impl Fn(f64) -> bool) -> Vec<f64> {
    // Written always and kept by moving on: no branch to mispredict.
    let mut kept = vec![0.0; values.len() + 1];
    let mut count = 0;
    for &value in values {
        kept[count] = value;
        count += usize::from(keep(value));
    }
    kept.truncate(count);
    kept
}

fn select(values: &mut [f64], rank: usize) -> (f64, f64) {
    let (_, &mut low, above) = values.select_nth_unstable_by(rank, f64::total_cmp);
    let high = above.iter().copied().fold(f64::INFINITY, f64::min);
    (low, if above.is_empty() { low } else { high })
}
