//! Signs of life: each task writes `running/<attempt>.<array>.<task>.json` anew every
//! few seconds. Whether it still trains is told by their age, whatever Slurm says.

use std::fs;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use store::layout::ReportDir;
use store::status::SweepStatus;

use super::files::TaskId;
use crate::status_file::StatusFile;

/// A task's sign of life, written anew every few seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Slurm's number of the job, as the task was told.
    pub job: String,
    /// The node.
    pub node: String,
    /// Requeues so far.
    pub restarts: u64,
    /// What its slots do.
    pub sweep: SweepStatus,
}

/// The interval between two signs of a task: there may be thousands of tasks.
const EVERY: Duration = Duration::from_secs(5);

/// A task's description of itself beside its slots.
#[derive(Clone, Debug)]
pub struct Task {
    /// Its place among the tasks.
    pub task_id: TaskId,
    /// Number of its job, as it was told.
    pub job: String,
    /// Its node.
    pub node: String,
    /// Requeues so far.
    pub restarts: u64,
}

impl Task {
    /// The beacon that writes its sign of life.
    pub fn status_file(self, dir: &ReportDir) -> StatusFile {
        let name = format!("{}.json", self.task_id);
        StatusFile::of_part(dir, &name, EVERY, move |sweep| {
            let (job, node) = (self.job.clone(), self.node.clone());
            serde_json::to_vec(&TaskStatus { job, node, restarts: self.restarts, sweep })
        })
    }
}

/// How old a sign of life may be. Tasks write every five seconds.
pub const ALIVE_SECONDS: f64 = 45.0;

impl TaskStatus {
    /// Seconds since it was written, by the clocks of both machines.
    pub fn age(&self) -> f64 {
        let written = self.sweep.updated.parse::<jiff::Timestamp>();
        written.map_or(f64::INFINITY, |at| jiff::Timestamp::now().duration_since(at).as_secs_f64())
    }

    /// Whether its task may still be writing.
    pub fn is_alive(&self) -> bool {
        // A node's clock may be ahead, but not for ever.
        self.age().abs() < ALIVE_SECONDS
    }
}

/// The sign of life of one task.
pub fn sign(dir: &ReportDir, task_id: TaskId) -> Option<TaskStatus> {
    let path = dir.running().join(format!("{task_id}.json"));
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// Removes what tasks left that were killed, so that nobody takes them for alive.
pub fn forget_dead(dir: &ReportDir) {
    for (task_id, sign) in heartbeat(dir) {
        if !sign.is_alive() {
            let _ = fs::remove_file(dir.running().join(format!("{task_id}.json")));
        }
    }
    let _ = fs::remove_dir(dir.running());
}

/// Signs of life of all tasks, old ones included.
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
