//! Interruptions: a `sweep` that is killed or cancelled while it submits, Ctrl-C while watching,
//! missing files of the launcher.

use std::fs;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::PATIENCE;
use crate::cluster::{Options, wait_until};
use crate::place::{Place, answer, digits};

const FILE: &str = "experiments/x.toml";
const RUN: [&str; 4] = ["run", FILE, "--launcher", "slurm"];

/// An `sbatch` that creates the file `asked`, and submits an array only once a file `go` exists.
const SLOW: &str = "#!/bin/bash\ncase \"$*\" in *.look*) exec '@real@' \"$@\" ;; esac\n\
                    script=$(cat)\n: > '@control@/asked'\n\
                    until [ -e '@control@/go' ]; do sleep 0.05; done\n\
                    exec '@real@' \"$@\" <<<\"$script\"\n";

fn place() -> Option<Place> {
    let place = Place::start(Options { nodes: 1, ..Options::default() })?;
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    place.put("hold");
    Some(place)
}

/// `sweep` that hangs in `sbatch`.
fn submitting(place: &Place) -> Child {
    let path = place.hiding("sbatch", SLOW);
    let mut command = place.command(&RUN);
    let command = command.env("PATH", path).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command.spawn().unwrap();
    wait_until("its sbatch", PATIENCE, || place.control("asked").exists());
    child
}

fn arrays(place: &Place) -> Vec<u64> {
    let mut numbers: Vec<u64> =
        place.cluster.squeue().iter().filter(|l| l.task.is_some()).map(|l| l.array).collect();
    numbers.dedup();
    numbers
}

#[test]
fn what_a_killed_sweep_was_submitting_is_waited_for_and_taken_over() {
    let Some(place) = place() else { return };
    let mut sweep = submitting(&place);
    sweep.kill().unwrap();
    sweep.wait().unwrap();
    // Its sbatch lives on, and nothing may overtake it.
    let said = place.expect(2, &RUN);
    assert!(said.contains("another sweep is writing"), "{said}");
    place.put("go");
    wait_until("the array", PATIENCE, || arrays(&place).len() == 1);
    wait_until("the refusal of a second one", PATIENCE, || {
        place.run(&RUN).1.contains("still in Slurm's queue")
    });
    assert_eq!(arrays(&place).len(), 1, "submitted once");
    assert_eq!(place.submissions("x").iter().filter(|l| l["event"] == "planned").count(), 1);
    place.remove("hold");
    place.cluster.wait_idle(PATIENCE);
    assert_eq!(crate::support::results(&place.records("x")).len(), 4);
}

#[test]
fn cancel_ends_what_is_submitted_meanwhile() {
    let Some(place) = place() else { return };
    let mut sweep = submitting(&place);
    let mut cancel = place.command(&["cancel", FILE]);
    let cancelling = std::thread::spawn(move || answer(&mut cancel));
    sleep(Duration::from_millis(500));
    place.put("go");
    let (code, said) = cancelling.join().unwrap();
    assert_eq!(code, 0, "{said}");
    sweep.wait().unwrap();
    wait_until("an empty queue", PATIENCE, || {
        place.cluster.squeue().iter().all(|line| !line.active())
    });
    assert!(place.records("x").iter().all(|r| !r.status.is_result()), "{said}");
}

#[test]
fn two_quick_interrupts_end_the_tasks_and_a_closed_terminal_does_not() {
    let Some(place) = place() else { return };
    place.expect(0, &RUN);
    let (array, _) = place.jobs("x", 1);
    place.wait_for_state(array, 0, "RUNNING");
    let watch = |signals: &[&str]| {
        let mut command = place.command(&[&RUN[..], &["--watch"]].concat());
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        sleep(Duration::from_secs(2));
        for signal in signals {
            let pid = child.id().to_string();
            std::process::Command::new("kill").args(["-s", signal, &pid]).status().unwrap();
            sleep(Duration::from_millis(100));
        }
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for signals in [&["HUP", "HUP"][..], &["TERM", "TERM"], &["INT"]] {
        let (code, said) = watch(signals);
        assert_eq!(code, Some(130), "{said}");
        assert!(place.cluster.task(array, Some(0)).unwrap().active(), "{signals:?}: {said}");
    }
    let (code, said) = watch(&["INT", "INT"]);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("ended the tasks"), "{said}");
    wait_until("an empty queue", PATIENCE, || {
        place.cluster.squeue().iter().all(|line| !line.active())
    });
}

#[test]
fn a_report_needs_nothing_of_the_launcher() {
    let Some(place) = place() else { return };
    place.remove("hold");
    place.expect(0, &RUN);
    place.cluster.wait_idle(PATIENCE);
    let dir = place.sandbox.report("x");
    for gone in ["chunks", "bin"] {
        fs::remove_dir_all(dir.path().join(gone)).unwrap();
    }
    let said = place.expect(0, &["report", FILE]);
    assert!(!said.contains("error"), "{said}");
    // Of no use to anyone who knows nothing of Slurm, either.
    let finished = |env: &str| {
        let (code, said) = answer(place.command(&["status", FILE]).env("PATH", env));
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("x: finished"), "{said}");
    };
    finished("");
}

#[test]
fn a_sign_of_life_stops_others_while_it_is_fresh() {
    let sandbox = crate::support::Sandbox::new();
    sandbox.sweep_file("x", &crate::support::digits(1, 1));
    sandbox.expect(0, &["run", FILE, "--device", "flex", "--no-report"]);
    let dir = sandbox.report("x");
    fs::create_dir_all(dir.running()).unwrap();
    let sign = |updated: &str| {
        let slots: [(); 0] = [];
        let sign = serde_json::json!({
            "job": "7_0", "node": "far", "restarts": 0,
            "sweep": {
                "v": 1, "pid": 4711, "host": "h", "started": updated, "updated": updated,
                "planned": 4, "cached": 0, "to_train": 4, "ended": {}, "eta_seconds": null,
                "slots": slots, "failures": slots,
            },
        });
        fs::write(dir.running().join("1.0.0.json"), sign.to_string()).unwrap();
    };
    sign(&jiff::Timestamp::now().to_string());
    let said = sandbox.expect(2, &["run", FILE, "--device", "flex", "--no-report"]);
    assert!(said.contains("task 1.0.0, job 7_0 on far") && said.contains("kill 4711"), "{said}");
    // An old one is that of a killed task; one that a wrong clock dates in the future
    // must not stop anybody for ever.
    for updated in ["2026-01-01T00:00:00Z", "2999-01-01T00:00:00Z"] {
        sign(updated);
        sandbox.expect(0, &["run", FILE, "--device", "flex", "--no-report"]);
    }
}
