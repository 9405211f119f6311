//! State of a sweep on a cluster, as `status` shows it.

use serde::Serialize;
use store::layout::ReportDir;
use store::status::SweepStatus;

use super::client::{Queued, SlurmCommands};
use super::files::{Files, TaskId};
use super::heartbeat::{TaskStatus, heartbeat};
use super::{active, describe_tasks};
use crate::launcher::Elsewhere;
use crate::text;

/// State of a sweep on a cluster.
#[derive(Debug, Serialize)]
pub struct State {
    /// Active jobs in Slurm's queue; `None` if Slurm does not answer.
    queue: Option<Vec<Queued>>,
    /// Reason why Slurm does not answer.
    silence: Option<String>,
    /// Heartbeats of tasks, old ones included.
    tasks: Vec<(TaskId, TaskStatus)>,
}

impl Elsewhere for State {
    fn describe(&self, missing: usize) -> Option<String> {
        if let Some(why) = self.silence.as_ref().filter(|_| missing > 0) {
            return Some(format!("submitted to Slurm, which does not answer ({why})"));
        }
        let queue = self.queue.as_deref().unwrap_or_default();
        match queue.iter().any(|q| !q.reports()) {
            true => Some(format!("on Slurm, {}", describe_tasks(queue))),
            false if queue.is_empty() => None,
            false => Some("on Slurm, the report is being written".to_owned()),
        }
    }

    fn parts(&self) -> Vec<(String, &SweepStatus)> {
        let heading = |(task_id, sign): &(TaskId, TaskStatus)| {
            let (job, node) = (text::plain(&sign.job), text::plain(&sign.node));
            let lost = if sign.is_alive() { "" } else { ", lost: no heartbeat for a while" };
            format!("task {task_id}: job {job} on {node}{lost}")
        };
        self.tasks.iter().map(|task| (heading(task), &task.1.sweep)).collect()
    }

    fn to_json(&self) -> serde_json::Result<serde_json::Value> {
        serde_json::to_value(self)
    }
}

/// Returns the state of the sweep on a cluster; `None` if nothing was ever submitted.
///
/// # Errors
/// The list of submissions cannot be read.
pub fn state(dir: &ReportDir, name: &str) -> crate::Result<Option<State>> {
    if Files(dir).submissions()?.is_empty() {
        return Ok(None);
    }
    let mut tasks = heartbeat(dir);
    Ok(Some(match active(&SlurmCommands, dir, name) {
        Ok(active) => {
            // Drops heartbeats of killed tasks that are no longer in the queue.
            let queued = |sign: &TaskStatus| {
                let job = |q: &&Queued| sign.job == format!("{}_{}", q.job, q.tasks);
                active.iter().any(|q| job(&q) && q.state != "PENDING")
            };
            tasks.retain(|(_, sign)| sign.is_alive() || queued(sign));
            State { queue: Some(active), silence: None, tasks }
        }
        Err(error) => State { queue: None, silence: Some(text::first_line(&error)), tasks },
    }))
}
