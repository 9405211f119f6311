//! Tonight against the baseline, run by run.
//!
//! Runs are matched by `cell_id`, which survives versions of the code, and a
//! configuration's runs are paired by seed. Every configuration and metric is
//! one comparison; all of them share the level, so that a night without change
//! rarely alarms however many there are.

use std::collections::{BTreeMap, HashMap, HashSet};

use spec::Id;
use spec::regress_settings::{EffectUnit, RegressMetric, RegressSettings};

use crate::analysis::unlike;
use crate::regress::finding::{Change, ConfigChange, Finding, Gap, GapKind, Method};
use crate::regress::night::{Facts, Night, NightRun};
use crate::regress::quantity::{effect, stopped_at_target, value};
use crate::stats::simultaneous::{Basis, Bounds, FEWEST_FLIPPED, simultaneous_of};

/// What [`compare`] found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Compared {
    pub(crate) configs: Vec<ConfigChange>,
    pub(crate) gaps: Gaps,
    pub(crate) pairs: usize,
    pub(crate) identical: usize,
    pub(crate) family: usize,
    pub(crate) no_seconds: Option<String>,
    pub(crate) no_target: Option<String>,
}

/// Seed, value of the baseline, value of tonight.
type SeedValues = (u64, f64, f64);

/// What both sides have of one metric of one configuration.
struct Series {
    /// Index into the configurations.
    config: usize,
    metric: RegressMetric,
    seeds: Vec<SeedValues>,
}

/// Two runs of one cell, the baseline's first.
type Couple<'a> = (&'a NightRun, &'a NightRun);

/// Compares `after` with `before`.
pub(crate) fn compare(before: &Night, after: &Night, settings: &RegressSettings) -> Compared {
    let mut out = Compared::default();
    let configs = couples(before, after, &mut out.gaps);
    let all = || configs.iter().flat_map(|(_, couples)| couples.iter().copied());
    out.pairs = all().count();
    out.identical = all().filter(|(a, b)| same_bits(a, b)).count();
    out.no_seconds = no_seconds(&before.facts, &after.facts, all());
    out.no_target = no_target(&before.facts, &after.facts);
    let mut wanted = settings.compared();
    wanted.retain(|m| match m {
        RegressMetric::SecondsPerEpoch => out.no_seconds.is_none(),
        RegressMetric::TargetEpoch => out.no_target.is_none(),
        _ => true,
    });

    lost_values(&configs, &wanted, &mut out.gaps);
    let mut measured: Vec<Series> = Vec::new();
    for (config, (_, couples)) in configs.iter().enumerate() {
        for &metric in &wanted {
            let pair = |(a, b): &Couple<'_>| Some((a.seed, value(metric, a)?, value(metric, b)?));
            let seeds: Vec<SeedValues> = couples.iter().filter_map(pair).collect();
            if !seeds.is_empty() {
                measured.push(Series { config, metric, seeds });
            }
        }
    }
    out.family = measured.len();
    let differences: Vec<Vec<(u64, f64)>> = measured
        .iter()
        .map(|series| series.seeds.iter().map(|(seed, a, b)| (*seed, b - a)).collect())
        .collect();
    let scatter: Vec<f64> = measured.iter().map(|s| resolution(s, &measured)).collect();
    let bounds = simultaneous_of(&differences, &scatter, settings.level).bounds;
    let divergent = measured.iter().filter(|s| s.metric == RegressMetric::Diverged);
    let divergent = divergent.filter(|s| s.seeds.iter().any(|(_, a, b)| a != b)).count();
    let level = settings.level / divergent.max(1) as f64;

    // Neighbours slow each other down, more on some nights than on others.
    let alone = all().all(|(a, b)| alone(a) && alone(b));
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
    for (series, bounds) in measured.into_iter().zip(bounds) {
        let min_effect = settings.min_effect(series.metric);
        let change = change(series.metric, series.seeds, bounds, min_effect, alone, level);
        out.configs[series.config].changes.push(change);
    }
    out
}

/// The least deviation that differences of a metric can be taken to have: two values
/// differ by at least so much, or not at all. Of accuracies the smallest step that any
/// two of the metric's values are apart, which is one sample or a few; an epoch; of losses
/// what rounding makes. 0 where nothing is known.
fn resolution(series: &Series, all: &[Series]) -> f64 {
    match (series.metric.unit(), series.metric) {
        (_, RegressMetric::Diverged | RegressMetric::Steps) => 0.0,
        (EffectUnit::Epochs, _) => 1.0,
        (EffectUnit::Relative, _) => {
            let before = series.seeds.iter().map(|s| s.1.abs()).sum::<f64>();
            ROUNDING * before / series.seeds.len() as f64
        }
        (EffectUnit::Share, metric) => {
            let same = all.iter().filter(|s| s.metric == metric);
            let mut values: Vec<f64> =
                same.flat_map(|s| s.seeds.iter().flat_map(|(_, a, b)| [*a, *b])).collect();
            values.sort_by(f64::total_cmp);
            let steps = values.windows(2).map(|pair| pair[1] - pair[0]);
            let least = steps.filter(|step| *step > ROUNDING).fold(f64::INFINITY, f64::min);
            if least.is_finite() { least } else { 0.0 }
        }
    }
}

/// The error that rounding makes, relative to a value's size.
const ROUNDING: f64 = 1e-6;

/// Multiples of `min_effect` that are far beyond it.
const FAR: f64 = 10.0;

/// Returns whether every seed moved in one direction by far more than `min_effect`, of so few
/// seeds that no interval can tell it from chance. Seconds move together whatever the
/// code does.
fn far(change: &Change) -> bool {
    let effects = || change.seeds.iter().map(|(_, a, b)| effect(change.metric, b - a, *a));
    let least = FAR * change.min_effect;
    let beyond = effects().all(|e| e > least) || effects().all(|e| e < -least);
    let judged = !matches!(
        change.metric,
        RegressMetric::SecondsPerEpoch | RegressMetric::Steps | RegressMetric::Diverged
    );
    judged && beyond && change.seeds.len() < FEWEST_FLIPPED
}

/// Judges whether the number of diverged seeds changed where some diverged before: the exact
/// sign test over the seeds that diverged on one side alone, at `level` on either side.
/// Where every seed diverges by now and too few differ for that test, nothing is known.
fn divergence(change: &mut Change, level: f64) {
    if change.finding == Finding::Identical {
        return;
    }
    let count = |of: fn(&SeedValues) -> bool| change.seeds.iter().filter(|s| of(s)).count();
    let (more, fewer) = (count(|s| s.2 > s.1), count(|s| s.2 < s.1));
    let shown = |n: usize| sign_test(n, more + fewer) <= level;
    let beyond = change.effect.abs() > change.min_effect;
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

/// One metric of one configuration; `level` is that of the test of diverged seeds alone.
fn change(
    metric: RegressMetric,
    seeds: Vec<SeedValues>,
    bounds: Option<Bounds>,
    min_effect: f64,
    alone: bool,
    level: f64,
) -> Change {
    let n = seeds.len() as f64;
    let mean = |of: fn(&SeedValues) -> f64| seeds.iter().map(of).sum::<f64>() / n;
    let (before, after) = (mean(|s| s.1), mean(|s| s.2));
    // The mean of differences: equal pairs then differ by nothing at all.
    let size = effect(metric, mean(|s| s.2 - s.1), before);
    let bounded = bounds.filter(|b| b.low.is_finite() && b.high.is_finite());
    let interval = bounded.map(|b| (effect(metric, b.low, before), effect(metric, b.high, before)));
    let method = match bounds.map(|b| b.basis) {
        Some(Basis::SignFlips) => Method::SignFlips,
        _ => Method::StudentT,
    };
    let mut out = Change {
        metric,
        before,
        after,
        effect: size,
        interval,
        method,
        min_effect,
        finding: Finding::Unknown,
        seeds,
    };
    out.finding = finding(&out);
    if metric == RegressMetric::SecondsPerEpoch && !alone && out.finding != Finding::Identical {
        out.finding = Finding::Unjudged;
    }
    // What noise does not explain needs no interval: a seed that diverges where
    // none of the baseline did, and a run that does other work.
    let unexplained = match metric {
        RegressMetric::Diverged => out.before == 0.0 && out.after > out.min_effect,
        // Seed by seed: more steps here and fewer there are still other work.
        RegressMetric::Steps => {
            let mut sizes = out.seeds.iter().map(|(_, a, b)| effect(metric, b - a, *a).abs());
            sizes.any(|size| size > out.min_effect)
        }
        _ => false,
    };
    if unexplained {
        out.finding = Finding::Regressed;
        out.method = Method::Exact;
        out.interval = None;
    } else if metric == RegressMetric::Diverged {
        divergence(&mut out, level);
    }
    out
}

fn finding(change: &Change) -> Finding {
    if change.seeds.iter().all(|(_, a, b)| a.to_bits() == b.to_bits()) {
        return Finding::Identical;
    }
    if change.seeds.len() < 2 {
        return Finding::Unknown;
    }
    // Bounds without an end say that these seeds cannot show anything.
    let shown = change.interval.filter(|(low, high)| *low > 0.0 || *high < 0.0);
    let Some((low, high)) = shown else {
        return if far(change) { Finding::Unknown } else { Finding::NotShown };
    };
    // What slows a night down slows all its seeds, so that they are no replicates
    // of it: of seconds the whole interval must lie beyond `min_effect`.
    let size = match change.metric {
        RegressMetric::SecondsPerEpoch => low.abs().min(high.abs()),
        _ => change.effect.abs(),
    };
    if size <= change.min_effect {
        Finding::Small
    } else if change.metric.for_the_worse(change.effect) > 0.0 {
        Finding::Regressed
    } else {
        Finding::Improved
    }
}

/// Whether a run had its machine for itself, as far as the sweep can tell.
pub(crate) fn alone(run: &NightRun) -> bool {
    run.row.jobs == Some(1)
}

/// Whether two runs ended with the same bits; two diverged ones end without
/// weights, and count when they did so at the same step of the same batches.
fn same_bits(a: &NightRun, b: &NightRun) -> bool {
    let (a, b) = (&a.row, &b.row);
    match (&a.weights_digest, &b.weights_digest) {
        (Some(x), Some(y)) => x == y,
        (None, None) => {
            a.diverged()
                && b.diverged()
                && a.diverged_step == b.diverged_step
                && unlike(a, b).is_none()
        }
        _ => false,
    }
}

/// Pairs by configuration, in the order of tonight's plan; what has no partner
/// goes to `gaps`.
fn couples<'a>(
    before: &'a Night,
    after: &'a Night,
    gaps: &mut Gaps,
) -> Vec<(&'a NightRun, Vec<Couple<'a>>)> {
    let held: HashMap<Id, &NightRun> = before.runs.iter().map(|r| (r.cell_id, r)).collect();
    let planned: HashSet<Id> = after.runs.iter().map(|r| r.cell_id).collect();
    let mut out: Vec<(&NightRun, Vec<Couple<'_>>)> = Vec::new();
    let mut index: HashMap<Id, usize> = HashMap::new();
    for tonight in &after.runs {
        let at = *index.entry(tonight.series).or_insert_with(|| {
            out.push((tonight, Vec::new()));
            out.len() - 1
        });
        let Some(earlier) = held.get(&tonight.cell_id) else {
            gaps.add(tonight, GapKind::NotInBaseline);
            continue;
        };
        match (earlier.row.has_result(), tonight.row.has_result()) {
            (true, true) => {
                if let Some(why) = unlike(&earlier.row, &tonight.row) {
                    gaps.add(tonight, GapKind::Unpaired(why.to_owned()));
                }
                out[at].1.push((earlier, tonight));
            }
            (_, false) => gaps.add(tonight, without_result(tonight)),
            (false, true) => gaps.add(tonight, GapKind::NoBaselineResult),
        }
    }
    for earlier in before.runs.iter().filter(|r| !planned.contains(&r.cell_id)) {
        gaps.add(earlier, GapKind::NotPlanned);
    }
    out.retain(|(_, couples)| !couples.is_empty());
    out
}

/// Runs that trained to their end at both times and have a loss or accuracy no
/// more, or none that is a number.
fn lost_values(
    configs: &[(&NightRun, Vec<Couple<'_>>)],
    wanted: &[RegressMetric],
    gaps: &mut Gaps,
) {
    use RegressMetric::{Diverged, SecondsPerEpoch, Steps, TargetEpoch};
    // Steps and seconds have no value where a run stopped early or is of an older release.
    let measured =
        |m: &&RegressMetric| !matches!(m, Diverged | SecondsPerEpoch | Steps | TargetEpoch);
    for (a, b) in configs.iter().flat_map(|(_, couples)| couples) {
        // A run that stops at the target has no last epoch to compare.
        let stopped = stopped_at_target(a) || stopped_at_target(b);
        let completed = a.row.completed() && b.row.completed() && !stopped;
        for &metric in wanted.iter().filter(measured).filter(|_| completed) {
            if value(metric, a).is_some() && value(metric, b).is_none() {
                gaps.add(b, GapKind::NoValue(metric));
            }
        }
    }
}

fn without_result(run: &NightRun) -> GapKind {
    let Some(status) = run.row.status else { return GapKind::Missing };
    let message = run.row.error.as_deref().map(crate::escape::headline).unwrap_or_default();
    let status = status.name().replace('_', " ");
    GapKind::Failed(if message.is_empty() { status } else { format!("{status}: {message}") })
}

/// Gaps in the order of finding, those of one configuration and reason together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Gaps(pub(crate) Vec<Gap>);

impl Gaps {
    fn add(&mut self, run: &NightRun, kind: GapKind) {
        let same = |g: &&mut Gap| g.label == run.label && g.config == run.config && g.kind == kind;
        match self.0.iter_mut().find(same) {
            Some(gap) => gap.seeds.push(run.seed),
            None => self.0.push(Gap {
                label: run.label.clone(),
                config: run.config.clone(),
                seeds: vec![run.seed],
                kind,
            }),
        }
    }
}

/// Why seconds cannot be compared: they mean something on equal machines, with
/// equal threads and neighbours alone.
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

/// Why time to target cannot be compared.
fn no_target(before: &Facts, after: &Facts) -> Option<String> {
    match (&before.target, &after.target) {
        (_, None) => Some("[target] has no value".to_owned()),
        (x, y) if x == y => None,
        (x, Some(y)) => {
            Some(format!("the target changed from {} to {y}", x.as_deref().unwrap_or("none")))
        }
    }
}
