//! Part `cluster`: cost of a sweep of very many runs on a cluster, which is simulated on a
//! virtual clock.
//!
//! `crates/runner/examples/cluster` is the simulation: files and the code that reads and writes
//! them are real and measured; Slurm and the training are scripted. This module turns its
//! results into two tables with one column per size.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::built::Artifact;
use super::sandbox::Sandbox;
use super::{Measured, Setup};
use crate::build;

/// Runs of the sweep and slots of the cluster, by size.
const SIZES: [(u64, u64); 4] =
    [(1_000, 100), (10_000, 1_000), (100_000, 10_000), (1_000_000, 10_000)];

/// Seconds per call of `sbatch`, for an array of 1001 tasks or a single job, as measured with
/// Slurm 22.05 on one machine.
const SBATCH: f64 = 0.005;

/// Builds the simulation of a cluster.
pub(super) fn build_cluster(root: &Path) -> Result<PathBuf> {
    build::example(root, "cluster", None)
}

/// Simulates each size once.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let cluster = setup.built.get(Artifact::Cluster)?;
    let sizes = match (setup.quick, setup.full) {
        (true, _) => &SIZES[..2],
        (_, false) => &SIZES[..3],
        (_, true) => &SIZES[..],
    };
    let sandbox = Sandbox::new(setup.root, "cluster", "")?;
    let mut found = Vec::new();
    for (runs, slots) in sizes {
        eprintln!("xtask: bench: cluster, {runs} runs on {slots} slots");
        let mut command = Command::new(cluster);
        command.arg(sandbox.path(&format!("cluster-{runs}")));
        command.args([runs.to_string(), slots.to_string()]);
        let ran = sandbox.watched(command, 0)?;
        let value: Value = serde_json::from_str(&ran.stdout)
            .with_context(|| format!("the simulation printed: {:.200}", ran.stdout))?;
        found.push(Found(value));
    }
    let table = format!("{}\n{}", table(&VIRTUAL, &found), table(&REAL, &found));
    Ok(Measured { table, missed: Vec::new(), goals: 0 })
}

/// The results of one size, as the simulation's JSON.
struct Found(Value);

impl Found {
    /// Returns a number by its JSON pointer, such as `/attempts/0/play/records`.
    fn number(&self, place: &str) -> Option<f64> {
        self.0.pointer(place)?.as_f64()
    }

    /// Returns a number of the first attempt.
    fn first(&self, place: &str) -> Option<f64> {
        self.number(&format!("/attempts/0/{place}"))
    }

    /// Returns a number of the second attempt, which trains what the first left.
    fn second(&self, place: &str) -> Option<f64> {
        self.number(&format!("/attempts/1/{place}"))
    }

    /// Returns the seconds and peak memory of a phase, or the error if it was killed for its
    /// memory.
    fn phase(&self, name: &str, seconds: &str) -> Option<String> {
        if let Some(error) = self.0.pointer(&format!("/{name}/error")) {
            return Some(error.as_str()?.split(": ").last()?.to_owned());
        }
        let (s, peak) =
            (self.number(&format!("/{name}/{seconds}"))?, self.number(&format!("/{name}/peak"))?);
        Some(format!("{}, {}", time(s), memory(peak)))
    }
}

/// A row: its name, and a function that formats its value.
type Line = (&'static str, fn(&Found) -> Option<String>);

/// Rows about the scripted cluster, in virtual time.
const VIRTUAL: (&str, [Line; 10]) = (
    "the cluster, in virtual time",
    [
        ("tasks, runs per task", |f| {
            let tasks = f.first("submit/tasks")?;
            Some(format!("{}, {:.0}", count(tasks), f.number("/runs")? / tasks))
        }),
        ("arrays of at most 1,001 tasks", |f| Some(count(f.first("submit/arrays")?))),
        ("calls of `sbatch`, their total time at 5 ms each", |f| {
            let calls = f.first("submit/calls")?;
            Some(format!("{}, {}", count(calls), time(calls * SBATCH)))
        }),
        ("time until the last task ended", |f| Some(clock(f.first("play/trained_by")? / 1e3))),
        ("most slots in use", |f| Some(count(f.first("play/figures/most_running")?))),
        ("share of slots in use until then", |f| {
            let whole = f.first("play/trained_by")? * f.number("/slots")?;
            Some(share(f.first("play/figures/busy")? / whole))
        }),
        ("share of training lost in interrupted runs", |f| {
            Some(share(f.first("play/figures/lost")? / f.first("play/figures/busy")?))
        }),
        ("runs trained twice (node presumed dead)", |f| Some(count(f.first("play/repeated")?))),
        ("runs left after the first attempt: failed, or killed with their task", |f| {
            Some(count(f.second("submit/outstanding")?))
        }),
        ("second attempt: tasks, time until the last one ended", |f| {
            let tasks = count(f.second("submit/tasks")?);
            Some(format!("{tasks}, {}", clock(f.second("play/trained_by")? / 1e3)))
        }),
    ],
);

/// Rows about the real code.
const REAL: (&str, [Line; 14]) = (
    "measured: time, peak memory of the process",
    [
        ("plan: sweep file to runs", |f| f.phase("plan", "seconds")),
        ("`plan.json`", |f| Some(memory(f.first("submit/plan_bytes")?))),
        ("divide the runs into tasks, write the tasks' files", |f| {
            let both = f.first("submit/deal")? + f.first("submit/write_chunks")?;
            Some(time(both))
        }),
        ("those files", |f| {
            let (files, bytes) = (f.first("submit/chunk_files")?, f.first("submit/chunk_bytes")?);
            Some(format!("{}, {}", count(files), memory(bytes)))
        }),
        ("submit, from plan to queue", |f| f.phase("attempts/0/submit", "seconds")),
        ("start of a task: find what is left of its chunk (median, 99th percentile)", |f| {
            let of = |name: &str| f.first(&format!("play/reading/{name}"));
            Some(format!("{}, {}", time(of("median")?), time(of("p99")?)))
        }),
        ("the same with the journals of all tasks present", |f| {
            let of = |name: &str| f.number(&format!("/task/reading/{name}"));
            Some(format!("{}, {}", time(of("median")?), time(of("p99")?)))
        }),
        ("sync a record to disk before the next run (median)", |f| {
            Some(time(f.number("/sync/record/median")?))
        }),
        ("journal", |f| {
            let (files, bytes) = (f.first("play/journal_files")?, f.first("play/journal_bytes")?);
            Some(format!("{} files, {}", count(files), memory(bytes)))
        }),
        ("bytes per record", |f| {
            Some(count(f.first("play/journal_bytes")? / f.first("play/records")?))
        }),
        ("`status`", |f| f.phase("status", "took")),
        ("resume: read the journal, find what is left, submit it", |f| {
            let (read, left) = (f.second("submit/read")?, f.second("submit/divide")?);
            let whole = f.phase("attempts/1/submit", "seconds")?;
            Some(format!("{} + {} of {whole}", time(read), time(left)))
        }),
        ("collect to Parquet", |f| f.phase("collect", "took")),
        ("collect, estimate and draw the whole report", |f| f.phase("page", "took")),
    ],
);

fn table<const N: usize>((title, lines): &(&str, [Line; N]), found: &[Found]) -> String {
    let size = |f: &Found| {
        let of = |place| f.number(place).map_or_else(String::new, count);
        format!("{} runs, {} slots", of("/runs"), of("/slots"))
    };
    let sizes: Vec<String> = found.iter().map(size).collect();
    let mut out = format!("| {title} | {} |\n", sizes.join(" | "));
    out.push_str(&format!("|---|{}\n", "---|".repeat(found.len())));
    for (what, of) in lines {
        let cells: Vec<String> = found.iter().map(|f| of(f).unwrap_or_default()).collect();
        out.push_str(&format!("| {what} | {} |\n", cells.join(" | ")));
    }
    out
}

/// Formats a count: `1,000,000`.
fn count(n: f64) -> String {
    let digits = format!("{n:.0}");
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats seconds: `0.12 ms`, `1.2 s`, `3 min 20 s`.
fn time(seconds: f64) -> String {
    match seconds {
        s if s < 0.000_95 => format!("{:.2} ms", s * 1e3),
        s if s < 0.0995 => format!("{:.1} ms", s * 1e3),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s => format!("{:.0} min {:.0} s", (s / 60.0).floor(), s % 60.0),
    }
}

/// Formats seconds as `2 h 05 min`.
fn clock(seconds: f64) -> String {
    let minutes = (seconds / 60.0).round() as u64;
    match (minutes / 60, minutes % 60) {
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes:02} min"),
    }
}

/// Formats bytes in units of 1e6 or 1e9 bytes.
fn memory(bytes: f64) -> String {
    match bytes {
        b if b < 9.95e5 => format!("{:.1} MB", b / 1e6),
        b if b < 9.995e8 => format!("{:.0} MB", b / 1e6),
        b => format!("{:.1} GB", b / 1e9),
    }
}

fn share(of: f64) -> String {
    format!("{:.2}%", 100.0 * of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn amounts_are_written_for_people() {
        assert_eq!([count(7.0), count(1e3), count(1e6)], ["7", "1,000", "1,000,000"]);
        assert_eq!([time(0.000_071), time(0.0039), time(2.52)], ["0.07 ms", "3.9 ms", "2.5 s"]);
        assert_eq!([time(0.2), time(71.6), time(318.0)], ["0.2 s", "72 s", "5 min 18 s"]);
        assert_eq!([clock(240.0), clock(7500.0)], ["4 min", "2 h 05 min"]);
        assert_eq!([memory(3.8e5), memory(3.4e7), memory(8.5e9)], ["0.4 MB", "34 MB", "8.5 GB"]);
    }

    #[test]
    fn a_column_a_size_and_what_was_ended_says_so() {
        let found = |runs: u64, collect: Value| {
            let submit = json!({ "tasks": runs / 5, "calls": 4, "seconds": 4.2, "peak": 4e8 });
            Found(json!({
                "runs": runs, "slots": 100, "attempts": [{ "submit": submit }], "collect": collect,
            }))
        };
        let ended = "collect was ended: it took more than 14 GB";
        let found = [
            found(1_000, json!({ "took": 0.14, "peak": 5e7 })),
            found(1_000_000, json!({ "error": ended })),
        ];
        let text = table(&REAL, &found);
        assert!(
            text.contains("| 1,000 runs, 100 slots | 1,000,000 runs, 100 slots |\n|---|---|---|\n")
        );
        assert!(
            text.contains("| submit, from plan to queue | 4.2 s, 400 MB | 4.2 s, 400 MB |"),
            "{text}"
        );
        let row = "| collect to Parquet | 0.1 s, 50 MB | it took more than 14 GB |";
        assert!(text.contains(row), "{text}");
        let text = table(&VIRTUAL, &found);
        assert!(text.contains("| tasks, runs per task | 200, 5 | 200,000, 5 |"), "{text}");
        assert!(text.contains("| 4, 20.0 ms | 4, 20.0 ms |"), "{text}");
    }
}
