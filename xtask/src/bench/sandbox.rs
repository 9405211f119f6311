//! A workspace of its own in which the built `sweep` is run and watched.
//!
//! It lies in the repository, not in the system's temporary folder: records
//! are synced to the disk that real sweeps write to, and the state of the git
//! repository is looked up as in real sweeps.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};

use super::journal::{self, Record};

/// How often memory is looked at. The kernel keeps the peak, so only growth
/// within the last interval before the end is not seen.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Lines of its messages that are shown when `sweep` fails.
const SHOWN: usize = 20;

/// A folder with `experiments/bench.toml`, `data/` (the repository's) and
/// `reports/`; removed in the end.
pub(super) struct Sandbox {
    folder: PathBuf,
}

/// One run of `sweep`, seen from outside.
#[derive(Debug)]
pub(super) struct Ran {
    /// Seconds since 1970, to be set beside those of records.
    pub(super) begun: f64,
    pub(super) ended: f64,
    /// Largest resident memory of the process `sweep` itself, in bytes.
    pub(super) peak: u64,
    pub(super) stdout: String,
}

impl Sandbox {
    /// With this sweep file. The name tells benchmarks apart.
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

    /// A path in the workspace.
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
        let mut command = Command::new(sweep);
        // Settings of the user's would measure something else.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("SWEEP_") {
                command.env_remove(name);
            }
        }
        let (out, messages) = (self.path("stdout"), self.path("stderr"));
        command
            .args(["run", "experiments/bench.toml"])
            .args(args)
            .current_dir(&self.folder)
            .env("SWEEP_ROOT", &self.folder)
            .env("SWEEP_WORKER", worker)
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            // Files, which unlike pipes never make it wait for a reader.
            .stdout(File::create(&out)?)
            .stderr(File::create(&messages)?);
        let begun = now();
        let mut process =
            command.spawn().with_context(|| format!("cannot start {}", sweep.display()))?;
        let (pid, over) = (process.id(), AtomicBool::new(false));
        let (status, ended, peak) = thread::scope(|scope| {
            let watch = scope.spawn(|| watch_memory(pid, &over));
            let status = process.wait();
            let ended = now();
            over.store(true, Ordering::SeqCst);
            (status, ended, watch.join().unwrap_or_default())
        });
        let status = status?;
        ensure!(
            status.code() == Some(code),
            "sweep run {} ended with {status}, not with {code}:\n{}",
            args.join(" "),
            last_lines(&fs::read_to_string(&messages)?)
        );
        Ok(Ran { begun, ended, peak, stdout: fs::read_to_string(&out)? })
    }

    /// Every record of its journal.
    pub(super) fn records(&self) -> Result<Vec<Record>> {
        journal::read(&self.path("reports/bench"))
    }

    fn clear(&self) {
        // Absent at first; what cannot be removed in the end does no harm.
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

/// The largest resident memory of a process until it is over, in bytes.
fn watch_memory(pid: u32, over: &AtomicBool) -> u64 {
    let mut peak = 0;
    while !over.load(Ordering::SeqCst) {
        // A process that has ended has a status without memory.
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        peak = peak.max(peak_of(&status).unwrap_or(0));
        thread::sleep(LOOK_EVERY);
    }
    peak
}

/// `VmHWM` of `/proc/<pid>/status`, in bytes.
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

    /// A stand-in for `sweep`, which says what it was started with.
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
    fn peaks_are_read_in_bytes() {
        assert_eq!(peak_of("VmPeak:\t 9 kB\nVmHWM:\t    2048 kB\n"), Some(2_097_152));
        assert_eq!(peak_of("Name:\tsweep\nState:\tZ (zombie)\n"), None);
    }
}
