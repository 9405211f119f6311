//! `sweep-report`: the verbs that read or write Parquet and draw. `sweep` delegates them with the
//! same command line, and calls `write` after training.

mod baseline;
mod compare;
mod external;
mod nightly;
mod regress;
mod report;
mod summary;
mod target;

use std::process::ExitCode;

use ::report::ReportError;
use runner::Error;
use runner::cli::{Cli, Command};
use runner::error::{self, bad_input};
use runner::exit::Exit;
use runner::workspace::Workspace;

/// Runs the verb of the command line, prints any error and returns the exit code.
pub fn run(cli: Cli) -> ExitCode {
    error::end(dispatch(cli))
}

fn dispatch(cli: Cli) -> runner::Result<Exit> {
    let workspace = Workspace::find(cli.root.clone());
    match cli.command {
        Command::Report(args) => report::report(&workspace, &args),
        Command::Write { folder, quiet } => report::write_folder(&workspace, &folder, quiet),
        Command::Compare(args) => compare::compare(&workspace, &args),
        Command::Decide { folder } => report::decide(&folder),
        Command::External(args) => external::external(&workspace, &args),
        Command::Target(args) => target::target(&workspace, &args),
        Command::Regress(args) => regress::regress(&workspace, &args),
        Command::Nightly(args) => nightly::nightly(&workspace, &args),
        Command::Baseline { command } => baseline::baseline(&workspace, &command),
        _ => runner::commands::dispatch(cli),
    }
}

/// Assigns an error of `report` its tier: the user has to repair a damaged baseline or history.
fn reported(error: ReportError) -> Error {
    match error {
        ReportError::Kept { .. }
        | ReportError::HalfBaseline { .. }
        | ReportError::Published { .. } => bad_input(error.to_string()),
        ReportError::Store(_) | ReportError::Parquet { .. } | ReportError::Figure { .. } => {
            Error::Unexpected(error.into())
        }
    }
}
