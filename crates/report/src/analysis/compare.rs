//! Pairwise comparison of the chosen configurations, seed by seed.
//!
//! The unit of replication is the seed. Two optimizers with the same seed start from the same
//! weights and see the same batches, so their difference on that seed depends on neither. The
//! digests of the runs are checked for this; it is never assumed.
//!
//! A run that diverged, or never reached the target at which it should stop, is worse than any
//! other; two such runs are equal. If there is one, a rank test decides, which needs no number for
//! it. The choice of test depends on the sizes of the differences and never on their signs, so that
//! the test stays exact.

use rayon::prelude::*;

use crate::analysis::pairs::{of_samples, of_seeds, samples, seeds};
use crate::analysis::{Analysis, DecidedBy, Looks};
use stats::paired::{Test, sign_flip_interval};
use stats::sequential::Standing;
use stats::{Estimate, Interval, Method, holm, unpaired};

/// Significance level, after Holm's correction over all pairs.
pub const ALPHA: f64 = 0.05;

/// Verdict of a pair's test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The first is better, p at most [`ALPHA`] after Holm's correction.
    Better,
    /// The second is better, likewise.
    Worse,
    /// The seeds could have shown a difference, but did not.
    NotShown,
    /// There are too few seeds to show any difference, however large.
    Underpowered,
    /// Fewer than two seeds have both results.
    TooFew,
}

impl Verdict {
    /// Returns whether a difference is shown.
    pub fn is_significant(self) -> bool {
        matches!(self, Verdict::Better | Verdict::Worse)
    }
}

/// Comparison of two labels at their chosen configurations. Gains are in units of the evaluation
/// metric, and positive where the first is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The first, an index into `Analysis::configs`.
    pub first: usize,
    /// The second, likewise.
    pub second: usize,
    /// The reason why the two cannot be paired by seed. The seeds are then two independent samples,
    /// and `gain` is a difference of means. `None` where they are paired.
    pub unpaired: Option<String>,
    /// Gains on the seeds that completed, or reached the target, with both; 0 on seeds where they
    /// are level. For two that are not paired, the difference of means.
    pub gain: Estimate,
    /// The kind of the test that decides.
    pub decided_by: DecidedBy,
    /// The test that decides; `None` where fewer than two seeds have both results.
    pub test: Option<Test>,
    /// Wilcoxon's signed-rank test over all seeds compared; a seed that diverged with one of the
    /// two counts as the largest loss. `None` where they are not paired.
    pub wilcoxon: Option<Test>,
    /// p-value of `test` after Holm's correction over all pairs.
    pub adjusted: Option<f64>,
    /// p-value of `wilcoxon`, likewise.
    pub wilcoxon_adjusted: Option<f64>,
    /// Probability 0..1 that a run of the first is better than a run of the second, over all pairs
    /// of seeds; ties count half, and a diverged run is the worst.
    pub improvement: Option<f64>,
    /// Number of seeds on which the first is better, level, worse; a diverged run is the worst.
    pub seeds: (usize, usize, usize),
    /// Number of seeds of the plan that lack a result with one of the two.
    pub excluded: usize,
    /// Number of seeds that diverged, or never reached the target, with either; they are not in
    /// `gain`.
    pub diverged: usize,
    /// Whether the gain is smaller than `[report] min_effect`.
    pub small: bool,
    /// The sum of gains or of signed ranks that is tested; positive in favour of the first.
    pub direction: f64,
    /// The verdict.
    pub verdict: Verdict,
}

impl Pair {
    /// Returns the number of seeds compared: those with a result of both.
    pub fn compared(&self) -> usize {
        self.seeds.0 + self.seeds.1 + self.seeds.2
    }
}

/// Comparison of all pairs of labels.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comparison {
    /// Chosen configurations with a result, best first by the evaluation metric.
    pub ranked: Vec<usize>,
    /// Pairs of them, the better ranked one first.
    pub pairs: Vec<Pair>,
    /// The smallest p-value that any pair can reach: 0.0625 for five seeds.
    pub smallest: Option<f64>,
    /// The same after Holm's correction.
    pub smallest_adjusted: Option<f64>,
    /// Number of seeds that differ in the pair with the smallest reachable p-value.
    pub differing: usize,
    /// Number of tests made, over which Holm's correction is applied.
    pub tests: usize,
}

impl Comparison {
    /// Returns the pair of two configurations, and whether it lists them in the opposite order.
    pub fn of(&self, a: usize, b: usize) -> Option<(&Pair, bool)> {
        self.pairs.iter().find_map(|p| match (p.first, p.second) {
            (x, y) if (x, y) == (a, b) => Some((p, false)),
            (x, y) if (x, y) == (b, a) => Some((p, true)),
            _ => None,
        })
    }

    /// Returns whether no pair can reach significance.
    pub fn underpowered(&self) -> bool {
        self.smallest_adjusted.is_none_or(|p| p > ALPHA)
    }

    /// Returns the smallest number of seeds of each that could show a difference of this pair.
    pub fn needed_by(&self, pair: &Pair) -> usize {
        let pairs = self.pairs.len().max(1);
        if pair.unpaired.is_some() { samples_needed(pairs) } else { seeds_needed(pairs) }
    }

    /// Returns the smallest number of seeds of each that could show a difference of any pair.
    pub fn fewest_needed(&self) -> usize {
        self.pairs.iter().map(|pair| self.needed_by(pair)).min().unwrap_or(0)
    }
}

/// Compares every label's chosen configuration with every other's.
pub(super) fn compare(analysis: &Analysis) -> Comparison {
    let ranked = analysis.ranked();
    let couples: Vec<(usize, usize)> = ranked
        .iter()
        .enumerate()
        .flat_map(|(i, &a)| ranked[i + 1..].iter().map(move |&b| (a, b)))
        .collect();
    let mut pairs: Vec<Pair> = couples.par_iter().map(|&(a, b)| pair(analysis, a, b)).collect();
    correct(&mut pairs, |p| p.test, |p, adjusted| p.adjusted = Some(adjusted));
    correct(&mut pairs, |p| p.wilcoxon, |p, adjusted| p.wilcoxon_adjusted = Some(adjusted));
    let tested = pairs.iter().filter(|p| p.test.is_some()).count();
    let tests = || pairs.iter().filter_map(|p| p.test);
    let reach = tests().min_by(|a, b| a.smallest.total_cmp(&b.smallest));
    let (smallest, differing) = (reach.map(|t| t.smallest), reach.map_or(0, |t| t.n));
    for pair in &mut pairs {
        if let (Some(test), Some(p)) = (pair.test, pair.adjusted) {
            pair.verdict = verdict(test, p, tested, pair.direction);
        }
    }
    if let Some(looks) = analysis.looks() {
        pairs.iter_mut().for_each(|pair| by_looks(analysis, looks, pair));
    }
    Comparison {
        smallest_adjusted: smallest.map(|p| (p * tested as f64).min(1.0)),
        differing,
        tests: tested,
        ranked,
        pairs,
        smallest,
    }
}

fn correct(pairs: &mut [Pair], test: fn(&Pair) -> Option<Test>, put: fn(&mut Pair, f64)) {
    let at: Vec<(usize, f64)> =
        pairs.iter().enumerate().filter_map(|(i, p)| Some((i, test(p)?.p))).collect();
    let ps: Vec<f64> = at.iter().map(|(_, p)| *p).collect();
    for ((i, _), adjusted) in at.iter().zip(holm::adjust(&ps)) {
        put(&mut pairs[*i], adjusted);
    }
}

/// Returns the verdict of a test with p-value `adjusted` after Holm's correction over `tests`
/// tests; a positive `lead` favours the first.
pub(crate) fn verdict(test: Test, adjusted: f64, tests: usize, lead: f64) -> Verdict {
    match adjusted <= ALPHA {
        true if lead > 0.0 => Verdict::Better,
        true => Verdict::Worse,
        false if test.smallest * tests as f64 > ALPHA => Verdict::Underpowered,
        false => Verdict::NotShown,
    }
}

/// Returns the smallest number of paired seeds whose smallest two-sided sign-flip p-value, `2 /
/// 2^n`, survives Holm's correction over `pairs` comparisons.
pub fn seeds_needed(pairs: usize) -> usize {
    (2..64).find(|n| 2.0 * pairs as f64 <= ALPHA * 2f64.powi(*n)).unwrap_or(64) as usize
}

/// Returns the smallest number of runs on either side whose smallest two-sided p-value of a
/// two-sample permutation test, 2 over the number of divisions, survives Holm's correction over
/// `pairs`.
pub fn samples_needed(pairs: usize) -> usize {
    // The binomial coefficient (2n over n), computed from that of n - 1.
    let divisions = (1..64).scan(1.0, |divisions: &mut f64, n| {
        *divisions *= 2.0 * (2.0 * f64::from(n) - 1.0) / f64::from(n);
        Some((n, *divisions))
    });
    let mut enough = divisions.skip(1).filter(|(_, d)| 2.0 * pairs as f64 <= ALPHA * d);
    enough.next().map_or(64, |(n, _)| n as usize)
}

fn pair(analysis: &Analysis, first: usize, second: usize) -> Pair {
    let (a, b) = (&analysis.configs[first], &analysis.configs[second]);
    let n = analysis.looks().map_or(usize::MAX, |looks| looks.seeds(a.label, b.label));
    let found = seeds(analysis, a, b, n);
    let [xs, ys] = samples(analysis, a, b, n);
    let decided = match found.unpaired {
        Some(_) => of_samples(&xs, &ys),
        None => of_seeds(&found),
    };
    let count = |sign: f64| found.gains.iter().filter(|g| **g * sign > 0.0).count();
    let (wins, losses) = (count(1.0), count(-1.0));
    let mut pair = Pair {
        first,
        second,
        seeds: (wins, found.gains.len() - wins - losses, losses),
        excluded: found.excluded,
        diverged: found.diverged,
        improvement: unpaired::probability_of_improvement(&xs, &ys),
        wilcoxon: decided.wilcoxon,
        gain: decided.gain,
        decided_by: decided.by,
        test: decided.test,
        direction: decided.direction,
        unpaired: found.unpaired,
        adjusted: None,
        wilcoxon_adjusted: None,
        small: false,
        verdict: Verdict::TooFew,
    };
    pair.small = small(analysis, &pair);
    if let Some(looks) = analysis.looks().filter(|_| pair.unpaired.is_none()) {
        let spent = looks.spent(a.label, b.label);
        let interval = sign_flip_interval(&found.completed, spent)
            .filter(|(low, high)| low.is_finite() && high.is_finite());
        pair.gain.interval =
            interval.map(|(low, high)| Interval { low, high, method: Method::SignFlips });
    }
    pair
}

/// Replaces the verdict and p-value of the single test with those of the sequential looks.
fn by_looks(analysis: &Analysis, looks: &Looks, pair: &mut Pair) {
    let [a, b] = [pair.first, pair.second].map(|config| analysis.configs[config].label);
    let Some((standing, p)) = looks.of(a, b) else { return };
    (pair.adjusted, pair.wilcoxon_adjusted) = (Some(p), None);
    pair.verdict = match standing {
        _ if pair.test.is_none() => Verdict::TooFew,
        Standing::Decided(_) if pair.direction > 0.0 => Verdict::Better,
        Standing::Decided(_) => Verdict::Worse,
        Standing::Open | Standing::GivenUp(_) => Verdict::NotShown,
    };
}

/// Returns whether the gain is below `[report] min_effect`: an absolute fraction for accuracies and
/// F1, a fraction of the second's value for other metrics.
fn small(analysis: &Analysis, pair: &Pair) -> bool {
    let evaluation = &analysis.evaluation;
    let least = analysis.plan.report.min_effect;
    let other = analysis.configs[pair.second].judged.mean;
    let unit = if evaluation.metric.is_share() { Some(1.0) } else { other.map(f64::abs) };
    let least = unit.map(|unit| least * unit).filter(|least| *least > 0.0);
    pair.gain.mean.zip(least).is_some_and(|(gain, least)| gain.abs() < least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_seeds_are_the_fewest_that_can_show_anything() {
        // 2/2^5 = 0.0625 and 2/2^6 = 0.03125; ten pairs need 20/2^9 = 0.039.
        assert_eq!([1, 3, 10, 66].map(seeds_needed), [6, 7, 9, 12]);
        // 8 over 4 = 70 divisions: 2/70 = 0.029; for ten pairs 12 over 6 = 924.
        assert_eq!([1, 10].map(samples_needed), [4, 6]);
    }
}
