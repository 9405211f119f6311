//! `running/sweep.json`: what a running sweep is doing, for `status` in
//! another shell. Written anew about once a second, removed at the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use spec::float::Float;
use spec::identity::Id;
use spec::record::Status;

/// A running sweep. One that was killed leaves its last word behind: whether
/// it still runs is told by the folder's lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepStatus {
    /// Version of this form.
    pub v: u32,
    /// Process id.
    pub pid: u32,
    /// Name of its host.
    pub host: String,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// When this was written.
    pub updated: String,
    /// Runs of the plan.
    pub planned: u64,
    /// Of those, results that were there before: of earlier sweeps, or of earlier stages.
    pub cached: u64,
    /// Runs that this sweep is to train.
    pub to_train: u64,
    /// Runs that have ended in this sweep, by status.
    pub ended: BTreeMap<Status, u64>,
    /// Estimated seconds until the end; null before there is anything to go by.
    pub eta_seconds: Option<f64>,
    /// Its slots.
    pub slots: Vec<SlotStatus>,
    /// The latest failures, oldest first, a line each.
    pub failures: Vec<String>,
}

/// One slot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SlotStatus {
    /// Its number.
    pub slot: u64,
    /// Its device.
    pub device: String,
    /// What it trains; null when idle.
    pub run: Option<RunStatus>,
}

/// A run in training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunStatus {
    /// Its id.
    pub run_id: Id,
    /// What tells it from its siblings.
    pub name: String,
    /// The epoch it is in, from 1.
    pub epoch: u64,
    /// Epochs it will train at most.
    pub epochs: u64,
    /// Optimizer steps done of a run by steps; left out of one by epochs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<u64>,
    /// Optimizer steps it will train at most, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u64>,
    /// Training loss of the last whole epoch.
    pub loss: Option<Float>,
    /// Optimizer steps a second since it began.
    pub steps_per_second: Option<f64>,
    /// Seconds since it was begun.
    pub seconds: f64,
    /// Seconds since the worker's last word.
    pub silent_seconds: f64,
}
