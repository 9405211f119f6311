//! Rungs of tuning: the configurations of each label that continue, by their results at an epoch.

use spec::Id;
use spec::plan::{Plan, PlannedOptimizer, PlannedRun};
use spec::record::{Outcome, RunRecord, Status};
use spec::stages::{Choice, Rungs};

use super::{Analysis, by_selection};

/// Returns the configurations of each label that continue beyond the next rung: the best fraction
/// `keep` by the selection metric there, and all that tie with the last of them. Configurations
/// with a run without a result rank last. One of which every seed diverged continues only if no
/// other can. A label without any result is omitted.
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

/// Returns the configurations that continued beyond the next rung of a plan, from the epoch at
/// which each run was cut in the end.
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

/// Returns a record as it was at the end of an epoch, as if the run had ended there. The record is
/// unchanged if the run ended before, diverged in that epoch, or was not trained that far. Times in
/// seconds remain those of the whole record.
pub(super) fn at_epoch(record: &RunRecord, epoch: u64) -> RunRecord {
    let mut out = record.clone();
    // A run that diverges in the next epoch has completed this one with finite values.
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
