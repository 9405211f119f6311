//! Fits of a series: constant pieces, and a ramp between two levels.

use super::scale;

/// Returns the boundaries of the best partition of `values` into constant pieces of at least `side`
/// values: least sum of absolute deviations from the pieces' medians, in units of the noise, plus 2
/// ln n for each boundary. The noise is estimated from neighbours, which steps hardly affect.
pub(super) fn partition(values: &[f64], side: usize) -> Vec<usize> {
    let n = values.len();
    let side = side.max(1);
    if n < 2 * side {
        return Vec::new();
    }
    let steps: Vec<f64> = values.windows(2).map(|w| w[1] - w[0]).collect();
    // A difference of two values has sqrt 2 times the deviation; the mean absolute deviation of a
    // normal is 0.8 of it.
    let noise = scale(&steps) * std::f64::consts::FRAC_1_SQRT_2 * 0.8;
    let penalty = 2.0 * (n as f64).ln() * noise;
    let mut best = vec![(f64::INFINITY, 0); n + 1];
    best[0] = (-penalty, 0);
    // Forward, so that all pieces that end at `start` have been seen.
    for start in (0..=n - side).filter(|&s| s == 0 || s >= side) {
        let before = best[start].0;
        if before == f64::INFINITY {
            continue;
        }
        let mut halves = Halves::default();
        for end in start + 1..=n {
            halves.insert(values[end - 1]);
            if end - start >= side {
                let cost = before + penalty + halves.deviation();
                if cost < best[end].0 {
                    best[end] = (cost, start);
                }
            }
        }
    }
    let mut bounds = Vec::new();
    let mut end = best[n].1;
    while end > 0 {
        bounds.push(end);
        end = best[end].1;
    }
    bounds.reverse();
    bounds
}

/// Sorted values, with the sum of the lower half and of all.
#[derive(Default)]
struct Halves {
    sorted: Vec<f64>,
    lower: f64,
    total: f64,
}

impl Halves {
    fn insert(&mut self, value: f64) {
        let half = self.sorted.len() / 2;
        let at = self.sorted.partition_point(|v| *v < value);
        self.sorted.insert(at, value);
        self.total += value;
        // The lower half: the first n / 2.
        if at < half {
            self.lower += value - self.sorted[half];
        }
        if self.sorted.len() / 2 > half {
            self.lower += self.sorted[half];
        }
    }

    /// Returns the sum of absolute deviations from the median.
    fn deviation(&self) -> f64 {
        let n = self.sorted.len();
        let (below, above) = (n / 2, n - n / 2);
        let median = self.sorted[n / 2];
        self.total - self.lower - above as f64 * median + below as f64 * median - self.lower
    }
}

/// Two levels and a straight line between them.
pub(super) struct Ramp {
    /// Last index at the old level.
    pub from: usize,
    /// First index at the new level.
    pub to: usize,
    pub before: f64,
    pub after: f64,
}

/// Smallest number of values from level to level of a ramp: a shorter one is a jump whose point is
/// uncertain.
const SHORTEST: usize = 4;

/// Returns a ramp that fits `values` at points `at` better than steps at the indices `steps`, or
/// `None`. The comparison uses Schwarz's criterion (1978), with a place and a height for each jump,
/// and two places and a height for a ramp. The gain must be at least what counts as positive
/// evidence (2, Kass and Raftery 1995).
pub(super) fn ramp(at: &[f64], values: &[f64], steps: &[usize]) -> Option<Ramp> {
    let n = values.len();
    let sums = Sums::of(at, values);
    let mut inner = vec![0];
    inner.extend(steps);
    inner.push(n);
    let of_steps: f64 = inner.windows(2).map(|w| sums.constant(w[0], w[1])).sum();
    // Long windows use a stride, because the ends of a long ramp are not known to the point.
    let stride = n.div_ceil(400);
    let mut best: Option<(f64, Ramp)> = None;
    for from in (0..n).step_by(stride) {
        for to in (from + SHORTEST..n).step_by(stride) {
            let (rest, before, after) = sums.ramp(from, to);
            if best.as_ref().is_none_or(|b| rest < b.0) {
                best = Some((rest, Ramp { from, to, before, after }));
            }
        }
    }
    let (of_ramp, ramp) = best?;
    let n = n as f64;
    let tiny = 1e-12 * sums.constant(0, values.len());
    let criterion = |rest: f64, free: f64| n * (rest.max(tiny) / n).ln() + free * n.ln();
    let gain = criterion(of_steps, 2.0 * steps.len() as f64) - criterion(of_ramp, 3.0);
    (gain > 2.0).then_some(ramp)
}

/// Prefix sums of values around their mean, and of their products with the points.
struct Sums<'a> {
    at: &'a [f64],
    mean: f64,
    x: Vec<f64>,
    xx: Vec<f64>,
    a: Vec<f64>,
    aa: Vec<f64>,
    ax: Vec<f64>,
}

impl<'a> Sums<'a> {
    fn of(at: &'a [f64], values: &[f64]) -> Sums<'a> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let prefix = |of: &dyn Fn(f64, f64) -> f64| {
            let mut sums = vec![0.0];
            let mut sum = 0.0;
            for (a, x) in at.iter().zip(values) {
                sum += of(a - at[0], x - mean);
                sums.push(sum);
            }
            sums
        };
        let x = prefix(&|_, x| x);
        let xx = prefix(&|_, x| x * x);
        let a = prefix(&|a, _| a);
        let aa = prefix(&|a, _| a * a);
        let ax = prefix(&|a, x| a * x);
        Sums { at, mean, x, xx, a, aa, ax }
    }

    /// Returns the sum of squares around the mean of `start..end`.
    fn constant(&self, start: usize, end: usize) -> f64 {
        let x = self.x[end] - self.x[start];
        (self.xx[end] - self.xx[start] - x * x / (end - start) as f64).max(0.0)
    }

    /// Returns the sum of squares around the best ramp from index `from` to `to`, and its two
    /// levels.
    fn ramp(&self, from: usize, to: usize) -> (f64, f64, f64) {
        let n = self.x.len() - 1;
        let (start, length) = (self.at[from] - self.at[0], self.at[to] - self.at[from]);
        // x = before + rise w, w from 0 to 1: a regression on w.
        let between = |s: &[f64]| s[to] - s[from];
        let (count, a) = ((to - from) as f64, between(&self.a));
        let after = (n - to) as f64;
        let w = (a - count * start) / length + after;
        let ww = (between(&self.aa) - 2.0 * start * a + count * start * start) / (length * length)
            + after;
        let wx = (between(&self.ax) - start * between(&self.x)) / length + self.x[n] - self.x[to];
        let (n, x) = (n as f64, self.x[n]);
        let rise = (wx - w * x / n) / (ww - w * w / n);
        let rest = self.xx[self.xx.len() - 1] - x * x / n - rise * (wx - w * x / n);
        let before = self.mean + (x - rise * w) / n;
        (rest.max(0.0), before, before + rise)
    }
}
