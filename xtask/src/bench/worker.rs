//! Part `worker`: start time of a worker, and the memory that each further worker takes.
//!
//! Memory is the proportional set size, in which a page shared by several processes counts
//! partly for each, so that the sum over the workers is their total. All stay alive, each with
//! MNIST loaded and an epoch trained.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use super::built::Artifact;
use super::settings::{Model, Optimizer, for_worker};
use super::stats::{Row, measured};
use super::subject::Subject;
use super::{Measured, Setup};

/// Default number of starts.
const REPETITIONS: usize = 5;

/// Number of workers that run at the same time.
const WORKERS: usize = 4;

/// Goal: largest number of seconds until a worker is ready.
const READY: f64 = 1.0;

/// Goal: largest memory of each further worker, in units of 1e6 bytes.
const MEGABYTES: f64 = 250.0;

const DEVICES: [(&str, Artifact); 2] =
    [("libtorch:cpu", Artifact::Worker), ("flex", Artifact::FlexWorker)];

/// Times of a single worker before its first step, in seconds.
pub(super) struct Start {
    /// Seconds from its start until it is ready.
    pub(super) ready: f64,
    /// Seconds from then until its dataset is loaded and its first run begins.
    pub(super) loaded: f64,
}

/// Starts a worker, and ends it when its first run has begun.
pub(super) fn start(worker: &Path, device: &str, root: &Path) -> Result<Start> {
    let begun = Instant::now();
    let mut subject = Subject::worker(worker, device, 1, root)?;
    subject.wait_for("ready")?;
    let ready = begun.elapsed().as_secs_f64();
    subject.ask(&for_worker(Model::Lesson, Optimizer::Sgd))?;
    subject.wait_for("started")?;
    Ok(Start { ready, loaded: begun.elapsed().as_secs_f64() - ready })
}

/// Starts workers one at a time, then several at the same time.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let mut rows = Vec::new();
    for (device, artifact) in DEVICES {
        let worker = setup.built.get(artifact)?;
        let repetitions = setup.repetitions(REPETITIONS);
        eprintln!(
            "xtask: bench: worker, {repetitions} starts, then {WORKERS} at the same time, {device}"
        );
        let starts: Vec<Start> =
            (0..repetitions).map(|_| start(worker, device, setup.root)).collect::<Result<_>>()?;
        rows.extend(rows_of(device, &starts, &totals(worker, device, setup.root)?));
    }
    Ok(measured("one worker, one thread, MNIST", &rows))
}

fn rows_of(device: &str, starts: &[Start], totals: &[f64]) -> [Row; 4] {
    let seconds = |what: &str, of: fn(&Start) -> f64| {
        Row::new(format!("{device}: {what}"), "s", 3, starts.iter().map(of).collect())
    };
    let further = totals.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let megabytes =
        |what: &str, values| Row::new(format!("{device}: memory (PSS) of {what}"), "MB", 0, values);
    [
        seconds("process start until ready", |s| s.ready).at_most(READY),
        seconds("process start until its first run begins", |s| s.ready + s.loaded),
        megabytes("the first worker", totals.first().copied().into_iter().collect()),
        megabytes("each further worker", further).each_at_most(MEGABYTES),
    ]
}

/// Returns the total memory of one worker, of two, and so on, in units of 1e6 bytes.
fn totals(worker: &Path, device: &str, root: &Path) -> Result<Vec<f64>> {
    let mut workers = Vec::new();
    let mut totals = Vec::new();
    for _ in 0..WORKERS {
        let mut subject = Subject::worker(worker, device, 1, root)?;
        subject.train(&for_worker(Model::Lesson, Optimizer::Sgd))?;
        workers.push(subject);
        let all: Vec<f64> = workers.iter().map(|w| pss(w.pid())).collect::<Result<_>>()?;
        totals.push(all.iter().sum::<f64>() / 1e6);
    }
    workers.into_iter().try_for_each(Subject::end)?;
    Ok(totals)
}

/// Returns the proportional set size of a process, in bytes.
fn pss(pid: u32) -> Result<f64> {
    let path = format!("/proc/{pid}/smaps_rollup");
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    pss_of(&text).with_context(|| format!("{path} has no line `Pss`"))
}

fn pss_of(rollup: &str) -> Option<f64> {
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok().map(|kib| kib * 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proportional_size_is_read() {
        let rollup = "55d0-7ffd ---p 0000 00:00 0 [rollup]\nRss:  9000 kB\nPss:  1000 kB\n\
                      Pss_Dirty:  10 kB\nPss_Anon:  20 kB\n";
        assert_eq!(pss_of(rollup), Some(1_024_000.0));
        assert_eq!(pss_of("Rss: 1 kB\n"), None);
        assert!(pss(std::process::id()).unwrap() > 100_000.0, "of this process");
    }

    #[test]
    fn further_workers_are_counted_without_the_first() {
        let starts = [Start { ready: 0.5, loaded: 0.25 }, Start { ready: 0.5, loaded: 0.25 }];
        let found = measured("t", &rows_of("flex", &starts, &[700.0, 900.0, 1000.0]));
        assert!(found.table.contains("run begins | 0.750 s"), "{}", found.table);
        assert!(found.table.contains("the first worker | 700 MB |"), "{}", found.table);
        assert!(
            found.table.contains("further worker | 150 MB (100 to 200) | each at most 250 MB: met"),
            "{}",
            found.table
        );
        let heavy = measured("t", &rows_of("flex", &starts, &[700.0, 900.0, 1200.0]));
        assert_eq!(heavy.missed.len(), 1);
    }
}
