//! Numbers of diverged seeds: counts, for which there are exact tests, and losses of seeds of
//! which some diverged, for which there are ranks.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use spec::Id;
use spec::regress_settings::RegressMetric;

use crate::regress::finding::{Change, Finding, Method};
use crate::regress::night::{Night, NightRun};
use crate::regress::quantity::value;
use crate::stats::paired::sign_flip;

/// Runs of a configuration in nights up to the one that was accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Occasional {
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
pub(crate) fn occasional(history: &[Night], since: &str, night: &Night) -> HashMap<Id, Occasional> {
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
        nights.into_iter().fold(Occasional::default(), |sum, (diverged, runs)| Occasional {
            runs: sum.runs + runs.len(),
            diverged: sum.diverged + diverged.len(),
        })
    };
    counts.into_iter().map(|(series, nights)| (series, sum(nights))).collect()
}

/// What numbers of diverged seeds are tested at, on either side.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Level {
    /// The level of each configuration where those with a change share one.
    pub(crate) own: f64,
    /// The level where all of them together show a change in its direction: `more` of them
    /// diverged, or `fewer`.
    pub(crate) together: f64,
    /// Says whether all configurations together show that more seeds diverged.
    pub(crate) more: bool,
    /// Says whether they show that fewer did.
    pub(crate) fewer: bool,
}

impl Level {
    /// The levels of a night: `numbers` has for each configuration, seed by seed, by how much
    /// the number of diverged runs changed. All configurations together are tested by flips
    /// of the signs of the seeds' sums, however they depend on each other.
    pub(crate) fn of(numbers: &[Vec<(u64, f64)>], level: f64) -> Level {
        let moved = numbers.iter().filter(|n| n.iter().any(|(_, d)| *d != 0.0)).count();
        let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
        for (seed, difference) in numbers.iter().flatten() {
            *sums.entry(*seed).or_default() += difference;
        }
        let sums: Vec<f64> = sums.into_values().filter(|sum| *sum != 0.0).collect();
        // One side of a symmetric distribution.
        let shown = sign_flip(&sums).is_some_and(|test| test.p / 2.0 <= level);
        let sum: f64 = sums.iter().sum();
        Level {
            own: level / moved.max(1) as f64,
            together: level,
            more: shown && sum > 0.0,
            fewer: shown && sum < 0.0,
        }
    }

    fn in_direction(self, more: bool) -> f64 {
        let together = if more { self.more } else { self.fewer };
        if together { self.together } else { self.own }
    }
}

/// Judges a number of diverged seeds.
///
/// Where none of the baseline's diverged, one that does is a regression, for no noise
/// explains it; where `occasional` nights show that some do now and then, Fisher's exact test
/// tells whether tonight's are more. Where some of the baseline's diverged, it is the exact
/// sign test of the seeds that diverged on one side alone; where every seed diverges by now
/// and too few differ for that test, nothing is known.
pub(crate) fn judge(change: &mut Change, by: Level, occasional: Option<Occasional>) {
    let beyond = change.effect.abs() > change.min_effect;
    let count = |of: fn(&(u64, f64, f64)) -> bool| change.seeds.iter().filter(|s| of(s)).count();
    let (more, fewer) = (count(|s| s.2 > s.1), count(|s| s.2 < s.1));
    if change.before == 0.0 && more > 0 {
        let n = change.seeds.len();
        let shown =
            occasional.is_none_or(|o| fisher(more, n, o.diverged + more, o.runs + n) <= by.own);
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
    let shown = |n: usize| sign_test(n, more + fewer) <= by.in_direction(more > fewer);
    let all_gone = change.after >= 1.0 && more > 0;
    change.finding = match () {
        () if more > fewer && shown(more) && beyond => Finding::Regressed,
        () if fewer > more && shown(fewer) && beyond => Finding::Improved,
        () if shown(more.max(fewer)) => Finding::Small,
        () if all_gone && beyond => Finding::Unknown,
        () => Finding::NotShown,
    };
    (change.method, change.interval) = (Method::Exact, None);
}

/// Chance of at least `k` heads of `n` coins.
fn sign_test(k: usize, n: usize) -> f64 {
    let mut ways = 1.0;
    let mut sum = 0.0;
    for i in 0..=n {
        if i >= k {
            sum += ways;
        }
        ways *= (n - i) as f64 / (i + 1) as f64;
    }
    sum / 2f64.powi(n as i32)
}

/// Chance of at least `k` marked of `n` that are drawn from `all`, of which `marked` are.
fn fisher(k: usize, n: usize, marked: usize, all: usize) -> f64 {
    let mut logs = vec![0.0];
    for i in 1..=all {
        logs.push(logs[i - 1] + (i as f64).ln());
    }
    let choose = |n: usize, k: usize| logs[n] - logs[k] - logs[n - k];
    let fits = |i: &usize| *i <= marked && n - i <= all - marked;
    let chance = |i| (choose(marked, i) + choose(all - marked, n - i) - choose(all, n)).exp();
    (k..=n).filter(fits).map(chance).sum::<f64>().min(1.0)
}

/// Signed ranks of a comparison in which seeds diverged on one side alone: those changed more
/// than any other seed did, and equally. None where no seed did. Positive is more of the
/// metric, as a difference is.
pub(crate) fn signed_ranks(
    metric: RegressMetric,
    seeds: &[(u64, f64, f64)],
) -> Option<Vec<(u64, f64)>> {
    if seeds.iter().all(|(_, a, b)| a.is_finite() && b.is_finite()) {
        return None;
    }
    let worse = metric.for_the_worse(1.0).signum();
    let moved: Vec<(u64, f64)> = seeds
        .iter()
        .map(|(seed, a, b)| match (a.is_finite(), b.is_finite()) {
            (true, true) => (*seed, b - a),
            (true, false) => (*seed, worse * f64::INFINITY),
            _ => (*seed, -worse * f64::INFINITY),
        })
        .collect();
    let rank = |size: f64| {
        let smaller = moved.iter().filter(|(_, d)| d.abs() < size).count();
        let equal = moved.iter().filter(|(_, d)| d.abs() == size).count();
        smaller as f64 + (equal as f64 + 1.0) / 2.0
    };
    let signed = |d: f64| if d == 0.0 { 0.0 } else { d.signum() * rank(d.abs()) };
    Some(moved.iter().map(|(seed, d)| (*seed, signed(*d))).collect())
}

/// Returns whether a run diverged beside one that has a value of the metric, which is then
/// better than it.
pub(crate) fn worst(metric: RegressMetric, run: &NightRun, other: &NightRun) -> bool {
    metric.at_the_end() && run.row.diverged() && value(metric, other).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_tests_give_the_chances_of_the_textbook() {
        assert_eq!(sign_test(5, 5), 1.0 / 32.0);
        assert_eq!(sign_test(0, 4), 1.0);
        assert_eq!(sign_test(9, 10), 11.0 / 1024.0);
        // Fisher's tea: 3 or more of 4 cups right, of 8 with 4 of each.
        assert!((fisher(3, 4, 4, 8) - 17.0 / 70.0).abs() < 1e-12);
        assert!((fisher(0, 4, 4, 8) - 1.0).abs() < 1e-12);
        assert!((fisher(4, 4, 4, 8) - 1.0 / 70.0).abs() < 1e-12);
        // 6 of 110 diverge, 3 or more of 10 drawn
        assert!((fisher(3, 10, 6, 110) - 0.009_556_642).abs() < 1e-8);
    }

    #[test]
    fn what_many_configurations_show_together_is_not_shared_among_them() {
        // One more of ten seeds in each of eight: no test of one could show it.
        let numbers: Vec<Vec<(u64, f64)>> =
            (0..8).map(|seed| vec![(seed, 1.0), (9, 0.0)]).collect();
        let level = Level::of(&numbers, 0.05);
        assert!(level.more && !level.fewer);
        assert_eq!((level.in_direction(true), level.in_direction(false)), (0.05, 0.05 / 8.0));
        let fewer: Vec<Vec<(u64, f64)>> =
            numbers.iter().map(|n| n.iter().map(|(seed, d)| (*seed, -d)).collect()).collect();
        assert!(Level::of(&fewer, 0.05).fewer);
        assert!(!Level::of(&numbers[..4], 0.05).more, "four of four are one of sixteen");
    }

    #[test]
    fn a_diverged_seed_ranks_beyond_all_others() {
        use RegressMetric::{TestAccuracy, TestLoss};
        let nan = f64::NAN;
        let seeds = [(0, 0.5, 0.4), (1, 0.5, 0.7), (2, 0.5, nan), (3, 0.5, nan), (4, 0.5, 0.5)];
        let ranks = signed_ranks(TestLoss, &seeds).unwrap();
        assert_eq!(ranks, [(0, -2.0), (1, 3.0), (2, 4.5), (3, 4.5), (4, 0.0)]);
        let ranks = signed_ranks(TestAccuracy, &seeds).unwrap();
        assert_eq!(ranks, [(0, -2.0), (1, 3.0), (2, -4.5), (3, -4.5), (4, 0.0)]);
        assert_eq!(signed_ranks(TestLoss, &[(0, nan, 0.1), (1, 0.1, 0.2)]).unwrap()[0].1, -2.0);
        assert_eq!(signed_ranks(TestLoss, &seeds[..2]), None);
    }
}
