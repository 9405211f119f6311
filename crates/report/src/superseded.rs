//! Cost of replaced decisions: runs that no current decision needs.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use spec::Id;
use spec::plan::Plan;
use spec::record::RunRecord;

/// Cost of the runs of replaced decisions that are no longer in the plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Superseded {
    /// Number of replaced decisions.
    pub decisions: usize,
    /// Number of runs with a record that only these decisions added.
    pub runs: usize,
    /// Whole epochs trained by these runs.
    pub epochs: u64,
    /// Seconds of training and evaluation of these runs.
    pub device_seconds: f64,
}

impl Superseded {
    /// Sums up the cost from the records of a plan's runs.
    pub fn of(plan: &Plan, records: &HashMap<Id, &RunRecord>) -> Self {
        let mut out = Superseded { decisions: plan.superseded.len(), ..Superseded::default() };
        let mut seen: HashSet<Id> = plan.runs.iter().map(|run| run.run_id).collect();
        // Later decisions depend on the runs that earlier ones added.
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

    /// Returns whether nothing was trained for replaced decisions.
    pub fn is_empty(&self) -> bool {
        self.runs == 0
    }
}
