//! Detection of steps and drifts in a series.
//!
//! Candidates come from an optimal partition into constant pieces under L1 cost, which a single
//! outlier does not distort (Friedrich et al. 2008, J. Comput. Graph. Stat. 17:201; penalty of Yao
//! 1988). Each boundary must then exceed what chance makes of exchangeable points, by a permutation
//! test of the best split of its two pieces (as E-divisive does, Matteson and James 2014, JASA
//! 109:334). Boundaries that do not are merged, so that the last test is one of all points
//! together.
//!
//! Points of a deterministic backend do not vary at all until the code changes. Such plateaus are
//! separated exactly, see [`Step::exact`].

mod fit;
mod split;

use super::location::{iqm_of_sorted, median, sorted};

/// Number of points of exactly one value that make a plateau.
pub const PLATEAU: usize = 3;

/// Number of newest values that are used where there is noise, because the cost is quadratic.
const LONGEST: usize = 2_000;

/// Fraction of the points that must be in plateaus for a series to count as free of noise. A newest
/// value that is not a plateau yet is not counted.
const NOISE_FREE: f64 = 0.75;

/// Kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Change from one point to the next.
    Jump,
    /// Change over several points.
    Drift,
}

/// A change of level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Index of the first point that has left the old level.
    pub at: usize,
    /// Index of the first point at the new level: `at` for a jump, the end of a drift otherwise, or
    /// the last point if the drift may continue.
    pub until: usize,
    /// Level before, in the unit of the points: the interquartile mean of the points there, or the
    /// start of a drift.
    pub before: f64,
    /// Level after, in the same unit.
    pub after: f64,
    /// Jump or drift.
    pub kind: Kind,
    /// One-sided p of the permutation test, in the direction of the step; for a drift the smallest.
    /// `None` for an exact step, where points are not replicates.
    pub p: Option<f64>,
}

impl Step {
    /// Returns whether the step is between plateaus without noise. Its date is exact, but changed
    /// rounding in the code is a step too: whether it is more has to be tested on the seeds of the
    /// points before and after.
    pub fn exact(&self) -> bool {
        self.p.is_none()
    }
}

/// A series with a value that is not finite.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("point {point} of the series is {value}; steps need finite values")]
pub struct NotFinite {
    /// Index of the point.
    pub point: usize,
    /// Its value, NaN or infinite.
    pub value: f64,
}

/// Returns the steps of `points` in order; missing points are left out by the caller. `level`, in
/// (0, 1), is the chance of any noisy step upward if all points are alike, and the same again
/// downward: for alarms in one direction over m series, pass the level divided by m.
///
/// With noise, a step needs enough points on either side that their choice alone is rarer than
/// `level`: at 0.0005 five of 14, or three of 25. A run of one exact value counts as one point,
/// because it is one draw of noise. Without noise (three quarters of the points in plateaus of
/// [`PLATEAU`] or more) the first point with another value is a step; a single point that returns
/// to the value before is not. A series that returns to one value more than once is noise on a
/// coarse grid.
///
/// # Errors
/// A value that is not finite.
pub fn steps(points: &[f64], level: f64) -> Result<Vec<Step>, NotFinite> {
    if let Some(point) = points.iter().position(|v| !v.is_finite()) {
        return Err(NotFinite { point, value: points[point] });
    }
    let runs = runs(points);
    if runs.len() < 2 {
        return Ok(Vec::new());
    }
    let steady = without_excursions(&runs);
    if noise_free(&steady) {
        return Ok(exact_steps(&steady));
    }
    // Recurring values are noise on a coarse grid: their ties are chance.
    let single = |(at, &value): (usize, &f64)| Run { at, length: 1, value };
    let runs =
        if recurring(&runs) { points.iter().enumerate().map(single).collect() } else { runs };
    Ok(noisy_steps(&runs, level))
}

/// A run of consecutive points of exactly one value.
#[derive(Clone, Copy, Debug)]
struct Run {
    at: usize,
    length: usize,
    value: f64,
}

fn runs(points: &[f64]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, &value) in points.iter().enumerate() {
        match runs.last_mut() {
            Some(run) if run.value == value => run.length += 1,
            _ => runs.push(Run { at, length: 1, value }),
        }
    }
    runs
}

/// Returns whether some value occurs in three or more runs.
fn recurring(runs: &[Run]) -> bool {
    let values = sorted(&runs.iter().map(|r| r.value).collect::<Vec<_>>());
    values.windows(3).any(|w| w[0] == w[2])
}

/// Gives single points between two runs of one value that value.
fn without_excursions(runs: &[Run]) -> Vec<Run> {
    let mut kept: Vec<Run> = Vec::new();
    for (i, run) in runs.iter().enumerate() {
        let returns = runs.get(i + 1).is_some_and(|next| {
            kept.last().is_some_and(|last| last.value == next.value && last.length >= PLATEAU)
        });
        match kept.last_mut() {
            Some(last) if run.value == last.value || run.length == 1 && returns => {
                last.length += run.length;
            }
            _ => kept.push(*run),
        }
    }
    kept
}

fn noise_free(runs: &[Run]) -> bool {
    let Some((last, before)) = runs.split_last() else { return false };
    let counted = if last.length < PLATEAU { before } else { runs };
    let points: usize = counted.iter().map(|r| r.length).sum();
    let steady: usize = counted.iter().map(|r| r.length).filter(|&l| l >= PLATEAU).sum();
    steady > 0 && steady as f64 >= NOISE_FREE * points as f64
}

/// Returns the steps from plateau to plateau, or to the newest value; a step is a drift where other
/// values are between them.
fn exact_steps(runs: &[Run]) -> Vec<Step> {
    let holds = |(i, run): &(usize, &Run)| run.length >= PLATEAU || i + 1 == runs.len();
    let levels: Vec<&Run> = runs.iter().enumerate().filter(holds).map(|(_, r)| r).collect();
    let changed = levels.windows(2).filter(|pair| pair[0].value != pair[1].value);
    let step = |pair: &[&Run]| {
        let (at, until) = (pair[0].at + pair[0].length, pair[1].at);
        let kind = if until > at { Kind::Drift } else { Kind::Jump };
        Step { at, until, before: pair[0].value, after: pair[1].value, kind, p: None }
    };
    changed.map(step).collect()
}

/// Returns the steps of values that vary, one value for each run.
fn noisy_steps(runs: &[Run], level: f64) -> Vec<Step> {
    let runs = &runs[runs.len().saturating_sub(LONGEST)..];
    let values: Vec<f64> = runs.iter().map(|r| r.value).collect();
    let n = values.len();
    let Some(side) = split::least_side(n, level) else { return Vec::new() };
    let mut bounds = vec![0];
    bounds.extend(fit::partition(&values, side));
    bounds.push(n);
    let found = significant(&values, &mut bounds, level);
    let mut steps = Vec::new();
    let mut from = 1;
    while from + 1 < bounds.len() {
        let up = |i: usize| found[i].up;
        let mut to = from + 1;
        while to + 1 < bounds.len() && up(to) == up(from) {
            to += 1;
        }
        // Boundaries from..to in one direction, between the pieces around them.
        steps.extend(in_one_direction(runs, &values, &bounds, &found, from..to));
        from = to;
    }
    steps
}

/// Returns the steps at boundaries in one direction: a drift where a ramp fits better, else jumps.
fn in_one_direction(
    runs: &[Run],
    values: &[f64],
    bounds: &[usize],
    found: &[split::Split],
    which: std::ops::Range<usize>,
) -> Vec<Step> {
    let (start, end) = (bounds[which.start - 1], bounds[which.end]);
    let at: Vec<f64> = runs[start..end].iter().map(|r| r.at as f64).collect();
    let calm = split::clipped(&values[start..end], &bounds[which.start - 1..=which.end]);
    let inner: Vec<usize> = which.clone().map(|b| bounds[b] - start).collect();
    if let Some(ramp) = fit::ramp(&at, &calm, &inner) {
        let p = which.map(|b| found[b].p).fold(1.0, f64::min);
        let (at, until) = (runs[start + ramp.from + 1].at, runs[start + ramp.to].at);
        let (before, after) = (ramp.before, ramp.after);
        return vec![Step { at, until, before, after, kind: Kind::Drift, p: Some(p) }];
    }
    let level = |from: usize, to: usize| iqm_of_sorted(&sorted(&values[from..to]));
    let jump = |b: usize| {
        let at = runs[bounds[b]].at;
        let (before, after) = (level(bounds[b - 1], bounds[b]), level(bounds[b], bounds[b + 1]));
        Step { at, until: at, before, after, kind: Kind::Jump, p: Some(found[b].p) }
    };
    which.map(jump).collect()
}

/// Moves every boundary to the best split of its two pieces, and drops the least significant one
/// until all are significant. Returns the split of each boundary, by its index in `bounds`.
fn significant(values: &[f64], bounds: &mut Vec<usize>, level: f64) -> Vec<split::Split> {
    let n = values.len();
    loop {
        if bounds.len() == 2 {
            // No boundary was proposed or is left: test all points as one piece, once.
            let split = split::best_split(values, level);
            if let Some(split) = split.filter(|s| s.p <= level) {
                bounds.insert(1, split.at);
                return vec![split::Split::default(), split];
            }
            return Vec::new();
        }
        let mut found = vec![split::Split::default()];
        for b in 1..bounds.len() - 1 {
            let (start, end) = (bounds[b - 1], bounds[b + 1]);
            // The data chose this window: that many windows of its size were possible.
            let windows = (n as f64 / (end - start) as f64).powi(2);
            let split = split::best_split(&values[start..end], level / windows);
            found.push(split.map_or(split::Split { p: 1.0, ..Default::default() }, |split| {
                let p = (split.p * windows).min(1.0);
                split::Split { at: start + split.at, p, ..split }
            }));
        }
        let worst = (1..found.len()).max_by(|&a, &b| found[a].p.total_cmp(&found[b].p));
        match worst.filter(|&worst| found[worst].p > level) {
            Some(worst) => drop(bounds.remove(worst)),
            None => {
                let moved: Vec<usize> = found[1..].iter().map(|s| s.at).collect();
                let apart = moved.windows(2).all(|w| w[0] < w[1]);
                if apart {
                    bounds[1..=moved.len()].copy_from_slice(&moved);
                }
                return found;
            }
        }
    }
}

/// Factor from the median absolute deviation of a normal distribution to its standard deviation.
const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// Returns a standard deviation, estimated from the median absolute deviation of `values` from
/// zero, or from the mean absolute deviation if that median is 0.
fn scale(values: &[f64]) -> f64 {
    let sizes: Vec<f64> = values.iter().map(|v| v.abs()).collect();
    match median(&sizes) {
        Some(mad) if mad > 0.0 => mad * MAD_TO_SD,
        // Mean absolute deviation of a normal: sqrt(2 / pi).
        _ => sizes.iter().sum::<f64>() / sizes.len().max(1) as f64 / 0.797_884_560_802_865_4,
    }
}

#[cfg(test)]
mod tests;
