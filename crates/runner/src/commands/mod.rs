//! The verbs, a file each.

mod fetch;
mod list;
mod needs;
mod plan;
mod report;
mod run;
mod summary;
mod training;

use std::path::Path;

use spec::sweep_file::{Loaded, Overrides, load};

use crate::cli::{Cli, Command, RunArgs};
use crate::exit::Exit;
use crate::workspace::Workspace;

/// Runs the verb of the command line.
///
/// # Errors
/// Bad input or an internal error; [`crate::exit::code_of`] tells which.
pub fn dispatch(cli: Cli) -> anyhow::Result<Exit> {
    let workspace = Workspace::find(cli.root);
    match cli.command {
        Command::Run(args) => run::run(&workspace, &args),
        Command::Report { files } => report::report(&workspace, &files),
        Command::List { what } => list::list(what),
        Command::Fetch { dataset } => fetch::fetch(&workspace, &dataset),
        Command::Needs { args } => needs::needs(&args),
    }
}

/// Reads the sweep file of a command line with its overrides and the
/// environment's.
fn load_plan(workspace: &Workspace, args: &RunArgs) -> anyhow::Result<Loaded> {
    // Lossily, because other people's variables need not be UTF-8.
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| {
            (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned())
        })
        .filter(|(name, _)| name.starts_with("SWEEP__"))
        .collect();
    environment.sort();
    let overrides = Overrides { environment, set: args.set.clone(), smoke: args.smoke };
    let mut loaded = load(&args.file, &overrides)?;
    loaded.plan.file = workspace.relative(Path::new(&args.file));
    Ok(loaded)
}
