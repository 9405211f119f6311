//! Growth of grids on results that are a function of the hyper-parameters: which values are added,
//! when it ends, and that the runs are those of a file that lists the values.

#[path = "common/last.rs"]
mod last;

use std::collections::HashMap;

use last::named;
use report::analysis::{Analysis, decide_by};
use report::superseded::Superseded;
use report::table::RunRow;
use spec::Id;
use spec::params::Value;
use spec::plan::{Plan, PlannedRun};
use spec::record::{Outcome, RunRecord, Status};
use spec::stages::Stage;
use sweep_file::{Overrides, load_text};

fn file(optimizers: &str, rest: &str) -> Plan {
    let text = format!(
        "[data]\ndataset = \"digits\"\nvalidation = 237\n[model]\nkind = \"linear\"\n[repeat]\nseeds = [0, 1]\n\
         {rest}\n{optimizers}"
    );
    let loaded = load_text("x.toml", "x", text, &Overrides::default());
    loaded.map(|loaded| loaded.plan).unwrap_or_else(|d| panic!("{d}"))
}

fn sgd(axes: &str) -> String {
    format!("[[optimizer]]\nkind = \"sgd\"\n{axes}\n")
}

/// The accuracy of a run; NaN for a diverged run.
fn row(run: &PlannedRun, accuracy: f64) -> RunRow {
    let (seed, diverged) = (run.spec.seed, accuracy.is_nan());
    RunRow {
        status: Some(if diverged { Status::Diverged } else { Status::Completed }),
        dataset_digest: Some("data".to_owned()),
        init_digest: Some(format!("weights {seed}")),
        batch_digest: Some(format!("[\"batches {seed}\"]")),
        last_epoch: match diverged {
            true => Default::default(),
            false => {
                named([("validation.accuracy", Some(accuracy)), ("test.accuracy", Some(accuracy))])
            }
        },
        ..RunRow::default()
    }
}

/// Plays a plan to its end.
fn played(mut plan: Plan, accuracy: &dyn Fn(&PlannedRun) -> f64) -> Plan {
    let result = |run: &PlannedRun| Some((row(run, accuracy(run)), None));
    while let Some(decision) = decide_by(&plan, &result) {
        plan.decide(decision);
        assert!(plan.decisions.len() < 20, "it ends");
    }
    assert!(!plan.is_open());
    plan
}

fn lr(run: &PlannedRun) -> f64 {
    run.spec.optimizer.lr()
}

/// An accuracy that falls with the distance from the best learning rate, in decades.
fn peak(at: f64) -> impl Fn(&PlannedRun) -> f64 {
    move |run| 0.9 - 0.1 * (lr(run) / at).log10().abs()
}

fn added(plan: &Plan) -> Vec<(String, String)> {
    let named = |grown: &spec::growth::Grown| {
        (grown.path.replace("optimizer.", ""), grown.value.to_string())
    };
    plan.grown().map(named).collect()
}

fn of_lr(values: &[&str]) -> Vec<(String, String)> {
    values.iter().map(|value| ("lr".to_owned(), (*value).to_owned())).collect()
}

const GRID: &str = "lr = { log = [1e-3, 1e-1], points = 3, extend = { at_most = 3 } }";

#[test]
fn a_grid_grows_until_its_best_lies_within() {
    let inside = played(file(&sgd(GRID), ""), &peak(1e-2));
    assert_eq!((added(&inside), inside.runs.len()), (vec![], 6));
    assert_eq!(inside.decisions.len(), 1, "that nothing grows is decided, too");
    let above = played(file(&sgd(GRID), ""), &peak(1.0));
    assert_eq!(added(&above), of_lr(&["1", "10"]));
    let below = played(file(&sgd(GRID), ""), &peak(1e-30));
    assert_eq!(added(&below), of_lr(&["1e-4", "1e-5", "1e-6"]), "three at most");
}

#[test]
fn added_runs_are_those_of_a_file_that_lists_the_value() {
    let grown = played(file(&sgd(GRID), ""), &peak(1.0));
    let listed = file(&sgd("lr = [1e-3, 1e-2, 1e-1, 1.0, 10.0]"), "");
    assert_eq!(grown.runs, listed.runs);
    // A plan that is read again has them, too.
    let read: Plan = serde_json::from_str(&serde_json::to_string(&grown).unwrap()).unwrap();
    assert_eq!(read, grown);
    let bare = file(&sgd("lr = { log = [1e-3, 1e-1], points = 3 }"), "");
    assert_eq!(bare.runs, file(&sgd(GRID), "").runs, "no part of any id");
}

#[test]
fn nothing_grows_beyond_a_diverged_edge_or_from_a_plateau() {
    let to = |run: &PlannedRun| if lr(run) > 1.0 { f64::NAN } else { peak(10.0)(run) };
    let plan = played(file(&sgd(GRID), ""), &to);
    assert_eq!(added(&plan), of_lr(&["1", "10"]), "10 diverges, and 1 is within from then on");
    let partly = |run: &PlannedRun| match run.spec.seed == 1 && lr(run) > 0.05 {
        true => f64::NAN,
        false => peak(10.0)(run),
    };
    assert_eq!(added(&played(file(&sgd(GRID), ""), &partly)), [], "a seed of the edge diverged");
    let level = |run: &PlannedRun| if lr(run) < 0.005 { 0.5 } else { 0.9 };
    assert_eq!(added(&played(file(&sgd(GRID), ""), &level)), [], "0.01 is as good as 0.1");
    let perfect = |run: &PlannedRun| if lr(run) > 0.05 { 1.0 } else { 0.9 };
    assert_eq!(added(&played(file(&sgd(GRID), ""), &perfect)), [], "nothing can be better");
    let everywhere = |run: &PlannedRun| match run.spec.seed {
        1 => f64::NAN,
        _ => peak(10.0)(run),
    };
    assert_eq!(added(&played(file(&sgd(GRID), ""), &everywhere)), [], "a seed of each diverged");
    let two = "lr = { log = [1e-2, 1e-1], points = 2, extend = { at_most = 3 } }";
    assert_eq!(added(&played(file(&sgd(two), ""), &|_| 0.9)), [], "both edges are equally good");
}

#[test]
fn one_axis_grows_at_a_time_the_learning_rate_first() {
    let axes = "momentum = { one_minus = { log = [1e-2, 1e-1] }, points = 2, extend = { at_most = 2 } }\n\
                lr = { log = [1e-2, 1e-1], points = 2, extend = { at_most = 2 } }";
    let momentum = |run: &PlannedRun| match run.axes["optimizer.momentum"] {
        Value::Float(x) => x,
        _ => unreachable!(),
    };
    let accuracy = |run: &PlannedRun| peak(1.0)(run) + 0.001 * momentum(run);
    let plan = played(file(&sgd(axes), ""), &accuracy);
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    let expected =
        [pair("lr", "1"), pair("lr", "10"), pair("momentum", "0.999"), pair("momentum", "0.9999")];
    assert_eq!(added(&plan), expected);
    // The others stay at their best: 0.99 beside each rate, and the rate 1 beside each momentum.
    let last = plan.runs.last().unwrap();
    assert_eq!((lr(last), momentum(last)), (1.0, 0.9999));
    // Shares end below one, and decays at none.
    let decay = "lr = 0.1\nweight_decay = { values = [0.0, 1e-4, 1e-3], extend = { at_most = 5 } }";
    let less = |run: &PlannedRun| match run.axes["optimizer.weight_decay"] {
        Value::Float(x) => 0.9 - x,
        _ => unreachable!(),
    };
    assert_eq!(added(&played(file(&sgd(decay), ""), &less)), [], "nothing lies below none");
}

#[test]
fn every_optimizer_grows_by_the_same_rule_and_the_fresh_seeds_follow() {
    let adam = format!("[[optimizer]]\nkind = \"adam\"\n{GRID}\n");
    let both = format!("{}{adam}", sgd(GRID));
    let confirm = "[confirm]\nseeds = { count = 2, base = 1000 }";
    let plan = file(&both, confirm);
    assert_eq!((plan.at_most(Stage::Tuning), plan.at_most(Stage::Confirm)), (12, 4));
    let accuracy = |run: &PlannedRun| match run.label.as_str() {
        "sgd" => peak(1.0)(run),
        _ => peak(1e-3)(run),
    };
    let plan = played(plan, &accuracy);
    let labels: Vec<&str> = plan.grown().map(|grown| grown.label.as_str()).collect();
    assert_eq!(labels, ["sgd", "adam", "sgd"]);
    assert_eq!(plan.decisions.len(), 3);
    let fresh = plan.runs.iter().filter(|run| run.stage == Stage::Confirm);
    let fresh: Vec<(&str, f64)> = fresh.map(|run| (run.label.as_str(), lr(run))).collect();
    assert_eq!(fresh, [("sgd", 1.0), ("sgd", 1.0), ("adam", 1e-3), ("adam", 1e-3)]);
    // The report judges them.
    let rows = plan.runs.iter().map(|run| row(run, accuracy(run))).collect();
    let analysis = Analysis::new(plan.clone(), rows);
    assert_eq!(analysis.judging(), Stage::Confirm);
    let chosen = &analysis.configs[analysis.tuned[0].unwrap()];
    assert!(analysis.was_added(chosen) && lr(analysis.planned(chosen)) == 1.0);
    assert_eq!(analysis.configs.iter().filter(|c| analysis.was_added(c)).count(), 3);
}

#[test]
fn a_decision_waits_for_results_and_rests_on_runs_alone() {
    let plan = file(&sgd(GRID), "");
    assert!(decide_by(&plan, &|_| None).is_none());
    // Runs that another label has are not added twice.
    let two =
        format!("[[optimizer]]\nkind = \"sgd\"\nlabel = \"high\"\nlr = [0.3, 1.0]\n{}", sgd(GRID));
    let plan = played(file(&two, ""), &peak(1.0));
    assert_eq!(added(&plan), []);
    let mut ids: HashMap<Id, usize> = HashMap::new();
    plan.runs.iter().for_each(|run| *ids.entry(run.run_id).or_default() += 1);
    assert!(ids.values().all(|n| *n == 1));
}

#[test]
fn what_replaced_decisions_cost_is_told() {
    let confirm = "[confirm]\nseeds = { count = 2, base = 1000 }";
    let first = played(file(&sgd(GRID), confirm), &peak(1.0));
    let mut second = played(file(&sgd(GRID), confirm), &peak(1e-2));
    second.superseded.clone_from(&first.decisions);
    let records: Vec<RunRecord> = first
        .runs
        .iter()
        .chain(&second.runs)
        .map(|run| {
            let outcome = test_records::outcome(run, Status::Completed);
            let (epochs_completed, train_seconds, eval_seconds) = (2, 1.0, 0.5);
            let outcome = Outcome { epochs_completed, train_seconds, eval_seconds, ..outcome };
            let record = test_records::record(run, Status::Completed);
            RunRecord { outcome: Some(outcome), ..record }
        })
        .collect();
    let map: HashMap<Id, &RunRecord> = records.iter().map(|r| (r.run_id, r)).collect();
    let cost = Superseded::of(&second, &map);
    // Two values of two seeds that were added, and the two fresh runs of one of them.
    assert_eq!((cost.decisions, cost.runs), (3, 4 + 2));
    assert_eq!((cost.epochs, cost.device_seconds), (6 * 2, 6.0 * 1.5));
    assert!(Superseded::of(&first, &map).is_empty());
    // A decision that was replaced by one alike added no run that is not in the plan.
    let mut alike = first.clone();
    alike.superseded.clone_from(&first.decisions);
    assert!(Superseded::of(&alike, &map).is_empty());
}

#[test]
fn two_labels_of_one_optimizer_do_not_grow_into_each_other() {
    let two = "[[optimizer]]\nkind = \"sgd\"\nlabel = \"low\"\nlr = { log = [1e-3, 1e-2], points = 2, extend = { at_most = 2 } }\n\
         [[optimizer]]\nkind = \"sgd\"\nlabel = \"high\"\nlr = { log = [1.0, 10.0], points = 2, extend = { at_most = 2 } }\n";
    let plan = played(file(two, ""), &peak(0.1));
    assert_eq!(added(&plan), of_lr(&["0.1"]), "for the first label alone");
    let ids: std::collections::HashSet<Id> = plan.runs.iter().map(|run| run.run_id).collect();
    assert_eq!(ids.len(), plan.runs.len());
}

#[test]
fn a_value_between_others_is_no_edge_whatever_stands_beside_it() {
    let axes = "lr = { log = [1e-2, 1e-1], points = 2, extend = { at_most = 1 } }\n\
                weight_decay = { values = [0.0, 1e-4, 1e-3], extend = { at_most = 3 } }";
    // The rate grows first, so that the best has no neighbour in the decay; a larger decay is worse.
    let accuracy = |run: &PlannedRun| {
        let Value::Float(decay) = run.axes["optimizer.weight_decay"] else { unreachable!() };
        peak(1.0)(run) - 10.0 * (decay - 1e-3).abs()
    };
    let plan = played(file(&sgd(axes), ""), &accuracy);
    let pair = |path: &str, value: &str| (path.to_owned(), value.to_owned());
    assert_eq!(added(&plan), [pair("lr", "1"), pair("weight_decay", "0.01")]);
}

#[test]
fn grids_grow_after_the_last_rung() {
    let rungs = "[tuning]\nrungs = [1, 3]\nkeep = 0.5";
    let plan = played(file(&sgd(GRID), rungs), &peak(1.0));
    let rungs: Vec<u64> = plan.decisions.iter().map(|decision| decision.rung).collect();
    assert_eq!(rungs, [1, 2, 0, 0, 0], "the number of the rung, then growth");
    assert_eq!(added(&plan), of_lr(&["1", "10"]));
}
