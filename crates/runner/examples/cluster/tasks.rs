//! Tasks of the cluster: they read real chunk files and real journals, and append real records, at
//! scripted times.

use std::collections::{HashMap, HashSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use runner::simulation::{Files, RetryPolicy, Scheduler, TaskChunk, TaskId};
use spec::Id;
use spec::plan::PlannedRun;
use spec::record::Status;
use store::journal_line;
use store::layout::ReportDir;

use super::clock::{Fate, Millis, Task, World};
use super::engine::Submitted;
use super::script;

/// A task that runs.
struct Running {
    scheduler: Scheduler<PlannedRun>,
    journal: PathBuf,
    /// The current run and its start.
    run: Option<(PlannedRun, Millis)>,
}

/// The tasks of an attempt, and their measurements.
pub struct Tasks<'a> {
    dir: &'a ReportDir,
    attempt: u64,
    /// Index of the array by the number of its job; `None` for the job that writes the report.
    arrays: HashMap<u64, Option<u64>>,
    running: HashMap<Task, Running>,
    trained: HashSet<Id>,
    /// Real seconds that each task took to read its work.
    pub reading: Vec<f64>,
    /// Number of records written.
    pub records: u64,
    /// Number of records of runs that already had a result.
    pub repeated: u64,
    /// Virtual time of these runs.
    pub repeated_time: Millis,
    /// Virtual time at which the last task of an array was over.
    pub trained_by: Millis,
    /// First error of a file, if any.
    pub problem: Option<runner::Error>,
}

impl<'a> Tasks<'a> {
    /// Returns the tasks of an attempt with these jobs.
    pub fn new(dir: &'a ReportDir, attempt: u64, jobs: &[Submitted]) -> Self {
        Tasks {
            dir,
            attempt,
            arrays: jobs.iter().map(|s| (s.job.number, s.array())).collect(),
            running: HashMap::new(),
            trained: HashSet::new(),
            reading: Vec::new(),
            records: 0,
            repeated: 0,
            repeated_time: 0,
            trained_by: 0,
            problem: None,
        }
    }

    fn task_id(&self, task: Task) -> Option<TaskId> {
        let array = self.arrays.get(&task.job).copied().flatten()?;
        Some(TaskId { attempt: self.attempt, array, task: task.index })
    }

    /// Reads the runs that are left, as `task` does on a node.
    fn share(&mut self, task_id: TaskId) -> runner::Result<Vec<PlannedRun>> {
        let since = Instant::now();
        let left = TaskChunk::read(self.dir, task_id)?.left(self.dir, task_id)?;
        self.reading.push(since.elapsed().as_secs_f64());
        Ok(left)
    }

    fn append(&mut self, task: Task, now: Millis, status: Status) {
        let attempt = self.attempt;
        let Some(running) = self.running.get_mut(&task) else { return };
        let Some((run, from)) = running.run.take() else { return };
        if status.is_result() && !self.trained.insert(run.run_id) {
            self.repeated += 1;
            self.repeated_time += now - from;
        }
        running.scheduler.ended(0, status);
        let record = script::record(&run, status, 1, from, now);
        let written = journal_line::write(&record)
            .map_err(runner::Error::from)
            .and_then(|line| append(&running.journal, &line));
        self.records += 1;
        if let Err(error) = written {
            self.problem.get_or_insert(error.context(format!("attempt {attempt}")));
        }
    }
}

/// Appends bytes without a sync, which is measured separately.
fn append(path: &Path, bytes: &[u8]) -> runner::Result<()> {
    Ok(OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)?)
}

impl World for Tasks<'_> {
    fn begin(&mut self, _: Millis, task: Task) -> Fate {
        let Some(task_id) = self.task_id(task) else { return Fate::Runs };
        let runs = self.share(task_id).unwrap_or_else(|error| {
            self.problem.get_or_insert(error);
            Vec::new()
        });
        let whole = runs.iter().map(script::takes).sum();
        let name = format!("{task_id}-node{}-{}", task.index % 1000, 1000 + task.restarts);
        let journal = self.dir.journal().join(format!("{name}.jsonl"));
        if !runs.is_empty() {
            // The file exists from the start of a task, as that of a real one.
            let begun = Files(self.dir).begin(task_id, &name).and_then(|()| append(&journal, b""));
            if let Err(error) = begun {
                self.problem.get_or_insert(error);
            }
        }
        let scheduler = Scheduler::new(runs, 1, RetryPolicy { retry: 0, fail_fast: None });
        self.running.insert(task, Running { scheduler, journal, run: None });
        script::fate(self.attempt, task_id.array, task, whole)
    }

    fn next(&mut self, now: Millis, task: Task) -> Option<Millis> {
        let running = self.running.get_mut(&task)?;
        let run = running.scheduler.take(0)?;
        let takes = script::takes(&run);
        running.run = Some((run, now));
        Some(takes)
    }

    fn ended(&mut self, now: Millis, task: Task) {
        let Some(running) = self.running.get(&task) else { return };
        let Some((run, _)) = &running.run else { return };
        self.append(task, now, script::ends(run, self.attempt));
    }

    fn cut(&mut self, now: Millis, task: Task, fate: Fate) {
        if matches!(fate, Fate::Requeued(_)) {
            return self.append(task, now, Status::Cancelled);
        }
        let Some(running) = self.running.get(&task) else { return };
        let Some((run, from)) = &running.run else { return };
        // Half of the killed tasks are killed during a write.
        if task.index.is_multiple_of(2) {
            let record = script::record(run, Status::Completed, 1, *from, now);
            let line = journal_line::write(&record).unwrap_or_default();
            if let Err(error) = append(&running.journal, &line[..line.len() / 2]) {
                self.problem.get_or_insert(error);
            }
        }
    }

    fn over(&mut self, now: Millis, task: Task) {
        if self.running.remove(&task).is_some() {
            self.trained_by = self.trained_by.max(now);
        }
    }
}

/// Returns the number of files in a folder and its subfolders, and their bytes.
pub fn size(folder: &Path) -> (u64, u64) {
    let (mut files, mut bytes) = (0, 0);
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(meta) if meta.is_dir() => {
                let (f, b) = size(&entry.path());
                (files, bytes) = (files + f, bytes + b);
            }
            Ok(meta) => (files, bytes) = (files + 1, bytes + meta.len()),
            Err(_) => {}
        }
    }
    (files, bytes)
}
