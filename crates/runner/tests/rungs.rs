//! Rungs of tuning, through the built programs: exactly the cut runs are paused, whatever ends the
//! sweep on the way.

mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use spec::plan::Plan;
use spec::record::{RunRecord, Status};
use support::Sandbox;

/// Nine configurations of two seeds.
fn full() -> String {
    "[data]\ndataset = \"digits\"\nbatch_size = 32\nvalidation = 237\n\
     [model]\nkind = \"mlp\"\nhidden = [16]\n[train]\nepochs = 4\n[repeat]\nseeds = { count = 2 }\n\
     [[optimizer]]\nkind = \"sgd\"\nlr = [1e-4, 1e-3, 1e-2, 1e-1]\nschedule = { kind = \"cosine\" }\n\
     [[optimizer]]\nkind = \"adam\"\nlr = [1e-5, 1e-4, 1e-3, 3e-3, 1e-2]\n"
        .to_owned()
}

fn tuned() -> String {
    format!("{}\n[tuning]\nrungs = [1, 2]\nkeep = \"1/3\"\n", full())
}

fn plan(sandbox: &Sandbox) -> Plan {
    store::plan(&sandbox.report("rungs")).unwrap()
}

/// The best record of each run.
fn records(sandbox: &Sandbox) -> BTreeMap<String, RunRecord> {
    let best = store::journal::read(&sandbox.report("rungs")).unwrap().into_best();
    best.into_iter().map(|(id, record)| (id.to_string(), record)).collect()
}

fn epochs(records: &BTreeMap<String, RunRecord>, status: Status) -> Vec<u64> {
    let of_status = records.values().filter(|record| record.status == status);
    let mut out: Vec<u64> =
        of_status.map(|r| r.outcome.as_ref().unwrap().epochs_completed).collect();
    out.sort_unstable();
    out
}

fn weights(records: &BTreeMap<String, RunRecord>) -> BTreeMap<String, String> {
    let with = records.iter().filter(|(_, record)| record.status.is_result());
    with.map(|(id, r)| (id.clone(), r.outcome.as_ref().unwrap().weights_digest.clone().unwrap()))
        .collect()
}

#[test]
fn what_is_cut_is_paused_and_what_goes_on_ends_as_ever() {
    let file = "experiments/rungs.toml";
    let whole = Sandbox::new();
    whole.sweep_file("rungs", &full());
    whole.expect(0, &["run", file, "--no-report"]);
    let expected = weights(&records(&whole));

    let sandbox = Sandbox::new();
    sandbox.sweep_file("rungs", &tuned());
    let before = sandbox.expect(0, &["run", file, "--plan"]).replace('\n', " ");
    assert!(before.contains("runs pause at epochs 1, 2, where 33% of the"), "{before}");
    let text = sandbox.expect(0, &["run", file]);
    let told = "rung at epoch 1: 5 configurations continue to epoch 2";
    assert!(text.contains(told), "{text}");
    assert!(text.contains("rung at epoch 2: 2 configurations continue to the end"), "{text}");
    let cut = records(&sandbox);
    // Two of SGD's tie with the last of those that go on.
    let mut paused = vec![1; 8];
    paused.extend([2; 6]);
    assert_eq!((epochs(&cut, Status::Cut), epochs(&cut, Status::Completed)), (paused, vec![4; 4]));
    let finished = weights(&cut);
    assert_eq!(finished.len(), 4);
    assert!(finished.iter().all(|(id, digest)| expected[id] == *digest), "as without rungs");
    let on_from = cut.values().filter(|r| r.status == Status::Completed);
    assert!(on_from.clone().all(|r| r.outcome.as_ref().unwrap().resumed_from == Some(2)));
    // The best of each is the best of the whole sweep here.
    let report = std::fs::read_to_string(sandbox.report("rungs").path().join("REPORT.md")).unwrap();
    assert!(
        report.contains("The runs of the sweep file were trained for 36 of their 72 run-epochs; 14 of them are paused."),
        "{report}"
    );
    assert!(!report.to_lowercase().contains("runs without a result"), "{report}");
    let again = sandbox.expect(0, &["run", file]);
    assert!(again.contains("nothing to train"), "{again}");
    let status = sandbox.expect(0, &["status", file]);
    assert!(status.contains("rungs: finished") && status.contains("14 cut"), "{status}");
    let of_cut = cut.values().find(|r| r.status == Status::Cut).unwrap().run_id.to_string();
    let why = sandbox.expect(0, &["why", file, &of_cut]);
    assert!(why.contains("cut: paused at the rung that cut it"), "{why}");

    // Without rungs each is the full run, which goes on from where it paused.
    sandbox.sweep_file("rungs", &full());
    let text = sandbox.expect(0, &["run", file, "--plan"]);
    assert!(text.replace('\n', " ").contains("4 cached, 14 to train"), "{text}");
    sandbox.expect(0, &["run", file, "--no-report"]);
    let all = records(&sandbox);
    assert_eq!(weights(&all), expected);
    let mut from: Vec<Option<u64>> =
        all.values().map(|r| r.outcome.as_ref().unwrap().resumed_from).collect();
    from.sort_unstable();
    assert_eq!((from.iter().filter(|f| **f == Some(1)).count(), from[8]), (8, Some(2)));
    assert!(!sandbox.report("rungs").checkpoints().exists(), "nothing is left of them");
    // With them again the full curves say what was cut.
    sandbox.sweep_file("rungs", &tuned());
    let text = sandbox.expect(0, &["run", file]);
    assert!(!text.contains("runs trained, "), "{text}");
    let report = std::fs::read_to_string(sandbox.report("rungs").path().join("REPORT.md")).unwrap();
    let told = "In hindsight: of 2 optimizers with full curves of all configurations,";
    assert!(report.contains(told), "{report}");
}

#[test]
fn killed_at_any_moment_it_cuts_the_same_runs() {
    let whole = Sandbox::new();
    whole.sweep_file("rungs", &tuned());
    let clock = Instant::now();
    whole.expect(0, &["run", "experiments/rungs.toml", "--no-report"]);
    let (took, expected) = (clock.elapsed(), plan(&whole));
    let mut moments = spec::seed::stream(25, "moments of rungs");
    for _ in 0..6 {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("rungs", &tuned());
        let deadline = Instant::now() + took.mul_f32(moments.uniform());
        let mut child = sandbox.spawn(&["run", "experiments/rungs.toml", "--no-report"]);
        while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
            std::thread::sleep(Duration::from_millis(2));
        }
        let _ = child.kill();
        child.wait().unwrap();
        sandbox.expect(0, &["run", "experiments/rungs.toml", "--no-report"]);
        let now = plan(&sandbox);
        assert_eq!((now.runs, now.decisions), (expected.runs.clone(), expected.decisions.clone()));
        let now = records(&sandbox);
        assert_eq!(weights(&now), weights(&records(&whole)));
        assert_eq!(epochs(&now, Status::Cut), epochs(&records(&whole), Status::Cut));
    }
}

#[test]
fn lost_checkpoints_cost_time_alone() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("rungs", &tuned());
    sandbox.expect(0, &["run", "experiments/rungs.toml", "--no-report"]);
    std::fs::remove_dir_all(sandbox.report("rungs").checkpoints()).unwrap();
    sandbox.sweep_file("rungs", &full());
    sandbox.expect(0, &["run", "experiments/rungs.toml", "--no-report"]);
    let whole = Sandbox::new();
    whole.sweep_file("rungs", &full());
    whole.expect(0, &["run", "experiments/rungs.toml", "--no-report"]);
    assert_eq!(weights(&records(&sandbox)), weights(&records(&whole)));
}

#[test]
fn parts_of_a_plan_and_nights_pause_likewise() {
    let machines = [Sandbox::new(), Sandbox::new()];
    let file = "experiments/rungs.toml";
    let folder = |i: usize| machines[i].report("rungs").path().display().to_string();
    for _ in 0..3 {
        for (machine, part) in machines.iter().zip(["1/2", "2/2"]) {
            machine.sweep_file("rungs", &tuned());
            machine.run(&["run", file, "--shard", part, "--no-report"]);
        }
        for (i, machine) in machines.iter().enumerate() {
            machine.run(&["merge", file, &folder(1 - i)]);
        }
    }
    let whole = Sandbox::new();
    whole.sweep_file("rungs", &tuned());
    whole.expect(0, &["run", file, "--no-report"]);
    assert_eq!(plan(&machines[0]).decisions, plan(&whole).decisions);
    machines[0].expect(0, &["run", file, "--no-report"]);
    assert_eq!(weights(&records(&machines[0])), weights(&records(&whole)));

    whole.expect(0, &["baseline", "accept", file, "--reason", "a test"]);
    let text = whole.expect(0, &["nightly", file]);
    assert!(text.contains("Identical: all 4 runs are bit-identical"), "{text}");
    let now = records(&whole);
    assert_eq!(epochs(&now, Status::Cut).len(), 14, "{text}");
    assert_eq!(plan(&whole).pauses(), plan(&machines[0]).pauses());
}

#[test]
fn what_is_asked_for_later_is_measured_before_it_decides() {
    let file = "experiments/rungs.toml";
    let with =
        |text: &str, train: &str| text.replace("epochs = 4\n", &format!("epochs = 4\n{train}\n"));
    let f1 = |text: &str| format!("{text}\n[target]\nmetric = \"validation.f1\"\n");
    // Paused at the first rung, when another metric is to decide.
    let sandbox = Sandbox::new();
    sandbox.sweep_file("rungs", &tuned());
    for part in ["1/2", "2/2"] {
        sandbox.expect(0, &["run", file, "--shard", part, "--no-report"]);
    }
    sandbox.sweep_file("rungs", &f1(&tuned()));
    let text = sandbox.expect(0, &["run", file, "--no-report"]);
    let whole = Sandbox::new();
    whole.sweep_file("rungs", &f1(&tuned()));
    whole.expect(0, &["run", file, "--no-report"]);
    assert_eq!(plan(&sandbox).decisions, plan(&whole).decisions, "{text}");
    // Weights and a metric that full results lack.
    for more in [with(&tuned(), "save = \"last\""), f1(&tuned())] {
        let sandbox = Sandbox::new();
        sandbox.sweep_file("rungs", &full());
        sandbox.expect(0, &["run", file, "--no-report"]);
        sandbox.sweep_file("rungs", &more);
        let text = sandbox.expect(0, &["run", file, "--no-report"]);
        assert!(!text.contains("waits"), "{text}");
        let again = sandbox.expect(0, &["run", file, "--no-report"]);
        assert!(again.contains("nothing to train"), "{again}");
    }
}

#[test]
fn decisions_of_another_file_are_not_taken_over() {
    let (here, there) = (Sandbox::new(), Sandbox::new());
    let file = "experiments/rungs.toml";
    here.sweep_file("rungs", &format!("{}\n[tuning]\nrungs = [2]\nkeep = 0.2\n", full()));
    here.run(&["run", file, "--shard", "1/2", "--no-report"]);
    there.sweep_file("rungs", &tuned());
    there.expect(0, &["run", file, "--no-report"]);
    let folder = there.report("rungs").path().display().to_string();
    here.run(&["merge", file, &folder]);
    assert_eq!(plan(&here).decisions, []);
}
