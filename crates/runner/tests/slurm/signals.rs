//! Tasks that are asked to end, and tasks that wait while the programs change.

use spec::record::Status;

use crate::PATIENCE;
use crate::cluster::{Options, wait_until};
use crate::place::{Place, digits, write_script};
use crate::support::results;

const RUN: [&str; 4] = ["run", "experiments/x.toml", "--launcher", "slurm"];

#[test]
fn sigterm_records_what_it_cancels_and_a_requeued_chunk_continues() {
    let options = Options { nodes: 1, cpus: 1, ..Options::default() };
    let Some(place) = Place::start(options) else { return };
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 4"));
    place.put("hold");
    place.expect(0, &RUN);
    let (array, _) = place.jobs("x", 1);
    let runs = place.chunks("x", 1).concat();
    place.put(&format!("hold.{}", runs[2]));
    place.remove("hold");
    wait_until("two results", PATIENCE, || place.has_result("x", &runs[1]));
    let task = format!("{array}_0");
    // Not before its worker holds the third run.
    place.cluster.scancel(&["--signal=TERM", "--batch", &task]);
    place.wait_for_state(array, 0, "FAILED");
    assert_eq!(place.field(&task, "ExitCode"), "75:0");
    let log = place.log("x", "1.0.0.log");
    assert!(log.contains("interrupted"), "{log}");
    let without: Vec<(String, Status)> = place
        .records("x")
        .iter()
        .filter(|r| !r.status.is_result())
        .map(|r| (r.run_id.to_string(), r.status))
        .collect();
    assert_eq!(without, [(runs[2].clone(), Status::Cancelled)]);
    assert!(!place.has_result("x", &runs[3]));

    place.remove(&format!("hold.{}", runs[2]));
    assert!(place.cluster.scontrol(&["requeue", &task]).status.success());
    place.wait_for_state(array, 0, "COMPLETED");
    assert_eq!(place.journals("x", "1.0.0").len(), 2);
    // None was trained twice, which is asserted in there.
    assert_eq!(results(&place.records("x")).len(), 4);
    let log = place.log("x", "1.0.0.log");
    assert!(log.contains("requeued 1"), "appended to, not written anew: {log}");
    place.cluster.wait_idle(PATIENCE);
    let said = place.expect(0, &[&RUN[..], &["--watch"]].concat());
    assert!(said.contains("nothing to train"), "{said}");
}

#[test]
fn a_later_build_is_not_picked_up_by_tasks_that_wait() {
    let options = Options { nodes: 1, cpus: 1, ..Options::default() };
    let Some(place) = Place::start(options) else { return };
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 2"));
    place.put("hold");
    place.expect(0, &RUN);
    let (array, _) = place.jobs("x", 1);
    place.wait_for_state(array, 0, "RUNNING");
    assert_eq!(place.cluster.task(array, Some(1)).unwrap().state, "PENDING");
    write_script(&place.control("worker.sh"), "#!/bin/bash\necho a later build >&2; exit 1\n");
    place.remove("hold");
    place.cluster.wait_idle(PATIENCE);
    for task in 0..2 {
        assert_eq!(place.cluster.task(array, Some(task)).unwrap().state, "COMPLETED");
    }
    assert_eq!(results(&place.records("x")).len(), 4);
}
