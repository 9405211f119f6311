//! Part `report`: seconds and memory of `sweep report FOLDER` for 10,000 runs with about 100
//! numbers each, and for a sweep of usual size.
//!
//! Nothing is trained: `crates/report/examples/fabricate.rs` writes the plan and the journal of
//! a sweep.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::built::Artifact;
use super::sandbox::Sandbox;
use super::stats::{Row, measured};
use super::{Measured, Setup};
use crate::build;

/// Default number of reports.
const REPETITIONS: usize = 3;

/// Goal for the large sweep on two cores, in seconds.
const SECONDS: f64 = 20.0;

/// Goal for its resident memory, in units of 1e9 bytes.
const GIGABYTES: f64 = 4.0;

/// Goal for its page, in units of 1e6 bytes.
const PAGE: f64 = 5.0;

/// Runs of the large sweep: 10 optimizers, 100 configurations, 10 seeds.
const LARGE: usize = 10_000;

/// Runs of the usual sweep: 5 optimizers, 5 learning rates, 5 seeds.
const USUAL: usize = 125;

/// Approximate number of measured values per run.
const POINTS: usize = 100;

/// Builds the fabricator of report folders.
pub(super) fn build_fabricate(root: &Path) -> Result<PathBuf> {
    build::example(root, "fabricate", None)
}

/// Measures the reports a few times.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let root = setup.root;
    let (sweep, fabricate) =
        (setup.built.get(Artifact::Sweep)?, setup.built.get(Artifact::Fabricate)?);
    let repetitions = setup.repetitions(REPETITIONS);
    // `report` is given folders; nothing reads the sweep file.
    let sandbox = Sandbox::new(root, "report", "")?;
    let mut rows = Vec::new();
    for (name, runs) in [("large", LARGE), ("usual", USUAL)] {
        let folder = format!("reports/{name}");
        fabricated(fabricate, &sandbox.path(&folder), runs)?;
        let (mut seconds, mut cpu, mut gigabytes) = (Vec::new(), Vec::new(), Vec::new());
        for round in 1..=repetitions {
            eprintln!("xtask: bench: report of {runs} runs, round {round} of {repetitions}");
            let ran = sandbox.run(sweep, None, &["report", &folder], 0)?;
            ensure!(
                ran.stdout.contains("came first"),
                "the report has no answer; its output:\n{}",
                ran.stdout
            );
            seconds.push(ran.ended - ran.begun);
            cpu.push(ran.cpu);
            gigabytes.push(ran.peak as f64 / 1e9);
        }
        let page = std::fs::metadata(sandbox.path(&folder).join("index.html"))?.len() as f64 / 1e6;
        let row =
            |what: &str, unit, values| Row::new(format!("{runs} runs: {what}"), unit, 2, values);
        let wall = row("seconds from start to exit", "s", seconds);
        let peak = row("peak resident memory of `sweep`", "GB", gigabytes);
        let page = row("size of the page", "MB", vec![page]).at_most(PAGE);
        let cpu = row("processor seconds", "s", cpu);
        rows.extend(match runs {
            LARGE => [wall.at_most(SECONDS), cpu, peak.at_most(GIGABYTES), page],
            _ => [wall, cpu, peak, page],
        });
    }
    Ok(measured(&format!("`report` of fabricated sweeps, about {POINTS} numbers per run"), &rows))
}

/// Writes a report folder and checks its size.
fn fabricated(fabricate: &Path, folder: &Path, runs: usize) -> Result<()> {
    let output = Command::new(fabricate)
        .arg(folder)
        .args([runs.to_string(), POINTS.to_string()])
        .output()
        .with_context(|| format!("cannot start {}", fabricate.display()))?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{} failed: {}",
        fabricate.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    ensure!(as_large(&said, runs), "{runs} runs were requested, but the output is: {said}");
    Ok(())
}

/// Returns whether an output such as `10000 runs, 1012345 points` has the requested runs, and at
/// least nine tenths of [`POINTS`] per run, since some runs end early.
fn as_large(said: &str, runs: usize) -> bool {
    let numbers: Vec<usize> = said.split([' ', ',']).filter_map(|w| w.parse().ok()).collect();
    matches!(numbers[..], [r, points] if r == runs && points * 10 >= runs * POINTS * 9)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_fabricated_is_counted() {
        assert!(as_large("10000 runs, 1012345 points\n", 10_000));
        assert!(as_large("125 runs, 11250 points\n", 125));
        assert!(!as_large("125 runs, 11249 points\n", 125));
        assert!(!as_large("124 runs, 99999 points\n", 125));
        assert!(!as_large("", 125));
    }

    #[test]
    fn a_folder_that_is_too_small_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = fabricated(Path::new("echo"), folder.path(), 125).unwrap_err();
        assert!(error.to_string().contains("125 runs were requested"), "{error}");
        assert!(fabricated(Path::new("false"), folder.path(), 125).is_err());
    }
}
