//! The folder `running/`: a running sweep tells there what it does, and is
//! told there to end. Files, so that it works across hosts that share a disk
//! and needs no port.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use spec::layout::ReportDir;
use spec::status::SweepStatus;

use crate::launcher::slurm::files::Place;
use crate::launcher::slurm::signs::TaskStatus;
use crate::live::Live;

/// How often the file is written anew.
const EVERY: Duration = Duration::from_secs(1);
/// The same for a task of a cluster, of which there may be thousands.
const EVERY_OF_TASK: Duration = Duration::from_secs(5);

fn status_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("sweep.json")
}

fn cancel_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("cancel")
}

/// Held by a running sweep; its file goes when it is dropped.
pub struct Beacon {
    dir: ReportDir,
    last: Option<Instant>,
    /// The task of a cluster that it speaks of; none for a sweep of this machine.
    task: Option<Task>,
}

/// What a task of a cluster says of itself beside its slots.
#[derive(Clone, Debug)]
pub struct Task {
    /// Which one it is.
    pub place: Place,
    /// Number of its job, as it was told.
    pub job: String,
    /// Its node.
    pub node: String,
    /// Requeues so far.
    pub restarts: u64,
}

impl Task {
    fn file(&self, dir: &ReportDir) -> PathBuf {
        dir.running().join(format!("{}.json", self.place))
    }
}

impl Beacon {
    /// Begins. To be called as soon as the folder's lock is held: what an
    /// earlier sweep left, its last word or a request to it, is forgotten.
    pub fn new(dir: &ReportDir) -> Self {
        let _ = fs::remove_file(status_file(dir));
        let _ = fs::remove_file(cancel_file(dir));
        Beacon { dir: dir.clone(), last: None, task: None }
    }

    /// That of a task, which writes a file of its own and is ended by its engine.
    pub fn of_task(dir: &ReportDir, task: Task) -> Self {
        Beacon { dir: dir.clone(), last: None, task: Some(task) }
    }

    /// The file and what it is to hold.
    fn news(&self, live: &Live) -> (PathBuf, Vec<u8>) {
        let sweep = live.status();
        let (file, bytes) = match &self.task {
            None => (status_file(&self.dir), serde_json::to_vec_pretty(&sweep)),
            Some(task) => {
                let (job, node) = (task.job.clone(), task.node.clone());
                let sign = TaskStatus { job, node, restarts: task.restarts, sweep };
                (task.file(&self.dir), serde_json::to_vec(&sign))
            }
        };
        (file, bytes.unwrap_or_default())
    }

    /// Writes what is going on, once a second; a file that cannot be written
    /// costs `status` its answer and nothing else.
    pub fn tell(&mut self, live: &Live) {
        let every = if self.task.is_some() { EVERY_OF_TASK } else { EVERY };
        if self.last.is_none_or(|at| at.elapsed() >= every) {
            self.last = Some(Instant::now());
            let (file, bytes) = self.news(live);
            // Renamed, so that it is read whole, but not synced: it is news, not a record.
            let half = file.with_extension("tmp");
            let _ = fs::create_dir_all(self.dir.running())
                .and_then(|()| fs::write(&half, &bytes))
                .and_then(|()| fs::rename(&half, &file));
        }
    }

    /// Whether another shell asked for the end.
    pub fn end_asked(&self) -> bool {
        self.task.is_none() && cancel_file(&self.dir).exists()
    }
}

impl Drop for Beacon {
    fn drop(&mut self) {
        match &self.task {
            Some(task) => drop(fs::remove_file(task.file(&self.dir))),
            None => {
                let _ = fs::remove_file(status_file(&self.dir));
                let _ = fs::remove_file(cancel_file(&self.dir));
            }
        }
        // Gone with the last that writes there.
        let _ = fs::remove_dir(self.dir.running());
    }
}

/// The last word of a running or killed sweep.
pub fn read(dir: &ReportDir) -> Option<SweepStatus> {
    serde_json::from_slice(&fs::read(status_file(dir)).ok()?).ok()
}

/// Asks the running sweep to end.
///
/// # Errors
/// Those of writing the request.
pub fn ask_to_end(dir: &ReportDir) -> io::Result<()> {
    fs::create_dir_all(dir.running())?;
    fs::write(cancel_file(dir), b"")
}

/// Takes a request back that nobody heard.
pub fn forget_request(dir: &ReportDir) {
    let _ = fs::remove_file(cancel_file(dir));
    let _ = fs::remove_dir(dir.running());
}
