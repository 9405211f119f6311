//! Part `timeout`: seconds that a hanging run survives its time-out, and processes that its
//! worker leaves behind.
//!
//! The worker is a script that hangs in a run together with a child process. Each time-out is
//! followed by a new worker, and a record's time begins before the worker is started. There
//! are therefore two sweeps: in one each worker hangs in its first run; in the other each
//! finishes one run and hangs in the second, whose time contains no start.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::built::Artifact;
use super::sandbox::Sandbox;
use super::stats::{Row, measured};
use super::{Measured, Setup};

/// Default number of hanging runs in each sweep.
const RUNS: usize = 5;

/// Value of `[train] timeout`, in seconds.
const TIMEOUT: f64 = 1.0;

/// Goal: largest number of seconds beyond the time-out.
const GOAL: f64 = 0.5;

/// Time after which a killed process must have ended.
const GONE_WITHIN: Duration = Duration::from_secs(1);

/// The worker: it answers the probe, writes down its process group, which it leads, and hangs
/// in run number `@HANG@`. Earlier runs diverge at once, which counts as a result.
const SCRIPT: &str = r#"#!/bin/bash
if [ "$1" = --probe ]; then
  echo '{"protocol":4,"backends":["flex"],"libtorch":null,"cuda":false,"devices":["flex"],"code":"scripted"}'
  exit 0
fi
echo $$ >> "${0%/*}/groups"
echo '{"event":"ready","protocol":4,"environment":{"backend":"flex","device_kind":"cpu","device_model":"none","cpu_features":"","threads":1,"burn":"0","libtorch":null,"code":"scripted"}}'
taken=0
while read -r line; do
  taken=$((taken + 1))
  [ $taken = @HANG@ ] && sleep 600
  [[ $line =~ \"run_id\":\"([0-9a-f]+)\" ]]
  echo "{\"event\":\"finished\",\"run_id\":\"${BASH_REMATCH[1]}\",\"outcome\":{\"status\":\"diverged\",\"stop_reason\":null,\"epochs_completed\":0,\"steps\":1,\"diverged_step\":1,\"last_finite_loss\":null,\"train_seconds\":0.1,\"eval_seconds\":0.0,\"init_digest\":\"a\",\"batch_digest\":[\"b\"],\"weights_digest\":null,\"dataset_digest\":\"d\",\"metrics\":[]}}"
done
"#;

/// The results of one sweep.
struct Hung {
    /// Seconds beyond the time-out, one value per run.
    late: Vec<f64>,
    /// Processes that outlived the sweep.
    left: usize,
}

/// Measures runs that hang in new workers and in workers that have already finished a run.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    let (root, sweep) = (setup.root, setup.built.get(Artifact::Sweep)?);
    let runs = setup.repetitions(RUNS);
    let new = hang(root, sweep, runs, 1)?;
    let up = hang(root, sweep, runs, 2)?;
    let rows = [
        Row::new("past the time-out, running worker", "s", 3, up.late).each_at_most(GOAL),
        Row::new("past the time-out, new worker (its start included)", "s", 3, new.late)
            .each_at_most(GOAL),
        Row::new("processes of workers left behind", "", 0, vec![(new.left + up.left) as f64])
            .each_at_most(0.0),
    ];
    Ok(measured(&format!("runs that hang, `timeout = {TIMEOUT}`, {runs} each"), &rows))
}

/// Runs a sweep in one slot whose workers hang in the run with this number, from 1.
fn hang(root: &Path, sweep: &Path, runs: usize, number: usize) -> Result<Hung> {
    eprintln!("xtask: bench: timeout, {runs} runs that hang, each as run {number} of its worker");
    let sandbox = Sandbox::new(root, &format!("timeout-{number}"), &sweep_file(runs * number))?;
    let worker = sandbox.path("worker.sh");
    fs::write(&worker, SCRIPT.replace("@HANG@", &number.to_string()))?;
    fs::set_permissions(&worker, fs::Permissions::from_mode(0o755))?;
    // Ends the sweep even if the time-out itself does not work.
    let max = format!("{}s", 30 + 3 * runs * number);
    let args = ["--no-report", "--device", "flex", "--jobs", "1", "--max-time", &max];
    let ran = sandbox.sweep(sweep, &worker, &args, 3);
    let groups = groups(&fs::read_to_string(sandbox.path("groups")).unwrap_or_default());
    let left = left_behind(&groups);
    end(&groups, left);
    ran?;
    let records = sandbox.records()?;
    let late: Vec<f64> =
        records.iter().filter(|r| r.status == "timed_out").map(|r| r.seconds() - TIMEOUT).collect();
    ensure!(late.len() == runs, "{} of {runs} hanging runs were timed out", late.len());
    ensure!(groups.len() == runs, "{} workers for {runs} time-outs", groups.len());
    Ok(Hung { late, left })
}

fn sweep_file(runs: usize) -> String {
    format!(
        "[data]\ndataset = \"digits\"\nbatch_size = 32\n\
         [model]\nkind = \"mlp\"\nhidden = [16]\n\
         [train]\nepochs = 1\ntimeout = {TIMEOUT}\n\
         [repeat]\nseeds = {{ count = {runs} }}\n\
         [[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n"
    )
}

fn groups(noted: &str) -> HashSet<u32> {
    noted.lines().filter_map(|line| line.trim().parse().ok()).collect()
}

/// Returns the number of living processes of these groups after [`GONE_WITHIN`].
fn left_behind(groups: &HashSet<u32>) -> usize {
    let begun = Instant::now();
    loop {
        let count = living(groups);
        if count == 0 || begun.elapsed() > GONE_WITHIN {
            return count;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn living(groups: &HashSet<u32>) -> usize {
    let Ok(entries) = fs::read_dir("/proc") else { return 0 };
    let group =
        |entry: fs::DirEntry| living_group(&fs::read_to_string(entry.path().join("stat")).ok()?);
    entries.flatten().filter_map(group).filter(|group| groups.contains(group)).count()
}

/// Returns the process group in `/proc/<pid>/stat`; `None` for a zombie. The name, in brackets,
/// may contain any character.
fn living_group(stat: &str) -> Option<u32> {
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    let group = fields.nth(1)?.parse().ok()?;
    (!matches!(state, "Z" | "X")).then_some(group)
}

/// Kills processes that the sweep should have ended, so that none keeps running.
fn end(groups: &HashSet<u32>, left: usize) {
    if left == 0 {
        return;
    }
    for group in groups {
        // A group that has already ended is no problem.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).output();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::Stdio;

    use super::*;

    #[test]
    fn the_group_of_a_living_process_is_read() {
        assert_eq!(living_group("12 (a) b c) S 1 77 77 0"), Some(77));
        assert_eq!(living_group("12 (sleep) Z 1 77 77 0"), None);
        assert_eq!(living_group("12"), None);
        assert_eq!(groups("5\n6\n\n"), HashSet::from([5, 6]));
    }

    #[test]
    fn a_process_left_behind_is_counted_and_ended() {
        let mut child = Command::new("sleep").arg("60").process_group(0).spawn().unwrap();
        let groups = HashSet::from([child.id()]);
        assert_eq!(left_behind(&groups), 1);
        end(&groups, 1);
        assert_eq!(left_behind(&groups), 0, "killed, though not waited for");
        child.wait().unwrap();
    }

    #[test]
    fn the_scripted_worker_hangs_in_the_run_it_is_to_hang_in() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("worker.sh");
        fs::write(&path, SCRIPT.replace("@HANG@", "3")).unwrap();
        let mut process = Command::new("bash")
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let pid = process.id();
        let mut input = process.stdin.take().unwrap();
        for id in ["0a", "0b"] {
            writeln!(input, "{{\"request\":\"run\",\"run_id\":\"{id}\",\"spec\":{{}}}}").unwrap();
        }
        drop(input);
        let output = process.wait_with_output().unwrap();
        let events: Vec<serde_json::Value> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let names: Vec<&str> = events.iter().filter_map(|e| e["event"].as_str()).collect();
        assert_eq!(names, ["ready", "finished", "finished"]);
        assert_eq!((&events[1]["run_id"], &events[2]["run_id"]), (&"0a".into(), &"0b".into()));
        assert_eq!(
            groups(&fs::read_to_string(folder.path().join("groups")).unwrap()),
            HashSet::from([pid])
        );
    }
}
