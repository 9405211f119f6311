//! `sweep`: the command line over a finished build. `cargo xtask <verb>`
//! provisions, builds and hands over to it.

use std::process::ExitCode;

use clap::Parser;
use runner::cli::Cli;
use runner::{commands, exit};

fn main() -> ExitCode {
    exit::end(commands::dispatch(Cli::parse()), exit::code_of)
}
