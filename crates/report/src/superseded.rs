//! The cost of decisions that others have replaced: runs that no decision of today asks for.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use spec::Id;
use spec::plan::Plan;
use spec::record::RunRecord;

/// Runs of replaced decisions that are not in the plan any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Superseded {
    /// Decisions that were replaced.
    pub decisions: usize,
    /// Runs that they alone asked for and that have a record.
    pub runs: usize,
    /// Whole epochs that these were trained.
    pub epochs: u64,
    /// Seconds of training and evaluation.
    pub device_seconds: f64,
}

impl Superseded {
    /// Sums the cost up by the records of a plan's runs.
    pub fn of(plan: &Plan, records: &HashMap<Id, &RunRecord>) -> Self {
        let mut out = Superseded { decisions: plan.superseded.len(), ..Superseded::default() };
        let mut seen: HashSet<Id> = plan.runs.iter().map(|run| run.run_id).collect();
        // Later decisions rest on the runs that earlier ones added.
        let mut known = plan.clone();
        for decision in &plan.superseded {
            let grown = decision.grown.iter().flat_map(|grown| known.runs_grown(grown));
            let added: Vec<_> = known.runs_of(decision).into_iter().chain(grown).collect();
            for run in &added {
                let Some(record) = records.get(&run.run_id).filter(|_| seen.insert(run.run_id))
                else {
                    continue;
                };
                out.runs += 1;
                if let Some(outcome) = &record.outcome {
                    out.epochs += outcome.epochs_completed;
                    out.device_seconds += outcome.train_seconds + outcome.eval_seconds;
                }
            }
            known.runs.extend(added);
        }
        out
    }

    /// Returns whether nothing was trained for decisions that do not hold any more.
    pub fn is_empty(&self) -> bool {
        self.runs == 0
    }
}
