//! The journal's records: one line a run, the source of truth of a report.

use serde::{Deserialize, Serialize};

pub use crate::environment::Environment;
use crate::float::Float;
use crate::identity::Id;
use crate::metric::Metric;
pub use crate::metric::Split;
use crate::params::choice;
use crate::provenance::Provenance;
use crate::run::RunSpec;

/// Version of [`RunRecord`] as stored; older versions are migrated on reading.
pub const RECORD_VERSION: u32 = 2;

choice! {
    /// How a run ended.
    Status {
        /// It trained to its planned end.
        Completed = "completed",
        /// A loss became NaN or infinite: a result, not an error.
        Diverged = "diverged",
        /// Paused before its end, from where it may go on: no result yet.
        Cut = "cut",
        /// No result: error, panic or death of the worker.
        Failed = "failed",
        /// Ended for taking too long.
        TimedOut = "timed_out",
        /// Ended by the user.
        Cancelled = "cancelled",
    }
}

impl Status {
    /// Whether the run has a result that a later sweep may reuse.
    pub fn is_result(self) -> bool {
        matches!(self, Status::Completed | Status::Diverged)
    }

    /// Whether something went wrong, which is neither a pause nor the user's wish.
    pub fn is_failure(self) -> bool {
        matches!(self, Status::Failed | Status::TimedOut)
    }
}

choice! {
    /// Why a completed run stopped.
    StopReason {
        /// All epochs were trained.
        Epochs = "epochs",
        /// The watched metric no longer improved.
        EarlyStopping = "early_stopping",
        /// The target was reached.
        Target = "target",
        /// A descent on a saddle has left it, which is what it should do: the
        /// last epoch is cut short there.
        LeftDomain = "left_domain",
    }
}

/// One measured number.
///
/// Metrics of split `train` are the sample-weighted mean loss of an epoch, and what is
/// measured while an epoch trains; those of `validation` and `test` are measured after every epoch. The
/// metrics describe themselves: [`crate::metric::built_in`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricPoint {
    /// Epoch, from 1; 0 is before training.
    pub epoch: u64,
    /// Optimizer steps done when it was measured.
    pub step: u64,
    /// Where it was measured.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// Its value; accuracies are fractions.
    pub value: Float,
}

/// The result of a run as the worker knows it, or how far a paused run has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// `Completed`, `Diverged` or `Cut`.
    pub status: Status,
    /// Why a completed run stopped.
    pub stop_reason: Option<StopReason>,
    /// Whole epochs trained.
    pub epochs_completed: u64,
    /// Optimizer steps done; for a diverged run up to and including the bad one.
    pub steps: u64,
    /// The first step (from 1) whose loss was not finite.
    pub diverged_step: Option<u64>,
    /// The last finite loss of a diverged run.
    pub last_finite_loss: Option<Float>,
    /// Seconds of training, evaluation excluded.
    pub train_seconds: f64,
    /// Seconds of evaluation.
    pub eval_seconds: f64,
    /// BLAKE3 of the initial parameters, read back from the device, by path.
    pub init_digest: String,
    /// BLAKE3 of the sample indices fed, one per epoch.
    pub batch_digest: Vec<String>,
    /// BLAKE3 of the parameters at the end, or at the pause; null when diverged.
    pub weights_digest: Option<String>,
    /// Digest of the dataset that was read.
    pub dataset_digest: String,
    /// Epoch, of a run by steps step, of the checkpoint that the run went on from; null if it ran
    /// through. Seconds and metrics are those of the whole run either way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumed_from: Option<u64>,
    /// Epoch, of a run by steps step, of the weights kept by `[train] save`; null when none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_epoch: Option<u64>,
    /// BLAKE3 (128 bits, hex) of the file of those weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved_digest: Option<String>,
    /// Everything measured, in order of time.
    pub metrics: Vec<MetricPoint>,
}

/// The kind of reason why a run has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// An error with a message of ours: data missing, device gone.
    Error,
    /// A Rust panic inside the worker.
    Panic,
    /// The process ended by itself or by a signal.
    Died,
    /// It wrote something that is not the protocol.
    Protocol,
    /// It asked for more memory than there is, or was killed for its use of it.
    OutOfMemory,
    /// It took longer than `timeout` allows.
    Timeout,
}

/// Why a run has no result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunError {
    /// Kind of failure.
    pub kind: FailureKind,
    /// The message.
    pub message: String,
    /// Last lines the worker printed.
    pub log_tail: String,
}

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`RECORD_VERSION`].
    pub v: u32,
    /// The run.
    pub run_id: Id,
    /// Its configuration.
    pub config_id: Id,
    /// Its identity across versions of the code.
    pub cell_id: Id,
    /// What was trained.
    pub spec: RunSpec,
    /// How it ended.
    pub status: Status,
    /// The result, or how far a run that is `Cut` has come; null when there is neither.
    pub outcome: Option<Outcome>,
    /// The error; null when there is a result.
    pub error: Option<RunError>,
    /// Where it ran; null if the worker never became ready.
    pub exec: Option<Environment>,
    /// Hash of `exec`.
    pub exec_id: Option<Id>,
    /// The device slot, as the pool names it: `libtorch:cpu`.
    pub device: String,
    /// Number of the slot, from 0.
    pub slot: u64,
    /// Runs that the sweep's slots and plan let go side by side: seconds are
    /// comparable only at equal jobs.
    pub jobs: u64,
    /// Attempt within its sweep, from 1.
    pub attempt: u64,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// End, RFC 3339 in UTC.
    pub ended: String,
    /// The program that ran the sweep; null in records of version 1.
    #[serde(default)]
    pub provenance: Option<Provenance>,
}

impl RunRecord {
    /// Segments that the run has trained, of a run by epochs the epochs; none where that is not
    /// known.
    pub fn segments_done(&self) -> Option<u64> {
        let outcome = self.outcome.as_ref()?;
        Some(match self.spec.train.steps {
            0 => outcome.epochs_completed,
            _ => outcome.steps / self.spec.segments().length,
        })
    }

    /// Returns true where two results are expected to agree bit by bit: their environments agree
    /// ([`Environment::agrees_with`]). A record without an environment agrees with nothing,
    /// unless both carry the same `exec_id`.
    pub fn computed_alike(&self, other: &RunRecord) -> bool {
        let same = self.exec_id.is_some() && self.exec_id == other.exec_id;
        match (&self.exec, &other.exec) {
            _ if same => true,
            (Some(ours), Some(theirs)) => ours.agrees_with(theirs),
            _ => false,
        }
    }
}
