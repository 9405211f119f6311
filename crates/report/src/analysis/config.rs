//! A configuration: its runs, their statuses, and estimates over seeds.

use spec::Id;
use spec::plan::PlannedRun;
use spec::record::Status;
use spec::stages::Stage;
use stats::{Estimate, estimate};

use crate::analysis::Criterion;

/// Numbers of runs of a configuration, by how they ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs planned: the number of seeds.
    pub planned: usize,
    /// Trained to the end.
    pub completed: usize,
    /// Diverged: ended by a loss that is not finite.
    pub diverged: usize,
    /// Paused before their end.
    pub cut: usize,
    /// Ended by an error.
    pub failed: usize,
    /// Ended for taking too long.
    pub timed_out: usize,
    /// Ended by the user.
    pub cancelled: usize,
    /// Missing: no record.
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

    /// Returns the number of runs with a result: completed or diverged.
    pub fn results(&self) -> usize {
        self.completed + self.diverged
    }

    /// Returns the number of runs without a result, not counting those that a rung has paused.
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
    /// The stage of its runs. A configuration that was confirmed has one entry per stage.
    pub stage: Stage,
    /// The epoch at which a rung of tuning cut it; `None` where it is trained to its end.
    pub cut_at: Option<u64>,
    /// Indices into `plan.runs`, one per seed.
    pub runs: Vec<usize>,
    /// Counts of its runs by how they ended.
    pub counts: Counts,
    /// The selection metric over completed seeds, or over the seeds that reached the target if runs
    /// stop there. Configurations are chosen by it.
    pub selection: Estimate,
    /// The evaluation metric, likewise. Optimizers are compared by it.
    pub judged: Estimate,
    /// Median of the evaluation metric over completed and diverged seeds, where a diverged seed is
    /// the worst value: infinite when half of the seeds diverged.
    pub judged_median: Option<f64>,
    /// Mean validation loss after the last epoch over completed seeds; `None` where it was not
    /// measured.
    pub validation_loss: Option<f64>,
    /// Test accuracy after the last epoch, a fraction 0..1, over completed seeds.
    pub test_accuracy: Estimate,
    /// Training loss of the last epoch over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training over completed seeds.
    pub train_seconds: Estimate,
    pub(super) known: Estimates,
}

impl Config {
    /// Creates the configuration of a run, without any runs.
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

    /// Returns the status by which one of its runs counts; `None` for a paused run that no rung has
    /// cut, since it will be resumed.
    pub(super) fn counted(&self, status: Option<Status>) -> Option<Status> {
        status.filter(|status| *status != Status::Cut || self.cut_at.is_some())
    }

    /// Returns whether it took part in the choice: it has a result, or a rung has cut it.
    pub fn was_candidate(&self) -> bool {
        self.counts.results() > 0 || self.cut_at.is_some()
    }

    /// Returns the value by which the configuration is ranked: the mean of `estimate`, or the
    /// median where runs stop at the target, which some may never reach. `None` without a finite
    /// value.
    pub fn standing(&self, metric: &Criterion, estimate: &Estimate) -> Option<f64> {
        let value = if metric.reached() { self.judged_median } else { estimate.mean };
        value.filter(|value| value.is_finite())
    }

    /// Returns the [`estimate`] of `values`, from the cache if the configuration was estimated with
    /// the same values before.
    pub fn estimate(&self, values: &[f64]) -> Estimate {
        self.known.get(values).unwrap_or_else(|| estimate(values.iter().copied()))
    }
}

/// Cache of estimates by the bits of their values. Resampling dominates the time of a large report,
/// and two quantities often have the same values.
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
