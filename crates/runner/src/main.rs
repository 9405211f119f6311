//! `sweep`: the command line over a finished build. `cargo xtask <verb>`
//! provisions, builds and hands over to it.

use std::process::ExitCode;

use clap::Parser;
use runner::cli::Cli;
use runner::{commands, error};

fn main() -> ExitCode {
    error::end(commands::dispatch(Cli::parse()))
}
