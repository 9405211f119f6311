//! `sweep-report`, which `sweep` calls with its own command line.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    reporter::run(runner::cli::Cli::parse())
}
