//! The parts of the benchmark, and the parsed command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgMatches, value_parser};

use crate::arguments::{flag, option, positionals, values_of, verb};

use super::built::Artifact;
use super::{
    Measured, Setup, cluster, epoch, gpu, micro, models, overhead, plan, report, sweep, timeout,
    worker,
};

/// A part of the benchmark.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// Description for the help.
    pub(super) does: &'static str,
    /// Document with its tables, relative to the root.
    pub(super) page: &'static str,
    /// Programs and environments that it needs.
    pub(super) needs: &'static [Artifact],
    pub(super) measure: fn(&Setup) -> Result<Measured>,
}

/// Document of most tables.
const BENCHMARKS: &str = "xtask/BENCHMARKS.md";

/// Every part, in the order in which they are measured.
pub(super) const PARTS: [Part; 11] = [
    Part {
        name: "epoch",
        title: "An epoch of the lesson's model",
        does: "seconds per epoch of five optimizers, vs. the bare matrix products and PyTorch",
        page: BENCHMARKS,
        needs: &[Artifact::Worker, Artifact::FlexWorker, Artifact::Products, Artifact::Torch],
        measure: epoch::measure,
    },
    Part {
        name: "models",
        title: "Larger models",
        does: "seconds of larger models, on one thread and on all cores, vs. PyTorch",
        page: BENCHMARKS,
        needs: &[Artifact::Worker, Artifact::Torch],
        measure: models::measure,
    },
    Part {
        name: "sweep",
        title: "A whole sweep",
        does: "a sweep with its report, vs. PyTorch with Hydra and joblib",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep, Artifact::Worker, Artifact::Hydra],
        measure: sweep::measure,
    },
    Part {
        name: "overhead",
        title: "Overhead of the engine",
        does: "overhead of the engine in a sweep of short runs",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep, Artifact::Worker],
        measure: overhead::measure,
    },
    Part {
        name: "worker",
        title: "Start and memory of a worker",
        does: "start of a worker, and memory of each additional one",
        page: BENCHMARKS,
        needs: &[Artifact::Worker, Artifact::FlexWorker],
        measure: worker::measure,
    },
    Part {
        name: "plan",
        title: "A plan of a million runs",
        does: "seconds and memory to plan a million runs",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep, Artifact::Worker],
        measure: plan::measure,
    },
    Part {
        name: "report",
        title: "A report of 10,000 runs",
        does: "seconds and memory of a report of 10,000 runs with 100 numbers each",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep, Artifact::Fabricate],
        measure: report::measure,
    },
    Part {
        name: "cluster",
        title: "A cluster of 10,000 slots",
        does: "cost of up to 100,000 runs on a simulated cluster; with --full a million",
        page: "crates/runner/SLURM.md",
        needs: &[Artifact::Cluster],
        measure: cluster::measure,
    },
    Part {
        name: "timeout",
        title: "Runs that hang",
        does: "seconds that a hanging run survives its time-out",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep],
        measure: timeout::measure,
    },
    Part {
        name: "gpu",
        title: "A GPU",
        does: "digests, losses and seconds on a GPU, vs. the CPU and PyTorch",
        page: BENCHMARKS,
        needs: &[Artifact::Sweep],
        measure: gpu::measure,
    },
    Part {
        name: "micro",
        title: "Inside the crates",
        does: "single functions of the crates, with divan",
        page: BENCHMARKS,
        needs: &[Artifact::Micro],
        measure: micro::measure,
    },
];

/// Declares the verb.
pub(crate) fn declare() -> clap::Command {
    let width = PARTS.iter().map(|part| part.name.len()).max().unwrap_or(0) + 2;
    let parts: String =
        PARTS.iter().map(|part| format!("  {:width$}{}\n", part.name, part.does)).collect();
    verb("bench", "measure speed vs. PyTorch, the engine's overhead and more")
        .arg(
            positionals("part", "PART", "parts to measure (default: all)")
                .value_parser(PARTS.map(|part| part.name))
                .hide_possible_values(true),
        )
        .arg(flag("check", "fail if a goal of the selected parts is missed"))
        .arg(
            option("repetitions", "N", "number of measurements of each part")
                .value_parser(parse_repetitions),
        )
        .arg(
            flag(
                "quick",
                "one smaller measurement each, to check that everything works; excludes\n\
                 --full and --write-readme",
            )
            .conflicts_with_all(["full", "write-readme"]),
        )
        .arg(flag(
            "full",
            "train the whole sweep with the lesson's pipeline, and simulate the cluster\n\
             with a million runs (minutes)",
        ))
        .arg(
            option("output", "FILE", "write the tables to a Markdown document")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(flag(
            "write-readme",
            "update the tables in xtask/BENCHMARKS.md and crates/runner/SLURM.md",
        ))
        .after_help(format!(
            "Parts:\n{parts}\n\
             If a part fails, the others are still measured, and the exit code is 1."
        ))
}

/// Parses a number of repetitions.
fn parse_repetitions(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it takes a number from 1")
}

/// The parsed command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// Indices into [`PARTS`].
    pub(super) parts: Vec<usize>,
    pub(super) check: bool,
    /// Number of measurements; `None`: each part's default.
    pub(super) repetitions: Option<usize>,
    pub(super) quick: bool,
    pub(super) full: bool,
    pub(super) output: Option<PathBuf>,
    pub(super) write_readme: bool,
}

impl Request {
    /// Reads the parsed arguments.
    pub(crate) fn from_matches(matches: &ArgMatches) -> Request {
        let named = values_of(matches, "part");
        let chosen =
            |part: &usize| named.is_empty() || named.iter().any(|n| n == PARTS[*part].name);
        Request {
            parts: (0..PARTS.len()).filter(chosen).collect(),
            check: matches.get_flag("check"),
            repetitions: matches.get_one("repetitions").copied(),
            quick: matches.get_flag("quick"),
            full: matches.get_flag("full"),
            output: matches.get_one("output").cloned(),
            write_readme: matches.get_flag("write-readme"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arguments::{EarlyExit, parse_line, refused};

    fn args(line: &str) -> Result<Request, EarlyExit> {
        parse_line(declare(), line).map(|matches| Request::from_matches(&matches))
    }

    #[test]
    fn no_part_means_all_and_named_parts_keep_their_order() {
        let all = args("--check --repetitions 3 --output x.md").unwrap();
        assert_eq!((all.parts.len(), all.check, all.repetitions), (PARTS.len(), true, Some(3)));
        assert_eq!(all.output, Some(PathBuf::from("x.md")));
        let some = args("timeout plan plan --write-readme").unwrap();
        let names: Vec<&str> = some.parts.iter().map(|&part| PARTS[part].name).collect();
        assert_eq!((names, some.write_readme), (vec!["plan", "timeout"], true));
    }

    #[test]
    fn what_is_unknown_is_named() {
        for (line, why) in [
            ("--repetitions 0", "cannot be `0`; it takes a number from 1"),
            ("--repetitions", "needs a value"),
            ("--output", "needs a value"),
            ("--output --check", "needs a value"),
            ("--fast", "does not know `--fast`; it takes PART.., --check"),
            ("epochs", "cannot be `epochs`; it can be epoch, models"),
        ] {
            let problem = refused(declare(), line);
            assert!(problem.contains(why), "{problem}");
        }
    }

    #[test]
    fn quick_numbers_are_for_nobody_else() {
        assert!(args("--quick --output x.md").unwrap().quick);
        for line in ["--quick --write-readme", "--full --quick"] {
            let problem = refused(declare(), line);
            assert!(problem.contains("together with"), "{problem}");
        }
        assert_eq!(
            refused(declare(), "--quick --full --write-readme"),
            "`bench` does not take --quick together with --full and --write-readme; remove \
             --quick"
        );
    }

    #[test]
    fn the_help_names_every_part() {
        let Err(EarlyExit::Help(text)) = args("--help") else { panic!("no help") };
        for part in PARTS {
            assert!(text.contains(&format!("\n  {} ", part.name)), "{}", part.name);
            assert!(text.contains(part.does), "{}", part.name);
        }
    }
}
