//! A separate workspace in which the built `sweep`, or a program that it is compared with, is
//! run and observed.
//!
//! It is in the repository, not in the system's temporary folder, so that records are synced to
//! the same disk and the git repository is inspected as in real sweeps.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use super::journal::{self, Record};

/// Interval at which memory and processor time are read. The kernel keeps the peak and the sum,
/// so only the last interval before the end is missed.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Number of last lines of standard error that are shown if a program fails.
const SHOWN: usize = 20;

/// A folder with `experiments/bench.toml`, `data/` (a link to the repository's) and `reports/`.
/// It is removed on drop.
pub(super) struct Sandbox {
    folder: PathBuf,
}

/// One run of a program, observed from outside.
#[derive(Debug)]
pub(super) struct Ran {
    /// Seconds since 1970, comparable with those of records; `ended` too.
    pub(super) begun: f64,
    pub(super) ended: f64,
    /// Largest resident memory of the process itself, in bytes.
    pub(super) peak: u64,
    /// Processor seconds of the process itself, without its last moments.
    pub(super) cpu: f64,
    pub(super) stdout: String,
}

impl Sandbox {
    /// Creates a sandbox with this sweep file. The name distinguishes benchmarks.
    pub(super) fn new(root: &Path, name: &str, sweep_file: &str) -> Result<Sandbox> {
        let folder = root.join(format!(".bench/{name}-{}", std::process::id()));
        let sandbox = Sandbox { folder };
        sandbox.clear();
        for inner in ["experiments", "reports"] {
            fs::create_dir_all(sandbox.path(inner))?;
        }
        std::os::unix::fs::symlink(root.join("data"), sandbox.path("data"))?;
        fs::write(sandbox.path("experiments/bench.toml"), sweep_file)?;
        Ok(sandbox)
    }

    /// Returns a path in the workspace.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        self.folder.join(relative)
    }

    /// Runs `sweep run experiments/bench.toml` and expects this exit code.
    pub(super) fn sweep(
        &self,
        sweep: &Path,
        worker: &Path,
        args: &[&str],
        code: i32,
    ) -> Result<Ran> {
        self.run(sweep, Some(worker), &[&["run", "experiments/bench.toml"], args].concat(), code)
    }

    /// Runs `sweep` with these arguments, in which paths are relative to the workspace, and
    /// expects this exit code.
    pub(super) fn run(
        &self,
        sweep: &Path,
        worker: Option<&Path>,
        args: &[&str],
        code: i32,
    ) -> Result<Ran> {
        let mut command = Command::new(sweep);
        // The user's settings would change the measurement.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SWEEP_") {
                command.env_remove(name);
            }
        }
        command
            .args(args)
            .envs(worker.map(|worker| ("SWEEP_WORKER", worker)))
            .env("SWEEP_ROOT", &self.folder)
            .env("SWEEP_CONFIG", "")
            .env("NO_COLOR", "1");
        self.watched(command, code)
    }

    /// Runs a command in the workspace's folder and expects this exit code.
    pub(super) fn watched(&self, mut command: Command, code: i32) -> Result<Ran> {
        let shown = crate::build::show(&command);
        let (out, messages) = (self.path("stdout"), self.path("stderr"));
        command
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            // Files, since with pipes the process may wait for the reader.
            .stdout(File::create(&out)?)
            .stderr(File::create(&messages)?);
        let begun = now();
        let mut process = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
        let (pid, over) = (process.id(), AtomicBool::new(false));
        let (status, ended, (peak, cpu)) = thread::scope(|scope| {
            let watch = scope.spawn(|| watch(pid, &over));
            let status = process.wait();
            let ended = now();
            over.store(true, Ordering::SeqCst);
            (status, ended, watch.join().unwrap_or_default())
        });
        let status = status?;
        ensure!(
            status.code() == Some(code),
            "`{shown}` ended with {status} instead of exit code {code}:\n{}",
            last_lines(&fs::read_to_string(&messages)?)
        );
        Ok(Ran { begun, ended, peak, cpu, stdout: fs::read_to_string(&out)? })
    }

    /// Reads every record of the sweep's journal.
    pub(super) fn records(&self) -> Result<Vec<Record>> {
        journal::read(&self.path("reports/bench"))
    }

    fn clear(&self) {
        // The folder may not exist; leftovers at the end do no harm.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.clear();
    }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(f64::NAN, |d| d.as_secs_f64())
}

/// Observes a process until `over`; returns its largest resident memory in bytes and its
/// processor seconds.
fn watch(pid: u32, over: &AtomicBool) -> (u64, f64) {
    let (mut peak, mut cpu) = (0, 0.0);
    let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    while !over.load(Ordering::SeqCst) {
        // The status of an ended process has no memory.
        peak = peak.max(peak_of(&read("status")).unwrap_or(0));
        cpu = cpu_of(&read("stat")).unwrap_or(0.0).max(cpu);
        thread::sleep(LOOK_EVERY);
    }
    (peak, cpu)
}

/// Returns user plus system time of `/proc/<pid>/stat`, in seconds. Linux always counts them
/// in hundredths there.
fn cpu_of(stat: &str) -> Option<f64> {
    // The second field is the program's name, which may contain any character.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / 100.0)
}

/// Returns `VmHWM` of `/proc/<pid>/status`, in bytes.
fn peak_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(SHOWN)..].join("\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Creates a sandbox and a script that stands in for `sweep`.
    fn sandbox(script: &str) -> (tempfile::TempDir, Sandbox, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let sweep = root.path().join("sweep");
        fs::write(&sweep, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&sweep, fs::Permissions::from_mode(0o755)).unwrap();
        let sandbox = Sandbox::new(root.path(), "test", "name = \"bench\"\n").unwrap();
        (root, sandbox, sweep)
    }

    #[test]
    fn the_program_finds_its_workspace_and_is_timed() {
        let (root, sandbox, sweep) = sandbox("echo \"$*\"; cat $2; echo $SWEEP_WORKER; sleep 0.1");
        let ran = sandbox.sweep(&sweep, Path::new("w"), &["--plan"], 0).unwrap();
        assert_eq!(ran.stdout, "run experiments/bench.toml --plan\nname = \"bench\"\nw\n");
        assert!(ran.ended - ran.begun >= 0.1, "{ran:?}");
        assert!(ran.peak > 100_000, "{ran:?}");
        let folder = sandbox.path("");
        drop(sandbox);
        assert!(!folder.exists() && root.path().join("sweep").exists());
    }

    #[test]
    fn another_exit_code_is_an_error_with_its_messages() {
        let (_root, sandbox, sweep) = sandbox("echo no such thing >&2; exit 2");
        let error = sandbox.sweep(&sweep, Path::new("w"), &["--plan"], 0).unwrap_err();
        assert!(error.to_string().contains("no such thing"), "{error}");
        assert!(sandbox.sweep(&sweep, Path::new("w"), &[], 2).is_ok());
        assert!(sandbox.records().unwrap_err().to_string().contains("no journal"));
    }

    #[test]
    fn peaks_are_read_in_bytes_and_times_in_seconds() {
        assert_eq!(peak_of("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n"), Some(2_097_152));
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 200 0 0 0 150 25 3 4 20 0 1 0 5 6\n";
        assert_eq!(cpu_of(stat), Some(1.75));
        assert_eq!(cpu_of(""), None);
        assert_eq!(peak_of("Name:\tsweep\nState:\tZ (zombie)\n"), None);
    }
}
