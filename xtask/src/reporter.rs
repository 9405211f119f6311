//! Background build of `sweep-report` while a sweep trains: polars takes as long to compile as
//! everything else together, and it is not needed before the first runs have ended.

use std::fs::{File, TryLockError};
use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::build;
use crate::compile::Destination;

/// Verb that builds `sweep-report` or waits for a build in progress; `sweep` calls it before
/// it needs the program.
pub(crate) const VERB: &str = "sweep-report";

/// Environment variable with the program that `sweep` calls with [`VERB`].
pub(crate) const BUILDER_VARIABLE: &str = "SWEEP_REPORT_BUILDER";

/// Flag of [`VERB`] that writes progress to a file and ends the build with its parent process.
pub(crate) const BACKGROUND: &str = "background";

/// Interval between progress lines if standard error is not a terminal.
const QUIET: Duration = Duration::from_secs(60);

/// Files in the target folder that coordinate builds.
struct Files {
    /// Lock that the building process holds.
    lock: PathBuf,
    /// Latest progress line.
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

/// Starts the build of `sweep-report` at the lowest priority, so that training does not slow
/// down.
///
/// # Errors
/// A second xtask process cannot be started.
pub(crate) fn start(root: &Path) -> Result<()> {
    let this = std::env::current_exe().context("cannot find the program of xtask")?;
    if !build::report_path(root)?.exists() {
        eprintln!("xtask: compiling sweep-report, which writes the report, in the background");
    }
    let quiet = |command: &mut Command| {
        command.arg(VERB).arg(format!("--{BACKGROUND}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
    };
    let niced = quiet(Command::new("nice").args(["-n", "19"]).arg(&this));
    // Works without `nice` too.
    niced
        .or_else(|_| quiet(&mut Command::new(&this)))
        .context("cannot start xtask in the background")?;
    Ok(())
}

/// Builds `sweep-report`. If another process is building it, this one waits for it, or, with
/// `background`, returns at once.
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

/// Waits for the lock and shows the progress of its holder.
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
