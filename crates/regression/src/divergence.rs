//! Tests on diverged seeds: exact tests of their number, and ranks for losses of which some seeds
//! diverged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spec::Id;
use spec::regress_settings::RegressMetric;

use crate::finding::{Change, Finding, Method};
use crate::night::{Night, NightRun};
use crate::quantity::value;
use stats::paired::{sign_flip, signed_ranks};
use stats::unpaired::fisher;

/// Numbers of runs of a configuration in the nights up to the accepted one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PastRuns {
    runs: usize,
    diverged: usize,
}

/// Number of nights with other diverged seeds than the night before from which seeds count as
/// diverging occasionally. A fault and its fix make two.
const CHANGES: usize = 3;

/// Number of most recent nights, up to the baseline's, that are considered: older faults that were
/// fixed no longer matter.
const NEWEST: usize = 20;

/// Returns the past runs of the configurations whose seeds diverge occasionally: on at least
/// [`CHANGES`] of the recent nights up to the baseline's, other seeds diverged than on the night
/// before. `since` is the start of the baseline's night. Nights on other machines than `night`'s do
/// not count.
pub(crate) fn past_runs(history: &[Night], since: &str, night: &Night) -> HashMap<Id, PastRuns> {
    let earlier = history.iter().filter(|n| {
        n.facts.started.as_str() <= since && n.facts.machine() == night.facts.machine()
    });
    // Diverged seeds and all seeds of each night, the oldest first.
    type Seeds = BTreeSet<u64>;
    let mut counts: HashMap<Id, Vec<(Seeds, Seeds)>> = HashMap::new();
    for night in earlier {
        let mut of_night: HashMap<Id, (Seeds, Seeds)> = HashMap::new();
        for run in night.runs.iter().filter(|run| run.row.has_result()) {
            let (diverged, all) = of_night.entry(run.series).or_default();
            diverged.extend(Some(run.seed).filter(|_| run.row.diverged()));
            all.insert(run.seed);
        }
        for (series, count) in of_night {
            counts.entry(series).or_default().push(count);
        }
    }
    counts.retain(|_, nights| {
        nights.drain(..nights.len().saturating_sub(NEWEST));
        let others = |pair: &[(Seeds, Seeds)]| {
            let mut common = pair[0].1.intersection(&pair[1].1);
            common.any(|seed| pair[0].0.contains(seed) != pair[1].0.contains(seed))
        };
        nights.windows(2).filter(|pair| others(pair)).count() >= CHANGES
    });
    let sum = |nights: Vec<(Seeds, Seeds)>| {
        nights.into_iter().fold(PastRuns::default(), |sum, (diverged, runs)| PastRuns {
            runs: sum.runs + runs.len(),
            diverged: sum.diverged + diverged.len(),
        })
    };
    counts.into_iter().map(|(series, nights)| (series, sum(nights))).collect()
}

/// One-sided levels of the tests on the number of diverged seeds.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TestLevel {
    /// Level of each configuration if all with a change share the level.
    pub(crate) own: f64,
    /// Level of each configuration if all of them together show a change in its direction, `more`
    /// or `fewer`.
    pub(crate) cross_task: f64,
    /// Whether all configurations together show that more seeds diverged.
    pub(crate) more: bool,
    /// Whether all configurations together show that fewer seeds diverged.
    pub(crate) fewer: bool,
}

impl TestLevel {
    /// Computes the levels of a night. `numbers` has, for each configuration and seed, the change
    /// in the number of diverged runs. All configurations together are tested by sign flips of the
    /// sums per seed, which allows any dependence between them.
    pub(crate) fn of(numbers: &[Vec<(u64, f64)>], level: f64) -> TestLevel {
        let moved = numbers.iter().filter(|n| n.iter().any(|(_, d)| *d != 0.0)).count();
        let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
        for (seed, difference) in numbers.iter().flatten() {
            *sums.entry(*seed).or_default() += difference;
        }
        let sums: Vec<f64> = sums.into_values().filter(|sum| *sum != 0.0).collect();
        let shown = one_sided(&sums) <= level;
        let sum: f64 = sums.iter().sum();
        TestLevel {
            own: level / moved.max(1) as f64,
            cross_task: level,
            more: shown && sum > 0.0,
            fewer: shown && sum < 0.0,
        }
    }

    fn in_direction(self, more: bool) -> f64 {
        let cross_task = if more { self.more } else { self.fewer };
        if cross_task { self.cross_task } else { self.own }
    }
}

/// Judges the number of diverged seeds.
///
/// If no seed of the baseline diverged, one that does is a regression, since noise does not explain
/// it; if `past` runs show that some diverge occasionally, Fisher's exact test decides whether
/// tonight has more. If seeds of the baseline diverged, the exact sign test over the seeds that
/// diverged on one side only decides. If every seed diverges tonight and too few differ for that
/// test, the finding is unknown.
pub(crate) fn judge(change: &mut Change, by: TestLevel, past: Option<PastRuns>) {
    let beyond = change.effect.abs() > change.min_effect;
    let count = |of: fn(&(u64, f64, f64)) -> bool| change.seeds.iter().filter(|s| of(s)).count();
    let (more, fewer) = (count(|s| s.2 > s.1), count(|s| s.2 < s.1));
    if change.before == 0.0 && more > 0 {
        let n = change.seeds.len();
        let shown = past.is_none_or(|p| fisher(more, n, p.diverged + more, p.runs + n) <= by.own);
        change.finding = match (shown, beyond) {
            (true, true) => Finding::Regressed,
            (true, false) => Finding::Small,
            (false, _) => Finding::NotShown,
        };
        (change.method, change.interval) = (Method::Exact, None);
        return;
    }
    if change.finding == Finding::Identical {
        return;
    }
    let moved: Vec<f64> =
        change.seeds.iter().map(|(_, a, b)| b - a).filter(|d| *d != 0.0).collect();
    let shown = more != fewer && one_sided(&moved) <= by.in_direction(more > fewer);
    let all_gone = change.after >= 1.0 && more > 0;
    change.finding = match () {
        () if shown && beyond && more > fewer => Finding::Regressed,
        () if shown && beyond => Finding::Improved,
        () if shown => Finding::Small,
        () if all_gone && beyond => Finding::Unknown,
        () => Finding::NotShown,
    };
    (change.method, change.interval) = (Method::Exact, None);
}

/// Returns the one-sided p-value of [`sign_flip`] in the direction of the differences; its
/// distribution is symmetric. For differences of 1 and -1 this is the exact sign test.
fn one_sided(differences: &[f64]) -> f64 {
    sign_flip(differences).map_or(1.0, |test| test.p / 2.0)
}

/// Returns the signed ranks of a comparison in which seeds diverged on one side only: these changed
/// more than any other seed, and equally. `None` if no seed did. Positive means a higher value of
/// the metric, like a difference.
pub(crate) fn ranked(metric: RegressMetric, seeds: &[(u64, f64, f64)]) -> Option<Vec<(u64, f64)>> {
    if seeds.iter().all(|(_, a, b)| a.is_finite() && b.is_finite()) {
        return None;
    }
    let worse = metric.for_the_worse(1.0).signum();
    let moved = |(_, a, b): &(u64, f64, f64)| match (a.is_finite(), b.is_finite()) {
        (true, true) => b - a,
        (true, false) => worse * f64::INFINITY,
        _ => -worse * f64::INFINITY,
    };
    let moved: Vec<f64> = seeds.iter().map(moved).collect();
    Some(seeds.iter().map(|(seed, _, _)| *seed).zip(signed_ranks(&moved)).collect())
}

/// Returns whether a run diverged while its partner has a value of the metric, which is then
/// better.
pub(crate) fn diverged_beside(metric: RegressMetric, run: &NightRun, other: &NightRun) -> bool {
    metric.is_at_the_end() && run.row.diverged() && value(metric, other).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_of_equal_differences_is_the_sign_test() {
        assert_eq!(one_sided(&[1.0; 5]), 1.0 / 32.0);
        let nine = [[1.0; 9].as_slice(), &[-1.0]].concat();
        assert_eq!(one_sided(&nine), 11.0 / 1024.0);
        assert_eq!(one_sided(&[]), 1.0);
    }

    #[test]
    fn what_many_configurations_show_together_is_not_shared_among_them() {
        // One more diverged seed in each of eight configurations: no single test could show it.
        let numbers: Vec<Vec<(u64, f64)>> =
            (0..8).map(|seed| vec![(seed, 1.0), (9, 0.0)]).collect();
        let level = TestLevel::of(&numbers, 0.05);
        assert!(level.more && !level.fewer);
        assert_eq!((level.in_direction(true), level.in_direction(false)), (0.05, 0.05 / 8.0));
        let fewer: Vec<Vec<(u64, f64)>> =
            numbers.iter().map(|n| n.iter().map(|(seed, d)| (*seed, -d)).collect()).collect();
        assert!(TestLevel::of(&fewer, 0.05).fewer);
        assert!(!TestLevel::of(&numbers[..4], 0.05).more, "four of four are one of sixteen");
    }

    #[test]
    fn a_diverged_seed_ranks_beyond_all_others() {
        let (loss, accuracy) = (RegressMetric::TEST_LOSS, RegressMetric::TEST_ACCURACY);
        let nan = f64::NAN;
        let seeds = [(0, 0.5, 0.4), (1, 0.5, 0.7), (2, 0.5, nan), (3, 0.5, nan), (4, 0.5, 0.5)];
        let ranks = ranked(loss, &seeds).unwrap();
        assert_eq!(ranks, [(0, -1.0), (1, 2.0), (2, 3.5), (3, 3.5), (4, 0.0)]);
        let ranks = ranked(accuracy, &seeds).unwrap();
        assert_eq!(ranks, [(0, -1.0), (1, 2.0), (2, -3.5), (3, -3.5), (4, 0.0)]);
        assert_eq!(ranked(loss, &[(0, nan, 0.1), (1, 0.1, 0.2)]).unwrap()[0].1, -2.0);
        assert_eq!(ranked(loss, &seeds[..2]), None);
    }
}
