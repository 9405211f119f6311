//! Findings of a regression in the order in which they are presented: the worst first, and those
//! with one cause together.

use std::collections::BTreeSet;

use spec::regress_settings::RegressMetric;

use crate::amounts::yardstick;
use crate::finding::{
    Change, ConfigChange, Finding, GapKind, Method, Regression, Trend, TrendStep,
};
use report::text::list;
use text_format::plural;

/// One comparison with its configuration.
#[derive(Clone, Copy)]
pub(crate) struct RankedChange<'a> {
    /// The configuration.
    pub(crate) config: &'a ConfigChange,
    /// The comparison.
    pub(crate) change: &'a Change,
}

/// Returns the position of a finding in tables and figures.
fn rank(finding: Finding) -> u8 {
    match finding {
        Finding::Regressed => 0,
        Finding::Improved => 1,
        Finding::Small => 2,
        Finding::Unknown => 3,
        Finding::Unjudged => 4,
        Finding::NotShown => 5,
        Finding::Identical => 6,
    }
}

/// Returns every comparison: regressions first, those with the largest multiple of `min_effect`
/// first. Counts that noise does not explain precede all others of their kind, since they are often
/// the cause.
pub(crate) fn ranked_changes(r: &Regression) -> Vec<RankedChange<'_>> {
    let mut all: Vec<RankedChange> = r
        .configs
        .iter()
        .flat_map(|config| config.changes.iter().map(move |change| RankedChange { config, change }))
        .collect();
    let weight = |c: &Change| {
        let w = c.effect.abs() / yardstick(c.metric, c.min_effect);
        if w.is_nan() { 0.0 } else { w }
    };
    all.sort_by(|a, b| {
        let (a, b) = (a.change, b.change);
        let exact = |c: &Change| c.method != Method::Exact;
        let by_rank = rank(a.finding).cmp(&rank(b.finding));
        let worst = || exact(a).cmp(&exact(b)).then(weight(b).total_cmp(&weight(a)));
        // For findings of no change or too few seeds the size is irrelevant, so they keep the plan
        // order.
        if rank(a.finding) <= 2 { by_rank.then_with(worst) } else { by_rank }
    });
    all
}

impl Regression {
    /// Returns the changes with this finding and their configurations, those with the largest
    /// multiple of `min_effect` first.
    pub fn found(&self, finding: Finding) -> Vec<(&ConfigChange, &Change)> {
        of(self, finding)
            .into_iter()
            .map(|ranked_changes| (ranked_changes.config, ranked_changes.change))
            .collect()
    }
}

/// Returns the comparisons with this finding, in the order of [`ranked_changes`].
pub(crate) fn of(r: &Regression, finding: Finding) -> Vec<RankedChange<'_>> {
    ranked_changes(r).into_iter().filter(|t| t.change.finding == finding).collect()
}

/// Returns the steps of the history that count against the night, the largest first.
pub(crate) fn alarms(r: &Regression) -> Vec<(&Trend, &TrendStep)> {
    let mut all: Vec<(&Trend, &TrendStep)> = steps(r).filter(|(_, s)| s.alarm).collect();
    let weight = |(trend, step): &(&Trend, &TrendStep)| {
        let min = r.settings.min_effect(trend.metric);
        let w = trend.metric.for_the_worse(step.effect) / yardstick(trend.metric, min);
        if w.is_nan() { 0.0 } else { w }
    };
    all.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    all
}

/// Returns every step of every trend.
pub(crate) fn steps(r: &Regression) -> impl Iterator<Item = (&Trend, &TrendStep)> {
    r.trends.iter().flat_map(|trend| trend.steps.iter().map(move |step| (trend, step)))
}

/// Steps of the history between the same two nights.
pub(crate) struct StepGroup<'a> {
    /// The last night at the old level.
    pub(crate) last_good: usize,
    /// The first night at the new level; for a drift, the night by which it had ended.
    pub(crate) until: usize,
    /// Whether they are drifts.
    pub(crate) drift: bool,
    /// Whether any step counts against the night.
    pub(crate) alarm: bool,
    /// The steps, the largest alarm first.
    pub(crate) steps: Vec<(&'a Trend, &'a TrendStep)>,
}

/// Groups all steps by their nights: the group with the largest alarm first, then the newest.
pub(crate) fn step_groups(r: &Regression) -> Vec<StepGroup<'_>> {
    let mut groups: Vec<StepGroup> = Vec::new();
    let others = steps(r).filter(|(_, s)| !s.alarm);
    for (trend, step) in alarms(r).into_iter().chain(others) {
        let same = |g: &&mut StepGroup| {
            (g.last_good, g.until, g.drift) == (step.last_good, step.until, step.drift)
        };
        match groups.iter_mut().find(same) {
            Some(group) => group.steps.push((trend, step)),
            None => groups.push(StepGroup {
                last_good: step.last_good,
                until: step.until,
                drift: step.drift,
                alarm: step.alarm,
                steps: vec![(trend, step)],
            }),
        }
    }
    groups.sort_by_key(|g| (!g.alarm, std::cmp::Reverse(if g.alarm { 0 } else { g.until })));
    groups
}

/// Returns the distinct configurations and metrics that count against the night, by a comparison or
/// a step.
pub(crate) fn against(r: &Regression) -> Vec<(String, RegressMetric)> {
    let changes = of(r, Finding::Regressed)
        .into_iter()
        .map(|t| (t.config.series.to_string(), t.change.metric));
    let steps = alarms(r).into_iter().map(|(t, _)| (t.series.to_string(), t.metric));
    let mut all: Vec<_> = changes.chain(steps).collect();
    all.sort();
    all.dedup();
    all
}

/// Gaps with one reason.
pub(crate) struct GapGroup<'a> {
    /// The reason.
    pub(crate) kind: &'a GapKind,
    /// Number of runs that it concerns.
    pub(crate) runs: usize,
    /// Label, configuration and seeds.
    pub(crate) who: Vec<(&'a str, &'a str, &'a [u64])>,
}

fn urgency(kind: &GapKind) -> u8 {
    match kind {
        GapKind::Failed(_) => 0,
        GapKind::Missing => 1,
        GapKind::NoValue(_) => 2,
        GapKind::NoBaselineResult => 3,
        GapKind::NotPlanned => 4,
        GapKind::NotInBaseline => 5,
        GapKind::Unpaired(_) => 6,
    }
}

/// Groups the gaps by reason, tonight's failures first.
pub(crate) fn gap_groups(r: &Regression) -> Vec<GapGroup<'_>> {
    let mut groups: Vec<GapGroup> = Vec::new();
    for gap in &r.gaps {
        let who = (gap.label.as_str(), gap.config.as_str(), gap.seeds.as_slice());
        match groups.iter_mut().find(|g| *g.kind == gap.kind) {
            Some(group) => {
                group.runs += gap.seeds.len();
                group.who.push(who);
            }
            None => {
                groups.push(GapGroup { kind: &gap.kind, runs: gap.seeds.len(), who: vec![who] })
            }
        }
    }
    groups.sort_by_key(|g| urgency(g.kind));
    groups
}

/// Numbers of runs that were not compared, or only in part, each run once regardless of the number
/// of reasons.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Incomplete {
    /// Runs of the judged side.
    pub(crate) lost: usize,
    /// Runs of the other side that are no longer planned.
    pub(crate) gone: usize,
    /// Runs that were compared although their data, weights or batches differ.
    pub(crate) unlike: usize,
}

/// Counts the runs that could not be compared.
pub(crate) fn incomplete(r: &Regression) -> Incomplete {
    let count = |of: &dyn Fn(&GapKind) -> bool| {
        let gaps = r.gaps.iter().filter(|gap| of(&gap.kind));
        let runs = gaps.flat_map(|g| g.seeds.iter().map(|seed| (&g.label, &g.config, *seed)));
        runs.collect::<BTreeSet<_>>().len()
    };
    let (gone, unlike) = (
        |kind: &GapKind| *kind == GapKind::NotPlanned,
        |kind: &GapKind| matches!(kind, GapKind::Unpaired(_)),
    );
    Incomplete {
        lost: count(&|kind| !gone(kind) && !unlike(kind)),
        gone: count(&gone),
        unlike: count(&unlike),
    }
}

/// Names seeds in ranges: `seed 3`, `seeds 0 to 4 and 7`.
pub(crate) fn seeds(seeds: &[u64]) -> String {
    /// Largest number of ranges that are listed.
    const MOST: usize = 8;
    let mut sorted = seeds.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for seed in &sorted {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*seed) => *last = *seed,
            _ => ranges.push((*seed, *seed)),
        }
    }
    let text = |(first, last): &(u64, u64)| match last - first {
        0 => vec![first.to_string()],
        1 => vec![first.to_string(), last.to_string()],
        _ => vec![format!("{first} to {last}")],
    };
    let mut texts: Vec<String> = ranges.iter().take(MOST).flat_map(text).collect();
    if ranges.len() > MOST {
        texts.push(format!("{} more", sorted.len() - covered(&ranges[..MOST])));
    }
    match sorted.len() {
        0 => "no seed".to_owned(),
        n => format!("{} {}", plural::word(n, "seed"), list(&texts)),
    }
}

fn covered(ranges: &[(u64, u64)]) -> usize {
    ranges.iter().map(|(first, last)| (last - first + 1) as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_named_in_ranges() {
        assert_eq!(seeds(&[3]), "seed 3");
        assert_eq!(seeds(&[4, 0, 1, 2, 3, 7]), "seeds 0 to 4 and 7");
        assert_eq!(seeds(&[0, 1]), "seeds 0 and 1");
        assert_eq!(seeds(&[]), "no seed");
        let even: Vec<u64> = (0..20).map(|i| 2 * i).collect();
        assert_eq!(seeds(&even), "seeds 0, 2, 4, 6, 8, 10, 12, 14 and 12 more");
        assert_eq!(seeds(&[u64::MAX, u64::MAX - 1]).matches("1844").count(), 2);
    }
}
