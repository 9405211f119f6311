//! The ledger: the budget and cost of each label. A lead that took a larger budget is worth less.

use spec::record::Status;

use crate::analysis::{Analysis, Counts};

/// Cost of one label, over all its configurations and seeds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Spent {
    /// Index into `plan.optimizers`.
    pub label: usize,
    /// Number of configurations planned.
    pub configs: usize,
    /// Number of these that growth added to its grid.
    pub added: usize,
    /// Number of these with at least one result or cut by a rung: the best was chosen from them.
    pub with_result: usize,
    /// Counts of its runs by how they ended.
    pub counts: Counts,
    /// Whole epochs trained, of all runs.
    pub epochs: u64,
    /// Optimizer steps done, of all runs.
    pub steps: u64,
    /// Seconds of training.
    pub train_seconds: f64,
    /// Seconds for which runs held a slot: training and evaluation.
    pub device_seconds: f64,
}

/// Returns the ledger, one row per label in plan order.
pub fn spent(analysis: &Analysis) -> Vec<Spent> {
    let mut ledger: Vec<Spent> = (0..analysis.plan.optimizers.len())
        .map(|label| Spent { label, ..Spent::default() })
        .collect();
    for config in &analysis.configs {
        let row = &mut ledger[config.label];
        if config.stage.is_tuning() {
            row.configs += 1;
            row.added += usize::from(analysis.was_added(config));
            row.with_result += usize::from(config.was_candidate());
        }
        for &run in &config.runs {
            let run = &analysis.rows[run];
            row.counts.add(run.status);
            // A failed run has no outcome; its cost is unknown.
            let (train, eval) = (run.train_seconds.unwrap_or(0.0), run.eval_seconds.unwrap_or(0.0));
            row.epochs += run.epochs_completed.unwrap_or(0);
            row.steps += run.steps.unwrap_or(0);
            row.train_seconds += train;
            row.device_seconds += train + eval;
        }
    }
    ledger
}

impl Spent {
    /// Returns the number of runs without a result whose cost is unknown: failed, timed out or
    /// cancelled.
    pub fn of_unknown_cost(&self, analysis: &Analysis) -> usize {
        let of_known = |s: Status| s.is_result() || s == Status::Cut;
        let ended = |status: Option<Status>| status.is_some_and(|s| !of_known(s));
        let configs = analysis.configs.iter().filter(|c| c.label == self.label);
        configs.flat_map(|c| &c.runs).filter(|&&r| ended(analysis.rows[r].status)).count()
    }
}
