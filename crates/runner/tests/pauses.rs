//! Sweeps with runs that pause: these are outstanding, not failed, their checkpoints stay, and
//! resuming gives the results of an undisturbed sweep.

mod support;

use polars::prelude::*;
use spec::record::Status;
use support::{Sandbox, digits, real_worker, results};

const FILE: &str = "experiments/pauses.toml";

/// The real worker, told to pause each run at the epoch in the variable `PAUSE_AT`.
fn worker() -> String {
    format!(
        r#"#!/bin/bash
if [ "$1" = --probe ] || [ -z "$PAUSE_AT" ]; then exec "{0}" "$@"; fi
exec "{0}" "$@" < <(sed -u "s/\"options\":{{/\"options\":{{\"pause_at\":$PAUSE_AT,/")
"#,
        real_worker().display()
    )
}

/// Three runs of five epochs with checkpoints only at pauses; one of them diverges.
fn text() -> String {
    digits(1, 5)
        .replace("lr = [0.05, 0.1]", "lr = [0.05, 1e30]")
        .replace("lr = [1e-3, 1e-2]", "lr = 1e-3")
        .replace("[train]\n", "[train]\ncheckpoint_every = 100\nsave = \"best\"\n")
}

/// Pauses the runs of a sweep and returns its output.
fn pause(sandbox: &Sandbox, at: u64, args: &[&str]) -> String {
    let output = sandbox.command(args).env("PAUSE_AT", at.to_string()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    said
}

fn statuses(sandbox: &Sandbox) -> Vec<String> {
    let file = std::fs::File::open(sandbox.report("pauses").runs()).unwrap();
    let frame = ParquetReader::new(file).finish().unwrap();
    let texts = frame.column("status").unwrap().str().unwrap();
    texts.iter().map(|status| status.unwrap().to_owned()).collect()
}

#[test]
fn a_paused_run_is_outstanding_until_it_has_a_result() {
    let undisturbed = Sandbox::new();
    undisturbed.sweep_file("pauses", &text());
    undisturbed.expect(0, &["run", FILE, "--no-report"]);

    let sandbox = Sandbox::with_script(&worker());
    sandbox.sweep_file("pauses", &text());
    let said =
        pause(&sandbox, 2, &["run", FILE, "--jobs", "1", "--retry", "2", "--fail-fast", "1"]);
    assert_eq!(said.matches(", paused at epoch 2, ").count(), 2, "{said}");
    let records = sandbox.records("pauses");
    let cut: Vec<_> = records.iter().filter(|r| r.status == Status::Cut).collect();
    assert_eq!((records.len(), cut.len()), (3, 2), "none is tried again: {said}");
    let dir = sandbox.report("pauses");
    for record in &cut {
        let outcome = record.outcome.as_ref().unwrap();
        assert_eq!((outcome.epochs_completed, record.segments_done()), (2, Some(2)));
        assert!(dir.checkpoint_of(record.run_id).join("epoch-2").is_dir());
        assert!(!dir.weights_of(record.run_id).exists());
    }
    let mut found = statuses(&sandbox);
    found.sort();
    assert_eq!(found, ["cut", "cut", "diverged"]);
    let page = std::fs::read_to_string(dir.path().join("REPORT.md")).unwrap();
    assert!(page.contains("paused at epoch 2"), "{page}");

    let status = sandbox.expect(0, &["status", FILE]);
    assert!(status.contains("2 cut") && status.contains("again to resume"), "{status}");
    let plan = sandbox.expect(0, &["run", FILE, "--plan"]);
    assert!(plan.contains("paused at epoch 2"), "{plan}");
    let why = sandbox.expect(0, &["why", FILE, &cut[0].run_id.to_string()]);
    assert!(why.contains("to resume: paused at epoch 2") && why.contains("resumes from"), "{why}");

    // Neither a part of the plan nor `--keep-failed` takes their checkpoints.
    pause(&sandbox, 2, &["run", FILE, "--only", "optimizer=adam", "--no-report"]);
    assert!(cut.iter().all(|r| dir.checkpoint_of(r.run_id).is_dir()));
    pause(&sandbox, 4, &["run", FILE, "--keep-failed", "--no-report"]);
    let furthest = store::journal::read(&dir).unwrap().into_best();
    for record in &cut {
        let best = &furthest[&record.run_id];
        assert_eq!((best.status, best.segments_done()), (Status::Cut, Some(4)));
        assert_eq!(best.outcome.as_ref().unwrap().resumed_from, Some(2));
    }

    sandbox.expect(0, &["run", FILE]);
    assert_eq!(results(&sandbox.records("pauses")), results(&undisturbed.records("pauses")));
    assert!(!dir.checkpoints().exists(), "nothing is left to go on from");
    let status = sandbox.expect(0, &["status", FILE]);
    assert!(status.contains("finished") && !status.contains("cut"), "{status}");
    assert!(!statuses(&sandbox).contains(&"cut".to_owned()));
    sandbox.expect(0, &["verify", FILE]);
}
