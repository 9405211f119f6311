//! The verbs of `cargo xtask`, once: what they take, what they do, and the help on them all.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::{ArgMatches, Command};

use crate::arguments::{flag, option, positionals, synopsis, values_of, verb};
use crate::{
    bench, bundle, check_data, check_reports, ci, external, golden, libtorch, readers, reporter,
    test, tidy, workflow,
};

/// A verb of `sweep` itself, which reads the arguments; `sweep FILE` becomes `sweep run FILE`.
pub(crate) struct HandedOver {
    pub(crate) name: &'static str,
    /// Arguments for the help.
    arguments: &'static str,
    /// The purpose in a line; empty for one that people do not call.
    about: &'static str,
}

const fn handed(name: &'static str, arguments: &'static str, about: &'static str) -> HandedOver {
    HandedOver { name, arguments, about }
}

/// Verbs that are handed over, in the order of the help.
pub(crate) const HANDED_OVER: &[HandedOver] = &[
    handed("sweep", "FILE", "train what FILE asks for and is not there yet, then report"),
    handed("report", "FILE..", "collect and redraw, without libtorch; several are compared too"),
    handed(
        "merge",
        "FILE DIR..",
        "what other machines trained of a sweep (--shard I/N), into one report",
    ),
    handed("nightly", "FILE", "train everything afresh, judge it against the baseline, keep it"),
    handed("regress", "FILE", "judge what is there against the baseline, without training"),
    handed("baseline", "accept FILE", "record what is there as the baseline"),
    handed("compare", "A B", "two reports, run by run"),
    handed("target", "FILE", "a target set from the seeds of the best configuration"),
    handed("status", "FILE", "what a running or interrupted sweep has done"),
    handed("cancel", "FILE", "end a running sweep, as Ctrl-C would"),
    handed("verify", "FILE", "train a sample of finished runs again, compare bit by bit"),
    handed("why", "FILE RUN", "what makes a run new, stale or cached"),
    handed("doctor", "[FILE]", "check toolchain, libtorch, devices, datasets, disk"),
    handed(
        "list",
        "WHAT",
        "optimizers, schedules, models, datasets, losses, metrics, lints, settings",
    ),
    handed("fetch", "DATASET", "bring a dataset into data/"),
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
            verb("programs", "build what the tests start, and print where it is, as JSON")
                .arg(flag("faulty", "with the worker that has faults on purpose"))
        },
        run: |root, matches| {
            println!("{}", test::programs(root, matches.get_flag("faulty"))?);
            Ok(ExitCode::SUCCESS)
        },
    },
    Verb {
        declare: || {
            let filter = positionals("filter", "FILTER", "texts in the names of tests");
            verb("page", "the tests of the report's page alone, in a headless Chromium").arg(filter)
        },
        run: |root, matches| done(test::page(root, &values_of(matches, "filter"))),
    },
    Verb {
        declare: || {
            verb("ci", "formatting, lints, tidy, tests and reports recomputed, as .ci/run does")
        },
        run: |root, _| done(ci::ci(root)),
    },
    Verb {
        declare: || verb("tidy", "the invariants of crates/ARCHITECTURE.md"),
        run: |root, _| tidy::tidy(root),
    },
    Verb {
        declare: || {
            verb("golden", "make the golden numbers again and compare (or replace) them")
                .arg(flag("write", "replace the committed files"))
        },
        run: |root, matches| done(golden::golden(root, matches.get_flag("write"))),
    },
    Verb {
        declare: || {
            verb(
                "check-data",
                "files as people have them, understood and trained on as scikit-learn does",
            )
            .arg(option("only", "TEXT", "files whose names have this text; `hostile`: all such"))
            .arg(flag("keep", "leave the files of what is all right, too"))
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
            verb("readers", "what DuckDB, polars, pyarrow and pandas read in our Parquet files")
        },
        run: |root, _| done(readers::readers(root)),
    },
    Verb {
        declare: || {
            verb("workflow", "lint the nightly workflow and play four nights of it here")
                .arg(flag("full", "train every epoch of the sweep file"))
                .arg(flag("keep", "leave the folder of the play"))
                .arg(flag("fork", "lint with a fork of actionlint, where GitHub is out of reach"))
        },
        run: |root, matches| {
            let [full, keep, fork] = ["full", "keep", "fork"].map(|name| matches.get_flag(name));
            done(workflow::workflow(root, &workflow::Request { full, keep, fork }))
        },
    },
    Verb {
        declare: || {
            verb("libtorch", "bring libtorch and print its folder")
                .arg(flag("cuda", "the one that computes on GPUs"))
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
            let quiet = flag(reporter::BACKGROUND, "progress into a file, for a sweep that trains");
            verb(reporter::VERB, "build sweep-report, or wait until it is built")
                .arg(quiet)
                .hide(true)
        },
        run: |root, matches| done(reporter::build(root, matches.get_flag(reporter::BACKGROUND))),
    },
    Verb {
        declare: || verb("help", "this text"),
        run: |_, _| {
            print!("{}", help());
            Ok(ExitCode::SUCCESS)
        },
    },
];

/// The end of the help.
const NOTES: &str = "\
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

/// Width of a verb with its arguments beside which its purpose stands.
const WIDTH: usize = 22;

fn done(result: Result<()>) -> Result<ExitCode> {
    result.map(|()| ExitCode::SUCCESS)
}

/// Returns the verb for development of this name.
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

Sweeps (libtorch, the worker and the runner are brought and built as needed):
{}
Development:
{}
{NOTES}",
        sweeps.collect::<String>(),
        own.collect::<String>()
    )
}

/// Returns a verb with its purpose, below each other where the verb is long.
fn line(verb: &str, about: &str) -> String {
    match verb.len() < WIDTH {
        true => format!("  {verb:WIDTH$}{about}\n"),
        false => format!("  {verb}\n  {:WIDTH$}{about}\n", ""),
    }
}

#[cfg(test)]
mod tests;
