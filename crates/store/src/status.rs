//! `running/sweep.json`: the progress of a running sweep, for `status` in another shell. It is
//! rewritten about once a second and removed at the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use spec::float::Float;
use spec::identity::Id;
use spec::record::Status;

/// Progress of a running sweep. A killed sweep leaves its last status behind; the folder's lock
/// tells whether it still runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepStatus {
    /// Version of this form.
    pub v: u32,
    /// Process id.
    pub pid: u32,
    /// Name of the host.
    pub host: String,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// Time of this status, RFC 3339 in UTC.
    pub updated: String,
    /// Number of runs in the plan.
    pub planned: u64,
    /// Planned runs whose results existed before, from earlier sweeps or earlier stages.
    pub cached: u64,
    /// Number of runs that this sweep trains.
    pub to_train: u64,
    /// Number of runs that have ended in this sweep, by status.
    pub ended: BTreeMap<Status, u64>,
    /// Estimated seconds until the end; null until there is a basis for an estimate.
    pub eta_seconds: Option<f64>,
    /// State of each slot.
    pub slots: Vec<SlotStatus>,
    /// The latest failures, oldest first, one line each.
    pub failures: Vec<String>,
}

/// State of one slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotStatus {
    /// Number of the slot.
    pub slot: u64,
    /// Device of the slot.
    pub device: String,
    /// The run that it trains; null when idle.
    pub run: Option<RunStatus>,
}

/// A run in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Id of the run.
    pub run_id: Id,
    /// Label and the settings that distinguish the run from its siblings.
    pub name: String,
    /// Current epoch, from 1.
    pub epoch: u64,
    /// Epochs that it trains at most.
    pub epochs: u64,
    /// Optimizer steps done; absent from runs measured in epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Optimizer steps that it trains at most; absent from runs measured in epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Training loss of the last complete epoch; null before.
    pub loss: Option<Float>,
    /// Optimizer steps per second since the run began; null while unknown.
    pub steps_per_second: Option<f64>,
    /// Seconds since the run began.
    pub seconds: f64,
    /// Seconds since the worker's last message.
    pub silent_seconds: f64,
}
