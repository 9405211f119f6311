//! A workspace with a cluster: `sweep` as started on a login node, and a worker that waits or dies
//! at the test's command.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use spec::record::RunRecord;
use store::journal::Journal;

use crate::PATIENCE;
use crate::cluster::{self, Cluster, Options, wait_until};
use crate::support::{Sandbox, real_worker};

/// Passes each run on to the real worker, but not while there is a file `hold` or
/// `hold.<run id>`; dies instead if there is `fail.<run id>`. `@control@` and
/// `@worker@` stand for paths. The loop is a process below the one that dies: without
/// its `exit` it would hand the run on all the same, and the runner would at times read
/// the result before it sees the death.
const GATE: &str = r#"#!/bin/bash
[ "$1" = --probe ] && exec '@worker@' "$@"
while read -r line; do
  id=$(sed 's/.*"run_id":"\([0-9a-f]*\)".*/\1/' <<<"$line")
  while [ -e '@control@/hold' ] || [ -e "@control@/hold.$id" ]; do
    kill -0 $PPID 2>/dev/null || exit
    sleep 0.05
  done
  [ -e "@control@/fail.$id" ] && { kill -ABRT $$; exit; }
  printf '%s\n' "$line"
done | exec '@worker@' "$@"
"#;

/// Sweep, worker, cluster.
pub struct Place {
    /// The workspace.
    pub sandbox: Sandbox,
    /// Its cluster.
    pub cluster: Cluster,
    control: tempfile::TempDir,
}

impl Place {
    /// Starts a cluster with a worker that files in a folder control; `None` if Slurm is not
    /// installed.
    pub fn start(options: Options) -> Option<Self> {
        Self::with_worker(options, GATE)
    }

    /// Starts a cluster with a script as worker, in which `@control@` is the folder of control
    /// files and `@worker@` the real worker.
    pub fn with_worker(options: Options, script: &str) -> Option<Self> {
        let cluster = cluster::start(options)?;
        let control = tempfile::tempdir().unwrap();
        let path = control.path().join("worker.sh");
        write_script(&path, &filled(script, control.path()));
        Some(Place { sandbox: Sandbox::with_worker(path), cluster, control })
    }

    /// A path in the folder that controls the worker.
    pub fn control(&self, name: &str) -> PathBuf {
        self.control.path().join(name)
    }

    /// Makes the worker wait before it takes a run: `hold`, or `hold.<run id>`.
    pub fn put(&self, name: &str) {
        fs::write(self.control(name), b"").unwrap();
    }

    /// Lets the worker continue.
    pub fn remove(&self, name: &str) {
        fs::remove_file(self.control(name)).unwrap();
    }

    /// Returns `sweep` with these arguments, in the environment of the cluster.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = self.sandbox.command(args);
        self.cluster.apply(&mut command);
        command
    }

    /// Runs `sweep`. Returns the exit code and both outputs.
    pub fn run(&self, args: &[&str]) -> (i32, String) {
        answer(&mut self.command(args))
    }

    /// Runs `sweep` and expects this exit code. Returns both outputs.
    pub fn expect(&self, code: i32, args: &[&str]) -> String {
        let (found, text) = self.run(args);
        assert_eq!(found, code, "sweep {args:?}:\n{text}");
        text
    }

    /// The lines of `submissions.jsonl`.
    pub fn submissions(&self, name: &str) -> Vec<Value> {
        let path = self.sandbox.report(name).path().join("submissions.jsonl");
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Slurm's numbers of an attempt's jobs: its array, and the job that reports.
    pub fn jobs(&self, name: &str, attempt: u64) -> (u64, u64) {
        let lines = self.submissions(name);
        let of = |end: &str| {
            let found = lines.iter().find(|line| {
                line["event"] == "submitted"
                    && line["attempt"] == attempt
                    && line["name"].as_str().unwrap().ends_with(end)
            });
            found.unwrap_or_else(|| panic!("no {end} in {lines:?}"))["job"].as_u64().unwrap()
        };
        (of(".0"), of(".report"))
    }

    /// Ids of the runs of each task of an attempt's first array, in their order.
    pub fn chunks(&self, name: &str, attempt: u64) -> Vec<Vec<String>> {
        let folder = self.sandbox.report(name).path().join(format!("chunks/{attempt}/0"));
        let names = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
        let count = names.filter(|path| path.extension().is_some_and(|e| e == "json")).count();
        let read = |task| {
            let text = fs::read(folder.join(format!("{task}.json"))).unwrap();
            let chunk: Value = serde_json::from_slice(&text).unwrap();
            let runs = chunk["runs"].as_array().unwrap();
            runs.iter().map(|run| run["run_id"].as_str().unwrap().to_owned()).collect()
        };
        (0..count).map(read).collect()
    }

    /// Every record of a sweep so far.
    pub fn records(&self, name: &str) -> Vec<RunRecord> {
        let journal: Journal = store::journal::read(&self.sandbox.report(name)).unwrap();
        journal.records
    }

    /// Whether a run has a result.
    pub fn has_result(&self, name: &str, run: &str) -> bool {
        let of = |r: &RunRecord| r.run_id.to_string() == run && r.status.is_result();
        self.records(name).iter().any(of)
    }

    /// Journals of a task, a file for each process that trained for it.
    pub fn journals(&self, name: &str, place: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.sandbox.report(name).journal()).unwrap();
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        let start = format!("{place}-");
        paths.retain(|p| p.file_name().unwrap().to_str().unwrap().starts_with(&start));
        paths.sort();
        paths
    }

    /// Waits until a task waits, runs, or whatever its state is to be.
    pub fn wait_for_state(&self, array: u64, task: u64, state: &str) {
        wait_until(&format!("{state} of task {task}"), PATIENCE, || {
            self.cluster.task(array, Some(task)).is_some_and(|line| line.state == state)
        });
    }

    /// A field of `scontrol show job`: `ExitCode`.
    pub fn field(&self, job: &str, name: &str) -> String {
        let output = self.cluster.scontrol(&["--oneliner", "show", "job", job]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let start = format!("{name}=");
        let found = text.split_whitespace().find_map(|word| word.strip_prefix(&start));
        found.unwrap_or_else(|| panic!("no {name} of job {job}: {text}")).to_owned()
    }

    /// A log in the report's folder.
    pub fn log(&self, name: &str, file: &str) -> String {
        let path = self.sandbox.report(name).logs().join(file);
        fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    }

    /// Returns a `PATH` whose first folder holds a script in place of a program; in the script,
    /// `@real@` is the program that it hides.
    pub fn hiding(&self, program: &str, script: &str) -> String {
        let path = std::env::var("PATH").unwrap();
        let real = path.split(':').map(|f| Path::new(f).join(program)).find(|p| p.is_file());
        let real = real.unwrap().display().to_string();
        let folder = self.control("first");
        fs::create_dir_all(&folder).unwrap();
        let script = filled(script, self.control.path()).replace("@real@", &real);
        write_script(&folder.join(program), &script);
        format!("{}:{path}", folder.display())
    }
}

/// Runs a command. Returns the exit code and both outputs.
pub fn answer(command: &mut Command) -> (i32, String) {
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    (output.status.code().unwrap_or(-1), text.concat())
}

fn filled(script: &str, control: &Path) -> String {
    let worker = real_worker().display().to_string();
    script.replace("@control@", &control.display().to_string()).replace("@worker@", &worker)
}

/// Writes an executable script and renames it into place, so that a running script is not changed.
pub fn write_script(path: &Path, text: &str) {
    let half = path.with_extension("half");
    fs::write(&half, text).unwrap();
    fs::set_permissions(&half, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&half, path).unwrap();
}

/// The digits with `[slurm]` (these lines), on one thread of the CPU.
pub fn digits(seeds: u32, epochs: u32, slurm: &str) -> String {
    let digits = crate::support::digits(seeds, epochs);
    format!(
        "{digits}[devices]\npool = [\"libtorch:cpu\"]\nthreads_per_run = 1\n\
         [slurm]\npoll_seconds = 5\n{slurm}\n"
    )
}
