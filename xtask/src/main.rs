//! The one command of this repository: `cargo xtask <verb>`.
//!
//! Verbs of the sweep runner are handed over to the binary `sweep`, once that
//! binary, the worker and libtorch are there. The other verbs are for
//! development. This crate depends on none of ours but `source-hash`, so
//! that it builds in seconds on a bare machine.

mod ahead;
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
mod flags;
mod golden;
mod handover;
mod libtorch;
mod processes;
mod readers;
mod released;
mod reporter;
mod tally;
mod test;
mod tidy;
mod venv;
mod workflow;

use std::process::ExitCode;

use anyhow::{Context as _, Result};

/// Verbs of `sweep` itself; `sweep FILE` becomes `sweep run FILE`.
const HANDED_OVER: [&str; 17] = [
    "sweep", "report", "status", "cancel", "verify", "why", "doctor", "list", "fetch", "needs",
    "run", "compare", "regress", "nightly", "baseline", "merge", "target",
];

const HELP: &str = "\
usage: cargo xtask <verb> [arguments]

Sweeps (libtorch, the worker and the runner are brought and built as needed):
  sweep FILE        train what FILE asks for and is not there yet, then report
  report FILE..     collect and redraw, without libtorch; several are compared too
  merge FILE DIR..  what other machines trained of a sweep (--shard I/N), into one report
  nightly FILE      train everything afresh, judge it against the baseline, keep it
  regress FILE      judge what is there against the baseline, without training
  baseline accept FILE   record what is there as the baseline
  compare A B       two reports, run by run
  target FILE       a target set from the seeds of the best configuration
  status FILE       what a running or interrupted sweep has done
  cancel FILE       end a running sweep, as Ctrl-C would
  verify FILE       train a sample of finished runs again, compare bit by bit
  why FILE RUN      what makes a run new, stale or cached
  doctor [FILE]     check toolchain, libtorch, devices, datasets, disk
  list WHAT         optimizers, schedules, models, datasets, losses, metrics, lints
  fetch DATASET     bring a dataset into data/
  <verb> --help     the options of a verb

Development:
  test [FILTER]     every test, both with and without libtorch
  programs [--faulty]  build what the tests start, and print where it is, as JSON
  page [FILTER]     the tests of the report's page alone, in a headless Chromium
  ci                formatting, lints, tidy, tests and reports recomputed, as .ci/run does
  tidy              the invariants of crates/ARCHITECTURE.md
  golden [--write]  make the golden numbers again and compare (or replace) them
  check-data        files as people have them, understood and trained on as scikit-learn does
  check-reports     train generated sweeps, fabricate nights, recompute what their reports say
  external [NAME..] [--with-torch] [--keep]
                    published numbers beside ours: trains, judges, writes reports/external
  bench [PART..]    speed beside PyTorch, the engine's overhead and more (`bench --help`)
  readers           what DuckDB, polars, pyarrow and pandas read in our Parquet files
  workflow [--full] [--fork]   lint the nightly workflow and play four nights of it here
  libtorch [--cuda] bring libtorch and print its folder
  bundle (--libtorch python:2.11 | --device flex | --release) [--output DIR]
                    the programs in a folder for Linux machines without Rust

In an unchanged checkout of a tag the programs of its release are taken instead of being
compiled; `--build` compiles them.

Environment:
  LIBTORCH, LIBTORCH_USE_PYTORCH   a libtorch 2.9 to 2.11 of your own
  LIBTORCH_URL, LIBTORCH_SHA256    a zip archive of libtorch 2.9.0
  SWEEP_LIBTORCH_VERSION=2.11      bring 2.11.0 (CUDA 13.0) and not 2.9.0 (CUDA 12.8)
  SWEEP_LIBTORCH_DIR               where libtorch is kept (default: .libtorch)
  SWEEP_RELEASES                   where programs of tags are, or none: always compile
  SWEEP_CHROMIUM                   the browser for the page's tests (default: on the PATH)
  SWEEP_REQUIRE_BROWSER=1          fail instead of skipping where it is missing
  SWEEP_REQUIRE_SLURM=1            the same for the tests that start a Slurm
  CARGO_TARGET_DIR                 where everything is built (default: target)
";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let verb = args.next().unwrap_or_else(|| "help".to_owned());
    match dispatch(&verb, args.collect()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: error: {error:#}");
            ExitCode::from(1)
        }
    }
}

fn dispatch(verb: &str, args: Vec<String>) -> Result<ExitCode> {
    let root = build::root()?;
    if HANDED_OVER.contains(&verb) {
        return handover::hand_over(&root, verb, &args);
    }
    if let Some(problem) = flags::unknown(verb, &args) {
        eprintln!("xtask: {problem}");
        return Ok(ExitCode::from(2));
    }
    match verb {
        "libtorch" => {
            let kind = if args.iter().any(|a| a == "--cuda") {
                libtorch::Kind::Cuda
            } else {
                libtorch::Kind::Cpu
            };
            let found = libtorch::provision(&root, kind).context("libtorch is not available")?;
            println!("{}", found.describe());
            Ok(ExitCode::SUCCESS)
        }
        reporter::VERB => reporter::build(&root, &args).map(|()| ExitCode::SUCCESS),
        "bundle" => match bundle::Request::parse(&args) {
            Ok(request) => bundle::make(&root, &request).map(|folder| {
                println!("{}", folder.display());
                ExitCode::SUCCESS
            }),
            Err(problem) => {
                eprintln!("xtask: {problem}");
                Ok(ExitCode::from(2))
            }
        },
        "tidy" => tidy::tidy(&root),
        "test" => test::test(&root, &args).map(|()| ExitCode::SUCCESS),
        "programs" => {
            let faulty = args.iter().any(|a| a == "--faulty");
            println!("{}", test::programs(&root, faulty)?);
            Ok(ExitCode::SUCCESS)
        }
        "page" => test::page(&root, &args).map(|()| ExitCode::SUCCESS),
        "golden" => {
            golden::golden(&root, args.iter().any(|a| a == "--write")).map(|()| ExitCode::SUCCESS)
        }
        "bench" => bench::bench(&root, &args),
        "readers" => readers::readers(&root).map(|()| ExitCode::SUCCESS),
        "check-data" => check_data::check_data(&root, &args).map(|()| ExitCode::SUCCESS),
        "check-reports" => check_reports::check_reports(&root, &args).map(|()| ExitCode::SUCCESS),
        "external" => external::external(&root, &args),
        "workflow" => workflow::workflow(&root, &args).map(|()| ExitCode::SUCCESS),
        "ci" => ci::ci(&root).map(|()| ExitCode::SUCCESS),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(ExitCode::SUCCESS)
        }
        unknown => {
            eprintln!("xtask: `{unknown}` is no verb\n\n{HELP}");
            Ok(ExitCode::from(2))
        }
    }
}
