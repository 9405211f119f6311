//! Files that the launcher writes into a report folder, and that tasks read:
//!
//! - `bin/<hash>/`: the programs at the time of the submission;
//! - `chunks/<attempt>/job.json`, `nonce` and `<array>/<task>.json`: the work;
//! - `chunks/<attempt>/<array>/<task>.begun`: the journals of a task that has begun;
//! - `submissions.jsonl`: the submissions, with a line before and after each.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use spec::slurm::SlurmSettings;
use store::atomic::put_folder;
use store::layout::ReportDir;

use crate::error::Context as _;

/// Version of every form in this file.
const VERSION: u32 = 1;

/// `chunks/<attempt>/job.json`: the facts that all tasks of an attempt share.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct JobFile {
    /// Version of this form.
    pub v: u32,
    /// Number of the attempt, from 1.
    pub attempt: u64,
    /// The plan at the time, without its runs.
    pub plan: Plan,
    /// Number of runs in the plan at the time.
    pub planned: u64,
    /// Folder of the datasets.
    pub data: PathBuf,
    /// Folder that paths of user data are relative to.
    pub root: PathBuf,
    /// Copy of the worker.
    pub worker: PathBuf,
    /// Number of processors of a task.
    pub cpus: u64,
    /// `--jobs`: maximum number of runs side by side in a task.
    pub jobs: Option<u64>,
    /// `--retry`: number of extra attempts.
    pub retry: u64,
    /// Sources and command line of the submission.
    pub provenance: Provenance,
    /// Time of the submission, RFC 3339.
    pub started: String,
    /// Whether the manifest names the host.
    pub record_host: bool,
}

/// `chunks/<attempt>/<array>/<task>.json`: the runs of one task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ChunkFile {
    /// Version of this form.
    pub v: u32,
    /// The runs, in the order of execution.
    pub runs: Vec<PlannedRun>,
}

/// A [`ChunkFile`] with borrowed runs, so that writing copies none.
#[derive(Serialize)]
struct Chunk<'a> {
    v: u32,
    runs: &'a [&'a PlannedRun],
}

/// A line of `submissions.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Line {
    /// An attempt is about to be submitted.
    Planned {
        /// Version of this form.
        v: u32,
        /// Number of the attempt.
        attempt: u64,
        /// Part of its jobs' names that no other attempt has.
        key: String,
        /// Number of tasks of each array.
        arrays: Vec<u64>,
        /// Number of runs in all arrays.
        runs: u64,
        /// Time, RFC 3339.
        at: String,
        /// `[slurm]` at the time.
        settings: Box<SlurmSettings>,
    },
    /// Slurm has accepted a job of the attempt.
    Submitted {
        /// Number of the attempt.
        attempt: u64,
        /// The job's name.
        name: String,
        /// The job's number. Only a hint: Slurm may reuse numbers.
        job: u64,
    },
    /// `cancel` has ended the attempt.
    Cancelled {
        /// Number of the attempt.
        attempt: u64,
        /// Time, RFC 3339.
        at: String,
    },
}

/// An attempt, assembled from its lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// Number of the attempt.
    pub attempt: u64,
    /// Part of its jobs' names that no other attempt has.
    pub key: String,
    /// Number of tasks of each array.
    pub arrays: Vec<u64>,
    /// Number of runs in all arrays.
    pub runs: u64,
    /// Time at which it was planned, RFC 3339.
    pub at: String,
    /// Names and numbers of the jobs that Slurm is known to have.
    pub jobs: Vec<(String, u64)>,
    /// Whether `cancel` has ended it.
    pub cancelled: bool,
}

impl Submission {
    /// Returns the number of a job by its name; `None` if Slurm is not known to have it.
    pub fn job(&self, name: &str) -> Option<u64> {
        self.jobs.iter().find(|(n, _)| n == name).map(|(_, job)| *job)
    }

    /// Returns the names of all its jobs, whether Slurm has them or not.
    pub fn names(&self, sweep: &str) -> Vec<String> {
        let arrays = 0..self.arrays.len();
        let arrays = arrays.map(|a| super::script::array_name(sweep, &self.key, a));
        arrays.chain([super::script::report_name(sweep, &self.key)]).collect()
    }
}

/// Files of the launcher in a report folder.
#[derive(Clone, Debug)]
pub struct Files<'a>(pub &'a ReportDir);

impl Files<'_> {
    /// Returns the folder of the copied programs.
    pub fn bin(&self) -> PathBuf {
        self.0.path().join("bin")
    }

    /// Returns the folder of an attempt.
    pub fn attempt(&self, attempt: u64) -> PathBuf {
        self.0.path().join("chunks").join(attempt.to_string())
    }

    fn submissions_file(&self) -> PathBuf {
        self.0.path().join("submissions.jsonl")
    }

    /// Returns all attempts, the oldest first. Invalid lines are skipped: their jobs are found
    /// again by name.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub fn submissions(&self) -> crate::Result<Vec<Submission>> {
        let path = self.submissions_file();
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        let mut out: Vec<Submission> = Vec::new();
        for line in text.lines().filter_map(|l| serde_json::from_str::<Line>(l).ok()) {
            let of = |out: &mut Vec<Submission>, n: u64| out.iter().position(|s| s.attempt == n);
            match line {
                Line::Planned { attempt, key, arrays, runs, at, .. } => out.push(Submission {
                    attempt,
                    key,
                    arrays,
                    runs,
                    at,
                    jobs: Vec::new(),
                    cancelled: false,
                }),
                Line::Submitted { attempt, name, job } => {
                    if let Some(i) = of(&mut out, attempt) {
                        out[i].jobs.push((name, job));
                    }
                }
                Line::Cancelled { attempt, .. } => {
                    if let Some(i) = of(&mut out, attempt) {
                        out[i].cancelled = true;
                    }
                }
            }
        }
        Ok(out)
    }

    /// Appends a line and waits until it is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn note(&self, line: &Line) -> crate::Result<()> {
        let path = self.submissions_file();
        let fail = || format!("cannot append to {}", path.display());
        let torn = fs::read(&path).is_ok_and(|b| !b.is_empty() && !b.ends_with(b"\n"));
        let mut file = File::options().create(true).append(true).open(&path).with_context(fail)?;
        let start = if torn { "\n" } else { "" };
        let line = format!("{start}{}\n", serde_json::to_string(line)?);
        file.write_all(line.as_bytes()).and_then(|()| file.sync_data()).with_context(fail)
    }

    /// Reads `job.json` of an attempt.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn job(&self, attempt: u64) -> crate::Result<JobFile> {
        read(&self.attempt(attempt).join("job.json"))
    }

    /// Reads the runs of a task.
    ///
    /// # Errors
    /// The file is missing or damaged.
    pub fn chunk(&self, task_id: TaskId) -> crate::Result<ChunkFile> {
        read(
            &self.attempt(task_id.attempt).join(format!("{}/{}.json", task_id.array, task_id.task)),
        )
    }

    /// Returns the runs that an attempt was asked for; `None` if it is the whole plan.
    pub fn chosen(&self, attempt: u64) -> Option<HashSet<Id>> {
        serde_json::from_slice(&fs::read(self.attempt(attempt).join("chosen.json")).ok()?).ok()
    }

    fn begun_file(&self, task_id: TaskId) -> PathBuf {
        self.attempt(task_id.attempt).join(format!("{}/{}.begun", task_id.array, task_id.task))
    }

    /// Returns the names of the journals that a task has begun, one for each of its starts.
    pub fn begun(&self, task_id: TaskId) -> Vec<String> {
        let text = fs::read_to_string(self.begun_file(task_id)).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Records the journal that a task is about to begin. If the line is lost, a requeued task
    /// trains finished runs again.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn begin(&self, task_id: TaskId, journal: &str) -> crate::Result<()> {
        let path = self.begun_file(task_id);
        let file = File::options().create(true).append(true).open(&path);
        file.and_then(|mut file| file.write_all(format!("{journal}\n").as_bytes()))
            .with_context(|| format!("cannot append to {}", path.display()))
    }

    /// Writes the folder of an attempt under a temporary name, then renames it. With `narrowed`, it
    /// holds the ids of the runs too.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn write_attempt(
        &self,
        job: &JobFile,
        nonce: &str,
        arrays: &[&[Vec<&PlannedRun>]],
        narrowed: bool,
    ) -> crate::Result<()> {
        let whole = self.attempt(job.attempt);
        let written = put_folder(&whole, |half| -> io::Result<()> {
            put(&half.join("nonce"), nonce.as_bytes())?;
            put(&half.join("job.json"), &serde_json::to_vec(job)?)?;
            if narrowed {
                let runs = arrays.iter().flat_map(|tasks| tasks.iter().flatten());
                let ids: Vec<Id> = runs.map(|run| run.run_id).collect();
                put(&half.join("chosen.json"), &serde_json::to_vec(&ids)?)?;
            }
            for (array, chunks) in arrays.iter().enumerate() {
                let folder = half.join(array.to_string());
                fs::create_dir(&folder)?;
                for (task, runs) in chunks.iter().enumerate() {
                    let chunk = Chunk { v: VERSION, runs };
                    put(&folder.join(format!("{task}.json")), &serde_json::to_vec(&chunk)?)?;
                }
            }
            Ok(())
        });
        written.with_context(|| format!("cannot write {}", whole.display()))
    }
}

/// Returns the current version of the forms.
pub fn version() -> u32 {
    VERSION
}

fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    File::create(path)?.write_all(bytes)
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> crate::Result<T> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", path.display()))
}

/// Identity of a task: attempt, array, index; as text `3.0.12`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct TaskId {
    /// Number of the attempt, from 1.
    pub attempt: u64,
    /// Index of the array in the attempt, from 0.
    pub array: u64,
    /// Index in the array, from 0.
    pub task: u64,
}

impl std::fmt::Display for TaskId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.attempt, self.array, self.task)
    }
}

impl std::str::FromStr for TaskId {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.split('.').map(|p| p.parse::<u64>().map_err(|_| ()));
        let mut part = || parts.next().unwrap_or(Err(()));
        Ok(TaskId { attempt: part()?, array: part()?, task: part()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_costs_itself_alone() {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path());
        let files = Files(&dir);
        let planned = |attempt| Line::Planned {
            v: VERSION,
            attempt,
            key: format!("k{attempt}"),
            arrays: vec![6],
            runs: 24,
            at: "now".to_owned(),
            settings: Box::default(),
        };
        let submitted = |attempt| Line::Submitted {
            attempt,
            name: super::super::script::array_name("x", &format!("k{attempt}"), 0),
            job: 7,
        };
        files.note(&planned(1)).unwrap();
        files.note(&submitted(1)).unwrap();
        let path = files.submissions_file();
        fs::write(&path, [fs::read(&path).unwrap(), b"{\"event\":\"subm".to_vec()].concat())
            .unwrap();
        files.note(&planned(2)).unwrap();
        files.note(&Line::Cancelled { attempt: 2, at: String::new() }).unwrap();
        let found = files.submissions().unwrap();
        assert_eq!(found.iter().map(|s| s.attempt).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(found[0].names("x"), ["sweep-x-k1.0", "sweep-x-k1.report"]);
        assert_eq!(
            (found[0].job("sweep-x-k1.0"), found[0].job("sweep-x-k1.report")),
            (Some(7), None)
        );
        assert!(!found[0].cancelled && found[1].cancelled);
    }

    #[test]
    fn a_task_finds_the_journals_of_its_earlier_starts_and_of_no_other_task() {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path());
        let files = Files(&dir);
        let task_id = TaskId { attempt: 1, array: 0, task: 1 };
        fs::create_dir_all(files.attempt(1).join("0")).unwrap();
        assert!(files.begun(task_id).is_empty());
        files.begin(task_id, "1.0.1-a-7-x").unwrap();
        files.begin(TaskId { task: 11, ..task_id }, "1.0.11-a-8-x").unwrap();
        files.begin(task_id, "1.0.1-b-9-y").unwrap();
        assert_eq!(files.begun(task_id), ["1.0.1-a-7-x", "1.0.1-b-9-y"]);
    }

    #[test]
    fn places_are_read_as_they_are_written() {
        let task_id = TaskId { attempt: 3, array: 0, task: 12 };
        assert_eq!("3.0.12".parse(), Ok(task_id));
        assert_eq!(task_id.to_string(), "3.0.12");
        assert!("sweep".parse::<TaskId>().is_err() && "3.0".parse::<TaskId>().is_err());
    }
}
