//! Disturbances from outside: terminals that close, outputs that are gone, files that somebody
//! removes. Training continues or ends in order, and no finished result is lost.

mod support;

use std::fs::{self, File};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use spec::record::Status;
use support::{Sandbox, digits, results, wait_for};

#[test]
fn a_journal_that_is_removed_is_put_back_with_all_its_records() {
    let undisturbed = Sandbox::new();
    undisturbed.sweep_file("gone", &digits(2, 10));
    undisturbed.expect(0, &["run", "experiments/gone.toml", "--no-report"]);
    for whole_folder in [false, true] {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("gone", &digits(2, 10));
        let mut sweep = sandbox.spawn(&["run", "experiments/gone.toml", "--jobs", "1"]);
        let journal = sandbox.report("gone").journal();
        wait_for("a record", || !sandbox.records("gone").is_empty());
        if whole_folder {
            fs::remove_dir_all(&journal).unwrap();
        } else {
            let file = fs::read_dir(&journal).unwrap().next().unwrap().unwrap().path();
            fs::remove_file(file).unwrap();
        }
        assert_eq!(sweep.wait().unwrap().code(), Some(0));
        assert_eq!(results(&sandbox.records("gone")), results(&undisturbed.records("gone")));
    }
}

#[test]
fn an_output_that_cannot_be_written_to_ends_no_training() {
    let full = || Stdio::from(File::options().write(true).open("/dev/full").unwrap());
    let sandbox = Sandbox::new();
    sandbox.sweep_file("deaf", &digits(1, 1));
    let mut command = sandbox.command(&["run", "experiments/deaf.toml"]);
    let status = command.stdout(full()).stderr(full()).status().unwrap();
    assert_eq!(sandbox.records("deaf").len(), 4);
    assert!(sandbox.report("deaf").html().is_file());
    assert_eq!(status.code(), Some(1), "the table that was asked for is lost");
    for args in
        [&["status", "experiments/deaf.toml"][..], &["list"], &["report", "experiments/deaf.toml"]]
    {
        let status = sandbox.command(args).stdout(full()).stderr(Stdio::null()).status().unwrap();
        assert_eq!(status.code(), Some(1), "{args:?}");
    }
    // A reader that has seen enough is no error.
    let mut child = sandbox
        .command(&["report", "experiments/deaf.toml"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_terminal_that_closes_interrupts_unless_that_is_ignored() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("hup", &digits(1, 20_000));
    let running = || {
        let output = sandbox.run(&["status", "experiments/hup.toml"]);
        String::from_utf8_lossy(&output.stdout).contains("steps/s")
    };
    let mut sweep = sandbox.spawn(&["run", "experiments/hup.toml", "--no-report", "--jobs", "1"]);
    wait_for("a run", running);
    kill_process(Pid::from_child(&sweep), Signal::HUP).unwrap();
    assert_eq!(sweep.wait().unwrap().code(), Some(130));
    let records = sandbox.records("hup");
    assert!(records.iter().all(|r| r.status == Status::Cancelled && r.error.is_none()));
    assert_eq!(records.len(), 1, "{records:?}");
    // As under nohup.
    let script = "trap '' HUP; exec \"$0\" run experiments/hup.toml --no-report --jobs 1";
    let mut sweep = std::process::Command::new("bash")
        .args(["-c", script, env!("CARGO_BIN_EXE_sweep")])
        .current_dir(sandbox.path(""))
        .env("SWEEP_WORKER", sandbox.worker())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_for("a run", running);
    kill_process(Pid::from_child(&sweep), Signal::HUP).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(sweep.try_wait().unwrap().is_none(), "it was told to go on");
    sandbox.expect(0, &["cancel", "experiments/hup.toml"]);
    assert_eq!(sweep.wait().unwrap().code(), Some(130));
}

#[test]
fn a_damaged_plan_is_named_kept_and_written_anew() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("plan", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/plan.toml"]);
    let plan = sandbox.report("plan").plan();
    let bytes = fs::read(&plan).unwrap();
    fs::write(&plan, &bytes[..100]).unwrap();
    for verb in ["status", "verify", "report"] {
        let text = sandbox.expect(1, &[verb, "experiments/plan.toml"]);
        assert!(text.contains("plan.json") && text.contains("run the sweep again"), "{text}");
    }
    let text = sandbox.expect(0, &["run", "experiments/plan.toml"]);
    assert!(text.contains("plan.json.damaged") && text.contains("nothing to train"), "{text}");
    assert_eq!(fs::read(&plan).unwrap(), bytes);
}

#[test]
fn pipes_in_place_of_files_are_said_and_hold_nobody_up() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("pipe", &digits(1, 1));
    sandbox.expect(0, &["run", "experiments/pipe.toml"]);
    let dir = sandbox.report("pipe");
    let pipe = |path: &std::path::Path| {
        let _ = fs::remove_file(path);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.unwrap().success(), "{}", path.display());
    };
    pipe(&dir.lock());
    sandbox.expect(0, &["status", "experiments/pipe.toml"]);
    let text = sandbox.expect(2, &["run", "experiments/pipe.toml"]);
    assert!(text.contains("lock is a folder, a pipe or a device"), "{text}");
    fs::remove_file(dir.lock()).unwrap();
    pipe(&dir.journal().join("late.jsonl"));
    let text = sandbox.expect(0, &["status", "experiments/pipe.toml"]);
    assert!(text.contains("4 completed"), "{text}");
    pipe(&dir.manifest());
    let text = sandbox.expect(0, &["report", "experiments/pipe.toml"]);
    assert!(text.contains("manifest.json: a pipe or a device, not a file; check"), "{text}");
}

#[test]
fn failures_are_not_hidden_by_the_closing_table() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("late", &digits(1, 100_000));
    let only = ["--only", "optimizer=sgd", "--timeout", "300ms"];
    let text = sandbox.expect(3, &[&["run", "experiments/late.toml"], &only[..]].concat());
    assert!(text.contains("4 runs: 2 timed out, 2 missing"), "{text}");
    assert!(!text.contains("edge of its grid"), "half a grid has no edge: {text}");
    let kept = [&["run", "experiments/late.toml", "--keep-failed"], &only[..]].concat();
    let text = sandbox.expect(0, &kept);
    assert!(text.contains("nothing to train among the runs chosen by --only"), "{text}");
    assert!(text.contains("2 timed out"), "{text}");
}
