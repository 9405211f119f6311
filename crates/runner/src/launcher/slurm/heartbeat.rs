//! Heartbeats: each task rewrites `running/<attempt>.<array>.<task>.json` every few seconds. Its
//! age decides whether the task still trains, whatever Slurm reports.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::layout::ReportDir;
use store::status::SweepStatus;

use super::files::TaskId;
use crate::status_file::StatusFile;

/// Heartbeat of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Slurm's number of the job, as the task knows it.
    pub job: String,
    /// Node of the task.
    pub node: String,
    /// Number of requeues so far.
    pub restarts: u64,
    /// State of its slots.
    pub sweep: SweepStatus,
}

/// Interval of heartbeats, long because there may be thousands of tasks.
const EVERY: Duration = Duration::from_secs(5);

/// Facts about a task that its heartbeat holds.
#[derive(Clone, Debug)]
pub struct Task {
    /// Identity of the task.
    pub task_id: TaskId,
    /// Slurm's number of its job.
    pub job: String,
    /// Node of the task.
    pub node: String,
    /// Number of requeues so far.
    pub restarts: u64,
}

impl Task {
    /// Returns the status file that writes the heartbeat.
    pub fn status_file(self, dir: &ReportDir) -> StatusFile {
        let name = format!("{}.json", self.task_id);
        StatusFile::of_part(dir, &name, EVERY, move |sweep| {
            let (job, node) = (self.job.clone(), self.node.clone());
            serde_json::to_vec(&TaskStatus { job, node, restarts: self.restarts, sweep })
        })
    }
}

/// Maximum age in seconds of the heartbeat of a task that is alive.
pub const ALIVE_SECONDS: f64 = 45.0;

impl TaskStatus {
    /// Returns the seconds since it was written, by the clocks of both machines.
    pub fn age(&self) -> f64 {
        let written = self.sweep.updated.parse::<jiff::Timestamp>();
        written.map_or(f64::INFINITY, |at| jiff::Timestamp::now().duration_since(at).as_secs_f64())
    }

    /// Returns whether its task may still be alive.
    pub fn is_alive(&self) -> bool {
        // A node's clock may be somewhat ahead.
        self.age().abs() < ALIVE_SECONDS
    }
}

/// Reads the heartbeat of one task; `None` without one.
pub fn sign(dir: &ReportDir, task_id: TaskId) -> Option<TaskStatus> {
    let path = dir.running().join(format!("{task_id}.json"));
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Removes the heartbeats of tasks that are no longer alive.
pub fn forget_dead(dir: &ReportDir) {
    for (task_id, sign) in heartbeat(dir) {
        if !sign.is_alive() {
            let _ = fs::remove_file(dir.running().join(format!("{task_id}.json")));
        }
    }
    let _ = fs::remove_dir(dir.running());
}

/// Reads the heartbeats of all tasks, old ones included.
pub fn heartbeat(dir: &ReportDir) -> Vec<(TaskId, TaskStatus)> {
    let mut out: Vec<(TaskId, TaskStatus)> = fs::read_dir(dir.running())
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let task_id = path.file_name()?.to_str()?.strip_suffix(".json")?.parse().ok()?;
            Some((task_id, serde_json::from_slice(&fs::read(&path).ok()?).ok()?))
        })
        .collect();
    out.sort_by_key(|(task_id, _)| *task_id);
    out
}
