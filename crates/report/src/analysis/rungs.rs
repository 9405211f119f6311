//! Rungs of tuning: the configurations of each label that go on, by what they came to at an epoch.

use spec::Id;
use spec::plan::{Plan, PlannedOptimizer, PlannedRun};
use spec::record::{Outcome, RunRecord, Status};
use spec::stages::{Choice, Rungs};

use super::{Analysis, by_selection};

/// The configurations of each label that go on beyond the next rung: the best by the selection
/// metric there, as many as `keep` of them, and all that tie with the last; those of which a run
/// has no result last. A configuration of which every seed diverged goes on with no other one. A
/// label without any result is left out.
pub(super) fn going_on(analysis: &Analysis, rungs: &Rungs) -> Vec<Choice> {
    let choice = |(label, planned): (usize, &PlannedOptimizer)| {
        let alive = |i: &usize| {
            let config = &analysis.configs[*i];
            config.label == label && config.stage.is_tuning() && config.cut_at.is_none()
        };
        let alive: Vec<usize> = (0..analysis.configs.len()).filter(alive).collect();
        let wanted = rungs.kept(alive.len());
        let whole = |i: &usize| {
            analysis.configs[*i].counts.results() == analysis.configs[*i].counts.planned
        };
        let results = |i: &usize| analysis.configs[*i].counts.results() > 0;
        let (whole, rest): (Vec<usize>, Vec<usize>) =
            alive.into_iter().filter(results).partition(whole);
        let mut groups = by_selection(analysis, &whole);
        groups.extend(by_selection(analysis, &rest).concat().into_iter().map(|i| vec![i]));
        let completed =
            |group: &Vec<usize>| group.iter().any(|i| analysis.configs[*i].counts.completed > 0);
        if groups.iter().any(completed) {
            groups.retain(completed);
        }
        let mut configs: Vec<Id> = Vec::new();
        for group in groups {
            if configs.len() < wanted {
                configs.extend(group.iter().map(|&i| analysis.configs[i].config_id));
            }
        }
        (!configs.is_empty()).then(|| Choice { label: planned.label.clone(), configs })
    };
    analysis.plan.optimizers.iter().enumerate().filter_map(choice).collect()
}

/// The configurations that went on beyond the next rung of a plan, by where each run was cut in the
/// end.
pub(super) fn went_on(
    plan: &Plan,
    epoch: u64,
    cut_at: &dyn Fn(&PlannedRun) -> Option<u64>,
) -> Vec<Choice> {
    let choice = |planned: &PlannedOptimizer| {
        let own = plan.runs.iter().filter(|run| run.label == planned.label);
        let goes_on = own.filter(|run| cut_at(run).is_none_or(|at| at > epoch));
        let mut configs: Vec<Id> = goes_on.map(|run| run.config_id).collect();
        configs.dedup();
        (!configs.is_empty()).then(|| Choice { label: planned.label.clone(), configs })
    };
    plan.optimizers.iter().filter_map(choice).collect()
}

/// A record as it was at the end of an epoch, as if the run had been that long; unchanged where the
/// run ended before, diverged in that very epoch, or was not trained so far. Seconds stay those of
/// the whole record.
pub(super) fn at_epoch(record: &RunRecord, epoch: u64) -> RunRecord {
    let mut out = record.clone();
    // A run that diverges in the next epoch has trained this one whole, with finite values.
    let finite = |o: &Outcome| {
        o.metrics.iter().all(|point| point.epoch != epoch || point.value.0.is_finite())
    };
    let goes_on = |o: &&mut Outcome| {
        o.epochs_completed >= epoch && (record.status != Status::Diverged || finite(o))
    };
    let Some(outcome) = out.outcome.as_mut().filter(goes_on) else { return out };
    outcome.epochs_completed = epoch;
    outcome.status = Status::Completed;
    outcome.stop_reason = None;
    outcome.metrics.retain(|point| point.epoch <= epoch);
    outcome.diverged_step = None;
    outcome.weights_digest = None;
    outcome.batch_digest.truncate(epoch as usize);
    out.status = Status::Completed;
    out
}
