//! The program `sweep`. `cargo xtask <verb>` provisions libtorch, builds the programs and
//! then calls it.

use std::process::ExitCode;

use clap::Parser;
use runner::cli::Cli;
use runner::{commands, error};

fn main() -> ExitCode {
    error::end(commands::dispatch(Cli::parse()))
}
