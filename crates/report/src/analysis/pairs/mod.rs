//! Comparison of two configurations on the judging seeds: their gains, and the test that decides.

mod pairing;

use stats::paired::{TIE, Test, rank_lead, sign_flip, wilcoxon};
use stats::{Estimate, estimate, unpaired};

use crate::analysis::{Analysis, Config, Judged, scores};

pub use pairing::difference;
pub(in crate::analysis) use pairing::{Seeds, seeds};

/// The test that decides on a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// Paired sign flips of the mean gain.
    SignFlips,
    /// Wilcoxon's signed ranks, used if a run of the pair diverged or never reached its target.
    SignedRanks,
    /// Permutation test of two samples that are not paired.
    Permutation,
    /// Permutation test of their ranks, used if a run diverged or never reached its target.
    Ranks,
}

impl DecidedBy {
    /// Returns the name: `signed-rank test`.
    pub fn name(self) -> &'static str {
        match self {
            DecidedBy::SignFlips => "paired sign-flip permutation test",
            DecidedBy::SignedRanks => "signed-rank test",
            DecidedBy::Permutation => "permutation test",
            DecidedBy::Ranks => "permutation test of ranks",
        }
    }

    /// Returns whether the test uses ranks, since an outcome is not finite.
    pub fn ranks(self) -> bool {
        matches!(self, DecidedBy::SignedRanks | DecidedBy::Ranks)
    }
}

/// Returns the scores of two configurations over their first `n` seeds; higher is better.
pub(super) fn samples(analysis: &Analysis, a: &Config, b: &Config, n: usize) -> [Vec<f64>; 2] {
    let all = |config: &Config| -> Vec<Judged> {
        config.runs.iter().take(n).filter_map(|&r| analysis.judged(r)).collect()
    };
    scores(&analysis.evaluation, [&all(a), &all(b)])
}

/// Returns the test that decides on two configurations over the first `n` judging seeds.
pub(super) fn test_of(analysis: &Analysis, a: &Config, b: &Config, n: usize) -> Option<Test> {
    let found = seeds(analysis, a, b, n);
    if found.unpaired.is_some() {
        let [xs, ys] = samples(analysis, a, b, n);
        return of_samples(&xs, &ys).test;
    }
    of_seeds(&found).test
}

/// Returns the gains of the first over the second on the first `n` judging seeds.
pub(super) fn gains_of(analysis: &Analysis, a: &Config, b: &Config, n: usize) -> Vec<f64> {
    seeds(analysis, a, b, n).gains
}

/// The deciding test of a pair, with the gain and its direction.
pub(super) struct Decided {
    pub(super) by: DecidedBy,
    pub(super) gain: Estimate,
    pub(super) test: Option<Test>,
    pub(super) wilcoxon: Option<Test>,
    pub(super) direction: f64,
}

/// Compares two configurations seed by seed.
pub(super) fn of_seeds(found: &Seeds) -> Decided {
    let gains = &found.gains;
    let enough = gains.len() > 1;
    let ranks = if enough { wilcoxon(gains) } else { None };
    let (by, test, direction) = if found.diverged > 0 {
        (DecidedBy::SignedRanks, ranks, rank_lead(gains))
    } else {
        let flips = if enough { sign_flip(gains) } else { None };
        (DecidedBy::SignFlips, flips, sum(gains))
    };
    let mut gain = estimate(found.completed.iter().copied());
    gain.mean = gain.mean.map(|mean| if sum(&found.completed) == 0.0 { 0.0 } else { mean });
    Decided { by, gain, test, wilcoxon: ranks, direction }
}

/// Returns the sum of gains; 0 where they cancel up to rounding, as the tests count it.
fn sum(gains: &[f64]) -> f64 {
    let (sum, sizes) = gains.iter().fold((0.0, 0.0), |(s, a), g| (s + g, a + g.abs()));
    if f64::abs(sum) <= TIE * sizes { 0.0 } else { sum }
}

/// Compares two unpaired samples of scores; higher is better.
pub(super) fn of_samples(xs: &[f64], ys: &[f64]) -> Decided {
    let gain = welch(xs, ys);
    if xs.iter().chain(ys).all(|v| v.is_finite()) {
        let test = unpaired::permutation(xs, ys);
        let direction = gain.mean.unwrap_or(0.0);
        return Decided { by: DecidedBy::Permutation, gain, test, wilcoxon: None, direction };
    }
    let (a, b) = unpaired::ranks(xs, ys);
    let test = unpaired::permutation(&a, &b);
    let mean = |ranks: &[f64]| ranks.iter().sum::<f64>() / ranks.len().max(1) as f64;
    Decided { by: DecidedBy::Ranks, gain, test, wilcoxon: None, direction: mean(&a) - mean(&b) }
}

/// Returns the difference of two means without pairing. It has no interval, since its seeds are not
/// repetitions of one experiment.
fn welch(xs: &[f64], ys: &[f64]) -> Estimate {
    // Infinite scores are excluded from the estimate.
    let (x, y) = (estimate(xs.iter().copied()), estimate(ys.iter().copied()));
    Estimate {
        n: x.n.min(y.n),
        mean: x.mean.zip(y.mean).map(|(x, y)| x - y),
        ..Estimate::default()
    }
}
