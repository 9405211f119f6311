//! Levels over nights: where the history starts anew, and where a metric
//! stepped or drifted.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use spec::Id;
use spec::regress_settings::{RegressMetric, RegressSettings};

use crate::regress::compare::alone;
use crate::regress::finding::{Segment, Trend, TrendPoint, TrendStep};
use crate::regress::night::{Night, NightRun};
use crate::regress::quantity::{effect, value};
use crate::stats::location;
use crate::stats::steps::{Kind, steps};
use crate::stats::student::t_quantile;

/// The history of the configurations of the last night.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trends {
    pub(crate) segments: Vec<Segment>,
    pub(crate) trends: Vec<Trend>,
}

/// The share of the level that steps may use up; the comparison with the
/// baseline has the whole level on two sides, of which one is for the worse.
const SHARE: f64 = 0.5;

/// Values of one night by seed.
type Seeds = BTreeMap<u64, f64>;

/// One metric of one configuration over the nights that have it.
struct Series<'a> {
    /// Any of its runs of the last night.
    run: &'a NightRun,
    metric: RegressMetric,
    values: Vec<(usize, Seeds)>,
}

/// Levels of `nights`, the oldest first, the last being judged. Steps count as
/// alarms only after `since` (the baseline's night, RFC 3339).
pub(crate) fn trends(nights: &[Night], since: Option<&str>, settings: &RegressSettings) -> Trends {
    let Some(last) = nights.last() else { return Trends::default() };
    let mut series: Vec<&NightRun> = Vec::new();
    for run in &last.runs {
        if series.iter().all(|r| r.series != run.series) {
            series.push(run);
        }
    }
    let by_series: Vec<HashMap<Id, Vec<&NightRun>>> = nights.iter().map(grouped).collect();
    let compared = settings.compared();
    let timed =
        |m: &&RegressMetric| **m != RegressMetric::TargetEpoch || last.facts.target.is_some();
    let wanted: Vec<(&NightRun, RegressMetric)> =
        series.iter().flat_map(|run| compared.iter().filter(timed).map(|m| (*run, *m))).collect();
    let measured: Vec<Series<'_>> = wanted
        .into_par_iter()
        .map(|(run, metric)| {
            let values = measured(&by_series, run.series, metric);
            Series { run, metric, values }
        })
        .filter(|series| !series.values.is_empty())
        .collect();
    let level = SHARE * settings.level / measured.len().max(1) as f64;
    let trends = measured
        .into_par_iter()
        .map(|Series { run, metric, values }| {
            let groups = comparable(nights, run.series, metric, &by_series);
            let mut trend = Trend {
                series: run.series,
                label: run.label.clone(),
                config: run.config.clone(),
                metric,
                points: values.iter().map(|(night, seeds)| point(*night, seeds)).collect(),
                steps: Vec::new(),
            };
            trend.steps = found(nights, metric, &values, &groups, level, since, settings);
            trend
        })
        .collect();
    Trends { segments: segments(nights), trends }
}

fn grouped(night: &Night) -> HashMap<Id, Vec<&NightRun>> {
    let mut out: HashMap<Id, Vec<&NightRun>> = HashMap::new();
    for run in &night.runs {
        out.entry(run.series).or_default().push(run);
    }
    out
}

/// Values by seed of every night that has them for the same seeds: those that
/// tonight and the night before share. Means over other seeds would step by
/// themselves, where a run fails or the list of seeds grows.
fn measured(
    nights: &[HashMap<Id, Vec<&NightRun>>],
    series: Id,
    metric: RegressMetric,
) -> Vec<(usize, Seeds)> {
    let of = |runs: &Vec<&NightRun>| -> Seeds {
        runs.iter().filter_map(|r| Some((r.seed, value(metric, r)?))).collect()
    };
    let mut values: Vec<(usize, Seeds)> = nights
        .iter()
        .enumerate()
        .filter_map(|(night, by)| Some((night, of(by.get(&series)?))))
        .filter(|(_, seeds)| !seeds.is_empty())
        .collect();
    let Some((_, tonight)) = values.last().filter(|(night, _)| night + 1 == nights.len()) else {
        return Vec::new();
    };
    let before = values.iter().rev().nth(1).map_or(tonight, |(_, seeds)| seeds);
    let mut common: Vec<u64> = tonight.keys().copied().collect();
    if before.keys().any(|seed| tonight.contains_key(seed)) {
        common.retain(|seed| before.contains_key(seed));
    }
    values.retain(|(_, seeds)| common.iter().all(|seed| seeds.contains_key(seed)));
    values.iter_mut().for_each(|(_, seeds)| seeds.retain(|seed, _| common.contains(seed)));
    values
}

fn mean(seeds: &Seeds) -> f64 {
    seeds.values().sum::<f64>() / seeds.len() as f64
}

fn point(night: usize, seeds: &Seeds) -> TrendPoint {
    let low = seeds.values().copied().fold(f64::INFINITY, f64::min);
    let high = seeds.values().copied().fold(f64::NEG_INFINITY, f64::max);
    TrendPoint { night, mean: mean(seeds), low, high }
}

/// Where the machine changed, by the facts of the nights.
fn segments(nights: &[Night]) -> Vec<Segment> {
    let mut out = vec![Segment { from: 0, why: None }];
    for (at, pair) in nights.windows(2).enumerate() {
        if let Some(why) = pair[0].facts.other_machine(&pair[1].facts) {
            out.push(Segment { from: at + 1, why: Some(why) });
        }
    }
    out
}

/// Nights of one series that can be set in a row, oldest first: those of one
/// machine, also where two of them take turns. Seconds also need equal threads and
/// neighbours, epochs to the target an equal target. The last group is tonight's.
fn comparable(
    nights: &[Night],
    series: Id,
    metric: RegressMetric,
    by_series: &[HashMap<Id, Vec<&NightRun>>],
) -> Vec<Vec<usize>> {
    let key = |night: usize| {
        let mut runs = by_series[night].get(&series).into_iter().flatten();
        let row = runs.find(|r| r.row.has_result()).map(|r| &r.row);
        let neighbours = row.map(|r| (r.threads, r.jobs));
        let target = &nights[night].facts.target;
        (
            nights[night].facts.machine(),
            neighbours.filter(|_| metric == RegressMetric::SecondsPerEpoch),
            target.as_ref().filter(|_| metric == RegressMetric::TargetEpoch),
        )
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for night in 0..nights.len() {
        match groups.iter_mut().find(|group| key(group[0]) == key(night)) {
            Some(group) => group.push(night),
            None => groups.push(vec![night]),
        }
    }
    // By their last night, so that tonight's comes last.
    groups.sort_by_key(|group| group.last().copied());
    groups
}

/// Steps of one series, group by group.
fn found(
    nights: &[Night],
    metric: RegressMetric,
    values: &[(usize, Seeds)],
    groups: &[Vec<usize>],
    level: f64,
    since: Option<&str>,
    settings: &RegressSettings,
) -> Vec<TrendStep> {
    let mut out = Vec::new();
    let judged = metric != RegressMetric::SecondsPerEpoch
        || nights.last().is_some_and(|n| n.runs.iter().all(alone));
    for group in groups {
        let held: Vec<&(usize, Seeds)> =
            values.iter().filter(|(night, _)| group.binary_search(night).is_ok()).collect();
        let means: Vec<f64> = held.iter().map(|(_, seeds)| mean(seeds)).collect();
        // Values are finite, so only a mean that overflows has no level.
        let found = steps(&means, level).unwrap_or_default();
        let current = group.last() == Some(&(nights.len() - 1));
        for (j, step) in found.iter().enumerate() {
            let begin = if j == 0 { 0 } else { found[j - 1].until };
            let end = found.get(j + 1).map_or(held.len(), |next| next.at);
            let before = level_of(&held[begin..step.at]);
            let after = level_of(&held[step.until..end]);
            let size = effect(metric, step.after - step.before, step.before);
            let worse = metric.for_the_worse(size) > 0.0;
            let min_effect = settings.min_effect(metric);
            // What was undone since, or is no more tonight, is history, not news. A
            // level that came back is never the old one exactly.
            let stays = |now: f64, least: f64| {
                metric.for_the_worse(effect(metric, now - step.before, step.before)) > least
            };
            let level_now = found.last().map_or(step.after, |last| last.after);
            let tonight = means.last().copied().unwrap_or(level_now);
            let new =
                since.is_none_or(|since| nights[held[step.at].0].facts.started.as_str() > since);
            out.push(TrendStep {
                at: held[step.at].0,
                last_good: held[step.at - 1].0,
                until: held[step.until].0,
                drift: step.kind == Kind::Drift,
                before: step.before,
                after: step.after,
                effect: size,
                worse,
                alarm: current
                    && judged
                    && new
                    && worse
                    && size.abs() > min_effect
                    && stays(level_now, min_effect.max(size.abs() / 2.0))
                    && stays(tonight, min_effect)
                    && (!step.exact() || shown(metric, &before, &after, level)),
            });
        }
    }
    // Machines take turns, time does not.
    out.sort_by_key(|step| step.at);
    out
}

/// Mean over nights of each seed.
fn level_of(nights: &[&(usize, Seeds)]) -> Seeds {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (_, seeds) in nights {
        for (seed, value) in seeds {
            let sum = sums.entry(*seed).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    sums.into_iter().map(|(seed, (sum, n))| (seed, sum / n)).collect()
}

/// Whether the seeds show a step for the worse: nights of one code are equal to
/// the bit, so any change of rounding steps the level for good, by chance up or
/// down. Only seeds that agree tell it from a change for the worse. Where nights
/// differ by themselves, they are the replicates, and this is not asked.
fn shown(metric: RegressMetric, before: &Seeds, after: &Seeds, level: f64) -> bool {
    let differences: Vec<f64> =
        before.iter().filter_map(|(seed, a)| Some(after.get(seed)? - a)).collect();
    // As in the comparison: no seed diverged before, so no noise explains one that does.
    if metric == RegressMetric::Diverged && before.values().all(|v| *v == 0.0) {
        return after.values().any(|v| *v > 0.0);
    }
    let (Some(mean), Some(sd)) = (location::mean(&differences), location::sd(&differences)) else {
        return false;
    };
    let n = differences.len();
    if metric.for_the_worse(mean) <= 0.0 {
        return false;
    }
    sd <= f64::EPSILON * mean.abs()
        || mean.abs() > t_quantile(1.0 - level, n - 1) * sd / (n as f64).sqrt()
}
