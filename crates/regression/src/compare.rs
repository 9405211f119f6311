//! Comparison of tonight with the baseline, run by run.
//!
//! Runs are matched by `cell_id`, which is stable across versions of the code, and the runs of a
//! configuration are paired by seed. Each configuration and metric is one comparison. All
//! comparisons share the level, so that a night without a change rarely raises an alarm, however
//! many there are.

use std::collections::{BTreeMap, HashMap};

use spec::Id;
use spec::metric::Resolution;
use spec::record::Split;
use spec::regress_settings::{EffectUnit, RegressMetric, RegressSettings};

use crate::change::{Grounds, SeedValues, as_diverged, change};
use crate::divergence::{PastRuns, TestLevel, diverged_beside, ranked};
use crate::finding::ConfigChange;
use crate::night::{Facts, Night, NightRun};
use crate::pairs::{Couple, Gaps, alone, couples, lost_values, same_bits};
use crate::quantity::value;
use report::analysis::VANISHED;
use stats::location;
use stats::simultaneous::{Bounds, simultaneous_of};

/// Result of [`compare`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) configs: Vec<ConfigChange>,
    pub(crate) gaps: Gaps,
    pub(crate) pairs: usize,
    pub(crate) identical: usize,
    pub(crate) family: usize,
    pub(crate) no_seconds: Option<String>,
    pub(crate) no_target: Option<String>,
    pub(crate) unasked: Vec<RegressMetric>,
    pub(crate) gained: Vec<RegressMetric>,
}

/// Values of both sides for one metric of one configuration.
struct Series {
    /// Index into the configurations.
    config: usize,
    metric: RegressMetric,
    /// NaN for a run that diverged while its partner did not.
    seeds: Vec<SeedValues>,
}

impl Series {
    fn differences(&self) -> Vec<(u64, f64)> {
        self.seeds.iter().map(|(seed, a, b)| (*seed, b - a)).collect()
    }
}

/// Configurations with their pairs; the run is any one of tonight's.
type Configs<'a> = [(&'a NightRun, Vec<Couple<'a>>)];

/// Compares `after` with `before`; `past` has the configurations whose seeds diverge occasionally.
pub(crate) fn compare(
    before: &Night,
    after: &Night,
    past: &HashMap<Id, PastRuns>,
    settings: &RegressSettings,
) -> Compared {
    let mut out = Compared::default();
    let configs = couples(before, after, &mut out.gaps);
    let all = || configs.iter().flat_map(|(_, couples)| couples.iter().copied());
    out.pairs = all().count();
    out.identical = all().filter(|(a, b)| same_bits(a, b)).count();
    out.no_seconds = no_seconds(&before.facts, &after.facts, all());
    out.no_target = no_target(&before.facts, &after.facts);
    let mut wanted = settings.compared();
    (out.unasked, out.gained) = left_out(&configs, &wanted, after.facts.target.is_some());
    wanted.retain(|m| match m {
        RegressMetric::SecondsPerEpoch => out.no_seconds.is_none(),
        m if m.is_time_to_target() => out.no_target.is_none(),
        _ => true,
    });
    lost_values(&configs, &wanted, &mut out.gaps);
    let measured = measured(&configs, &wanted);
    out.family = measured.len();
    out.configs = configs
        .iter()
        .map(|(first, couples)| ConfigChange {
            series: first.series,
            label: first.label.clone(),
            config: first.config.clone(),
            pairs: couples.len(),
            identical: couples.iter().filter(|(a, b)| same_bits(a, b)).count(),
            changes: Vec::new(),
        })
        .collect();

    let level = level_of_diverged(&measured, &configs, past, settings.level);
    let bounds = bounds(&measured, settings.level);
    // Parallel runs slow each other down, by a different amount each night.
    let alone = all().all(|(a, b)| alone(a) && alone(b));
    for (series, (bounds, ranks)) in measured.into_iter().zip(bounds) {
        let (first, couples) = &configs[series.config];
        let by = Grounds {
            bounds,
            ranks,
            min_effect: settings.min_effect(series.metric),
            vanished: vanished(series.metric, couples.iter().flat_map(|(a, b)| [*a, *b])),
            alone,
            level,
            past: past.get(&first.series).copied(),
        };
        out.configs[series.config].changes.push(change(series.metric, series.seeds, &by));
    }
    out.configs.iter_mut().for_each(|config| as_diverged(&mut config.changes));
    out
}

/// Returns the metrics that runs have but the settings do not request, and the requested ones that
/// only the judged side has.
fn left_out(
    configs: &Configs<'_>,
    wanted: &[RegressMetric],
    has_target: bool,
) -> (Vec<RegressMetric>, Vec<RegressMetric>) {
    let all = || configs.iter().flat_map(|(_, couples)| couples.iter());
    let before = |m: RegressMetric| all().any(|(a, _)| value(m, a).is_some());
    let after = |m: RegressMetric| all().any(|(_, b)| value(m, b).is_some());
    // Without a target, every run has the time of one that never reached it.
    let measured =
        |m: RegressMetric| (!m.is_time_to_target() || has_target) && (before(m) || after(m));
    let completed = all().any(|(a, _)| a.row.completed());
    let gained = |m: RegressMetric| completed && m.is_at_the_end() && !before(m) && after(m);
    let metrics = || RegressMetric::all().into_iter();
    (
        metrics().filter(|m| !wanted.contains(m) && measured(*m)).collect(),
        metrics().filter(|m| wanted.contains(m) && gained(*m)).collect(),
    )
}

/// Returns the levels of the tests on diverged seeds. A configuration without diverged seeds in the
/// baseline or occasionally before needs no test and takes no share of the level.
fn level_of_diverged(
    measured: &[Series],
    configs: &Configs<'_>,
    past: &HashMap<Id, PastRuns>,
    level: f64,
) -> TestLevel {
    let tested = |s: &&Series| {
        s.metric == RegressMetric::Diverged
            && (s.seeds.iter().any(|(_, before, _)| *before > 0.0)
                || past.contains_key(&configs[s.config].0.series))
    };
    let numbers: Vec<Vec<(u64, f64)>> =
        measured.iter().filter(tested).map(Series::differences).collect();
    TestLevel::of(&numbers, level)
}

/// Returns every metric of every configuration for which both sides have values.
fn measured(configs: &Configs<'_>, wanted: &[RegressMetric]) -> Vec<Series> {
    let mut out = Vec::new();
    for (config, (_, couples)) in configs.iter().enumerate() {
        for &metric in wanted {
            let pair = |(a, b): &Couple<'_>| match (value(metric, a), value(metric, b)) {
                (Some(x), Some(y)) => Some((a.seed, x, y)),
                (Some(x), None) if diverged_beside(metric, b, a) => Some((a.seed, x, f64::NAN)),
                (None, Some(y)) if diverged_beside(metric, a, b) => Some((a.seed, f64::NAN, y)),
                _ => None,
            };
            let seeds: Vec<SeedValues> = couples.iter().filter_map(pair).collect();
            if !seeds.is_empty() {
                out.push(Series { config, metric, seeds });
            }
        }
    }
    out
}

/// Returns the simultaneous bounds of each series: for the mean difference over the seeds that
/// ended at both times and, if some diverged at one time, for the mean signed rank of all.
fn bounds(measured: &[Series], level: f64) -> Vec<(Option<Bounds>, Option<Bounds>)> {
    let mut values: Vec<Vec<(u64, f64)>> = measured.iter().map(Series::differences).collect();
    let mut scatter: Vec<f64> = measured.iter().map(|s| resolution(s, measured)).collect();
    let mut places = Vec::new();
    for series in measured {
        let ranks = ranked(series.metric, &series.seeds);
        places.push(ranks.is_some().then_some(values.len()));
        values.extend(ranks);
    }
    scatter.resize(values.len(), 0.0);
    let bounds = simultaneous_of(&values, &scatter, level).bounds;
    places.iter().enumerate().map(|(i, at)| (bounds[i], at.and_then(|at| bounds[at]))).collect()
}

/// Returns the largest difference of a loss that can be rounding of terms of its size before
/// training; 0 if that is unknown.
pub(crate) fn vanished<'a>(metric: RegressMetric, runs: impl Iterator<Item = &'a NightRun>) -> f64 {
    let initial = |run: &NightRun| {
        let (validation, test) = (run.row.initial_validation_loss, run.row.initial_test_loss);
        match metric {
            RegressMetric::AtEnd(of)
                if of.metric.description().resolution == Resolution::Residual =>
            {
                match of.split {
                    Split::Train => validation.or(test),
                    Split::Validation => validation,
                    Split::Test => test,
                }
            }
            _ => None,
        }
    };
    let largest = runs.filter_map(initial).map(f64::abs).filter(|v| v.is_finite());
    VANISHED * largest.fold(0.0, f64::max)
}

/// Returns the smallest deviation assumed for the differences of a metric, since two values differ
/// by at least its resolution or not at all. For accuracies, the smallest distance between any two
/// values of the metric, one or a few samples; for times in epochs, one epoch; for losses,
/// rounding. 0 if unknown.
fn resolution(series: &Series, all: &[Series]) -> f64 {
    match (series.metric.unit(), series.metric) {
        (_, RegressMetric::Diverged | RegressMetric::Steps) => 0.0,
        (EffectUnit::Epochs, _) => 1.0,
        (EffectUnit::Relative, _) => {
            let before = series.seeds.iter().filter(|s| s.1.is_finite() && s.2.is_finite());
            let before: Vec<f64> = before.map(|s| s.1.abs()).collect();
            ROUNDING * location::mean(&before).unwrap_or(0.0)
        }
        (EffectUnit::Share, metric) => {
            let same = all.iter().filter(|s| s.metric == metric);
            let mut values: Vec<f64> =
                same.flat_map(|s| s.seeds.iter().flat_map(|(_, a, b)| [*a, *b])).collect();
            values.retain(|v| v.is_finite());
            values.sort_by(f64::total_cmp);
            let steps = values.windows(2).map(|pair| pair[1] - pair[0]);
            let least = steps.filter(|step| *step > ROUNDING).fold(f64::INFINITY, f64::min);
            if least.is_finite() { least } else { 0.0 }
        }
    }
}

/// Relative rounding error.
const ROUNDING: f64 = 1e-6;

/// Returns the reason why seconds cannot be compared: they require equal machines, threads and
/// numbers of parallel runs. `None` if they can.
fn no_seconds<'a>(
    before: &Facts,
    after: &Facts,
    couples: impl Iterator<Item = Couple<'a>>,
) -> Option<String> {
    if let Some(why) = before.other_machine(after) {
        return Some(why);
    }
    let mut seen: BTreeMap<&str, (Option<u64>, Option<u64>)> = BTreeMap::new();
    for (a, b) in couples {
        let (x, y) = (&a.row, &b.row);
        for (what, x, y) in
            [("threads", x.threads, y.threads), ("runs side by side", x.jobs, y.jobs)]
        {
            if x != y {
                seen.entry(what).or_insert((x, y));
            }
        }
    }
    let number = |n: Option<u64>| n.map_or("unknown".to_owned(), |n| n.to_string());
    let (what, (x, y)) = seen.into_iter().next()?;
    Some(format!("the number of {what} changed from {} to {}", number(x), number(y)))
}

/// Returns the reason why time to target cannot be compared; `None` if it can.
fn no_target(before: &Facts, after: &Facts) -> Option<String> {
    match (&before.target, &after.target) {
        (_, None) => Some("[target] has no value".to_owned()),
        (x, y) if x == y => None,
        (x, Some(y)) => {
            Some(format!("the target changed from {} to {y}", x.as_deref().unwrap_or("none")))
        }
    }
}
