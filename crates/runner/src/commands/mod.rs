//! The verbs, each in its own file.

mod cancel;
mod cluster;
mod doctor;
mod fetch;
pub mod folder;
pub mod gather;
mod list;
mod merge;
mod only;
mod plan;
mod requirements;
pub mod run;
mod shard;
mod status;
mod task;
mod verify;
mod why;

use std::path::Path;

use spec::own_data::OwnRequest;
use sweep_file::{Loaded, Overrides, load_with, user};

use crate::cli::{Cli, Command};
use crate::exit::Exit;
use crate::launcher::slurm::files::TaskId;
use crate::workspace::Workspace;

/// Runs the verb of the command line. Verbs that read or write Parquet are handed over
/// to `sweep-report`.
///
/// # Errors
/// Bad input or an internal error; [`crate::Error`] says which.
pub fn dispatch(cli: Cli) -> crate::Result<Exit> {
    let workspace = Workspace::find(cli.root);
    match cli.command {
        Command::Run(args) => run::run(&workspace, &args),
        Command::Merge(args) => merge::merge(&workspace, &args),
        Command::Status { file, json } => status::status(&workspace, &file, json),
        Command::Cancel { file } => cancel::cancel(&workspace, &file),
        Command::Verify(args) => verify::verify(&workspace, &args),
        Command::Why { file, run, set, device } => why::why(&workspace, &file, &run, &set, &device),
        Command::Doctor { file } => doctor::doctor(&workspace, file.as_deref()),
        Command::List { what, format } => list::list(what, format),
        Command::Fetch { dataset } => fetch::fetch(&workspace, &dataset),
        Command::Task { folder, attempt, array, chunk } => {
            task::task(&folder, TaskId { attempt, array, task: task::index(&chunk)? })
        }
        Command::Gather { folder } => gather::gather(&workspace, &folder),
        Command::Needs { args } => requirements::needs(&args),
        Command::Report(_)
        | Command::Compare(_)
        | Command::External(_)
        | Command::Target(_)
        | Command::Regress(_)
        | Command::Nightly(_)
        | Command::Baseline { .. }
        | Command::Write { .. }
        | Command::Decide { .. } => Err(crate::reporter::replace_this_process()),
    }
}

/// Reads the sweep file of a command line with the overrides `set`, those of the environment
/// (`SWEEP__...`) and the user's configuration.
///
/// # Errors
/// The diagnostics of the sweep file.
pub fn load_plan(
    workspace: &Workspace,
    file: &Path,
    set: &[String],
    smoke: bool,
) -> crate::Result<Loaded> {
    let overrides =
        Overrides { user: user::read()?, environment: environment(), set: set.to_vec(), smoke };
    load_plan_with(workspace, file, &overrides)
}

/// Reads a sweep file with these overrides.
///
/// # Errors
/// The diagnostics of the sweep file.
pub fn load_plan_with(
    workspace: &Workspace,
    file: &Path,
    overrides: &Overrides,
) -> crate::Result<Loaded> {
    let inspect =
        |request: &OwnRequest| data::inspect(request, workspace.root()).map_err(|e| e.parts());
    let mut loaded = load_with(file, overrides, &inspect)?;
    loaded.plan.file = workspace.relative(file);
    Ok(loaded)
}

/// Refuses a sweep file with `threads_per_run = "auto"` for a night: another night could measure
/// another number.
///
/// # Errors
/// The diagnostics of the sweep file.
pub fn number_of_threads(file: &Path, set: &[String]) -> crate::Result<()> {
    // The user's configuration has no say in threads.
    let overrides =
        Overrides { environment: environment(), set: set.to_vec(), ..Overrides::default() };
    Ok(sweep_file::number_of_threads(file, &overrides)?)
}

/// Returns the variables `SWEEP__...`, which override values of a sweep file, sorted by name.
pub fn environment() -> Vec<(String, String)> {
    // Lossily, because other people's variables need not be UTF-8.
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        })
        .filter(|(name, _)| name.starts_with("SWEEP__"))
        .collect();
    environment.sort();
    environment
}
