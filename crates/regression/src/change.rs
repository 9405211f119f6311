//! Comparison of one metric of one configuration with the baseline: the change, and whether it is
//! more than chance.

use spec::regress_settings::{EffectUnit, RegressMetric};

use crate::amounts::yardstick;
use crate::divergence::{self, PastRuns};
use crate::finding::{Change, Finding, Method};
use crate::quantity::effect;
use stats::location;
use stats::simultaneous::{Basis, Bounds};

/// Seed, value of the baseline, value of tonight; NaN for a run that diverged.
pub(crate) type SeedValues = (u64, f64, f64);

/// Multiple of `min_effect` from which a change is far beyond it.
const FAR: f64 = 10.0;

/// Evidence for judging a comparison, besides its values.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Grounds {
    /// Bounds of the mean difference over the seeds that ended at both times; `None` with fewer
    /// than two.
    pub(crate) bounds: Option<Bounds>,
    /// Bounds of the mean signed rank; `None` if no seed diverged on one side only.
    pub(crate) ranks: Option<Bounds>,
    /// Largest effect that is tolerated.
    pub(crate) min_effect: f64,
    /// Largest difference due to rounding between values that are close to zero.
    pub(crate) vanished: f64,
    /// Whether every run had its machine to itself.
    pub(crate) alone: bool,
    /// Level of the test on diverged seeds.
    pub(crate) level: divergence::TestLevel,
    /// Runs of earlier nights, up to the baseline's; `None` if seeds do not diverge occasionally.
    pub(crate) past: Option<PastRuns>,
}

/// Returns the change of a metric with its finding.
pub(crate) fn change(metric: RegressMetric, seeds: Vec<SeedValues>, by: &Grounds) -> Change {
    let (before, after) = means(&seeds);
    // The mean of differences is exactly zero for equal pairs.
    let differences: Vec<f64> =
        seeds.iter().map(|(_, a, b)| b - a).filter(|d| d.is_finite()).collect();
    let size = location::mean(&differences).map_or(f64::NAN, |mean| effect(metric, mean, before));
    let bounded = by.bounds.filter(|b| b.low.is_finite() && b.high.is_finite());
    let interval = bounded.map(|b| {
        let ends = (effect(metric, b.low, before), effect(metric, b.high, before));
        clipped(metric, ends, before, &seeds)
    });
    let method = match by.bounds.map(|b| b.basis) {
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
        min_effect: by.min_effect,
        finding: Finding::Unknown,
        seeds,
    };
    out.finding = finding(&out, by.vanished);
    match metric {
        RegressMetric::SecondsPerEpoch if !by.alone && out.finding != Finding::Identical => {
            out.finding = Finding::Unjudged;
        }
        RegressMetric::Steps => other_work(&mut out),
        RegressMetric::Diverged => divergence::judge(&mut out, by.level, by.past),
        _ if out.ended() < out.seeds.len() => among_diverged(&mut out, by),
        _ => {}
    }
    out
}

/// Returns the means before and after over the seeds that ended at both times. If there are none,
/// over the seeds that ended on each side; NaN if none did.
fn means(seeds: &[SeedValues]) -> (f64, f64) {
    let mean = |of: fn(&SeedValues) -> f64, both: bool| {
        let kept = seeds.iter().filter(|(_, a, b)| !both || a.is_finite() && b.is_finite());
        let values: Vec<f64> = kept.map(of).filter(|v| v.is_finite()).collect();
        location::mean(&values)
    };
    let side = |of| mean(of, true).or_else(|| mean(of, false)).unwrap_or(f64::NAN);
    (side(|s| s.1), side(|s| s.2))
}

/// Clamps an interval to possible values: shares are in [0, 1], and a value that is never negative
/// loses at most all of it.
fn clipped(
    metric: RegressMetric,
    (low, high): (f64, f64),
    before: f64,
    seeds: &[SeedValues],
) -> (f64, f64) {
    match metric.unit() {
        EffectUnit::Share => (low.max(-before), high.min(1.0 - before)),
        EffectUnit::Relative if seeds.iter().all(|(_, a, b)| !(*a < 0.0 || *b < 0.0)) => {
            (low.max(-1.0), high)
        }
        _ => (low, high),
    }
}

/// Judges a change by the seeds that ended at both times.
fn finding(change: &Change, vanished: f64) -> Finding {
    let all_equal = || change.seeds.iter().all(|(_, a, b)| a.to_bits() == b.to_bits());
    if change.ended() == change.seeds.len() && all_equal() {
        return Finding::Identical;
    }
    if change.ended() < 2 {
        return Finding::Unknown;
    }
    // Infinite bounds mean that these seeds cannot show anything.
    let shown = change.interval.filter(|(low, high)| *low > 0.0 || *high < 0.0);
    let Some((low, high)) = shown else {
        return if far(change, vanished) { Finding::Unknown } else { Finding::NotShown };
    };
    // A slow night affects all its seeds alike, so that they are not replicates. For seconds the
    // whole interval must be beyond `min_effect`.
    let size = match change.metric {
        RegressMetric::SecondsPerEpoch => low.abs().min(high.abs()),
        _ => change.effect.abs(),
    };
    let rounding = (change.after - change.before).abs() <= vanished;
    if size <= change.min_effect || rounding {
        Finding::Small
    } else {
        direction(change.metric, change.effect)
    }
}

fn direction(metric: RegressMetric, effect: f64) -> Finding {
    if metric.for_the_worse(effect) > 0.0 { Finding::Regressed } else { Finding::Improved }
}

/// Returns the effects seed by seed: infinite for a seed that diverged on one side only, 0 for
/// rounding.
fn effects(change: &Change, vanished: f64) -> Vec<f64> {
    let worse = change.metric.for_the_worse(1.0).signum() * f64::INFINITY;
    let of = |(_, a, b): &SeedValues| match (a.is_finite(), b.is_finite()) {
        (true, true) if (b - a).abs() <= vanished => 0.0,
        (true, true) => effect(change.metric, b - a, *a),
        (true, false) => worse,
        _ => -worse,
    };
    change.seeds.iter().map(of).collect()
}

/// Judges a change in which seeds diverged on one side only. A diverged seed is worse than any
/// other, so an improvement of the remaining seeds counts only if all seeds together improved.
fn among_diverged(change: &mut Change, by: &Grounds) {
    let ranks = by.ranks.filter(Bounds::exclude_zero);
    let shown = ranks.map(|bounds| direction(change.metric, bounds.mean));
    let middle = location::median(&effects(change, by.vanished)).unwrap_or(0.0);
    let (fewer, more) = change.diverged();
    // More diverged seeds are a change beyond any `min_effect`, whatever the others did.
    let large = |found| match found {
        Finding::Regressed => more > fewer || middle.abs() > change.min_effect,
        _ => fewer > more || middle.abs() > change.min_effect,
    };
    change.finding = match (change.finding, shown) {
        (Finding::Regressed, _) => Finding::Regressed,
        (Finding::Improved, Some(Finding::Improved)) => Finding::Improved,
        (_, Some(found)) if large(found) => found,
        (_, Some(_)) => Finding::Small,
        (Finding::Unknown, None) => Finding::Unknown,
        (_, None) => Finding::NotShown,
    };
}

/// Returns whether every seed moved in one direction by far more than `min_effect`, although no
/// interval can exclude chance. Seconds do not count, since they move together regardless of the
/// code.
fn far(change: &Change, vanished: f64) -> bool {
    let least = FAR * yardstick(change.metric, change.min_effect);
    let effects = effects(change, vanished);
    let beyond = effects.iter().all(|e| *e > least) || effects.iter().all(|e| *e < -least);
    let judged = !matches!(
        change.metric,
        RegressMetric::SecondsPerEpoch | RegressMetric::Steps | RegressMetric::Diverged
    );
    judged && beyond
}

/// Judges the number of steps seed by seed: even opposite changes mean different work, which no
/// noise explains.
fn other_work(change: &mut Change) {
    let mut sizes = change.seeds.iter().map(|(_, a, b)| effect(change.metric, b - a, *a).abs());
    if sizes.any(|size| size > change.min_effect) {
        change.finding = Finding::Regressed;
        (change.method, change.interval) = (Method::Exact, None);
    }
}

/// Gives losses with fewer than two remaining seeds the finding on the number of diverged seeds,
/// since they are the same change.
pub(crate) fn as_diverged(changes: &mut [Change]) {
    let found = changes.iter().find(|c| c.metric == RegressMetric::Diverged).map(|c| c.finding);
    let Some(found @ (Finding::Regressed | Finding::Improved)) = found else { return };
    for change in changes.iter_mut() {
        if change.finding == Finding::Unknown && change.ended() < change.seeds.len() {
            change.finding = found;
            (change.method, change.interval) = (Method::Exact, None);
        }
    }
}
