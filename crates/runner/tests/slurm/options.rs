//! Effects of flags and of a site's limits on the tasks.

use crate::PATIENCE;
use crate::cluster::Options;
use crate::place::{Place, digits};

const RUN: [&str; 4] = ["run", "experiments/x.toml", "--launcher", "slurm"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&RUN[..], more].concat()
}

#[test]
fn arrays_keep_to_the_sites_size_and_a_part_is_judged_by_itself() {
    let Some(place) = Place::start(Options { nodes: 1, max_array: 2, ..Options::default() }) else {
        return;
    };
    place.sandbox.sweep_file("x", &digits(2, 1, "runs_per_task = 1"));
    let said = place.expect(0, &with(&["--only", "seed=0", "--watch"]));
    assert!(said.contains("4 of 4 runs have a result"), "{said}");
    let planned = &place.submissions("x")[0];
    assert_eq!(planned["arrays"], serde_json::json!([2, 2]), "{planned}");
    assert_eq!(planned["runs"], 4);
    let records = place.records("x");
    assert_eq!(crate::support::results(&records).len(), 4);
    assert!(records.iter().all(|r| r.spec.seed == 0));
    // Both arrays have ended before the report's job began.
    let log = place.log("x", "1.report.log");
    assert!(log.contains("4 of 4 runs have a result"), "{log}");
    // The rest of the plan, which is judged as a whole again.
    let said = place.expect(0, &with(&["--watch"]));
    assert!(said.contains("4 runs in 4 tasks") && said.contains("8 of 8 runs"), "{said}");
}

#[test]
fn a_failing_run_is_tried_again_within_its_task() {
    let Some(place) = Place::start(Options { nodes: 1, ..Options::default() }) else { return };
    place.sandbox.sweep_file("x", &digits(1, 1, "runs_per_task = 4"));
    let plan = place.expect(0, &["run", "experiments/x.toml", "--plan", "--json"]);
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    let run = plan["runs"][0]["run_id"].as_str().unwrap();
    place.put(&format!("fail.{run}"));
    place.expect(0, &with(&["--retry", "2", "--no-report"]));
    place.cluster.wait_idle(PATIENCE);
    let records = place.records("x");
    let mut attempts: Vec<u64> =
        records.iter().filter(|r| r.run_id.to_string() == run).map(|r| r.attempt).collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3]);
    // Without a report there is no job for one, and nothing was drawn.
    assert!(place.submissions("x").iter().all(|l| !l.to_string().contains(".report")));
    assert!(!place.sandbox.report("x").html().exists());
}
