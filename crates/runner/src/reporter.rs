//! `sweep-report`, the program that reads and writes Parquet and draws. It is a program
//! of its own, because polars takes longer to compile than all else together: training
//! starts without it.

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

/// Environment variable that names a program which builds it, or waits until it is
/// built, when it is called with the argument `sweep-report`. `cargo xtask` sets it
/// where it has started the build in the background.
const BUILDER: &str = "SWEEP_REPORT_BUILDER";

/// Returns the program: `SWEEP_REPORT`, else `sweep-report` beside this program.
pub fn program() -> PathBuf {
    let given = std::env::var_os(PROGRAM).filter(|path| !path.is_empty());
    given.map(PathBuf::from).unwrap_or_else(|| {
        let here =
            std::env::current_exe().ok().and_then(|p| Some(p.parent()?.join("sweep-report")));
        here.unwrap_or_else(|| PathBuf::from("sweep-report"))
    })
}

/// Waits until the program is built, where somebody builds it.
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
                "sweep-report could not be built ({status}); what was trained is kept, and \
                 `cargo xtask report FILE` makes the report from it"
            )));
        }
    }
    Ok(program())
}

/// Replaces this process by the program, with the same arguments.
///
/// # Errors
/// Always one where it returns: the program cannot be started.
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

/// Collects, draws and writes the report of a folder, and prints its end in short unless
/// `quiet`. A lock that is given is held until the program has ended, even where this
/// process ends before.
///
/// # Errors
/// The program cannot be started; or it failed, which it has said itself.
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
            "{} was ended ({status}); what was trained is kept, and `cargo xtask report {}` makes \
             the report from it",
            program.display(),
            workspace.relative(dir.path())
        ))),
    }
}

/// Asks the program what the next stage of a plan trains, by the journal of a folder; `None`
/// where no run has a result to decide by.
///
/// # Errors
/// The program cannot be started, or it failed, which it has said itself.
pub(crate) fn decide(dir: &ReportDir, plan: &Plan) -> crate::Result<Option<Decision>> {
    let program = built()?;
    let mut command = command(&program);
    command.arg("decide").arg(dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(|error| missing(&program, &error))?;
    let plan = serde_json::to_vec(plan)?;
    if let Some(mut input) = child.stdin.take() {
        // Whoever has ended early says why.
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
    // It is built: nobody needs to wait for it a second time.
    command.env_remove(BUILDER);
    command
}

fn missing(program: &Path, error: &std::io::Error) -> Error {
    Error::unexpected(format!(
        "cannot start {}: {error}; build it: cargo build --release --package reporter",
        program.display()
    ))
}
