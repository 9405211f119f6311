//! Sentences on changes: what moved, by how much, and between which nights.

use spec::regress_settings::RegressMetric;

use crate::amounts;
use crate::finding::{Change, Finding, Regression, Trend, TrendStep};
use crate::ranking::RankedChange;
use crate::text::name;
use text_format::escape;

/// Describes a change: `test loss of momentum (lr 0.1) rose by 12% (interval 8% to 16%)`.
pub(crate) fn change(ranked_changes: &RankedChange<'_>, brief: bool) -> String {
    let Change { metric, before, after, effect, interval, seeds, .. } = ranked_changes.change;
    let who = name(&ranked_changes.config.label, &ranked_changes.config.config, brief);
    let moved = direction(after - before);
    match metric {
        _ if ranked_changes.change.ended() < seeds.len() => {
            format!("{} of {who} {}", metric.label(), among_diverged(ranked_changes.change))
        }
        RegressMetric::Diverged if !seeds.is_empty() => {
            let count =
                |of: fn(&(u64, f64, f64)) -> f64| seeds.iter().filter(|s| of(s) > 0.0).count();
            let (a, b) = (count(|s| s.1), count(|s| s.2));
            format!("diverged seeds of {who} {moved} from {a} to {b} of {}", seeds.len())
        }
        RegressMetric::Steps if before == after => {
            format!("optimizer steps of {who} changed for some seeds, but not on average")
        }
        RegressMetric::Steps => format!(
            "optimizer steps of {who} {moved} from {} to {}",
            amounts::value(*metric, *before),
            amounts::value(*metric, *after)
        ),
        _ => {
            let ends =
                interval.map(|i| format!(" {}", amounts::interval_said(*metric, *effect, i)));
            let size = amounts::size(*metric, *effect);
            format!("{} of {who} {moved} by {size}{}", metric.label(), ends.unwrap_or_default())
        }
    }
}

/// Describes a change with diverged seeds: `got worse: 8 of 10 seeds newly diverged; for
/// the other 2 it fell by 1%`.
fn among_diverged(change: &Change) -> String {
    let word = match change.finding {
        Finding::Regressed => "got worse",
        Finding::Improved => "got better",
        _ => "changed",
    };
    let (before, after) = change.diverged();
    let (n, ended) = (change.seeds.len(), change.ended());
    let diverged = match (before, after) {
        (0, after) => format!("{after} of {n} seeds newly diverged"),
        (before, 0) => format!("{before} of {n} seeds no longer diverge"),
        (before, after) => format!("{after} of {n} seeds diverged and {before} no longer do"),
    };
    if ended == 0 {
        return format!("{word}: {diverged}");
    }
    let metric = change.metric;
    let interval =
        change.interval.map(|i| format!(" {}", amounts::interval_said(metric, change.effect, i)));
    let rest =
        if ended == 1 { "for the other one".to_owned() } else { format!("for the other {ended}") };
    format!(
        "{word}: {diverged}; {rest} it {} by {}{}",
        direction(change.after - change.before),
        amounts::size(metric, change.effect),
        interval.unwrap_or_default()
    )
}

fn direction(difference: f64) -> &'static str {
    if difference < 0.0 { "fell" } else { "rose" }
}

/// Describes a step: `test loss of momentum (lr 0.1) rose by 5%`; for a drift that began before the
/// baseline, `rose by 6%, by 5.2% since the baseline`.
pub(crate) fn step(r: &Regression, trend: &Trend, step: &TrendStep, brief: bool) -> String {
    let baseline = match (&r.accepted, &r.before) {
        (None, Some(before)) => escape::line(before.day()),
        _ => "the baseline".to_owned(),
    };
    let since = step
        .effect_since
        .map(|since| format!(", by {} since {baseline}", amounts::size(trend.metric, since)));
    format!(
        "{} of {} {} by {}{}",
        trend.metric.label(),
        name(&trend.label, &trend.config, brief),
        direction(step.after - step.before),
        amounts::size(trend.metric, step.effect),
        since.unwrap_or_default()
    )
}

/// Describes a step with the nights between which it happened.
pub(super) fn step_dated(r: &Regression, trend: &Trend, s: &TrendStep, brief: bool) -> String {
    format!("{} {}", step(r, trend, s, brief), when(r, s.last_good, s.until, s.drift))
}

/// Describes the nights of a step: `between 2026-11-12 and 2026-11-13`.
pub(crate) fn when(r: &Regression, last_good: usize, until: usize, drift: bool) -> String {
    let day = |night: usize| {
        r.nights.get(night).map_or_else(|| format!("night {night}"), |f| escape::line(f.day()))
    };
    let (from, to) = (day(last_good), day(until));
    match (drift, from == to) {
        (true, _) => format!("gradually from {from} to {to}"),
        (false, true) => format!("on {to}"),
        (false, false) => format!("between {from} and {to}"),
    }
}
