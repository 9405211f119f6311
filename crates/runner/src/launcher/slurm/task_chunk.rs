//! Work of a task: its chunk, minus the runs that an earlier start of it has finished.

use spec::plan::{Plan, PlannedRun};
use store::layout::ReportDir;

use super::files::{Files, JobFile, TaskId};
use crate::pause::is_done;

/// A task's part of a sweep.
#[derive(Clone, Debug)]
pub struct TaskChunk {
    /// Facts that all tasks of the attempt share.
    pub job: JobFile,
    /// The plan, with only the runs of this task.
    pub plan: Plan,
}

impl TaskChunk {
    /// Reads the files of a task.
    ///
    /// # Errors
    /// A file is missing or damaged.
    pub fn read(dir: &ReportDir, task_id: TaskId) -> crate::Result<Self> {
        let files = Files(dir);
        let job = files.job(task_id.attempt)?;
        let plan = Plan { runs: files.chunk(task_id)?.runs, ..job.plan.clone() };
        Ok(TaskChunk { job, plan })
    }

    /// Returns the runs of the task that are not done, neither by a result nor by their pause. Only
    /// the journals of earlier starts of this task are read: there may be thousands of others, and
    /// every task would list the folder.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn left(&self, dir: &ReportDir, task_id: TaskId) -> crate::Result<Vec<PlannedRun>> {
        let earlier = store::journal::read_named(dir, &Files(dir).begun(task_id))?;
        let done = earlier.into_best_for(self.plan.computed_on.as_ref());
        let pause = self.plan.pauses();
        let is_done = |r: &PlannedRun| {
            let at = pause.get(&r.run_id).copied();
            done.get(&r.run_id).is_some_and(|record| is_done(record, at))
        };
        Ok(self.plan.runs.iter().filter(|r| !is_done(r)).cloned().collect())
    }
}
