//! Grids that grow, through the built programs: the same runs whatever ends the sweep on the way,
//! on one machine, on two, and on a night.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use spec::plan::Plan;
use spec::stages::Stage;
use support::{Sandbox, results};

/// Rates far below the best of SGD, and around that of Adam.
fn growing() -> String {
    "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n\
     [model]\nkind = \"mlp\"\nhidden = [16]\n[train]\nepochs = 2\n[repeat]\nseeds = { count = 2 }\n\
     [confirm]\nseeds = { count = 2, base = 1000 }\n\
     [[optimizer]]\nkind = \"sgd\"\nlr = { log = [1e-2, 1e-1], points = 2, extend = { at_most = 2 } }\n\
     [[optimizer]]\nkind = \"adam\"\nlr = { log = [1e-3, 1e-1], points = 3, extend = { at_most = 2 } }\n"
        .to_owned()
}

fn plan(sandbox: &Sandbox) -> Plan {
    store::plan(&sandbox.report("growth")).unwrap()
}

fn added(plan: &Plan) -> Vec<String> {
    plan.grown().map(|grown| format!("{} {}", grown.label, grown.value)).collect()
}

fn trained(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut out = BTreeMap::new();
    for record in sandbox.records("growth").iter().filter(|r| r.status.is_result()) {
        *out.entry(record.run_id.to_string()).or_default() += 1;
    }
    out
}

#[test]
fn a_grid_grows_and_its_best_is_confirmed() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("growth", &growing());
    let before = sandbox.expect(0, &["run", "experiments/growth.toml", "--plan"]);
    let before = before.replace('\n', " ");
    assert!(before.contains("whose best value is at the edge: 8 runs at most"), "{before}");
    assert!(before.contains("of each optimizer on 2 fresh seeds: 4 runs at most"), "{before}");

    let text = sandbox.expect(0, &["run", "experiments/growth.toml"]);
    let plan = plan(&sandbox);
    assert_eq!(added(&plan), ["sgd 1", "sgd 10"], "{text}");
    assert!(text.contains("grids grow by sgd lr 1: 2 runs"), "{text}");
    assert_eq!((plan.runs.len(), plan.decisions.len()), (10 + 4 + 4, 3));
    // What the reader is told.
    let report =
        std::fs::read_to_string(sandbox.report("growth").path().join("REPORT.md")).unwrap();
    let told = "Grown: sgd by 2 configurations (lr 1 and 10). adam has not grown.";
    assert!(report.contains(told), "{report}");
    let again = sandbox.expect(0, &["run", "experiments/growth.toml"]);
    assert!(again.contains("nothing to train"), "{again}");
    let json = sandbox.expect(0, &["run", "experiments/growth.toml", "--plan", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["growth"]["added"].as_array().map(Vec::len), Some(2));
    let run = plan.runs.iter().rfind(|run| run.stage == Stage::Tuning).unwrap().run_id.to_string();
    let why = sandbox.expect(0, &["why", "experiments/growth.toml", &run]);
    assert!(!why.contains("not planned"), "{why}");

    // The values as a list are the same runs, of which nothing is trained again.
    let listed = growing().replace(
        "{ log = [1e-2, 1e-1], points = 2, extend = { at_most = 2 } }",
        "[1e-2, 1e-1, 1.0, 10.0]",
    );
    sandbox.sweep_file("growth", &listed);
    let text = sandbox.expect(0, &["run", "experiments/growth.toml"]);
    assert!(!text.contains("runs trained, "), "{text}");
    assert!(trained(&sandbox).values().all(|n| *n == 1));
}

#[test]
fn killed_at_any_moment_it_grows_to_the_same_runs() {
    let whole = Sandbox::new();
    whole.sweep_file("growth", &growing());
    let clock = Instant::now();
    whole.expect(0, &["run", "experiments/growth.toml", "--no-report"]);
    let (took, expected) = (clock.elapsed(), plan(&whole));
    let mut moments = spec::seed::stream(25, "moments of growth");
    for _ in 0..5 {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("growth", &growing());
        let deadline = Instant::now() + took.mul_f32(moments.uniform());
        let mut child = sandbox.spawn(&["run", "experiments/growth.toml", "--no-report"]);
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        child.wait().unwrap();
        sandbox.expect(0, &["run", "experiments/growth.toml", "--no-report"]);
        let now = plan(&sandbox);
        assert_eq!((now.runs, now.decisions), (expected.runs.clone(), expected.decisions.clone()));
        assert!(trained(&sandbox).values().all(|n| *n == 1), "nothing is trained twice");
        assert_eq!(results(&sandbox.records("growth")), results(&whole.records("growth")));
    }
}

#[test]
fn another_rule_is_decided_anew_and_results_are_kept() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("growth", &growing());
    sandbox.expect(0, &["run", "experiments/growth.toml", "--no-report"]);
    let first = plan(&sandbox);
    sandbox.sweep_file("growth", &growing().replacen("at_most = 2", "at_most = 3", 1));
    sandbox.expect(0, &["run", "experiments/growth.toml", "--no-report"]);
    let now = plan(&sandbox);
    assert_eq!(added(&now)[..2], added(&first)[..]);
    assert_eq!(now.superseded, [], "it came to the same");
    assert!(trained(&sandbox).values().all(|n| *n == 1));
    // Part of a plan opens nothing, and says why.
    let text = sandbox.expect(0, &["run", "experiments/growth.toml", "--fresh", "--shard", "1/2"]);
    assert!(text.contains("the growth of grids (extend) waits"), "{text}");
    assert_eq!(plan(&sandbox).decisions, []);
}

#[test]
fn a_night_repeats_the_growth_of_its_baseline() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("growth", &growing());
    let file = "experiments/growth.toml";
    sandbox.expect(0, &["run", file, "--no-report"]);
    sandbox.expect(0, &["baseline", "accept", file, "--reason", "a test"]);
    let text = sandbox.expect(0, &["nightly", file]);
    assert_eq!(added(&plan(&sandbox)), ["sgd 1", "sgd 10"], "{text}");
    assert_eq!(plan(&sandbox).runs.len(), 18);
}
