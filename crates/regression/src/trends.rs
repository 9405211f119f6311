//! Levels over nights: where the history restarts, and where a metric stepped or drifted.

use std::collections::{BTreeMap, HashMap};

use rayon::prelude::*;
use spec::Id;
use spec::regress_settings::{RegressMetric, RegressSettings, Worse};

use crate::compare::vanished;
use crate::finding::{Segment, Trend, TrendPoint, TrendStep};
use crate::levels::{Level, Levels, Seeds, levels};
use crate::night::{Night, NightRun};
use crate::pairs::alone;
use crate::quantity::effect;
use stats::location;
use stats::steps::{Kind, Step, steps};
use stats::student::t_quantile;

/// History of the configurations of the last night.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trends {
    pub(crate) segments: Vec<Segment>,
    pub(crate) trends: Vec<Trend>,
}

/// Share of the level that steps may use. The comparison with the baseline uses the whole level on
/// two sides, only one of which is for the worse.
const SHARE: f64 = 0.5;

/// One metric of one configuration over the nights that have it.
struct Series<'a> {
    /// Any one of its runs of the last night.
    run: &'a NightRun,
    metric: RegressMetric,
    /// Levels of each group of comparable nights, tonight's group last.
    groups: Vec<Levels>,
}

/// Finds the levels of `nights`, the oldest first; the last is judged. Steps count as alarms only
/// after `since` (the baseline's night, RFC 3339).
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
    let timed = |m: &&RegressMetric| !m.is_time_to_target() || last.facts.target.is_some();
    let wanted: Vec<(&NightRun, RegressMetric)> =
        series.iter().flat_map(|run| compared.iter().filter(timed).map(|m| (*run, *m))).collect();
    let measured: Vec<Series<'_>> = wanted
        .into_par_iter()
        .map(|(run, metric)| {
            let groups = comparable(nights, run.series, metric, &by_series);
            let of_group = |group: &Vec<usize>| {
                let runs: Vec<(usize, &Vec<&NightRun>)> = group
                    .iter()
                    .filter_map(|night| Some((*night, by_series[*night].get(&run.series)?)))
                    .collect();
                levels(&runs, metric)
            };
            Series { run, metric, groups: groups.iter().map(of_group).collect() }
        })
        .filter(|series| series.groups.iter().any(|group| !group.held.is_empty()))
        .collect();
    let level = SHARE * settings.level / measured.len().max(1) as f64;
    let trends = measured
        .into_par_iter()
        .map(|series| trend(&series, &History { nights, since, level, settings }))
        .collect();
    Trends { segments: segments(nights), trends }
}

/// Finds the history of one series.
fn trend(series: &Series<'_>, history: &History<'_>) -> Trend {
    let Series { run, metric, groups } = series;
    let (mut steps, mut apart): (Vec<TrendStep>, Vec<usize>) = (Vec::new(), Vec::new());
    let mut held: Vec<&Level> = Vec::new();
    for (i, group) in groups.iter().enumerate() {
        let current = i + 1 == groups.len();
        steps.extend(Nights::of(history, *metric, group).steps(current));
        apart.extend(&group.apart);
        held.extend(&group.held);
    }
    // Groups of different machines can interleave, so steps are sorted by time.
    steps.sort_by_key(|step| step.at);
    apart.sort_unstable();
    held.sort_by_key(|level| level.night);
    Trend {
        series: run.series,
        label: run.label.clone(),
        config: run.config.clone(),
        metric: *metric,
        points: held.iter().map(|level| point(level)).collect(),
        steps,
        thin: held.iter().filter(|level| level.thin).map(|level| level.night).collect(),
        apart,
    }
}

fn grouped(night: &Night) -> HashMap<Id, Vec<&NightRun>> {
    let mut out: HashMap<Id, Vec<&NightRun>> = HashMap::new();
    for run in &night.runs {
        out.entry(run.series).or_default().push(run);
    }
    out
}

fn point(level: &Level) -> TrendPoint {
    // The imputed mean may be outside the range of the few seeds of a thin night.
    let all = || level.seeds.values().copied().chain([level.mean]);
    let low = all().fold(f64::INFINITY, f64::min);
    let high = all().fold(f64::NEG_INFINITY, f64::max);
    TrendPoint { night: level.night, mean: level.mean, low, high }
}

/// Returns the segments of the history, by changes of the machine.
fn segments(nights: &[Night]) -> Vec<Segment> {
    let mut out = vec![Segment { from: 0, why: None }];
    for (at, pair) in nights.windows(2).enumerate() {
        if let Some(why) = pair[0].facts.other_machine(&pair[1].facts) {
            out.push(Segment { from: at + 1, why: Some(why) });
        }
    }
    out
}

/// Groups the comparable nights of one series, oldest first: those of one machine, even if two
/// machines alternate. Seconds also require equal threads and numbers of parallel runs, times to
/// target an equal target. Tonight's group is last.
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
            target.as_ref().filter(|_| metric.is_time_to_target()),
        )
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for night in 0..nights.len() {
        match groups.iter_mut().find(|group| key(group[0]) == key(night)) {
            Some(group) => group.push(night),
            None => groups.push(vec![night]),
        }
    }
    // Sorted by their last night, so that tonight's group comes last.
    groups.sort_by_key(|group| group.last().copied());
    groups
}

/// Data for judging all series.
struct History<'a> {
    nights: &'a [Night],
    /// Start of the baseline's night (RFC 3339); `None` if the whole history counts.
    since: Option<&'a str>,
    /// Level of the steps of each series.
    level: f64,
    settings: &'a RegressSettings,
}

/// The nights of one series that have a level, without thin ones.
struct Nights<'a> {
    history: &'a History<'a>,
    metric: RegressMetric,
    held: Vec<&'a Level>,
    /// The last night up to the baseline's, as an index into `held`.
    baseline: Option<usize>,
}

impl<'a> Nights<'a> {
    fn of(history: &'a History<'a>, metric: RegressMetric, levels: &'a Levels) -> Self {
        let held: Vec<&Level> = levels.held.iter().filter(|level| !level.thin).collect();
        let started = |level: &Level| history.nights[level.night].facts.started.as_str();
        let baseline = history.since.and_then(|s| held.iter().rposition(|l| started(l) <= s));
        Nights { history, metric, held, baseline }
    }

    /// Finds the steps; those of other groups than tonight's (`current`) are never alarms.
    fn steps(&self, current: bool) -> Vec<TrendStep> {
        let held = &self.held;
        let means: Vec<f64> = held.iter().map(|level| level.mean).collect();
        // Values are finite, so only a mean that overflows gives no level.
        let found = steps(&means, self.history.level).unwrap_or_default();
        let now = found.last().map(|last| last.after);
        let current = current && self.judged();
        let mut out = Vec::new();
        for (j, step) in found.iter().enumerate() {
            let begin = if j == 0 { 0 } else { found[j - 1].until };
            let end = found.get(j + 1).map_or(held.len(), |next| next.at);
            let size = effect(self.metric, step.after - step.before, step.before);
            let base = self.base(step);
            let since = base.map(|base| effect(self.metric, step.after - base, base));
            let alarm = current
                && base.is_some_and(|base| self.worse_still(base, step, now.unwrap_or(step.after)))
                && self.confirmed(step, &means, begin, end);
            out.push(TrendStep {
                at: held[step.at].night,
                last_good: held[step.at - 1].night,
                until: held[step.until].night,
                drift: step.kind == Kind::Drift,
                before: step.before,
                after: step.after,
                effect: size,
                effect_since: since.filter(|since| *since != size),
                nights_before: step.at - begin,
                nights_after: end - step.until,
                worse: self.metric.for_the_worse(size) > 0.0,
                alarm,
            });
        }
        out
    }

    /// Returns whether the metric counts: seconds do only if every run of tonight had its machine
    /// to itself.
    fn judged(&self) -> bool {
        self.metric != RegressMetric::SecondsPerEpoch
            || self.history.nights.last().is_some_and(|n| n.runs.iter().all(alone))
    }

    /// Returns the baseline's night if a step was in progress then.
    fn under_way(&self, step: &Step) -> Option<usize> {
        self.baseline.filter(|at| (step.at..step.until).contains(at))
    }

    /// Returns the level on the baseline's night with respect to a step: the old level if the step
    /// came later. If the step was in progress, that night's own level or, if nights vary by
    /// themselves, the point on the line of the drift. `None` if the step was over.
    fn base(&self, step: &Step) -> Option<f64> {
        if self.baseline.is_none_or(|at| at < step.at) {
            return Some(step.before);
        }
        let baseline = self.under_way(step)?;
        if step.exact() {
            return Some(self.held[baseline].mean);
        }
        let (from, to) = (step.at - 1, step.until);
        let part = (baseline - from) as f64 / (to - from) as f64;
        Some(step.before + part * (step.after - step.before))
    }

    /// Returns whether a step is more than a change of rounding. If it was in progress on the
    /// baseline's night, the nights from there on must show by themselves that it continued; since
    /// all nights together show the drift, the level is not divided again. The old level begins at
    /// `begin`, the new one ends before `end`.
    fn confirmed(&self, step: &Step, means: &[f64], begin: usize, end: usize) -> bool {
        let under_way = self.under_way(step);
        if step.exact() {
            let old = under_way.map_or(begin..step.at, |at| at..at + 1);
            let (old, new) = (level_of(&self.held[old]), level_of(&self.held[step.until..end]));
            return shown(self.metric, &old, &new, self.history.level);
        }
        let Some(at) = under_way else { return true };
        let found = steps(&means[at..], SHARE * self.history.settings.level).unwrap_or_default();
        found.iter().any(|step| self.metric.for_the_worse(step.after - step.before) > 0.0)
    }

    /// Returns whether a step from the level `base` is for the worse, above `min_effect` and
    /// rounding, and not undone by the level `now`: a change that is gone tonight is no longer an
    /// alarm. A level that returns is never exactly the old one.
    fn worse_still(&self, base: f64, step: &Step, now: f64) -> bool {
        let (metric, nights) = (self.metric, self.history.nights);
        let min_effect = self.history.settings.min_effect(metric);
        let rounding = vanished(metric, nights.last().into_iter().flat_map(|night| &night.runs));
        let worse = |value: f64| metric.for_the_worse(effect(metric, value - base, base));
        let stays =
            |value: f64, least: f64| worse(value) > least && (value - base).abs() > rounding;
        // If any change is for the worse, a return to the accepted level is not.
        let way_back = metric.worse() == Worse::Any && {
            let accepted = self.held[self.baseline.unwrap_or(0)].mean;
            effect(metric, now - accepted, accepted).abs() <= min_effect
        };
        let size = worse(step.after);
        // A thin night has no level of tonight.
        let current = self.held.last().filter(|l| l.night + 1 == nights.len());
        !way_back
            && size > min_effect
            && stays(now, min_effect.max(size / 2.0))
            && current.is_none_or(|current| stays(current.mean, min_effect))
    }
}

/// Returns the mean of each seed over nights.
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

/// Returns whether the seeds show a step for the worse. Nights of one code are bit-identical, so
/// any change of rounding steps the level permanently, up or down by chance; only agreement between
/// seeds distinguishes it from a change for the worse. If nights vary by themselves they are the
/// replicates, and this test is not used.
fn shown(metric: RegressMetric, before: &Seeds, after: &Seeds, level: f64) -> bool {
    let differences: Vec<f64> =
        before.iter().filter_map(|(seed, a)| Some(after.get(seed)? - a)).collect();
    // As in the comparison: noise does not explain a diverged seed if none diverged before.
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
