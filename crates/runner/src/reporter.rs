//! Calls of `sweep-report`, the program that reads and writes Parquet and draws. It is a
//! separate program because polars takes longer to compile than everything else together:
//! training starts without it.

use std::io::Write as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use spec::plan::Plan;
use spec::stages::Decision;
use store::layout::ReportDir;

use crate::error::{Context as _, Error, ExpectedError};
use crate::exit::Exit;
use crate::lock::Lock;
use crate::workspace::Workspace;

/// Environment variable that names the program.
const PROGRAM: &str = "SWEEP_REPORT";

/// Environment variable that names a builder: called with the argument `sweep-report`, it
/// builds the program or waits until it is built. `cargo xtask` sets the variable if it has
/// started the build in the background.
const BUILDER: &str = "SWEEP_REPORT_BUILDER";

/// Returns the path of the program: `SWEEP_REPORT`, else `sweep-report` beside this program.
pub fn program() -> PathBuf {
    let given = std::env::var_os(PROGRAM).filter(|path| !path.is_empty());
    given.map(PathBuf::from).unwrap_or_else(|| {
        let here =
            std::env::current_exe().ok().and_then(|p| Some(p.parent()?.join("sweep-report")));
        here.unwrap_or_else(|| PathBuf::from("sweep-report"))
    })
}

/// Waits for a build in the background, if there is one, and returns the path of the program.
///
/// # Errors
/// The build failed.
pub fn built() -> crate::Result<PathBuf> {
    if let Some(builder) = std::env::var_os(BUILDER).filter(|path| !path.is_empty()) {
        let status = Command::new(&builder)
            .arg("sweep-report")
            .status()
            .with_context(|| format!("cannot start {}", Path::new(&builder).display()))?;
        if !status.success() {
            return Err(Error::unexpected(format!(
                "sweep-report could not be built ({status}); the results are kept, and \
                 `cargo xtask report FILE` writes the report"
            )));
        }
    }
    Ok(program())
}

/// Replaces this process by the program, with the same arguments. Returns only if the program
/// cannot be started.
pub(crate) fn replace_this_process() -> Error {
    let start = || -> crate::Result<()> {
        let program = built()?;
        let error = command(&program).args(std::env::args_os().skip(1)).exec();
        Err(missing(&program, &error))
    };
    match start() {
        Err(error) => error,
        Ok(()) => unreachable!("the process was replaced"),
    }
}

/// Collects, draws and writes the report of a folder, and prints a summary unless `quiet`. The
/// program inherits `lock`, so that the lock is held until the program ends even if this
/// process ends first.
///
/// # Errors
/// The program cannot be started, or it failed and has printed why.
pub(crate) fn write(
    workspace: &Workspace,
    dir: &ReportDir,
    lock: Option<&Lock>,
    quiet: bool,
) -> crate::Result<()> {
    let program = built()?;
    if let Some(lock) = lock {
        lock.pass_on()?;
    }
    let mut command = command(&program);
    command.arg("--root").arg(workspace.root()).arg("write").arg(dir.path());
    if quiet {
        command.arg("--quiet");
    }
    let status = command.status();
    if let Some(lock) = lock {
        lock.keep()?;
    }
    let status = status.map_err(|error| missing(&program, &error))?;
    match status.code() {
        Some(0) => Ok(()),
        Some(code) => Err(ExpectedError::WorkerOutput(Exit::of_code(code)).into()),
        None => Err(Error::unexpected(format!(
            "{} was killed ({status}); the results are kept, and `cargo xtask report {}` writes \
             the report",
            program.display(),
            workspace.relative(dir.path())
        ))),
    }
}

/// Asks the program which runs the next stage of a plan trains, by the journal of a folder;
/// `None` if no run has a result to decide by.
///
/// # Errors
/// The program cannot be started, or it failed and has printed why.
pub(crate) fn decide(dir: &ReportDir, plan: &Plan) -> crate::Result<Option<Decision>> {
    let program = built()?;
    let mut command = command(&program);
    command.arg("decide").arg(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| missing(&program, &error))?;
    let plan = serde_json::to_vec(plan)?;
    if let Some(mut input) = child.stdin.take() {
        // A program that has ended early prints why.
        let _ = input.write_all(&plan);
    }
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let code = output.status.code().unwrap_or(Exit::Internal as i32);
        return Err(ExpectedError::WorkerOutput(Exit::of_code(code)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    // It is built: no second wait.
    command.env_remove(BUILDER);
    command
}

fn missing(program: &Path, error: &std::io::Error) -> Error {
    Error::unexpected(format!(
        "cannot start {}: {error}; build it: cargo build --release --package reporter",
        program.display()
    ))
}
