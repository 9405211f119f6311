//! What can be measured, and what a command line asks for.

use std::path::PathBuf;

use anyhow::Result;

use super::built::Artifact;
use super::{
    Measured, Setup, cluster, epoch, gpu, micro, models, overhead, plan, report, sweep, timeout,
    worker,
};

/// One thing that is measured.
pub(super) struct Part {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    /// For the usage.
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

/// How it is called.
pub(super) fn usage() -> String {
    let width = PARTS.iter().map(|part| part.name.len()).max().unwrap_or(0) + 2;
    let parts: String =
        PARTS.iter().map(|part| format!("  {:width$}{}\n", part.name, part.does)).collect();
    format!(
        "\
usage: cargo xtask bench [PART..] [options]

Parts; all of them when none is named:
{parts}
  --check           fail when a goal of the chosen parts is missed
  --repetitions N   measurements that count, for each part
  --quick           one measurement each, of less: to see that everything works
  --full            train the whole sweep with the lesson's pipeline, play the cluster of a
                    million runs (minutes)
  --output FILE     write the tables as one Markdown document
  --write-readme    put them into README.md, those of the cluster into crates/runner/SLURM.md

A part that fails says so, and the others go on; the exit code is 1 then.
"
    )
}

/// What the command line asks for.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Request {
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

/// Reads a command line; the message says what is wrong with it.
pub(super) fn parse(args: &[String]) -> Result<Request, String> {
    let (mut request, mut named) = (Request::default(), Vec::new());
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--check" => request.check = true,
            "--quick" => request.quick = true,
            "--full" => request.full = true,
            "--write-readme" => request.write_readme = true,
            "--repetitions" => match args.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0) {
                Some(n) => request.repetitions = Some(n),
                None => return Err("--repetitions takes a number from 1".to_owned()),
            },
            "--output" => match args.next().filter(|file| !file.starts_with('-')) {
                Some(file) => request.output = Some(PathBuf::from(file)),
                None => return Err("--output takes a file".to_owned()),
            },
            name => match PARTS.iter().position(|part| part.name == name) {
                Some(part) => named.push(part),
                None if name.starts_with('-') => {
                    return Err(format!("bench has no option `{name}`"));
                }
                None => return Err(format!("bench has no part `{name}`")),
            },
        }
    }
    if request.quick && (request.write_readme || request.full) {
        return Err("--quick measures too little for --write-readme and --full".to_owned());
    }
    let chosen = |part: &usize| named.is_empty() || named.contains(part);
    request.parts = (0..PARTS.len()).filter(chosen).collect();
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args(list: &[&str]) -> Result<Request, String> {
        parse(&list.iter().map(|s| (*s).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn no_part_means_all_and_named_parts_keep_their_order() {
        let all = args(&["--check", "--repetitions", "3", "--output", "x.md"]).unwrap();
        assert_eq!((all.parts.len(), all.check, all.repetitions), (PARTS.len(), true, Some(3)));
        assert_eq!(all.output, Some(PathBuf::from("x.md")));
        let some = args(&["timeout", "plan", "plan", "--write-readme"]).unwrap();
        let names: Vec<&str> = some.parts.iter().map(|&part| PARTS[part].name).collect();
        assert_eq!((names, some.write_readme), (vec!["plan", "timeout"], true));
    }

    #[test]
    fn what_is_unknown_is_named() {
        assert!(args(&["--repetitions", "0"]).is_err());
        assert!(args(&["--repetitions"]).is_err());
        assert!(args(&["--output"]).is_err());
        assert!(args(&["--output", "--check"]).is_err());
        assert!(args(&["--fast"]).unwrap_err().contains("option `--fast`"));
        assert!(args(&["epochs"]).unwrap_err().contains("part `epochs`"));
    }

    #[test]
    fn quick_numbers_are_for_nobody_else() {
        assert!(args(&["--quick", "--output", "x.md"]).unwrap().quick);
        assert!(args(&["--quick", "--write-readme"]).is_err());
        assert!(args(&["--full", "--quick"]).is_err());
    }

    #[test]
    fn the_usage_names_every_part_and_option() {
        let text = usage();
        for part in PARTS {
            assert!(text.contains(&format!("\n  {} ", part.name)), "{}", part.name);
        }
        for option in ["check", "repetitions N", "quick", "full", "output FILE", "write-readme"] {
            assert!(text.contains(&format!("\n  --{option} ")), "{option}");
        }
    }
}
