//! `sweep`: the command line over a finished build. `cargo xtask <verb>`
//! provisions, builds and hands over to it.

use std::process::ExitCode;

use clap::Parser;
use runner::cli::Cli;
use runner::{commands, exit};
use spec::sweep_file::diagnostic::Diagnostics;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let exit = commands::dispatch(cli).unwrap_or_else(|error| {
        match error.downcast_ref::<Diagnostics>() {
            Some(diagnostics) => {
                eprint!("{}", diagnostics.render(console::colors_enabled_stderr()))
            }
            None => eprintln!("{} {error:#}", console::style("error:").for_stderr().red().bold()),
        }
        exit::code_of(&error)
    });
    ExitCode::from(exit as u8)
}
