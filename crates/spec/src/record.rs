//! The journal's records: one line per run, the source of truth of a report.

use serde::{Deserialize, Serialize};

pub use crate::environment::Environment;
use crate::float::Float;
use crate::identity::Id;
use crate::metric::Metric;
pub use crate::metric::Split;
use crate::params::choice;
use crate::provenance::Provenance;
use crate::run::RunSpec;

/// Version of [`RunRecord`] as stored; older versions are migrated when they are read.
pub const RECORD_VERSION: u32 = 2;

choice! {
    /// The way in which a run ended.
    Status {
        /// The run trained to its end: the planned one, or that of a [`StopReason`].
        Completed = "completed",
        /// A loss became NaN or infinite: a result, not an error.
        Diverged = "diverged",
        /// The run paused before its end and may resume: no result yet.
        Cut = "cut",
        /// An error, a panic or the death of the worker: no result.
        Failed = "failed",
        /// The run exceeded its time limit and was stopped.
        TimedOut = "timed_out",
        /// The user stopped the run.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Returns whether the run has a result that a later sweep may reuse.
    pub fn is_result(self) -> bool {
        matches!(self, Status::Completed | Status::Diverged)
    }

    /// Returns whether the run failed or timed out; false for pauses and cancelled runs.
    pub fn is_failure(self) -> bool {
        matches!(self, Status::Failed | Status::TimedOut)
    }
}

choice! {
    /// The reason why a completed run stopped.
    StopReason {
        /// All epochs were trained.
        Epochs = "epochs",
        /// The watched metric no longer improved.
        EarlyStopping = "early_stopping",
        /// The target was reached.
        Target = "target",
        /// A descent on a saddle has left the function's box, as it should; its last epoch ends
        /// there.
        LeftDomain = "left_domain",
    }
}

/// One measured number.
///
/// Metrics of split `train` are the sample-weighted mean loss of an epoch and the metrics that
/// are measured while an epoch trains; those of `validation` and `test` are measured after every
/// epoch. [`crate::metric::built_in`] describes each metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// Epoch, from 1; 0 is before training.
    pub epoch: u64,
    /// Optimizer steps done when it was measured.
    pub step: u64,
    /// The split that it was measured on.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// The value in the metric's unit; accuracies are fractions.
    pub value: Float,
}

/// The result of a run as the worker reports it, or the progress of a paused run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `Completed`, `Diverged` or `Cut`.
    pub status: Status,
    /// Reason why a completed run stopped; null for others.
    pub stop_reason: Option<StopReason>,
    /// Whole epochs trained.
    pub epochs_completed: u64,
    /// Optimizer steps done; for a diverged run up to and including the diverged one.
    pub steps: u64,
    /// The first step, from 1, whose loss was not finite; null unless diverged.
    pub diverged_step: Option<u64>,
    /// The last finite loss of a diverged run.
    pub last_finite_loss: Option<Float>,
    /// Seconds of training, evaluation excluded.
    pub train_seconds: f64,
    /// Seconds of evaluation.
    pub eval_seconds: f64,
    /// BLAKE3 of the initial parameters with their paths, read back from the device.
    pub init_digest: String,
    /// BLAKE3 of the sample indices fed, one per segment (an epoch of a run by epochs).
    pub batch_digest: Vec<String>,
    /// BLAKE3 of the parameters at the end, or at the pause; null when diverged.
    pub weights_digest: Option<String>,
    /// Digest of the dataset that was read.
    pub dataset_digest: String,
    /// Epoch (or step of a run by steps) of the checkpoint that the run resumed from; null if it
    /// was not interrupted. Seconds and metrics cover the whole run either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_from: Option<u64>,
    /// Epoch (or step of a run by steps) of the weights saved by `[train] save`; null if none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_epoch: Option<u64>,
    /// BLAKE3 (128 bits, hex) of the file of those weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_digest: Option<String>,
    /// All measurements, in chronological order.
    pub metrics: Vec<MetricPoint>,
}

/// The kind of reason why a run has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// An error that the worker reports: missing data, a lost device.
    Error,
    /// A Rust panic in the worker.
    Panic,
    /// The worker process exited or was killed by a signal.
    Died,
    /// The worker wrote something that is not the protocol.
    Protocol,
    /// The worker could not allocate memory, or was killed for using too much.
    OutOfMemory,
    /// The run took longer than `timeout` allows.
    Timeout,
}

/// The reason why a run has no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunError {
    /// Kind of failure.
    pub kind: FailureKind,
    /// The error message.
    pub message: String,
    /// The last lines that the worker printed.
    pub log_tail: String,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of the stored form, [`RECORD_VERSION`].
    pub v: u32,
    /// Id of the run.
    pub run_id: Id,
    /// Id of its configuration.
    pub config_id: Id,
    /// Id of its cell: the run without the version of the training format.
    pub cell_id: Id,
    /// The run that was trained.
    pub spec: RunSpec,
    /// The way in which it ended.
    pub status: Status,
    /// The result, or the progress of a run that is `Cut`; null if there is neither.
    pub outcome: Option<Outcome>,
    /// The error; null if there is a result.
    pub error: Option<RunError>,
    /// Environment in which it ran; null if the worker never became ready.
    pub exec: Option<Environment>,
    /// Hash of `exec`; null like it.
    pub exec_id: Option<Id>,
    /// The device of the slot, as the pool names it: `libtorch:cpu`.
    pub device: String,
    /// Index of the slot, from 0.
    pub slot: u64,
    /// Largest number of runs that train in parallel, given slots and plan. Seconds are
    /// comparable only between records with equal `jobs`.
    pub jobs: u64,
    /// Attempt within its sweep, from 1.
    pub attempt: u64,
    /// Start time, RFC 3339 in UTC.
    pub started: String,
    /// End time, RFC 3339 in UTC.
    pub ended: String,
    /// The program that ran the sweep; null in records of version 1.
    #[serde(default)]
    pub provenance: Option<Provenance>,
}

impl RunRecord {
    /// Returns the number of segments that the run has trained, which are epochs for a run by
    /// epochs; `None` without an outcome.
    pub fn segments_done(&self) -> Option<u64> {
        let outcome = self.outcome.as_ref()?;
        Some(match self.spec.train.steps {
            0 => outcome.epochs_completed,
            _ => outcome.steps / self.spec.segments().length,
        })
    }

    /// Returns whether two results are expected to agree bit by bit because their environments
    /// agree ([`Environment::agrees_with`]) or their `exec_id`s are equal. Without either, a record
    /// agrees with nothing.
    pub fn computed_alike(&self, other: &RunRecord) -> bool {
        let same = self.exec_id.is_some() && self.exec_id == other.exec_id;
        match (&self.exec, &other.exec) {
            _ if same => true,
            (Some(ours), Some(theirs)) => ours.agrees_with(theirs),
            _ => false,
        }
    }
}
