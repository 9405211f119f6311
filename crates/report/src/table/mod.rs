//! Typed rows of `runs.parquet`, one per run, and their conversion to and from columns.

mod cell;
mod last_epoch;

use std::fs::File;
use std::path::Path;

use polars::prelude::*;
use spec::metric::{EpochMetric, Metric};
use spec::plan::{Plan, Target, TargetAt};
use spec::record::{MetricPoint, RunRecord, Split, Status};
use spec::{ModelSpec, RunSpec};

use crate::error::ReportError;
use spec::grain::Grain;

pub use cell::Cell;
pub(crate) use cell::number;
pub use last_epoch::LastEpoch;
pub(crate) use last_epoch::columns_of;

/// Columns that files of the first release lack.
const ADDED: [&str; 8] = [
    "target_epoch",
    "target_step",
    "target_samples",
    "initial_validation_loss",
    "initial_test_loss",
    "target_seconds",
    "epoch_seconds",
    "longest_step",
];

/// Returns whether a file of an earlier release lacks a column, which is then empty.
fn absent(frame: &DataFrame, name: &str) -> bool {
    ADDED.contains(&name) && frame.column(name).is_err()
}

/// Status of a planned run without a record.
pub const MISSING: &str = "missing";

/// The epoch (for a run by steps, the evaluation) with the best validation value of the target's
/// metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AtBest {
    /// The first such epoch, from 1; for a run by steps, the whole epochs done.
    pub epoch: u64,
    /// Optimizer steps done by then.
    pub step: u64,
    /// Its validation value.
    pub value: f64,
    /// The same metric on the test split after that epoch; `None` if it was not measured.
    pub test: Option<f64>,
}

macro_rules! row {
    ($($(#[$doc:meta])+ $name:ident: $ty:ty;)+) => {
        /// Results of one planned run, as in `runs.parquet`. All fields are empty for a run without
        /// a record.
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct RunRow {
            /// Its status; `None` if it has no record.
            pub status: Option<Status>,
            /// The epoch that counts with `[target] at = "best"`. The columns `at_best_*` are
            /// written but not read back, since the target may have changed; they are recomputed
            /// from `metrics.parquet`. `None` otherwise, and for runs that did not complete.
            pub at_best: Option<AtBest>,
            /// Metrics after the last epoch; only of completed runs.
            pub last_epoch: LastEpoch,
            $($(#[$doc])+ pub $name: Option<$ty>,)+
        }

        impl RunRow {
            /// Builds one column per field in the order of declaration, `status` first; the metrics
            /// after the last epoch follow `diverged_step`.
            pub fn columns(rows: &[RunRow]) -> Vec<Column> {
                let status = |r: &RunRow| Some(r.status.map_or(MISSING, Status::name).to_owned());
                let mut out = vec![
                    String::column("status", rows.iter().map(status).collect()),
                    $(<$ty>::column(stringify!($name), rows.iter().map(|r| r.$name.clone()).collect()),)+
                ];
                let before = out.iter().position(|c| c.name() == "diverged_step");
                let at = before.map_or(out.len(), |at| at + 1);
                out.splice(at..at, last_epoch::columns(rows));
                out
            }

            /// Reads the rows of a frame that [`RunRow::columns`] wrote.
            pub fn from_frame(frame: &DataFrame) -> PolarsResult<Vec<RunRow>> {
                let mut rows = vec![RunRow::default(); frame.height()];
                for (row, status) in rows.iter_mut().zip(String::read(frame.column("status")?)?) {
                    row.status = status.as_deref().and_then(Status::from_name);
                }
                $(if !absent(frame, stringify!($name)) {
                    for (row, value) in rows.iter_mut().zip(<$ty>::read(frame.column(stringify!($name))?)?) {
                        row.$name = value;
                    }
                })+
                last_epoch::read(frame, &mut rows)?;
                Ok(rows)
            }
        }
    };
}

row! {
    /// Hash of the environment that computed it.
    exec_id: String;
    /// The reason why a completed run stopped.
    stop_reason: String;
    /// Whole epochs trained.
    epochs_completed: u64;
    /// Optimizer steps done.
    steps: u64;
    /// First step, from 1, whose loss was not finite.
    diverged_step: u64;
    /// Longest step of a descent on a function, in its coordinates. If positions are not recorded
    /// after every step, a lower bound on the longest.
    longest_step: f64;
    /// Highest validation accuracy of any epoch.
    best_validation_accuracy: f64;
    /// First epoch that reached it.
    best_epoch: u64;
    /// First epoch after which the target's value was measured; `None` if it never was, or the plan
    /// has no value.
    target_epoch: u64;
    /// Optimizer steps done by then.
    target_step: u64;
    /// Training samples fed by then; for a function, steps.
    target_samples: u64;
    /// Seconds of training by then, without evaluation.
    target_seconds: f64;
    /// Validation loss before training.
    initial_validation_loss: f64;
    /// Test loss before training; for a function, its initial value.
    initial_test_loss: f64;
    /// Seconds of training.
    train_seconds: f64;
    /// Seconds of training in the fastest epoch (for a run by steps, the fastest segment): other
    /// load on a machine only ever makes it slower.
    epoch_seconds: f64;
    /// Seconds of evaluation.
    eval_seconds: f64;
    /// Device as the pool names it.
    device: String;
    /// Threads inside the run.
    threads: u64;
    /// Slot that ran it.
    slot: u64;
    /// Number of slots that were busy in parallel.
    jobs: u64;
    /// Attempt within its sweep.
    attempt: u64;
    /// Digest of the initial parameters.
    init_digest: String;
    /// Digests of the batches fed, one per epoch, as JSON text.
    batch_digest: String;
    /// Digest of the final parameters.
    weights_digest: String;
    /// Digest of the dataset read.
    dataset_digest: String;
    /// Hash of the training sources.
    code: String;
    /// Error message of a run without a result.
    error: String;
}

impl RunRow {
    /// Converts a record, with the times to `target`.
    pub fn of(record: &RunRecord, target: &Target) -> Self {
        let mut row = RunRow {
            status: Some(record.status),
            exec_id: record.exec_id.map(|id| id.to_string()),
            device: Some(record.device.clone()),
            threads: record.exec.as_ref().map(|e| e.threads),
            slot: Some(record.slot),
            jobs: Some(record.jobs),
            attempt: Some(record.attempt),
            code: record.exec.as_ref().map(|e| e.code.clone()),
            error: record.error.as_ref().map(|e| e.message.clone()),
            ..RunRow::default()
        };
        let Some(outcome) = &record.outcome else { return row };
        row.stop_reason = outcome.stop_reason.map(|r| r.name().to_owned());
        row.epochs_completed = Some(outcome.epochs_completed);
        row.steps = Some(outcome.steps);
        row.diverged_step = outcome.diverged_step;
        row.train_seconds = Some(outcome.train_seconds);
        row.eval_seconds = Some(outcome.eval_seconds);
        row.init_digest = Some(outcome.init_digest.clone());
        row.batch_digest = serde_json::to_string(&outcome.batch_digest).ok();
        row.dataset_digest = Some(outcome.dataset_digest.clone());
        row.initial_validation_loss = initial_loss(&outcome.metrics, Split::Validation);
        row.initial_test_loss = initial_loss(&outcome.metrics, Split::Test);
        if record.status == Status::Cut {
            // Its setting and cost are known; its result is not.
            return row;
        }
        row.weights_digest = outcome.weights_digest.clone();
        row.epoch_seconds = fastest_epoch(&outcome.metrics);
        row.longest_step = longest_step(&outcome.metrics);
        row.reach(target, &outcome.metrics, &record.spec);
        row.find_best(target, &outcome.metrics);
        let grain = Grain::of_run(&record.spec);
        let last = (record.status == Status::Completed).then_some(grain.done(outcome));
        for point in &outcome.metrics {
            let value = point.value.0;
            let of = EpochMetric::new(point.split, point.metric);
            if of == EpochMetric::new(Split::Validation, Metric::ACCURACY)
                && value.is_finite()
                && row.best_validation_accuracy.is_none_or(|best| value > best)
            {
                row.best_validation_accuracy = Some(value);
                row.best_epoch = Some(point.epoch);
            }
            if Some(grain.of_point(point)) == last && point.metric.is_held_out() {
                row.last_epoch.set(of, Some(value));
            }
        }
        row
    }

    /// Records when the target's value was first measured; not for a paused run.
    pub(crate) fn reach(&mut self, target: &Target, metrics: &[MetricPoint], spec: &RunSpec) {
        let Some(selection) = target.value.filter(|_| self.status != Some(Status::Cut)) else {
            return;
        };
        let there =
            |v: f64| if target.higher_is_better() { v >= selection } else { v <= selection };
        let measured = |p: &&MetricPoint| p.split == target.split && p.metric == target.metric;
        let Some(first) = metrics.iter().filter(measured).find(|p| there(p.value.0)) else {
            return;
        };
        self.target_epoch = Some(first.epoch);
        self.target_step = Some(first.step);
        // Data is measured at the end of an epoch; a function may end within one.
        let grain = Grain::of_run(spec);
        self.target_samples = Some(match (&spec.model, grain) {
            (ModelSpec::Function(_), _) => first.step,
            (_, Grain::Epochs) => first.epoch * spec.samples_per_epoch(),
            (_, Grain::Steps) => spec.samples_after(first.step),
        });
        let clock = |p: &&MetricPoint| {
            p.split == Split::Train
                && p.metric == Metric::SECONDS
                && grain.of_point(p) == grain.of_point(first)
        };
        // No time is spent before the first step.
        self.target_seconds = match grain.of_point(first) {
            0 => Some(0.0),
            _ => metrics.iter().find(clock).map(|p| p.value.0),
        };
    }

    /// Records the best epoch (for a run by steps, the best evaluation) if the target uses it.
    pub(crate) fn find_best(&mut self, target: &Target, metrics: &[MetricPoint]) {
        if target.at != TargetAt::Best || !self.completed() {
            return;
        }
        let of = |split: Split| {
            metrics.iter().filter(move |p| {
                p.step > 0 && p.split == split && p.metric == target.metric && p.value.0.is_finite()
            })
        };
        let better = |new: f64, held: f64| {
            if target.higher_is_better() { new > held } else { new < held }
        };
        let mut best: Option<&MetricPoint> = None;
        for point in of(target.split) {
            if best.is_none_or(|held| better(point.value.0, held.value.0)) {
                best = Some(point);
            }
        }
        self.at_best = best.map(|best| AtBest {
            epoch: best.epoch,
            step: best.step,
            value: best.value.0,
            test: of(Split::Test)
                .find(|p| (p.epoch, p.step) == (best.epoch, best.step))
                .map(|p| p.value.0),
        });
    }

    /// Returns the value of a metric after the last epoch; `None` for a run that did not complete,
    /// or a metric that is not measured at the end of an epoch.
    pub fn last(&self, split: Split, metric: Metric) -> Option<f64> {
        self.last_epoch.get(split, metric)
    }

    /// Returns whether the run trained to its end.
    pub fn completed(&self) -> bool {
        self.status == Some(Status::Completed)
    }

    /// Returns whether it has a result: it completed or diverged.
    pub fn has_result(&self) -> bool {
        self.status.is_some_and(Status::is_result)
    }

    /// Returns whether it diverged: its loss became NaN or infinite.
    pub fn diverged(&self) -> bool {
        self.status == Some(Status::Diverged)
    }
}

/// Returns the loss on a split before training.
fn initial_loss(metrics: &[MetricPoint], split: Split) -> Option<f64> {
    let before = |p: &&MetricPoint| p.epoch == 0 && p.split == split && p.metric == Metric::LOSS;
    metrics.iter().find(before).map(|p| p.value.0)
}

/// Returns the smallest difference of the training clock between the ends of consecutive epochs, in
/// seconds.
fn fastest_epoch(metrics: &[MetricPoint]) -> Option<f64> {
    let clock = metrics.iter().filter(|p| p.split == Split::Train && p.metric == Metric::SECONDS);
    let mut before = 0.0;
    let mut epochs = Vec::new();
    for point in clock {
        epochs.push(point.value.0 - before);
        before = point.value.0;
    }
    epochs.into_iter().filter(|s| *s > 0.0).reduce(f64::min)
}

/// Returns the longest distance per step between recorded positions; `None` for networks, infinite
/// if a distance is.
fn longest_step(metrics: &[MetricPoint]) -> Option<f64> {
    let along =
        |name: Metric| metrics.iter().filter(move |p| p.split == Split::Train && p.metric == name);
    let path: Vec<(u64, f64, f64)> = along(Metric::X)
        .zip(along(Metric::Y))
        .map(|(x, y)| (x.step, x.value.0, y.value.0))
        .collect();
    let length = |pair: &[(u64, f64, f64)]| {
        let (steps, x, y) = (pair[1].0 - pair[0].0, pair[1].1 - pair[0].1, pair[1].2 - pair[0].2);
        x.hypot(y) / steps.max(1) as f64
    };
    path.windows(2).map(length).reduce(f64::max)
}

/// Reads a whole Parquet file.
///
/// # Errors
/// The file is missing or cannot be read.
pub fn scan(path: &Path) -> Result<DataFrame, ReportError> {
    if !path.exists() {
        let missing = std::io::Error::new(std::io::ErrorKind::NotFound, "not collected yet");
        return Err(ReportError::io("read", path)(missing));
    }
    let file = File::open(path).map_err(ReportError::io("read", path))?;
    ParquetReader::new(file).finish().map_err(ReportError::parquet(path))
}

/// Reads the rows of `runs.parquet` in plan order. Runs that the file lacks become missing, and a
/// warning counts them.
pub(crate) fn read_runs(
    path: &Path,
    plan: &Plan,
    warnings: &mut Vec<String>,
) -> Result<Vec<RunRow>, ReportError> {
    let frame = scan(path)?;
    let read = || -> PolarsResult<_> {
        Ok((String::read(frame.column("run_id")?)?, RunRow::from_frame(&frame)?))
    };
    let (ids, rows) = read().map_err(ReportError::parquet(path))?;
    let mut by_id: std::collections::HashMap<String, RunRow> =
        ids.into_iter().zip(rows).filter_map(|(id, row)| Some((id?, row))).collect();
    let mut unknown = 0usize;
    let rows = plan
        .runs
        .iter()
        .map(|run| {
            by_id.remove(&run.run_id.to_string()).unwrap_or_else(|| {
                unknown += 1;
                RunRow::default()
            })
        })
        .collect();
    if unknown > 0 {
        warnings.push(format!(
            "runs.parquet lacks {unknown} of the plan's runs; it was collected for another plan"
        ));
    }
    Ok(rows)
}
