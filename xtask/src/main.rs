//! The one command of this repository: `cargo xtask <verb>`.
//!
//! Verbs of the sweep runner are handed over to the program `sweep`, after that program, the
//! worker and libtorch have been built or downloaded. The other verbs are for development.
//! All are listed in `verbs.rs`. Of the workspace's crates this one depends only on
//! `source-hash` and `torch-version`, so that it builds in seconds on a bare machine.

mod ahead;
mod arguments;
mod bench;
mod browser;
mod build;
mod bundle;
mod check_data;
mod check_reports;
mod ci;
mod compile;
mod external;
mod faults;
mod golden;
mod handover;
mod invocation;
mod libtorch;
mod needs;
mod processes;
mod readers;
mod released;
mod reporter;
mod sections;
mod tally;
mod test;
mod tidy;
mod venv;
mod verbs;
mod workflow;

use std::process::ExitCode;

use anyhow::Result;

use arguments::EarlyExit;

/// Exit code for invalid arguments.
const BAD_INPUT: u8 = 2;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let verb = args.next().unwrap_or_else(|| "help".to_owned());
    match dispatch(&verb, &args.collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn dispatch(name: &str, args: &[String]) -> Result<ExitCode> {
    let root = build::root()?;
    if verbs::HANDED_OVER.iter().any(|verb| verb.name == name) {
        return handover::hand_over(&root, name, args);
    }
    let name = if matches!(name, "--help" | "-h") { "help" } else { name };
    let early = match verbs::find(name) {
        None => EarlyExit::UsageError(format!(
            "`{name}` is not a verb; `cargo xtask help` lists all verbs"
        )),
        Some(verb) => match arguments::parse((verb.declare)(), args) {
            Ok(matches) => return (verb.run)(&root, &matches),
            Err(early) => early,
        },
    };
    Ok(match early {
        EarlyExit::Help(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        EarlyExit::UsageError(problem) => {
            eprintln!("xtask: {problem}");
            ExitCode::from(BAD_INPUT)
        }
    })
}
