//! Part `plan`: seconds and memory of `sweep run FILE --plan` for a million runs.
//!
//! The sweep has ten optimizers with 10,000 random learning rates each, and ten seeds. No two
//! optimizers differ only in their label, since their runs would be the same.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::built::Artifact;
use super::sandbox::Sandbox;
use super::stats::{Row, measured};
use super::{Measured, Setup};

/// Default number of plans.
const REPETITIONS: usize = 3;

/// Goal: largest number of seconds.
const SECONDS: f64 = 10.0;

/// Goal: largest resident memory, in units of 1e9 bytes.
const GIGABYTES: f64 = 2.0;

const SAMPLES: usize = 10_000;
const SEEDS: usize = 10;

/// Label, kind and further settings of each optimizer.
const OPTIMIZERS: [(&str, &str, &str); 10] = [
    ("sgd", "sgd", ""),
    ("momentum", "sgd", "momentum = 0.9"),
    ("nesterov", "sgd", "momentum = 0.9\nnesterov = true"),
    ("rmsprop", "rmsprop", ""),
    ("rmsprop-momentum", "rmsprop", "momentum = 0.9"),
    ("rmsprop-centered", "rmsprop", "centered = true"),
    ("adam", "adam", ""),
    ("amsgrad", "adam", "amsgrad = true"),
    ("adamw", "adamw", ""),
    ("adamw-amsgrad", "adamw", "amsgrad = true"),
];

/// Measures the plan a few times.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let root = setup.root;
    let (sweep, worker) = (setup.built.get(Artifact::Sweep)?, setup.built.get(Artifact::Worker)?);
    let repetitions = setup.repetitions(REPETITIONS);
    let runs = OPTIMIZERS.len() * SAMPLES * SEEDS;
    let sandbox = Sandbox::new(root, "plan", &sweep_file())?;
    let (mut seconds, mut gigabytes) = (Vec::new(), Vec::new());
    for round in 1..=repetitions {
        eprintln!("xtask: bench: plan, round {round} of {repetitions}");
        // A plan needs no worker, but queries one that exists.
        let ran = sandbox.sweep(sweep, worker, &["--plan"], 0)?;
        ensure!(
            plans(&ran.stdout, runs),
            "the plan does not have {runs} runs; its output:\n{}",
            ran.stdout
        );
        seconds.push(ran.ended - ran.begun);
        gigabytes.push(ran.peak as f64 / 1e9);
    }
    let rows = [
        Row::new("seconds from start to exit", "s", 2, seconds).at_most(SECONDS),
        Row::new("peak resident memory of `sweep`", "GB", 2, gigabytes).at_most(GIGABYTES),
    ];
    Ok(measured(
        "`--plan` of 1,000,000 runs (10 optimizers, 10,000 random learning rates, 10 seeds)",
        &rows,
    ))
}

fn sweep_file() -> String {
    let mut text = format!(
        "[data]\ndataset = \"mnist\"\nbatch_size = 64\nvalidation = 5000\n\
         [model]\nkind = \"mlp\"\nhidden = [128]\n\
         [train]\nepochs = 1\n\
         [repeat]\nseeds = {{ count = {SEEDS} }}\n"
    );
    for (label, kind, rest) in OPTIMIZERS {
        let lr = format!("lr = {{ random = {{ log = [1e-6, 1e0] }}, samples = {SAMPLES} }}");
        // Writing to a string cannot fail.
        let _ =
            writeln!(text, "[[optimizer]]\nkind = \"{kind}\"\nlabel = \"{label}\"\n{lr}\n{rest}");
    }
    text
}

/// Returns whether a plan's output has this number of runs, however its digits are grouped.
fn plans(stdout: &str, runs: usize) -> bool {
    let plain: String = stdout.chars().filter(|c| !matches!(c, ',' | '_')).collect();
    plain.lines().any(|line| line.trim_start().starts_with(&format!("{runs} runs")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_runs_of_optimizers_that_all_differ() {
        assert_eq!(OPTIMIZERS.len() * SAMPLES * SEEDS, 1_000_000);
        for (i, a) in OPTIMIZERS.iter().enumerate() {
            for b in &OPTIMIZERS[i + 1..] {
                assert!(a.0 != b.0 && (a.1, a.2) != (b.1, b.2), "{a:?} {b:?}");
            }
        }
        let text = sweep_file();
        assert_eq!(text.matches("[[optimizer]]").count(), OPTIMIZERS.len());
        assert!(
            text.contains("lr = { random = { log = [1e-6, 1e0] }, samples = 10000 }"),
            "{text}"
        );
    }

    #[test]
    fn the_count_is_found_in_the_plan() {
        assert!(plans("x\n1000000 runs, 0 cached, 1000000 to train\n", 1_000_000));
        assert!(plans("1,000,000 runs\n", 1_000_000));
        assert!(!plans("100000 runs, 1000000 to train\n", 1_000_000));
        assert!(!plans("", 1));
    }
}
