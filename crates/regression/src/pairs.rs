//! Pairs of runs of two nights, and the runs without a partner.

use std::collections::{HashMap, HashSet};

use spec::Id;
use spec::regress_settings::RegressMetric;

use crate::finding::{Gap, GapKind};
use crate::night::{Night, NightRun};
use crate::quantity::{stopped_at_target, value};
use report::analysis::unlike;

/// Two runs of one cell; the baseline's is first.
pub(crate) type Couple<'a> = (&'a NightRun, &'a NightRun);

/// Returns whether a run had its machine to itself, as far as the sweep can tell.
pub(crate) fn alone(run: &NightRun) -> bool {
    run.row.jobs == Some(1)
}

/// Returns whether two runs are bit-identical. Two diverged runs have no weights, and count if they
/// diverged at the same step of the same batches.
pub(crate) fn same_bits(a: &NightRun, b: &NightRun) -> bool {
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

/// Returns the pairs by configuration, in the order of tonight's plan; runs without a partner are
/// added to `gaps`.
pub(crate) fn couples<'a>(
    before: &'a Night,
    after: &'a Night,
    gaps: &mut Gaps,
) -> Vec<(&'a NightRun, Vec<Couple<'a>>)> {
    let held: HashMap<Id, &NightRun> = before.runs.iter().map(|r| (r.cell_id, r)).collect();
    let planned: HashSet<Id> = after.runs.iter().map(|r| r.cell_id).collect();
    let mut out: Vec<(&NightRun, Vec<Couple<'_>>)> = Vec::new();
    let mut index: HashMap<Id, usize> = HashMap::new();
    for current in &after.runs {
        let at = *index.entry(current.series).or_insert_with(|| {
            out.push((current, Vec::new()));
            out.len() - 1
        });
        let Some(earlier) = held.get(&current.cell_id) else {
            gaps.add(current, GapKind::NotInBaseline);
            continue;
        };
        if earlier.is_cut() && current.is_cut() && earlier.cut_at == current.cut_at {
            // As planned, neither night trained it to a result.
            continue;
        }
        match (earlier.row.has_result(), current.row.has_result()) {
            (true, true) => {
                if let Some(why) = unlike(&earlier.row, &current.row) {
                    gaps.add(current, GapKind::Unpaired(why.to_owned()));
                }
                out[at].1.push((earlier, current));
            }
            (_, false) => gaps.add(current, without_result(current)),
            (false, true) => gaps.add(current, GapKind::NoBaselineResult),
        }
    }
    for earlier in before.runs.iter().filter(|r| !planned.contains(&r.cell_id)) {
        gaps.add(earlier, GapKind::NotPlanned);
    }
    out.retain(|(_, couples)| !couples.is_empty());
    out
}

/// Adds the runs that trained to their end at both times but now lack a finite loss or score.
pub(crate) fn lost_values(
    configs: &[(&NightRun, Vec<Couple<'_>>)],
    wanted: &[RegressMetric],
    gaps: &mut Gaps,
) {
    for (a, b) in configs.iter().flat_map(|(_, couples)| couples) {
        // A run that stops at the target has no last epoch to compare. Steps and seconds are
        // missing if a run stopped early or is from an older release.
        let stopped = stopped_at_target(a) || stopped_at_target(b);
        let completed = a.row.completed() && b.row.completed() && !stopped;
        for &metric in wanted.iter().filter(|m| completed && m.is_at_the_end()) {
            if value(metric, a).is_some() && value(metric, b).is_none() {
                gaps.add(b, GapKind::NoValue(metric));
            }
        }
    }
}

fn without_result(run: &NightRun) -> GapKind {
    let Some(status) = run.row.status else { return GapKind::Missing };
    let message = run.row.error.as_deref().map(text_format::escape::headline).unwrap_or_default();
    let status = status.name().replace('_', " ");
    GapKind::Failed(if message.is_empty() { status } else { format!("{status}: {message}") })
}

/// Gaps in the order of discovery, grouped by configuration and reason.
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
