//! Builds `sweep-report` beside a sweep that trains: polars takes as long to compile as
//! all else together, and nobody needs it before the first runs have ended.

use std::fs::{File, TryLockError};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::build;
use crate::compile::Destination;

/// Verb that builds, or waits until it is built; `sweep` calls it before it needs the
/// program.
pub(crate) const VERB: &str = "sweep-report";

/// Environment variable that tells `sweep` whom to call with [`VERB`].
pub(crate) const BUILDER_VARIABLE: &str = "SWEEP_REPORT_BUILDER";

/// Flag of [`VERB`]: progress goes into a file, and the build ends with the process that started it.
pub(crate) const BACKGROUND: &str = "background";

/// How often progress is shown where no terminal can be written over.
const QUIET: Duration = Duration::from_secs(60);

/// Files beside what is built.
struct Files {
    /// Held by the one that builds.
    lock: PathBuf,
    /// The last line on its progress.
    state: PathBuf,
    /// Output of cargo.
    log: PathBuf,
}

impl Files {
    fn of(root: &Path) -> Result<Files> {
        let folder = build::target_dir(root)?;
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let file = |ending: &str| folder.join(format!("sweep-report.{ending}"));
        Ok(Files { lock: file("lock"), state: file("state"), log: file("log") })
    }
}

/// Starts to build `sweep-report` at the lowest priority, so that training is not slower.
///
/// # Errors
/// This program cannot be started again.
pub(crate) fn start(root: &Path) -> Result<()> {
    let this = std::env::current_exe().context("where is xtask?")?;
    if !build::report_path(root)?.exists() {
        eprintln!("xtask: sweep-report, which draws, is compiled meanwhile at low priority");
    }
    let quiet = |command: &mut Command| {
        command.arg(VERB).arg(format!("--{BACKGROUND}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    let niced = quiet(Command::new("nice").args(["-n", "19"]).arg(&this));
    // Without `nice` all the same.
    niced.or_else(|_| quiet(&mut Command::new(&this))).context("cannot start xtask again")?;
    Ok(())
}

/// Builds `sweep-report`, after the one that is building it already.
///
/// # Errors
/// The program cannot be built.
pub(crate) fn build(root: &Path, background: bool) -> Result<()> {
    let files = Files::of(root)?;
    let lock = File::create(&files.lock)
        .with_context(|| format!("cannot write {}", files.lock.display()))?;
    if background {
        if let Err(TryLockError::WouldBlock) = lock.try_lock() {
            return Ok(());
        }
        let _ = std::fs::remove_file(&files.state);
        let destination = Destination::File { state: files.state, log: files.log };
        return build::sweep_and_report(root, &destination);
    }
    wait(&lock, &files.state);
    build::sweep_and_report(root, &Destination::Stderr)
}

/// Waits until the lock is free, and shows how far its holder is.
fn wait(lock: &File, state: &Path) {
    let terminal = std::io::stderr().is_terminal();
    let mut last: Option<Instant> = None;
    while let Err(TryLockError::WouldBlock) = lock.try_lock() {
        let line = std::fs::read_to_string(state).unwrap_or_default();
        if !line.is_empty() && last.is_none_or(|at| terminal || at.elapsed() >= QUIET) {
            match terminal {
                true => eprint!("\r\u{1b}[K{line}"),
                false => eprintln!("{line}"),
            }
            let _ = std::io::stderr().flush();
            last = Some(Instant::now());
        }
        std::thread::sleep(Duration::from_millis(500));
    }
    if last.is_some() && terminal {
        eprint!("\r\u{1b}[K");
    }
}
