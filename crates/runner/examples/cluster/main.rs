//! A cluster on a virtual clock, which measures the cost of submitting, recording, resuming and
//! collecting a sweep of very many runs.
//!
//!     cluster FOLDER RUNS SLOTS
//!
//! Plan, dealing, submission, chunk files, journal, resume, status and collection are the runner's
//! own, on real files in FOLDER (created, and removed at the end). Only Slurm (`engine`, `clock`)
//! and the training (`script`: times, failures, killed and requeued tasks) are scripted. Each phase
//! is a separate process. The measurements, also of the virtual cluster, are printed as one JSON
//! object.

mod clock;
#[cfg(test)]
mod clock_tests;
mod engine;
mod measure;
mod phases;
mod script;
mod tasks;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{bail, ensure};
use serde_json::{Value, json};

/// Maximum number of attempts until every run has a result.
const ATTEMPTS: u64 = 4;

/// Script in place of the worker; it only answers the probe.
const WORKER: &str = r#"#!/bin/sh
echo '{"protocol":4,"backends":["flex"],"libtorch":null,"cuda":false,"devices":["flex"],"code":"scripted"}'
"#;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args[..] {
        [phase, name, folder, rest @ ..] if phase == "phase" => {
            phases::run(name, Path::new(folder), rest)
        }
        [folder, runs, slots] => {
            let (runs, slots) = (runs.parse()?, slots.parse()?);
            let folder = std::path::absolute(folder)?;
            ensure!(!folder.exists(), "{} already exists", folder.display());
            let found = simulate(&folder, runs, slots);
            let _ = fs::remove_dir_all(&folder);
            println!("{}", found?);
            Ok(())
        }
        _ => bail!("usage: cluster FOLDER RUNS SLOTS"),
    }
}

/// Runs one sweep from its file to its Parquet files.
fn simulate(folder: &Path, runs: usize, slots: usize) -> anyhow::Result<Value> {
    for inner in ["experiments", "data", "reports/pilot/journal"] {
        fs::create_dir_all(folder.join(inner))?;
    }
    fs::write(folder.join("experiments/cluster.toml"), script::sweep_file(runs))?;
    let worker = folder.join("sweep-worker");
    fs::write(&worker, WORKER)?;
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755))?;
    let phase = |name: &str, args: &[String]| measure::phase(folder, name, args);

    let pilot = phase("pilot", &[])?;
    let plan = phase("plan", &[])?;
    let slots = slots.to_string();
    let mut attempts = Vec::new();
    loop {
        let submitted = phase("submit", std::slice::from_ref(&slots))?;
        if submitted["outstanding"] == 0 {
            attempts.push(json!({ "submit": submitted }));
            break;
        }
        let played = phase("play", &[(attempts.len() + 1).to_string(), slots.clone()])?;
        attempts.push(json!({ "submit": submitted, "play": played }));
        ensure!(attempts.len() as u64 <= ATTEMPTS, "runs are outstanding for ever");
    }
    let mut out = json!({
        "runs": runs, "slots": slots.parse::<u64>()?, "pilot": pilot, "plan": plan,
        "attempts": attempts,
    });
    for name in ["task", "sync", "status", "collect", "page"] {
        out[name] = phase(name, &[]).unwrap_or_else(|e| json!({ "error": e.to_string() }));
    }
    Ok(out)
}
