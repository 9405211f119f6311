//! Decisions on the next stage of a sweep, by the results of earlier stages.

use std::collections::HashMap;

use spec::plan::{Plan, PlannedOptimizer, PlannedRun};
use spec::record::{RunRecord, Status};
use spec::stages::{Choice, Decision, Evidence, Stage, digest_upto, result_digest};
use spec::{Digest, Id};

use super::{Analysis, by_selection, growth, looks, rungs};
use crate::table::RunRow;

/// Decides what a plan trains next, once all of its runs have ended. `None` if the plan has no
/// further decision, or no run has a result to decide by.
///
/// A decision on a rung has the configurations that continue (`rungs.rs`); one on growth, those
/// beyond the edges of grids (`growth.rs`). The decision after tuning has the `top` configurations
/// of each label, in the order in which the report would choose them and with those that lack a
/// result last. The decision after a look has the labels that need more seeds.
///
/// A pure function of the plan and the records of its runs, regardless of the order of these.
pub fn decide(plan: &Plan, records: &HashMap<Id, &RunRecord>) -> Option<Decision> {
    let (pauses, cut) = (plan.pauses(), plan.cut());
    decide_by(plan, &|run| {
        let record = records.get(&run.run_id)?;
        let Some(epoch) = pauses.get(&run.run_id).copied() else {
            return Some((RunRow::of(record, &plan.target), result_digest(record)));
        };
        let row = match cut.contains_key(&run.run_id) {
            true => RunRow { status: Some(Status::Cut), ..RunRow::default() },
            false => RunRow::of(&rungs::at_epoch(record, epoch), &plan.target),
        };
        Some((row, digest_upto(record, epoch)))
    })
}

/// Repeats the sweep's decision from the rows of its runs, as [`decide_by`] would. At a rung it
/// uses the epoch at which each run was cut in the end, which is `None` for a run trained to its
/// end.
pub fn repeat(
    plan: &Plan,
    row: &dyn Fn(&PlannedRun) -> Option<RunRow>,
    cut_at: &dyn Fn(&PlannedRun) -> Option<u64>,
) -> Option<Decision> {
    let Some(epoch) = plan.rungs_left().first() else {
        return decide_by(plan, &|run| Some((row(run)?, None)));
    };
    let chosen = rungs::went_on(plan, *epoch, cut_at);
    let evidence = |run: &PlannedRun| Evidence { run_id: run.run_id, digest: None };
    let rests_on = plan.runs.iter().map(evidence).collect();
    (!chosen.is_empty()).then(|| on_rung(plan, chosen, rests_on))
}

/// Returns the decision on the next rung of a plan.
fn on_rung(plan: &Plan, chosen: Vec<Choice>, rests_on: Vec<Evidence>) -> Decision {
    let rungs = plan.tuning.as_ref().map_or(0, |tuning| tuning.rungs.len());
    let rung = (rungs - plan.rungs_left().len() + 1) as u64;
    Decision { stage: Stage::Tuning, look: 0, rung, chosen, grown: Vec::new(), rests_on }
}

/// Result of a run, with the digest of its record if that is known.
pub type Outcome = (RunRow, Option<Digest>);

/// Decides as [`decide`] does, from a result per run; `None` for a run without a record.
pub fn decide_by(plan: &Plan, result: &dyn Fn(&PlannedRun) -> Option<Outcome>) -> Option<Decision> {
    if !plan.is_open() {
        return None;
    }
    let results = plan.runs.iter().map(|run| result(run).unwrap_or_default());
    let (rows, digests): (Vec<RunRow>, Vec<Option<Digest>>) = results.unzip();
    let evidence = plan.runs.iter().zip(digests);
    let rests_on = evidence.map(|(run, digest)| Evidence { run_id: run.run_id, digest }).collect();
    let analysis = Analysis::new(plan.clone(), rows);
    if let Some(tuning) = plan.tuning.as_ref().filter(|_| !plan.rungs_left().is_empty()) {
        let chosen = rungs::going_on(&analysis, tuning);
        return (!chosen.is_empty()).then(|| on_rung(plan, chosen, rests_on));
    }
    if plan.is_growing() {
        let grown = growth::grown(&analysis)?;
        // If nothing grows, the fresh seeds follow, if any.
        if !grown.is_empty() || plan.confirm.is_none() {
            let stage = Stage::Tuning;
            let chosen = Vec::new();
            return Some(Decision { stage, look: 0, rung: 0, chosen, grown, rests_on });
        }
    }
    let stage = plan.looks().map_or(Stage::Confirm, |(_, stage)| stage);
    let look = plan.looks().map_or(0, |_| plan.looks_opened() as u64 + 1);
    let chosen = match &plan.confirm {
        Some(confirm) if plan.decision(Stage::Confirm).is_none() => {
            Some(best(&analysis, confirm.top as usize)).filter(|chosen| !chosen.is_empty())?
        }
        _ => {
            let judged = |label: usize| {
                let configs = vec![analysis.configs[analysis.best[label]?].config_id];
                Some(Choice { label: plan.optimizers[label].label.clone(), configs })
            };
            looks::to_go_on(&analysis)?.into_iter().filter_map(judged).collect()
        }
    };
    Some(Decision { stage, look, chosen, rung: 0, grown: Vec::new(), rests_on })
}

/// Returns the `top` tuning configurations of each label, the best first.
fn best(analysis: &Analysis, top: usize) -> Vec<Choice> {
    let choice = |(label, planned): (usize, &PlannedOptimizer)| {
        let with_result = |i: &usize| {
            let config = &analysis.configs[*i];
            config.label == label && config.counts.results() > 0
        };
        let among: Vec<usize> = (0..analysis.configs.len()).filter(with_result).collect();
        let mut ranked = by_selection(analysis, &among).concat();
        ranked.sort_by_key(|&i| analysis.configs[i].counts.without_result() > 0);
        ranked.truncate(top);
        let configs: Vec<Id> = ranked.iter().map(|&i| analysis.configs[i].config_id).collect();
        (!configs.is_empty()).then(|| Choice { label: planned.label.clone(), configs })
    };
    analysis.plan.optimizers.iter().enumerate().filter_map(choice).collect()
}

/// Returns for each label the configuration of a stage that a decision is on: the first of those
/// chosen. `None` before anything is decided.
pub(super) fn decided(analysis: &Analysis, stage: Stage) -> Option<Vec<Option<usize>>> {
    let decision = analysis.plan.decision(Stage::Confirm)?;
    let of_label = |(label, planned): (usize, &PlannedOptimizer)| {
        let wanted = *decision.of(&planned.label).first()?;
        analysis.configs.iter().position(|config| {
            (config.label, config.stage, config.config_id) == (label, stage, wanted)
        })
    };
    Some(analysis.plan.optimizers.iter().enumerate().map(of_label).collect())
}
