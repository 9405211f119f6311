//! Decisions on the next stage of a sweep by the results of those before.

use std::collections::HashMap;

use spec::plan::{Plan, PlannedOptimizer, PlannedRun};
use spec::record::RunRecord;
use spec::stages::{Choice, Decision, Evidence, Stage, result_digest};
use spec::{Digest, Id};

use super::{Analysis, by_selection, looks};
use crate::table::RunRow;

/// Decides what a plan trains next when all of its runs have ended. None of a plan that has
/// nothing more to decide on, and where no run has a result to decide by.
///
/// After tuning these are of each label the `top` configurations in the order in which the report
/// would choose them, those of which a run has no result last; after a look at the fresh seeds
/// the labels that need more.
///
/// A pure function of the plan and of the records of its runs, in whatever order these came.
pub fn decide(plan: &Plan, records: &HashMap<Id, &RunRecord>) -> Option<Decision> {
    decide_by(plan, &|run| {
        let record = records.get(&run.run_id)?;
        Some((RunRow::of(record, &plan.target), result_digest(record)))
    })
}

/// What a run came to, with the digest of its result where that is known.
pub type Outcome = (RunRow, Option<Digest>);

/// As [`decide`] by what each run came to; `None` of a run without a record.
pub fn decide_by(plan: &Plan, result: &dyn Fn(&PlannedRun) -> Option<Outcome>) -> Option<Decision> {
    let confirm = plan.confirm.as_ref().filter(|_| plan.is_open())?;
    let results = plan.runs.iter().map(|run| result(run).unwrap_or_default());
    let (rows, digests): (Vec<RunRow>, Vec<Option<Digest>>) = results.unzip();
    let evidence = plan.runs.iter().zip(digests);
    let rests_on = evidence.map(|(run, digest)| Evidence { run_id: run.run_id, digest }).collect();
    let analysis = Analysis::new(plan.clone(), rows);
    let chosen = match plan.decision(Stage::Confirm) {
        None => Some(best(&analysis, confirm.top as usize)).filter(|chosen| !chosen.is_empty())?,
        Some(first) => {
            let goes_on = looks::to_go_on(&analysis)?;
            let of = |&label: &usize| {
                let name = &analysis.plan.optimizers[label].label;
                first.chosen.iter().find(|choice| choice.label == *name).cloned()
            };
            goes_on.iter().filter_map(of).collect()
        }
    };
    let look = confirm.until.as_ref().map_or(0, |_| plan.decisions.len() as u64 + 1);
    Some(Decision { stage: Stage::Confirm, look, chosen, rests_on })
}

/// Of each label the `top` configurations of tuning, the best first.
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

/// For each label the configuration of a stage that a decision is on: the first of those chosen.
/// None before anything is decided.
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
