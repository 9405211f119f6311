//! A staged sweep as tasks of a cluster: each `sweep` submits one stage, `--watch` all of them.

use spec::record::{RunRecord, Status};
use spec::stages::Stage;

use crate::cluster::Options;
use crate::place::Place;
use crate::support::digits;

const FILE: &str = "experiments/stages.toml";

fn staged() -> String {
    format!(
        "{}[confirm]\nseeds = {{ count = 3, base = 1000 }}\n[devices]\nthreads_per_run = 1\n",
        digits(2, 1)
    )
}

#[test]
fn each_sweep_submits_a_stage_and_watching_trains_all() {
    let Some(place) = Place::start(Options::default()) else { return };
    place.sandbox.sweep_file("stages", &staged());
    let fresh = || {
        let plan = store::plan(&place.sandbox.report("stages")).unwrap();
        plan.runs.iter().filter(|run| run.stage == Stage::Confirm).count()
    };
    let text = place.expect(0, &["run", FILE, "--launcher", "slurm", "--watch"]);
    assert_eq!(fresh(), 6, "{text}");
    assert!(
        text.contains("tuning has chosen; 2 configurations on 3 fresh seeds: 6 runs"),
        "{text}"
    );
    assert!(text.contains("14 of 14 runs have a result"), "{text}");
    let (tuning, fresh) = (place.jobs("stages", 1), place.jobs("stages", 2));
    assert!(tuning.1 < fresh.0, "an array and its report for each stage");
    let said = place.expect(0, &["run", FILE, "--launcher", "slurm"]);
    assert!(said.contains("nothing to train; 14 results cached"), "{said}");
}

#[test]
fn rungs_pause_runs_of_a_cluster_and_later_tasks_go_on() {
    let Some(place) = Place::start(Options::default()) else { return };
    let tuned = format!(
        "{}[tuning]\nrungs = [1]\nkeep = 0.5\n[devices]\nthreads_per_run = 1\n",
        digits(2, 3)
    );
    place.sandbox.sweep_file("stages", &tuned);
    let text = place.expect(0, &["run", FILE, "--launcher", "slurm", "--watch"]);
    assert!(text.contains("rung at epoch 1: 2 configurations continue to the end"), "{text}");
    assert!(text.contains("4 of 8 runs have a result, 4 paused at a rung"), "{text}");
    let records = place.sandbox.records("stages");
    let of = |status: Status| records.iter().filter(move |record| record.status == status);
    assert_eq!((of(Status::Cut).count(), of(Status::Completed).count()), (8, 4));
    let from = |record: &RunRecord| record.outcome.as_ref().unwrap().resumed_from;
    assert!(of(Status::Completed).all(|record| from(record) == Some(1)), "from their checkpoints");
    let said = place.expect(0, &["run", FILE, "--launcher", "slurm"]);
    assert!(said.contains("4 results cached, 4 runs are paused at a rung"), "{said}");
}
