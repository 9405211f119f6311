//! One sweep at a time in a folder: tasks that wait or train on a cluster are followed or ended,
//! never duplicated.

use serde_json::Value;

use crate::PATIENCE;
use crate::cluster::{Options, QueueLine, wait_until};
use crate::place::{Place, digits};

const FILE: &str = "experiments/x.toml";
const RUN: [&str; 4] = ["run", FILE, "--launcher", "slurm"];

/// Two tasks on a node of one processor: one runs and is held, one waits.
fn held() -> Option<(Place, u64, u64)> {
    let place = Place::start(Options { nodes: 1, cpus: 1, ..Options::default() })?;
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    place.put("hold");
    place.expect(0, &RUN);
    let (array, report) = place.jobs("x", 1);
    place.wait_for_state(array, 0, "RUNNING");
    wait_until("its sign of life", PATIENCE, || {
        place.sandbox.report("x").running().join("1.0.0.json").is_file()
    });
    // Slurm gives its reasons as soon as it has looked at a job.
    wait_until("its reasons", PATIENCE, || {
        let reason = |job, task| place.cluster.task(job, task).unwrap().reason;
        reason(array, Some(1)) == "Resources" && reason(report, None) == "Dependency"
    });
    Some((place, array, report))
}

#[test]
fn another_sweep_is_refused_while_tasks_run_or_wait_and_status_names_them() {
    let Some((place, array, report)) = held() else { return };
    let again = place.expect(2, &RUN);
    assert!(again.contains("1 task running, 1 waiting"), "{again}");
    assert!(again.contains(&format!("job {array}")) && again.contains("--watch"), "{again}");
    let local = place.expect(2, &["run", FILE]);
    assert!(local.contains("1 task running, 1 waiting"), "{local}");
    assert!(local.contains("--launcher slurm --watch"), "{local}");
    assert_eq!(place.submissions("x").len(), 3, "planned, array, report");

    let status = place.expect(0, &["status", FILE]);
    let expected = ["x: on Slurm, 1 task running, 1 waiting (Resources)", "4 missing"];
    assert!(expected.iter().all(|words| status.contains(words)), "{status}");
    assert!(status.contains(&format!("task 1.0.0: job {array}_0 on node0\n")), "{status}");
    let status: Value =
        serde_json::from_str(&place.expect(0, &["status", FILE, "--json"])).unwrap();
    let queue = status["cluster"]["queue"].as_array().unwrap();
    let line = |job: u64, tasks: &str| {
        let found = queue.iter().find(|line| line["job"] == job && line["tasks"] == tasks);
        found.unwrap_or_else(|| panic!("{job}, {tasks}: {queue:?}"))
    };
    assert_eq!(line(array, "0")["state"], "RUNNING");
    assert_eq!(line(array, "0")["node"], "node0");
    assert_eq!(line(array, "1")["state"], "PENDING");
    assert_eq!(line(array, "1")["reason"], "Resources");
    assert_eq!(line(report, "N/A")["reason"], "Dependency");

    // A plan is looked at without harm.
    place.expect(0, &["run", FILE, "--plan", "--launcher", "slurm"]);
    place.remove("hold");
    place.cluster.wait_idle(PATIENCE);
    let status = place.expect(0, &["status", FILE]);
    assert!(status.contains("x: finished") && !status.contains("task 1.0."), "{status}");
    let local = place.expect(0, &["run", FILE]);
    assert!(local.contains("nothing to train; 4 results cached"), "{local}");
}

#[test]
fn a_local_sweep_is_refused_while_all_tasks_wait() {
    let Some(place) = Place::start(Options { nodes: 1, cpus: 1, ..Options::default() }) else {
        return;
    };
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2\nextra = [\"--hold\"]"));
    place.expect(0, &RUN);
    let (array, _) = place.jobs("x", 1);
    wait_until("Slurm's reason", PATIENCE, || {
        place.cluster.task(array, Some(0)).unwrap().reason == "JobHeldUser"
    });
    let local = place.expect(2, &["run", FILE]);
    assert!(local.contains("2 tasks waiting (JobHeldUser)"), "{local}");
    assert!(local.contains("cargo xtask cancel"), "{local}");
    assert!(place.records("x").is_empty());

    // Where Slurm cannot be asked, files decide: nothing of it shows life.
    place.cluster.kill_controller();
    let local = place.expect(0, &["run", FILE]);
    assert!(local.contains("warning: Slurm's controller does not answer"), "{local}");
    assert_eq!(place.records("x").len(), 4);
}

#[test]
fn cancel_ends_everything_and_the_sweep_can_be_resumed() {
    let Some((place, array, report)) = held() else { return };
    let said = place.expect(0, &["cancel", FILE]);
    // Two tasks and the report.
    assert!(said.contains("ended 2 tasks of x on Slurm"), "{said}");
    place.cluster.wait_idle(PATIENCE);
    let mut lines = place.cluster.squeue();
    lines.retain(|line: &QueueLine| !line.name.ends_with(".look"));
    // What had not begun may be gone without a trace.
    assert!(lines.iter().all(|line| line.state == "CANCELLED"), "{lines:?}");
    assert!(place.cluster.task(array, Some(0)).is_some(), "{lines:?}");
    assert!(!place.sandbox.report("x").html().exists(), "job {report} has run");
    assert_eq!(place.submissions("x").last().unwrap()["event"], "cancelled");
    let status = place.expect(0, &["status", FILE]);
    assert!(status.contains("x: not running; run the same command again to resume"), "{status}");
    let again = place.expect(0, &["cancel", FILE]);
    assert!(again.contains("no sweep is running"), "{again}");

    place.remove("hold");
    let said = place.expect(0, &[&RUN[..], &["--watch"]].concat());
    assert!(said.contains("4 of 4 runs have a result"), "{said}");
}

#[test]
fn a_silent_controller_is_not_an_empty_queue() {
    let Some((place, array, _)) = held() else { return };
    place.cluster.kill_controller();
    let again = place.expect(2, &RUN);
    assert!(again.contains("Slurm's controller does not answer"), "{again}");
    let status = place.expect(0, &["status", FILE]);
    assert!(status.contains("submitted to Slurm, which does not answer"), "{status}");
    assert!(status.contains(&format!("task 1.0.0: job {array}_0 on node0")), "{status}");
    // Whatever Slurm says, a task of it is alive.
    let local = place.expect(2, &["run", FILE]);
    assert!(local.contains("still training this sweep a moment ago"), "{local}");
    assert_eq!(place.submissions("x").len(), 3);
    place.cluster.start_controller();
    place.remove("hold");
    // It may have forgotten the task that waited, or both: the next sweep trains what
    // is missing, whichever it is.
    wait_until("the end of the task", PATIENCE, || {
        !place.sandbox.report("x").running().join("1.0.0.json").exists()
    });
    // A node that remembers jobs which the controller has forgotten refuses others of
    // the same number.
    place.cluster.kill_node(0);
    place.cluster.revive_node(0);
    place.cluster.wait_idle(PATIENCE);
    place.expect(0, &[&RUN[..], &["--watch"]].concat());
    assert_eq!(crate::support::results(&place.records("x")).len(), 4);
}

#[test]
fn watching_does_not_wait_for_a_report_that_is_held() {
    let Some((place, _, report)) = held() else { return };
    let held = place.cluster.scontrol(&["hold", &report.to_string()]);
    assert!(held.status.success(), "{held:?}");
    place.remove("hold");
    let said = place.expect(0, &[&RUN[..], &["--watch"]].concat());
    assert!(said.contains("waits (JobHeldAdmin): writing it here"), "{said}");
    assert!(said.contains("4 of 4 runs have a result"), "{said}");
    assert!(place.sandbox.report("x").html().is_file());
    let line = place.cluster.task(report, None);
    assert!(line.is_none_or(|line| line.state == "CANCELLED"));
}

#[test]
fn a_local_sweep_can_be_ended_where_slurm_is_silent() {
    let Some((place, ..)) = held() else { return };
    place.expect(0, &["cancel", FILE]);
    place.cluster.wait_idle(PATIENCE);
    let mut local = place.command(&["run", FILE, "--no-report"]).spawn().unwrap();
    wait_until("the sweep's sign of life", PATIENCE, || {
        place.sandbox.report("x").running().join("sweep.json").is_file()
    });
    place.cluster.kill_controller();
    let said = place.expect(0, &["cancel", FILE]);
    assert!(said.contains("warning: Slurm's controller does not answer"), "{said}");
    assert!(said.contains(&format!("process {}", local.id())), "{said}");
    assert_eq!(local.wait().unwrap().code(), Some(130));
    // Nothing runs here, and of Slurm nothing is known.
    let said = place.expect(2, &["cancel", FILE]);
    assert!(said.contains("Slurm's controller does not answer"), "{said}");
}
