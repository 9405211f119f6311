//! Permutation test of the best split of a series in two.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use seed_stream::{Stream, stream};

use super::scale;
use crate::location::{mean_of, median, sorted};
use crate::normal;
use crate::paired::TIE;

/// Number of permutations that may beat the observed split before it is given up: the p of one that
/// is kept is known to about a fifth of itself (Besag and Clifford 1991, Biometrika 78:301).
const BEATEN: usize = 20;

/// Factor by which p must be below the level to be accepted early: a p at the level looks that low
/// in one of fifty cases.
const CLEAR: f64 = 4.0;

/// Largest number of permutations.
const MOST: usize = 400_000;

/// Number of permutations of each length that are cached.
const KEPT: usize = 256;

/// Number of deviations from its piece's median at which a value is clipped.
const CLIP: f64 = 4.0;

/// The best split of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Split {
    /// First index of the later part.
    pub at: usize,
    /// True if the later part is the higher one.
    pub up: bool,
    /// One-sided p-value.
    pub p: f64,
}

/// Returns the smallest number of values on the smaller side of a split of `n` that can be rarer
/// than `level`; `None` if no side can.
pub(super) fn least_side(n: usize, level: f64) -> Option<usize> {
    let mut choices = 1.0;
    (1..=n / 2).find(|k| {
        choices *= (n + 1 - k) as f64 / *k as f64;
        choices * level >= 1.0
    })
}

/// Returns the best split of `values` and its p in its own direction: the share of permutations in
/// which some split has at least as great a standardized difference of means in that direction, the
/// observed order included. The draws are seeded and stop early where p is not at most `level`.
/// `None` if no split can be that rare.
///
/// Values are replaced by the normal quantile of their rank (van der Waerden 1952), ties by their
/// mean rank: one outlier neither makes a step nor hides one, and little is lost for normal noise.
pub(super) fn best_split(values: &[f64], level: f64) -> Option<Split> {
    let n = values.len();
    let side = least_side(n, level)?;
    let centered = scores(values);
    let weights: Vec<f64> =
        (side..=n - side).map(|k| 1.0 / ((k * (n - k)) as f64).sqrt()).collect();
    // If sums of the first k are low, the later part is high.
    let sums = |mut at: Box<dyn FnMut(usize) -> f64 + '_>| {
        let mut sum: f64 = (0..side - 1).map(&mut at).sum();
        let (mut low, mut high) = ((0.0, side), (0.0, side));
        for (k, weight) in (side..).zip(&weights) {
            sum += at(k - 1);
            let t = sum * weight;
            low = if t < low.0 { (t, k) } else { low };
            high = if t > high.0 { (t, k) } else { high };
        }
        (low, high)
    };
    let (low, high) = sums(Box::new(|i| centered[i]));
    let up = -low.0 >= high.0;
    let (size, at) = if up { (-low.0, low.1) } else { high };
    let spread: f64 = centered.iter().map(|v| v.abs()).sum();
    if size <= TIE * spread {
        return None;
    }
    // Equally extreme orders must not differ by rounding.
    let bound = size * (1.0 - TIE);
    // One direction is enough: an order read backwards has the other one.
    let beats = |order: &[u16]| {
        let mut sum: f64 = order[..side - 1].iter().map(|&i| centered[usize::from(i)]).sum();
        order[side - 1..].iter().zip(&weights).any(|(&i, weight)| {
            sum += centered[usize::from(i)];
            sum * weight >= bound
        })
    };
    let most = ((BEATEN as f64 / level).ceil() as usize).clamp(KEPT, MOST);
    let kept = kept(n);
    let (mut beaten, mut tried) = (1, 1);
    for order in kept.orders.chunks_exact(n) {
        beaten += usize::from(beats(order));
        tried += 1;
        if beaten > BEATEN {
            return Some(Split { at, up, p: beaten as f64 / tried as f64 });
        }
    }
    let mut rng = stream(0, &format!("steps/{n}/more"));
    let mut order: Vec<u16> = (0..n as u16).collect();
    // If p is far below the level, its exact size does not matter.
    while tried < most && beaten <= BEATEN && beaten as f64 * CLEAR > level * tried as f64 {
        shuffle(&mut order, &mut rng);
        beaten += usize::from(beats(&order));
        tried += 1;
    }
    Some(Split { at, up, p: beaten as f64 / tried as f64 })
}

struct Kept {
    orders: Vec<u16>,
}

type Cache = Mutex<BTreeMap<usize, Arc<Kept>>>;

/// Returns the first [`KEPT`] permutations of `n`, which are enough where there is no step.
fn kept(n: usize) -> Arc<Kept> {
    static KNOWN: OnceLock<Cache> = OnceLock::new();
    let known = KNOWN.get_or_init(Mutex::default).lock();
    let mut known = known.unwrap_or_else(PoisonError::into_inner);
    let draw = || {
        let mut rng = stream(0, &format!("steps/{n}"));
        let mut order: Vec<u16> = (0..n as u16).collect();
        let mut orders = Vec::with_capacity(KEPT * n);
        for _ in 0..KEPT {
            shuffle(&mut order, &mut rng);
            orders.extend_from_slice(&order);
        }
        Arc::new(Kept { orders })
    };
    known.entry(n).or_insert_with(draw).clone()
}

/// Shuffles by Fisher and Yates, from the present order. The upper half of a product replaces a
/// division: uniform to 2^-16 of itself, and several times as fast.
fn shuffle(order: &mut [u16], rng: &mut Stream) {
    let mut bits = 0;
    for i in (1..order.len()).rev() {
        if i % 2 == 0 || bits == 0 {
            bits = rng.next_u64();
        }
        let at = ((bits & u64::from(u32::MAX)) * (i as u64 + 1)) >> 32;
        bits >>= 32;
        order.swap(i, at as usize);
    }
}

/// Returns the normal quantiles of rank / (n + 1), centred at zero.
fn scores(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let ascending = sorted(values);
    let scores: Vec<f64> = values
        .iter()
        .map(|value| {
            let below = ascending.partition_point(|v| v < value);
            let to = ascending.partition_point(|v| v <= value);
            normal::quantile((below + 1 + to) as f64 / (2 * (n + 1)) as f64)
        })
        .collect();
    let mean = mean_of(&scores);
    scores.iter().map(|v| v - mean).collect()
}

/// Clips `values` to [`CLIP`] deviations of the median of their piece. Pieces are between `bounds`,
/// which are absolute; the first is the index of the first value.
pub(super) fn clipped(values: &[f64], bounds: &[usize]) -> Vec<f64> {
    let start = bounds.first().copied().unwrap_or(0);
    let pieces = bounds.windows(2).map(|w| &values[w[0] - start..w[1] - start]);
    pieces
        .flat_map(|piece| {
            let middle = median(piece).unwrap_or(0.0);
            let scale = scale(&piece.iter().map(|v| v - middle).collect::<Vec<_>>());
            piece.iter().map(move |v| v.clamp(middle - CLIP * scale, middle + CLIP * scale))
        })
        .collect()
}
