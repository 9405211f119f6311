//! A staged sweep as tasks of a cluster: each `sweep` submits one stage, `--watch` all of them.

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
    assert!(said.contains("all 14 results are there already"), "{said}");
}
