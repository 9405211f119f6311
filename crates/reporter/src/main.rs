//! `sweep-report`: called by `sweep`, with the same command line.

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    reporter::run(runner::cli::Cli::parse())
}
