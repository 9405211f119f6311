//! Protocols of comparisons: claims, targets set from reruns, scores over tasks.

mod support;

#[path = "../../report/tests/common/mod.rs"]
mod common;

use std::fs;
use std::path::PathBuf;

use common::{End, Fixture};
use spec::record::{MetricPoint, RunRecord, Split};
use support::{Sandbox, digits};

const FILE: &str = "experiments/x.toml";

/// Reports of two sweeps with a target; no worker is needed.
fn fabricated() -> Sandbox {
    let sandbox = Sandbox::with_worker(PathBuf::from("no-worker"));
    for (name, epochs) in [("short", 5), ("long", 9)] {
        let named = name.to_owned();
        let fixture = Fixture { name: named, epochs, target: 0.93, ..Fixture::battle(3) };
        fixture.write(&sandbox.path(&format!("reports/{name}")));
    }
    sandbox
}

#[test]
fn a_claim_is_refused_or_told_from_file_to_page() {
    let sandbox = Sandbox::new();
    let claim = |seeds, test: &str| {
        format!("{}[claim]\ntarget = 0.5\nlevel = 0.05\ntest = \"{test}\"\n", digits(seeds, 1))
    };
    sandbox.sweep_file("x", &claim(4, "sign"));
    let text = sandbox.expect(2, &["run", FILE]);
    assert!(text.contains("4 seeds can never support a claim at the level 0.05"), "{text}");
    assert!(text.contains("write seeds = { count = 5 }") && !sandbox.path("reports/x").exists());

    sandbox.sweep_file("x", &digits(5, 1));
    sandbox.expect(0, &["run", FILE]);
    let (before, page) = (sandbox.records("x").len(), sandbox.report("x").markdown());
    assert!(!fs::read_to_string(&page).unwrap().contains("## Claim"));
    // A claim changes no id: nothing is trained again.
    sandbox.sweep_file("x", &claim(5, "sign"));
    sandbox.expect(0, &["run", FILE]);
    assert_eq!(sandbox.records("x").len(), before);
    let text = fs::read_to_string(&page).unwrap();
    assert!(text.contains("\n## Claim\n") && text.contains("the exact sign test"), "{text}");
    assert!(sandbox.report("x").tables().join("claim.csv").is_file());
    // `report` takes that of today, and shows none where it does not fit the runs.
    sandbox.sweep_file("x", &claim(5, "t"));
    sandbox.expect(0, &["report", FILE]);
    assert!(fs::read_to_string(&page).unwrap().contains("Student's t test of one sample"));
    sandbox.sweep_file("x", &claim(5, "t").replace("0.5\n", "1.5\n"));
    let text = sandbox.expect(0, &["report", FILE]);
    assert!(text.contains("the report leaves out [claim]: no run can reach above 1.5"), "{text}");
    // A claim that the file no longer makes is not shown as the file's.
    assert!(!fs::read_to_string(&page).unwrap().contains("## Claim"));
}

#[test]
fn a_target_is_set_from_the_seeds_of_the_best_configuration() {
    let sandbox = fabricated();
    let before = fs::read(sandbox.report("short").plan()).unwrap();
    let text = sandbox.expect(0, &["target", "reports/short"]);
    assert!(text.starts_with("Set from 3 seeds of adam"), "{text}");
    let plain = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        plain.contains("The seeds that chose the configuration among 5 also set the target"),
        "{text}"
    );
    // What is printed is read: the lines make a sweep file with a target and a claim.
    let lines = &text[text.find("[target]").expect("lines")..];
    let toml = |key: &str| -> f64 {
        let line = lines.lines().find(|line| line.starts_with(key)).expect("a line");
        line.split(" = ").nth(1).unwrap().parse().unwrap()
    };
    assert!(lines.contains("metric = \"validation.accuracy\"\nvalue = 0.9"), "{text}");
    assert!(lines.contains("metric = \"test.accuracy\"\ntarget = 0.9"), "{text}");
    sandbox.sweep_file("x", &format!("{}{lines}", digits(5, 1)));
    sandbox.expect(0, &["run", FILE, "--plan"]);
    // Of three seeds the median lies between the worst and the best.
    let worst = sandbox.expect(0, &["target", "reports/short", "--statistic", "worst"]);
    assert!(worst.contains("Worst of validation accuracy"), "{worst}");
    let of = |text: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with("value = ")).unwrap();
        line["value = ".len()..].parse().unwrap()
    };
    assert!(of(&worst) < toml("value"), "{worst}");
    let sgd = sandbox.expect(0, &["target", "reports/short", "--optimizer", "sgd"]);
    assert!(of(&sgd) < of(&worst), "{sgd}");
    let text = sandbox.expect(2, &["target", "reports/short", "--optimizer", "sgdm"]);
    assert!(
        text.contains("--optimizer sgdm")
            && text.contains("labels with completed runs: sgd, momentum"),
        "{text}"
    );
    assert_eq!(fs::read(sandbox.report("short").plan()).unwrap(), before, "only read");
}

/// Values of a metric after the last epoch, of all runs.
fn last(sandbox: &Sandbox, name: &str, split: Split, metric: &str) -> Vec<f64> {
    let of = |record: RunRecord| {
        let metrics = record.outcome?.metrics;
        let end = metrics.iter().map(|m| m.epoch).max()?;
        let found = |m: &&MetricPoint| m.epoch == end && m.split == split && m.metric == metric;
        metrics.iter().find(found).map(|m| m.value.0)
    };
    sandbox.records(name).into_iter().filter_map(of).collect()
}

#[test]
fn a_seed_that_set_a_target_reaches_it_and_is_not_beyond_its_claim() {
    let sandbox = fabricated();
    let text = sandbox.expect(0, &["target", "reports/short", "--statistic", "worst"]);
    let printed = |key: &str| -> f64 {
        let line = text.lines().find(|line| line.starts_with(key)).expect("a line");
        line.split(" = ").nth(1).unwrap().parse().unwrap()
    };
    // Six digits: the target is rounded down to reach it, the claim up.
    let beside = |values: Vec<f64>, printed: f64| {
        let off = values.into_iter().map(|value| value - printed);
        off.min_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap()
    };
    let target = beside(last(&sandbox, "short", Split::Validation, "accuracy"), printed("value"));
    let claim = beside(last(&sandbox, "short", Split::Test, "accuracy"), printed("target"));
    assert!((0.0..2e-6).contains(&target), "{target}");
    assert!((-2e-6..=0.0).contains(&claim), "{claim}");
    assert!(target != 0.0 || claim != 0.0, "neither was rounded: nothing is shown");
}

#[test]
fn one_seed_sets_a_target_with_a_warning_and_lines_that_are_refused_are_not_printed() {
    let sandbox = Sandbox::with_worker(PathBuf::from("no-worker"));
    Fixture::battle(1).write(&sandbox.path("reports/battle"));
    let text = sandbox.expect(0, &["target", "reports/battle"]);
    assert!(text.contains("A single seed does not predict others") && text.contains("[claim]\n"));
    let path = sandbox.report("battle").plan();
    let plan = fs::read_to_string(&path).unwrap();
    let mut plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    for run in plan["runs"].as_array_mut().unwrap() {
        run["spec"]["early_stopping"] =
            serde_json::json!({"metric": "validation.loss", "patience": 1, "min_delta": 0.0});
    }
    fs::write(&path, plan.to_string()).unwrap();
    let text = sandbox.expect(0, &["target", "reports/battle"]);
    assert!(text.contains("No lines for [claim] are given: early stopping"), "{text}");
    assert!(!text.contains("[claim]\n"), "{text}");
}

#[test]
fn a_diverged_seed_sets_no_mean_and_counts_in_the_median() {
    let sandbox = Sandbox::with_worker(PathBuf::from("no-worker"));
    let mut fixture = Fixture::battle(5);
    fixture.labels.retain(|label| label.name == "adam");
    fixture.labels[0].lrs = vec![1e-3];
    fixture.ends = vec![("adam".to_owned(), 1e-3, 1, End::Diverged { step: 9 })];
    fixture.write(&sandbox.path("reports/battle"));
    let text = sandbox.expect(0, &["target", "reports/battle"]);
    assert!(text.contains("1 of them diverged, and counts as worse than any other"), "{text}");
    assert!(text.contains("(worst diverged, best "), "{text}");
    assert!(!text.contains("also set the target"), "nothing was chosen: {text}");
    for statistic in ["mean", "worst"] {
        let text = sandbox.expect(2, &["target", "reports/battle", "--statistic", statistic]);
        assert!(text.contains("use --statistic median"), "{text}");
    }
    let stops = ["target", "reports/none"];
    assert!(sandbox.expect(2, &stops).contains("cannot open"));
}

#[test]
fn a_score_over_tasks_takes_reference_ratio_and_clock() {
    let sandbox = fabricated();
    let two = ["report", "reports/short", "reports/long", "--output", "page"];
    sandbox.expect(0, &two);
    let page = sandbox.path("page/REPORT.md");
    let plain = fs::read_to_string(&page).unwrap();
    assert!(plain.contains("\n## Score\n") && !plain.contains("Speed-up"), "{plain}");
    let asked = ["--reference", "adam", "--r-max", "2.5", "--clock", "steps"];
    sandbox.expect(0, &[&two[..], &asked].concat());
    let text = fs::read_to_string(&page).unwrap();
    for said in ["Speed-up over adam", "Within \u{d7}2.5 in", "times the steps of the fastest"] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let refused = |args: &[&str], why: &str| {
        let text = sandbox.expect(2, &[&two[..], args].concat());
        assert!(text.contains(why), "{text}");
    };
    refused(&["--reference", "adamw"], "labels with a result in every task: ");
    refused(&["--r-max", "1"], "a number above 1");
    let text = sandbox.expect(2, &["report", "reports/short", "--reference", "adam"]);
    assert!(text.contains("--reference is for the speed-ups on the page over several"), "{text}");
}
