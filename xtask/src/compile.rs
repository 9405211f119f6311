//! Runs `cargo build` and shows its progress and the time left.

use std::io::{BufRead as _, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use crate::{invocation, processes};

mod progress;

use progress::{Progress, is_program};

/// A program, or several, that one call of cargo builds.
pub(crate) struct Program {
    /// Name, for messages.
    name: &'static str,
    /// Its task, as a relative clause for messages.
    purpose: &'static str,
    /// Arguments of `cargo tree` that list the crates to compile.
    tree: &'static [&'static str],
}

impl Program {
    pub(crate) const SWEEP: Program = Program {
        name: "sweep",
        purpose: "which plans and starts runs",
        tree: &["--package", "runner"],
    };
    /// The programs that a first sweep needs before it trains.
    pub(crate) const FIRST: Program = Program {
        name: "sweep and sweep-worker",
        purpose: "which plan and train (Burn and the libtorch bindings)",
        tree: &["--package", "runner", "--package", "train", "--features", "train/libtorch"],
    };
    /// All programs.
    pub(crate) const ALL: Program = Program {
        name: "sweep, sweep-report and sweep-worker",
        purpose: "the programs (polars, Burn and the libtorch bindings)",
        tree: &["--package", "reporter", "--package", "train", "--features", "train/libtorch"],
    };
    pub(crate) const REPORT: Program = Program {
        name: "sweep-report",
        purpose: "which writes reports (polars and plotters)",
        tree: &["--package", "reporter"],
    };
    pub(crate) const WORKER: Program = Program {
        name: "sweep-worker",
        purpose: "which trains (Burn and the libtorch bindings)",
        tree: &["--package", "train", "--features", "libtorch"],
    };
    pub(crate) const FLEX_WORKER: Program = Program {
        name: "sweep-worker",
        purpose: "which trains (Burn, without libtorch)",
        tree: &["--package", "train"],
    };
}

/// Cargo's arguments for a build whose progress is shown.
const MESSAGES: [&str; 3] = ["--quiet", "--message-format", "json-render-diagnostics"];

/// The destination of progress messages.
pub(crate) enum Destination {
    /// Standard error.
    Stderr,
    /// A file that holds only the latest line; cargo's own output goes into `log`. The build
    /// ends with the process that started this one.
    File { state: PathBuf, log: PathBuf },
}

/// Runs a `cargo build` and shows its progress on standard error.
///
/// # Errors
/// Cargo cannot be started, or fails.
pub(crate) fn compile(root: &Path, cargo: &mut Command, program: &Program) -> Result<()> {
    compile_with(root, cargo, program, &Destination::Stderr)
}

/// Runs a `cargo build` as [`compile`] does, and shows its progress at a destination.
///
/// # Errors
/// Cargo cannot be started, or fails; a file of the destination cannot be written.
pub(crate) fn compile_with(
    root: &Path,
    cargo: &mut Command,
    program: &Program,
    destination: &Destination,
) -> Result<()> {
    build(root, cargo, program, destination, &mut |_| Ok(ControlFlow::Continue(())))
}

/// Builds several programs as [`compile`] does, and calls `built` as soon as `sweep` is built.
/// The build is aborted if `built` breaks or fails.
///
/// # Errors
/// Cargo cannot be started, or fails; those of `built`.
pub(crate) fn compile_until(
    root: &Path,
    cargo: &mut Command,
    program: &Program,
    built: &mut dyn FnMut() -> Result<ControlFlow<()>>,
) -> Result<()> {
    build(root, cargo, program, &Destination::Stderr, &mut |line| match is_program(
        line,
        Program::SWEEP.name,
    ) {
        true => built(),
        false => Ok(ControlFlow::Continue(())),
    })
}

/// A callback on each line of cargo's output; it returns whether the build continues.
type Each<'a> = &'a mut dyn FnMut(&str) -> Result<ControlFlow<()>>;

fn build(
    root: &Path,
    cargo: &mut Command,
    program: &Program,
    destination: &Destination,
    each: Each<'_>,
) -> Result<()> {
    let shown = invocation::show(cargo);
    cargo.args(MESSAGES).stdout(Stdio::piped());
    if let Destination::File { log, .. } = destination {
        let log = std::fs::File::create(log)
            .with_context(|| format!("cannot write {}", log.display()))?;
        cargo.stderr(log);
    }
    let mut child = cargo.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let mut progress = Progress::new(program);
    let followed = follow(root, &mut child, &mut progress, destination, each);
    if !matches!(followed, Ok(ControlFlow::Continue(()))) {
        processes::end(&mut child)?;
    }
    let status = child.wait()?;
    progress.end(destination, status.success());
    if followed?.is_continue() && !status.success() {
        bail!("{} could not be built: `{shown}` failed ({status})", program.name);
    }
    Ok(())
}

/// Reads cargo's output until it ends, or `each` breaks.
fn follow(
    root: &Path,
    child: &mut Child,
    progress: &mut Progress<'_>,
    destination: &Destination,
    each: Each<'_>,
) -> Result<ControlFlow<()>> {
    let output = child.stdout.take().context("cargo has no output")?;
    let (send, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                break;
            }
        }
    });
    let parent = std::os::unix::process::parent_id();
    loop {
        match lines.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => {
                progress.observe(root, &line);
                if each(&line)?.is_break() {
                    return Ok(ControlFlow::Break(()));
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Ok(ControlFlow::Continue(())),
        }
        progress.show(destination);
        let orphaned = parent != std::os::unix::process::parent_id();
        if orphaned && matches!(destination, Destination::File { .. }) {
            processes::end(child)?;
        }
    }
}
