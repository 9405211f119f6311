//! What can be measured, and what a command line asks for.

use std::path::PathBuf;

use anyhow::Result;
use clap::{ArgMatches, value_parser};

use crate::arguments::{flag, option, positionals, values_of, verb};

use super::built::Artifact;
use super::{
    Measured, Setup, cluster, epoch, gpu, micro, models, overhead, plan, report, sweep, timeout,
    worker,
};

/// One thing that is measured.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// For the help.
    pub(super) does: &'static str,
    /// The document that has its tables, below the root.
    pub(super) page: &'static str,
    /// What must be built for it.
    pub(super) needs: &'static [Artifact],
    pub(super) measure: fn(&Setup) -> Result<Measured>,
}

/// Where most tables are.
const README: &str = "README.md";

/// Every part, in the order in which they are measured.
pub(super) const PARTS: [Part; 11] = [
    Part {
        name: "epoch",
        title: "An epoch of the lesson's model",
        does: "seconds an epoch of five optimizers, beside the matrix products alone and PyTorch",
        page: README,
        needs: &[Artifact::Worker, Artifact::FlexWorker, Artifact::Products, Artifact::Torch],
        measure: epoch::measure,
    },
    Part {
        name: "models",
        title: "Larger models",
        does: "the same for larger models, on one thread and all cores",
        page: README,
        needs: &[Artifact::Worker, Artifact::Torch],
        measure: models::measure,
    },
    Part {
        name: "sweep",
        title: "A whole sweep",
        does: "a sweep with its report, beside PyTorch under Hydra and joblib",
        page: README,
        needs: &[Artifact::Sweep, Artifact::Worker, Artifact::Hydra],
        measure: sweep::measure,
    },
    Part {
        name: "overhead",
        title: "What the engine adds",
        does: "what the engine adds to a sweep of short runs",
        page: README,
        needs: &[Artifact::Sweep, Artifact::Worker],
        measure: overhead::measure,
    },
    Part {
        name: "worker",
        title: "Start and memory of a worker",
        does: "a worker's start, and the memory of each further one",
        page: README,
        needs: &[Artifact::Worker, Artifact::FlexWorker],
        measure: worker::measure,
    },
    Part {
        name: "plan",
        title: "A plan of a million runs",
        does: "seconds and memory to plan a million runs",
        page: README,
        needs: &[Artifact::Sweep, Artifact::Worker],
        measure: plan::measure,
    },
    Part {
        name: "report",
        title: "A report of 10,000 runs",
        does: "seconds and memory to report 10,000 runs of 100 numbers each",
        page: README,
        needs: &[Artifact::Sweep, Artifact::Fabricate],
        measure: report::measure,
    },
    Part {
        name: "cluster",
        title: "A cluster of 10,000 slots",
        does: "what up to 100,000 runs cost on a cluster, by a virtual clock; with --full a million",
        page: "crates/runner/SLURM.md",
        needs: &[Artifact::Cluster],
        measure: cluster::measure,
    },
    Part {
        name: "timeout",
        title: "Runs that hang",
        does: "how long a run that hangs lives past its time-out",
        page: README,
        needs: &[Artifact::Sweep],
        measure: timeout::measure,
    },
    Part {
        name: "gpu",
        title: "A GPU",
        does: "digests, losses and seconds on a GPU, beside the CPU and PyTorch",
        page: README,
        needs: &[Artifact::Sweep],
        measure: gpu::measure,
    },
    Part {
        name: "micro",
        title: "Inside the crates",
        does: "single functions of the crates, by divan",
        page: README,
        needs: &[Artifact::Micro],
        measure: micro::measure,
    },
];

/// Declares the verb.
pub(crate) fn declare() -> clap::Command {
    let width = PARTS.iter().map(|part| part.name.len()).max().unwrap_or(0) + 2;
    let parts: String =
        PARTS.iter().map(|part| format!("  {:width$}{}\n", part.name, part.does)).collect();
    verb("bench", "speed beside PyTorch, the engine's overhead and more")
        .arg(
            positionals("part", "PART", "what to measure; all parts when none is named")
                .value_parser(PARTS.map(|part| part.name))
                .hide_possible_values(true),
        )
        .arg(flag("check", "fail when a goal of the chosen parts is missed"))
        .arg(
            option("repetitions", "N", "measurements that count, for each part")
                .value_parser(parse_repetitions),
        )
        .arg(
            flag(
                "quick",
                "one measurement each, of less: to see that everything works, too little for\n\
                 --full and --write-readme",
            )
            .conflicts_with_all(["full", "write-readme"]),
        )
        .arg(flag(
            "full",
            "train the whole sweep with the lesson's pipeline, play the cluster of a million\n\
             runs (minutes)",
        ))
        .arg(
            option("output", "FILE", "write the tables as one Markdown document")
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(flag(
            "write-readme",
            "put them into README.md, those of the cluster into crates/runner/SLURM.md",
        ))
        .after_help(format!(
            "Parts:\n{parts}\n\
             A part that fails says so, and the others go on; the exit code is 1 then."
        ))
}

/// Reads a number of repetitions.
fn parse_repetitions(text: &str) -> Result<usize, &'static str> {
    text.parse().ok().filter(|number| *number > 0).ok_or("it takes a number from 1")
}

/// The parsed command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// Indices into [`PARTS`].
    pub(super) parts: Vec<usize>,
    pub(super) check: bool,
    /// Each part has its own number unless one is given.
    pub(super) repetitions: Option<usize>,
    pub(super) quick: bool,
    pub(super) full: bool,
    pub(super) output: Option<PathBuf>,
    pub(super) write_readme: bool,
}

impl Request {
    /// Reads what clap has parsed.
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
            "`bench` does not take --quick together with --full and --write-readme; leave \
             --quick out"
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
