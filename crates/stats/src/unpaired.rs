//! Comparisons of two sides without paired values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use seed_stream::stream;

use super::location::{mean_of, sorted};
use super::paired::{TIE, Test, at_least, merged};

/// Largest number of values of both sides together for which all divisions are counted: up to
/// 601,080,390, by halves.
pub const MOST_POOLED: usize = 32;

/// Number of sampled divisions above [`MOST_POOLED`], the default of scipy: p has steps of 0.0002.
pub const SAMPLED_DIVISIONS: usize = 9_999;

/// Returns the one-sided p of Fisher's exact test (Fisher 1935): the probability of at least `k`
/// marked among `n` that are drawn from `all`, of which `marked` are marked. `n` and `marked` are
/// at most `all`.
pub fn fisher(k: usize, n: usize, marked: usize, all: usize) -> f64 {
    let mut logs = vec![0.0];
    for i in 1..=all {
        logs.push(logs[i - 1] + (i as f64).ln());
    }
    let choose = |n: usize, k: usize| logs[n] - logs[k] - logs[n - k];
    let fits = |i: &usize| *i <= marked && n - i <= all - marked;
    let chance = |i| (choose(marked, i) + choose(all - marked, n - i) - choose(all, n)).exp();
    (k..=n).filter(fits).map(chance).sum::<f64>().min(1.0)
}

/// Returns the permutation test of the difference of means (Pitman 1937): under the null hypothesis
/// every division of the pooled values into sides of these sizes is equally likely. Two-sided as in
/// scipy: twice the smaller tail. It is exact up to [`MOST_POOLED`] values; above that it uses
/// [`SAMPLED_DIVISIONS`] seeded divisions and (b + 1) / (B + 1). `None` if a side is empty or a
/// value is not finite.
///
/// Differences within 1e-9 of the spread count as equal; see [`super::paired::sign_flip`].
pub fn permutation(a: &[f64], b: &[f64]) -> Option<Test> {
    let finite = a.iter().chain(b).all(|v| v.is_finite());
    if a.is_empty() || b.is_empty() || !finite {
        return None;
    }
    // The smaller side determines the division, and its sum the difference of means.
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    let pooled = sorted(&[few, many].concat());
    // Centred, so that a large common part does not cost digits.
    let center = mean_of(&pooled);
    let centered: Vec<f64> = pooled.iter().map(|v| v - center).collect();
    let observed: f64 = sorted(few).iter().map(|v| v - center).sum();
    let slack = TIE * centered.iter().map(|v| v.abs()).sum::<f64>();
    let (n, size) = (pooled.len(), few.len());
    let divisions = binomial(n, size);
    let smallest =
        if centered.iter().all(|v| v.abs() <= slack) { 1.0 } else { (2.0 / divisions).min(1.0) };
    if n <= MOST_POOLED {
        let (left, right) = centered.split_at(n / 2);
        let (left, right) = (sums_by_size(left, size), sums_by_size(right, size));
        let mirrored = |sums: &[Vec<f64>]| -> Vec<Vec<f64>> {
            sums.iter().map(|s| s.iter().rev().map(|v| -v).collect()).collect()
        };
        let count = |left: &[Vec<f64>], right: &[Vec<f64>], bound: f64| -> u64 {
            (0..=size).map(|k| at_least(&left[k], &right[size - k], bound)).sum()
        };
        let above = count(&left, &right, observed - slack);
        let below = count(&mirrored(&left), &mirrored(&right), -observed - slack);
        let p = (2.0 * above.min(below) as f64 / divisions).min(1.0);
        return Some(Test { p, smallest, exact: true, n });
    }
    let (mut above, mut below) = (1usize, 1usize);
    for division in divisions_of(n, size).chunks_exact(size) {
        let sum: f64 = division.iter().map(|&i| centered[usize::from(i)]).sum();
        above += usize::from(sum >= observed - slack);
        below += usize::from(sum <= observed + slack);
    }
    let sampled = 2.0 / (SAMPLED_DIVISIONS + 1) as f64;
    let smallest = smallest.max(sampled);
    let p = (above.min(below) as f64 * sampled).clamp(smallest, 1.0);
    Some(Test { p, smallest, exact: false, n })
}

/// Returns the ranks of two samples among all their values, from 1. Equal values, equal infinities
/// included, share their mean rank. [`permutation`] of the ranks is the exact rank-sum test of
/// Wilcoxon, Mann and Whitney, which allows infinite values.
pub fn ranks(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let all = sorted(&[a, b].concat());
    let rank = |value: &f64| {
        let below = all.partition_point(|v| v < value);
        let upto = all.partition_point(|v| v <= value);
        (below + 1 + upto) as f64 / 2.0
    };
    (a.iter().map(rank).collect(), b.iter().map(rank).collect())
}

/// Returns the sums of every choice of k of `values`, for k from 0 to `most`, each ascending.
fn sums_by_size(values: &[f64], most: usize) -> Vec<Vec<f64>> {
    let mut sums = vec![Vec::new(); most + 1];
    sums[0].push(0.0);
    for value in values {
        for k in (1..=most).rev() {
            sums[k] = merged(&sums[k], 0.0, &sums[k - 1], *value);
        }
    }
    sums
}

/// Returns n over k, exact while it fits the 53 bits of a float.
fn binomial(n: usize, k: usize) -> f64 {
    (0..k).fold(1.0, |product, i| product * (n - i) as f64 / (i + 1) as f64)
}

type Divisions = Mutex<BTreeMap<(usize, usize), Arc<[u16]>>>;

/// Returns [`SAMPLED_DIVISIONS`] choices of `size` of `n` indices, row after row, from the stream
/// `division/<n>/<size>` of seed 0. They are cached, because every pair of a sweep needs the same.
fn divisions_of(n: usize, size: usize) -> Arc<[u16]> {
    static KNOWN: OnceLock<Divisions> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default).lock();
    let mut known = known.unwrap_or_else(PoisonError::into_inner);
    let draw = || {
        let mut rng = stream(0, &format!("division/{n}/{size}"));
        let mut order: Vec<u16> = (0..n as u16).collect();
        let mut rows = Vec::with_capacity(SAMPLED_DIVISIONS * size);
        for _ in 0..SAMPLED_DIVISIONS {
            // The first steps of Fisher and Yates, from the present order.
            for i in 0..size {
                order.swap(i, i + rng.below((n - i) as u32) as usize);
            }
            rows.extend_from_slice(&order[..size]);
        }
        rows.into()
    };
    known.entry((n, size)).or_insert_with(draw).clone()
}

/// Returns the probability, from 0 to 1, that a value of `a` is above one of `b`, over all pairs,
/// with ties counted half, as in rliable's `probability_of_improvement` for one task. Equal
/// infinities tie. `None` if a side is empty or contains a NaN.
pub fn probability_of_improvement(a: &[f64], b: &[f64]) -> Option<f64> {
    if a.is_empty() || b.is_empty() || a.iter().chain(b).any(|v| v.is_nan()) {
        return None;
    }
    // Twice the wins, so that halves are whole.
    let twice: u64 =
        a.iter().flat_map(|a| b.iter().map(move |b| u64::from(a > b) + u64::from(a >= b))).sum();
    Some(twice as f64 / (2 * a.len() * b.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fisher_gives_the_chances_of_the_textbook() {
        // The lady who tastes tea: 8 cups, 4 of each, 3 or more of 4 right.
        assert!((fisher(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((fisher(0, 4, 4, 8) - 1.0).abs() < 1e-12);
        assert!((fisher(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        // scipy.stats.hypergeom(110, 6, 10).sf(2)
        assert!((fisher(3, 10, 6, 110) - 0.009_556_642).abs() < 1e-8);
    }
}
