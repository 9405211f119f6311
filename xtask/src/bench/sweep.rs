//! Part `sweep`: a whole sweep, from an empty folder to its report, compared with a Hydra
//! application in Python that runs joblib processes.
//!
//! Both train four optimizers, five seeds and two epochs of the lesson's model in two jobs of
//! one thread each, and evaluate the test split after each epoch. The whole process is timed:
//! imports, loading of the dataset, start of the workers, journal and report are included.
//!
//! The lesson's pipeline would take minutes. Without `--full` it trains a part of the sweep,
//! and the seconds of the same jobs with zero epochs are subtracted, since they matter less in
//! longer sweeps. Its rate is therefore that of an endless sweep, which favours it. It is
//! measured once, after the others.
//!
//! Each optimizer uses the PyTorch variant that was fastest in part `epoch`. Our dataset cache
//! exists, as after the first sweep on a machine; Hydra's jobs find MNIST unpacked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::built::Artifact;
use super::sandbox::Sandbox;
use super::settings::Optimizer;
use super::stats::{Row, measured, median, ratios};
use super::{Measured, Setup};

/// Default number of sweeps.
const REPETITIONS: usize = 3;

/// Goal: smallest ratio of our run-epochs per second to those of the lesson's pipeline.
const PIPELINE: f64 = 12.0;

/// Goal: the same ratio to PyTorch on data in memory.
const MEMORY: f64 = 2.5;

const OPTIMIZERS: [Optimizer; 4] =
    [Optimizer::Sgd, Optimizer::Momentum, Optimizer::RmsProp, Optimizer::Adam];

const JOBS: usize = 2;

/// Test accuracy (fraction) that every trained run exceeds.
const TRAINED: f64 = 0.8;

/// The size of a sweep: seeds per optimizer, and epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size {
    seeds: usize,
    epochs: usize,
}

/// The compared sweep.
const WHOLE: Size = Size { seeds: 5, epochs: 2 };

/// The part of it that the lesson's pipeline trains without `--full`.
const PART: Size = Size { seeds: 1, epochs: 2 };

/// The sweep of `--quick`.
const QUICK: Size = Size { seeds: 1, epochs: 1 };

impl Size {
    fn runs(self) -> usize {
        OPTIMIZERS.len() * self.seeds
    }

    fn run_epochs(self) -> f64 {
        (self.runs() * self.epochs) as f64
    }
}

/// Run-epochs per second of each subject.
#[derive(Debug, Default)]
struct Rates {
    ours: Vec<f64>,
    memory: Vec<f64>,
    pipeline: Vec<f64>,
}

/// Measures the sweeps in turn.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let (sweep, worker) = (setup.built.get(Artifact::Sweep)?, setup.built.get(Artifact::Worker)?);
    let size = if setup.quick { QUICK } else { WHOLE };
    let hydra = Hydra::new(setup.built.get(Artifact::Hydra)?, setup.root)?;
    let mut rates = Rates::default();
    let repetitions = setup.repetitions(REPETITIONS);
    for round in 1..=repetitions {
        eprintln!("xtask: bench: sweep, round {round} of {repetitions}");
        rates.ours.push(size.run_epochs() / ours(setup.root, sweep, worker, size)?);
        rates.memory.push(size.run_epochs() / hydra.seconds("memory", size)?);
    }
    eprintln!(
        "xtask: bench: sweep, the lesson's pipeline{}",
        if setup.full { ", whole" } else { "" }
    );
    rates.pipeline.push(if setup.full {
        size.run_epochs() / hydra.seconds("dataloader", size)?
    } else {
        let size = if setup.quick { QUICK } else { PART };
        let start = hydra.seconds("dataloader", Size { epochs: 0, ..size })?;
        let seconds = hydra.seconds("dataloader", size)? - start;
        ensure!(seconds > 0.0, "jobs with zero epochs took as long as jobs that train");
        size.run_epochs() / seconds
    });
    Ok(result(&rates, size, setup.full))
}

fn result(rates: &Rates, size: Size, full: bool) -> Measured {
    // The pipeline is measured once, since it is slow; so this is a ratio of medians.
    let pipeline = median(&rates.ours) / median(&rates.pipeline);
    let lesson = if full { "" } else { " (a part of it, start not counted)" };
    let row = |what: &str, values: &[f64]| Row::new(what, "", 3, values.to_vec());
    let rows = [
        row("ours, `libtorch:cpu`, report included: run-epochs per second", &rates.ours),
        row("PyTorch in memory, Hydra + joblib: run-epochs per second", &rates.memory),
        row(
            &format!("lesson's pipeline, Hydra + joblib: run-epochs per second{lesson}"),
            &rates.pipeline,
        ),
        Row::new("ours / PyTorch in memory", "", 2, ratios(&rates.ours, &rates.memory))
            .at_least(MEMORY),
        Row::new("ours / lesson's pipeline", "", 2, vec![pipeline]).at_least(PIPELINE),
    ];
    let Size { seeds, epochs } = size;
    let title = format!(
        "{} optimizers x {seeds} seeds x {epochs} epochs, {JOBS} jobs of one thread",
        OPTIMIZERS.len()
    );
    measured(&title, &rows)
}

/// Measures the seconds of our sweep, from an empty report folder.
fn ours(root: &Path, sweep: &Path, worker: &Path, size: Size) -> Result<f64> {
    let sandbox = Sandbox::new(root, "sweep", &sweep_file(size))?;
    let jobs = JOBS.to_string();
    let ran = sandbox.sweep(sweep, worker, &["--device", "libtorch:cpu", "--jobs", &jobs], 0)?;
    let records = sandbox.records()?;
    ensure!(records.len() == size.runs(), "{} records for {} runs", records.len(), size.runs());
    ensure!(
        sandbox.path("reports/bench/index.html").exists(),
        "the sweep wrote no report; its output:\n{}",
        ran.stdout
    );
    Ok(ran.ended - ran.begun)
}

fn sweep_file(size: Size) -> String {
    let Size { seeds, epochs } = size;
    format!(
        "[data]\ndataset = \"mnist\"\nbatch_size = 64\nvalidation = 0\n\
         [model]\nkind = \"mlp\"\nhidden = [128]\n\
         [train]\nepochs = {epochs}\n\
         [repeat]\nseeds = {{ count = {seeds} }}\n{}",
        OPTIMIZERS.map(Optimizer::toml).concat()
    )
}

/// The Hydra application in Python.
struct Hydra<'a> {
    python: &'a Path,
    script: PathBuf,
    /// Its working folder, with MNIST in torchvision's layout.
    sandbox: Sandbox,
}

impl Hydra<'_> {
    fn new<'a>(python: &'a Path, root: &Path) -> Result<Hydra<'a>> {
        // Nothing reads the sweep file.
        let sandbox = Sandbox::new(root, "hydra", "")?;
        let script = root.join("xtask/python/bench_hydra.py");
        let mut unpack = Command::new(python);
        unpack.arg(&script).arg("unpack").arg(root.join("data")).arg(sandbox.path("mnist"));
        sandbox.watched(unpack, 0)?;
        Ok(Hydra { python, script, sandbox })
    }

    /// Measures the seconds of a multirun.
    fn seconds(&self, way: &str, size: Size) -> Result<f64> {
        let out = self.sandbox.path("out");
        // Removes results of the previous multirun.
        if out.exists() {
            fs::remove_dir_all(&out)?;
        }
        let mut command = Command::new(self.python);
        command.arg(&self.script).args(arguments(way, size, &self.sandbox.path("mnist"), &out));
        let ran = self.sandbox.watched(command, 0)?;
        let results = results(&out)?;
        ensure!(results == size.runs(), "{results} results for {} jobs", size.runs());
        Ok(ran.ended - ran.begun)
    }
}

fn arguments(way: &str, size: Size, data: &Path, out: &Path) -> Vec<String> {
    let list = |of: Vec<String>| of.join(",");
    vec![
        "--multirun".to_owned(),
        "hydra/launcher=joblib".to_owned(),
        format!("hydra.launcher.n_jobs={JOBS}"),
        format!("hydra.sweep.dir={}", out.display()),
        format!("way={way}"),
        format!("root={}", data.display()),
        format!("optimizer={}", list(OPTIMIZERS.iter().map(|o| o.name().to_owned()).collect())),
        format!("seed={}", list((0..size.seeds).map(|seed| seed.to_string()).collect())),
        format!("epochs={}", size.epochs),
    ]
}

/// Counts the results of the jobs, one folder each, and checks that they trained.
fn results(out: &Path) -> Result<usize> {
    let mut count = 0;
    for entry in fs::read_dir(out).with_context(|| format!("no results in {}", out.display()))? {
        let path = entry?.path().join("result.json");
        if !path.exists() {
            continue;
        }
        let result: Value = serde_json::from_str(&fs::read_to_string(&path)?)
            .with_context(|| path.display().to_string())?;
        let last = result["accuracies"].as_array().and_then(|all| all.last()?.as_f64());
        ensure!(last.is_none_or(|accuracy| accuracy > TRAINED), "a job trained nothing: {result}");
        count += 1;
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_sweep_the_same() {
        let text = sweep_file(WHOLE);
        assert_eq!(text.matches("[[optimizer]]").count(), OPTIMIZERS.len());
        assert!(text.contains("epochs = 2\n") && text.contains("{ count = 5 }"), "{text}");
        let args = arguments("memory", WHOLE, Path::new("data"), Path::new("out"));
        for part in ["optimizer=sgd,momentum,rmsprop,adam", "seed=0,1,2,3,4", "epochs=2"] {
            assert!(args.iter().any(|arg| arg == part), "{part} in {args:?}");
        }
        assert_eq!((WHOLE.runs(), WHOLE.run_epochs()), (20, 40.0));
    }

    #[test]
    fn rates_become_ratios_with_goals() {
        let rates = Rates { ours: vec![6.0, 4.0], memory: vec![2.0, 2.0], pipeline: vec![0.5] };
        let found = result(&rates, WHOLE, false);
        assert!(found.table.contains("in memory | 2.50 (2.00 to 3.00) | at least 2.5: met"));
        assert!(found.table.contains("pipeline | 10.00 | at least 12: **missed**"));
        assert!(found.table.contains("(a part of it, start not counted) | 0.500 |"));
        assert!(!result(&rates, WHOLE, true).table.contains("a part of it"));
    }

    #[test]
    fn results_are_counted_and_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        let put = |job: &str, text: &str| {
            let job = folder.path().join(job);
            fs::create_dir_all(&job).unwrap();
            fs::write(job.join("result.json"), text).unwrap();
        };
        put("0", "{\"accuracies\": [0.5, 0.9]}");
        put("1", "{\"accuracies\": []}");
        fs::write(folder.path().join("multirun.yaml"), "").unwrap();
        assert_eq!(results(folder.path()).unwrap(), 2);
        put("2", "{\"accuracies\": [0.9, 0.1]}");
        assert!(results(folder.path()).unwrap_err().to_string().contains("trained nothing"));
        assert!(results(&folder.path().join("none")).is_err());
    }
}
