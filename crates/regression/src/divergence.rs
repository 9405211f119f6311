//! Numbers of diverged seeds: counts, for which there are exact tests, and losses of seeds of
//! which some diverged, for which there are ranks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spec::Id;
use spec::regress_settings::RegressMetric;

use crate::finding::{Change, Finding, Method};
use crate::night::{Night, NightRun};
use crate::quantity::value;
use stats::paired::{sign_flip, signed_ranks};
use stats::unpaired::fisher;

/// Runs of a configuration in nights up to the one that was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PastRuns {
    runs: usize,
    diverged: usize,
}

/// Nights on which the diverged seeds were others than the night before, of those that show that
/// seeds diverge now and then: a fault and its end make two.
const CHANGES: usize = 3;

/// Newest nights up to the baseline's that are looked at: faults that were mended before them
/// are forgotten.
const NEWEST: usize = 20;

/// Runs of the configurations whose seeds diverge now and then: on [`CHANGES`] of the newest
/// nights up to the baseline's the diverged seeds were others than on the night before.
/// `since` is the start of the baseline's night; nights of other machines than `night`'s do
/// not count.
pub(crate) fn past_runs(history: &[Night], since: &str, night: &Night) -> HashMap<Id, PastRuns> {
    let earlier = history.iter().filter(|n| {
        n.facts.started.as_str() <= since && n.facts.machine() == night.facts.machine()
    });
    // Diverged seeds, and all, of each of the nights, the oldest first.
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

/// Levels of the tests of numbers of diverged seeds, on either side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TestLevel {
    /// The level of each configuration where those with a change share one.
    pub(crate) own: f64,
    /// The level where all of them together show a change in its direction: `more` of them
    /// diverged, or `fewer`.
    pub(crate) cross_task: f64,
    /// Says whether all configurations together show that more seeds diverged.
    pub(crate) more: bool,
    /// Says whether they show that fewer did.
    pub(crate) fewer: bool,
}

impl TestLevel {
    /// The levels of a night: `numbers` has for each configuration, seed by seed, by how much
    /// the number of diverged runs changed. All configurations together are tested by flips
    /// of the signs of the seeds' sums, however they depend on each other.
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

/// Judges a number of diverged seeds.
///
/// Where none of the baseline's diverged, one that does is a regression, for no noise
/// explains it; where `past` runs show that some do now and then, Fisher's exact test
/// tells whether tonight's are more. Where some of the baseline's diverged, it is the exact
/// sign test of the seeds that diverged on one side alone; where every seed diverges by now
/// and too few differ for that test, nothing is known.
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

/// The p-value of [`sign_flip`] on the side on which the differences lie: its distribution is
/// symmetric. Of differences that are all 1 or -1 it is the exact sign test.
fn one_sided(differences: &[f64]) -> f64 {
    sign_flip(differences).map_or(1.0, |test| test.p / 2.0)
}

/// Signed ranks of a comparison in which seeds diverged on one side alone: those changed more
/// than any other seed did, and equally. None where no seed did. Positive is more of the
/// metric, as a difference is.
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

/// Returns whether a run diverged beside one that has a value of the metric, which is then
/// better than it.
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
        // One more of ten seeds in each of eight: no test of one could show it.
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
