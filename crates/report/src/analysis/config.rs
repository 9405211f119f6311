//! A configuration: its runs, how they ended, and what is estimated over them.

use spec::Id;
use spec::plan::PlannedRun;
use spec::record::Status;
use spec::stages::Stage;
use stats::{Estimate, estimate};

use crate::analysis::Criterion;

/// How many runs of a configuration ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs planned: the number of seeds.
    pub planned: usize,
    /// Trained to the end.
    pub completed: usize,
    /// Ended by a loss that is not finite.
    pub diverged: usize,
    /// Paused before their end.
    pub cut: usize,
    /// Ended by an error.
    pub failed: usize,
    /// Ended for taking too long.
    pub timed_out: usize,
    /// Ended by the user.
    pub cancelled: usize,
    /// Without a record.
    pub missing: usize,
}

impl Counts {
    /// Counts one run.
    pub fn add(&mut self, status: Option<Status>) {
        self.planned += 1;
        let field = match status {
            Some(Status::Completed) => &mut self.completed,
            Some(Status::Diverged) => &mut self.diverged,
            Some(Status::Cut) => &mut self.cut,
            Some(Status::Failed) => &mut self.failed,
            Some(Status::TimedOut) => &mut self.timed_out,
            Some(Status::Cancelled) => &mut self.cancelled,
            None => &mut self.missing,
        };
        *field += 1;
    }

    /// Runs with a result: completed or diverged.
    pub fn results(&self) -> usize {
        self.completed + self.diverged
    }

    /// Runs that left no result, but for those that a rung has paused.
    pub fn without_result(&self) -> usize {
        self.planned - self.results() - self.cut
    }
}

/// One configuration: the runs that differ in their seed alone.
#[derive(Clone, Debug)]
pub struct Config {
    /// Its id.
    pub config_id: Id,
    /// Index of its label in `plan.optimizers`.
    pub label: usize,
    /// The stage of its runs. A configuration that was confirmed is there for each stage.
    pub stage: Stage,
    /// The epoch at which a rung of tuning has cut it; none where it is trained to its end.
    pub cut_at: Option<u64>,
    /// Indices into `plan.runs`, one a seed.
    pub runs: Vec<usize>,
    /// How they ended.
    pub counts: Counts,
    /// The selection metric's metric over completed seeds, or over those that reached the target
    /// where that is what counts: what configurations are chosen by.
    pub selection: Estimate,
    /// The evaluation metric's metric, likewise: what optimizers are compared by.
    pub judged: Estimate,
    /// Median of the evaluation metric's metric over completed and diverged seeds, a
    /// diverged one being worse than any other: infinite when half diverged.
    pub judged_median: Option<f64>,
    /// Mean validation loss after the last epoch over completed seeds; none where it
    /// was not measured.
    pub validation_loss: Option<f64>,
    /// Test accuracy over completed seeds.
    pub test_accuracy: Estimate,
    /// Training loss of the last epoch over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training over completed seeds.
    pub train_seconds: Estimate,
    pub(super) known: Estimates,
}

impl Config {
    /// The configuration of a run, without any run yet.
    pub(super) fn new(run: &PlannedRun, label: usize, cut_at: Option<u64>) -> Self {
        Config {
            config_id: run.config_id,
            label,
            stage: run.stage,
            cut_at,
            runs: Vec::new(),
            counts: Counts::default(),
            selection: Estimate::default(),
            judged: Estimate::default(),
            judged_median: None,
            validation_loss: None,
            test_accuracy: Estimate::default(),
            train_loss: Estimate::default(),
            train_seconds: Estimate::default(),
            known: Estimates::default(),
        }
    }

    /// The status by which one of its runs counts: none of a paused one that no rung has cut, which is
    /// to go on.
    pub(super) fn counted(&self, status: Option<Status>) -> Option<Status> {
        status.filter(|status| *status != Status::Cut || self.cut_at.is_some())
    }

    /// Returns whether it was a candidate of the choice: it has a result, or a rung has cut it.
    pub fn was_candidate(&self) -> bool {
        self.counts.results() > 0 || self.cut_at.is_some()
    }

    /// The value that the configuration stands for by a metric with this estimate:
    /// its mean, or the median where runs stop at the target and some may never have
    /// got there. None without a finite one.
    pub fn standing(&self, metric: &Criterion, estimate: &Estimate) -> Option<f64> {
        let value = if metric.reached() { self.judged_median } else { estimate.mean };
        value.filter(|value| value.is_finite())
    }

    /// [`estimate`] of the configuration's values; those that were estimated
    /// with it are not resampled again.
    pub fn estimate(&self, values: &[f64]) -> Estimate {
        self.known.get(values).unwrap_or_else(|| estimate(values.iter().copied()))
    }
}

/// Estimates with the values they are of, to the bit. Resampling is most of
/// what a large report computes, and often two quantities are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Estimates(Vec<(Vec<f64>, Estimate)>);

impl Estimates {
    fn get(&self, values: &[f64]) -> Option<Estimate> {
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<u64>>();
        let wanted = bits(values);
        self.0.iter().find(|(held, _)| bits(held) == wanted).map(|(_, estimate)| *estimate)
    }

    pub(super) fn of(&mut self, values: Vec<f64>) -> Estimate {
        self.get(&values).unwrap_or_else(|| {
            let made = estimate(values.iter().copied());
            self.0.push((values, made));
            made
        })
    }
}
