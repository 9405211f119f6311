//! What a task has to do: its chunk, less what an earlier start of it has finished.

use spec::plan::{Plan, PlannedRun};
use store::layout::ReportDir;

use super::files::{Files, JobFile, TaskId};
use crate::pause::is_done;

/// A task's part of a sweep.
#[derive(Clone, Debug)]
pub struct TaskChunk {
    /// What holds for all tasks of the attempt.
    pub job: JobFile,
    /// The plan, with the runs of this task alone.
    pub plan: Plan,
}

impl TaskChunk {
    /// Reads the files of a task.
    ///
    /// # Errors
    /// They are not there, or of another version.
    pub fn read(dir: &ReportDir, task_id: TaskId) -> crate::Result<Self> {
        let files = Files(dir);
        let job = files.job(task_id.attempt)?;
        let plan = Plan { runs: files.chunk(task_id)?.runs, ..job.plan.clone() };
        Ok(TaskChunk { job, plan })
    }

    /// Its runs without a result, but for those that are paused where they should be, by what this
    /// very task has written before it was requeued: of thousands of journals its own alone is read,
    /// and the folder, which every task would list, is not.
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
