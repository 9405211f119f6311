//! Levels over nights: where the history starts anew, and where a metric
//! stepped or drifted.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use spec::Id;
use spec::regress_settings::{RegressMetric, RegressSettings, Worse};

use crate::regress::compare::vanished;
use crate::regress::finding::{Segment, Trend, TrendPoint, TrendStep};
use crate::regress::levels::{Level, Seeds, levels};
use crate::regress::night::{Night, NightRun};
use crate::regress::pairs::alone;
use crate::regress::quantity::effect;
use crate::stats::location;
use crate::stats::steps::{Kind, Step, steps};
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

/// One metric of one configuration over the nights that have it.
struct Series<'a> {
    /// Any of its runs of the last night.
    run: &'a NightRun,
    metric: RegressMetric,
    held: Vec<Level>,
    apart: Vec<usize>,
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
            let runs: Vec<Option<&Vec<&NightRun>>> =
                by_series.iter().map(|by| by.get(&run.series)).collect();
            let levels = levels(&runs, metric);
            Series { run, metric, held: levels.held, apart: levels.apart }
        })
        .filter(|series| !series.held.is_empty())
        .collect();
    let level = SHARE * settings.level / measured.len().max(1) as f64;
    let trends = measured
        .into_par_iter()
        .map(|Series { run, metric, held, apart }| {
            let groups = comparable(nights, run.series, metric, &by_series);
            let history = History { nights, metric, since, level, settings };
            Trend {
                series: run.series,
                label: run.label.clone(),
                config: run.config.clone(),
                metric,
                points: held.iter().map(point).collect(),
                steps: groups.iter().flat_map(|group| history.found(&held, group)).collect(),
                thin: held.iter().filter(|level| level.thin).map(|level| level.night).collect(),
                apart,
            }
        })
        .collect::<Vec<Trend>>();
    // Machines take turns, time does not.
    let in_time = |mut trend: Trend| {
        trend.steps.sort_by_key(|step| step.at);
        trend
    };
    let trends = trends.into_iter().map(in_time).collect();
    Trends { segments: segments(nights), trends }
}

fn grouped(night: &Night) -> HashMap<Id, Vec<&NightRun>> {
    let mut out: HashMap<Id, Vec<&NightRun>> = HashMap::new();
    for run in &night.runs {
        out.entry(run.series).or_default().push(run);
    }
    out
}

fn point(level: &Level) -> TrendPoint {
    // What is filled in may lie beyond the few seeds that a thin night has.
    let all = || level.seeds.values().copied().chain([level.mean]);
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    TrendPoint { night: level.night, mean: level.mean, low, high }
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

/// What the steps of one series are judged by.
struct History<'a> {
    nights: &'a [Night],
    metric: RegressMetric,
    /// Start of the baseline's night (RFC 3339); none where the whole history counts.
    since: Option<&'a str>,
    level: f64,
    settings: &'a RegressSettings,
}

impl History<'_> {
    /// Steps of the nights of one group.
    fn found(&self, all: &[Level], group: &[usize]) -> Vec<TrendStep> {
        let held: Vec<&Level> =
            all.iter().filter(|l| !l.thin && group.binary_search(&l.night).is_ok()).collect();
        let means: Vec<f64> = held.iter().map(|level| level.mean).collect();
        // Values are finite, so only a mean that overflows has no level.
        let found = steps(&means, self.level).unwrap_or_default();
        let current = group.last() == Some(&(self.nights.len() - 1)) && self.judged();
        let mut out = Vec::new();
        for (j, step) in found.iter().enumerate() {
            let begin = if j == 0 { 0 } else { found[j - 1].until };
            let end = found.get(j + 1).map_or(held.len(), |next| next.at);
            let size = effect(self.metric, step.after - step.before, step.before);
            let since = self.base(step, &held).map(|base| {
                let now = found.last().map_or(step.after, |last| last.after);
                (base, effect(self.metric, step.after - base, base), now)
            });
            let confirmed = || {
                let under_way =
                    self.baseline(&held).filter(|at| (step.at..step.until).contains(at));
                let old = under_way.map_or(begin..step.at, |at| at..at + 1);
                match (step.exact(), under_way) {
                    (true, _) => {
                        let (old, new) = (level_of(&held[old]), level_of(&held[step.until..end]));
                        shown(self.metric, &old, &new, self.level)
                    }
                    (false, Some(at)) => self.went_on(&means[at..]),
                    (false, None) => true,
                }
            };
            let alarm = current
                && since.is_some_and(|(base, size, now)| self.worse_still(base, size, now, &held))
                && confirmed();
            out.push(TrendStep {
                at: held[step.at].night,
                last_good: held[step.at - 1].night,
                until: held[step.until].night,
                drift: step.kind == Kind::Drift,
                before: step.before,
                after: step.after,
                effect: size,
                effect_since: since.map(|(_, size, _)| size).filter(|since| *since != size),
                nights_before: step.at - begin,
                nights_after: end - step.until,
                worse: self.metric.for_the_worse(size) > 0.0,
                alarm,
            });
        }
        out
    }

    /// Seconds count only where every run of tonight had its machine for itself.
    fn judged(&self) -> bool {
        self.metric != RegressMetric::SecondsPerEpoch
            || self.nights.last().is_some_and(|n| n.runs.iter().all(alone))
    }

    /// The last night up to the baseline's, an index into `held`.
    fn baseline(&self, held: &[&Level]) -> Option<usize> {
        let since = self.since?;
        held.iter().rposition(|l| self.nights[l.night].facts.started.as_str() <= since)
    }

    /// The level that the baseline's night had on the way of a step: that before it where the
    /// step came later; where it was under way that night's own, where nights vary by themselves
    /// that of the drift's line there; none where the step was over.
    fn base(&self, step: &Step, held: &[&Level]) -> Option<f64> {
        let Some(baseline) = self.baseline(held).filter(|at| *at >= step.at) else {
            return Some(step.before);
        };
        if step.kind != Kind::Drift || baseline >= step.until {
            return None;
        }
        if step.exact() {
            return Some(held[baseline].mean);
        }
        let (from, to) = (step.at - 1, step.until);
        let part = (baseline - from) as f64 / (to - from) as f64;
        Some(step.before + part * (step.after - step.before))
    }

    /// Returns whether the nights from the baseline's on show by themselves that a drift went on:
    /// that there is one is shown by all nights, so that the level is not shared once more.
    fn went_on(&self, means: &[f64]) -> bool {
        let found = steps(means, SHARE * self.settings.level).unwrap_or_default();
        let worse = |step: &Step| self.metric.for_the_worse(step.after - step.before) > 0.0;
        found.iter().any(worse)
    }

    /// Returns whether a step by `size` from the level `base` is for the worse, above `min_effect`
    /// and rounding, and has not been undone: what was, or is no more tonight, is history, not
    /// news. A level that came back is never the old one exactly.
    fn worse_still(&self, base: f64, size: f64, now: f64, held: &[&Level]) -> bool {
        let metric = self.metric;
        let min_effect = self.settings.min_effect(metric);
        let runs = self.nights.last().into_iter().flat_map(|night| &night.runs);
        let rounding = vanished(metric, runs);
        let stays = |now: f64, least: f64| {
            metric.for_the_worse(effect(metric, now - base, base)) > least
                && (now - base).abs() > rounding
        };
        // Where any change is for the worse, the way back is none.
        let way_back = metric.worse() == Worse::Any && {
            let accepted = held[self.baseline(held).unwrap_or(0)].mean;
            effect(metric, now - accepted, accepted).abs() <= min_effect
        };
        // A night that is thin says nothing of tonight.
        let tonight = held.last().filter(|l| l.night + 1 == self.nights.len());
        !way_back
            && metric.for_the_worse(size) > 0.0
            && size.abs() > min_effect
            && stays(now, min_effect.max(size.abs() / 2.0))
            && tonight.is_none_or(|tonight| stays(tonight.mean, min_effect))
    }
}

/// Mean over nights of each seed.
fn level_of(nights: &[&Level]) -> Seeds {
    let mut sums: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for level in nights {
        for (seed, value) in &level.seeds {
            let sum = sums.entry(*seed).or_default();
            *sum = (sum.0 + value, sum.1 + 1.0);
        }
    }
    sums.into_iter().map(|(seed, (sum, n))| (seed, sum / n)).collect()
}

/// Returns whether the seeds show a step for the worse: nights of one code are equal to
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
