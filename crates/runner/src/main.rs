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
                runner::text::complain(&diagnostics.render(console::colors_enabled_stderr()))
            }
            None => runner::text::say!(
                "{} {error:#}",
                console::style("error:").for_stderr().red().bold()
            ),
        }
        exit::code_of(&error)
    });
    if exit == exit::Exit::Ok && runner::text::output_was_lost() {
        runner::text::say!("error: standard output could not be written to");
        return ExitCode::from(exit::Exit::Internal as u8);
    }
    ExitCode::from(exit as u8)
}
