//! Nights end to end: train, judge, keep; baselines; comparisons of reports.

mod support;

use std::path::PathBuf;

use regression::{Night, baseline, history};
use support::{Sandbox, digits, wait_for, worker_that_loses_a_run};

const FILE: &str = "experiments/night.toml";

/// 12 runs: two optimizers, two learning rates, three seeds.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("night", &digits(3, 2));
    sandbox
}

fn accept(sandbox: &Sandbox) -> String {
    sandbox.expect(0, &["baseline", "accept", FILE, "--reason", "a test"])
}

fn nights(sandbox: &Sandbox) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(sandbox.path("reports/history/night")) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|e| e.unwrap().path()).collect();
    files.sort();
    files
}

fn json(sandbox: &Sandbox, file: &str) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(sandbox.path(file)).unwrap()).unwrap()
}

#[test]
fn the_same_code_twice_gives_the_same_bits() {
    let sandbox = sandbox();
    let text = sandbox.expect(5, &["nightly", FILE]);
    assert!(text.contains("there is no baseline and no night before"), "{text}");
    assert!(text.contains("baseline accept experiments/night.toml"), "{text}");
    let text = accept(&sandbox);
    assert!(text.contains("12 runs, ") && text.contains("reports/baselines/night"), "{text}");

    let text = sandbox.expect(0, &["nightly", FILE]);
    assert!(text.to_lowercase().contains("bit-identical"), "{text}");
    assert_eq!(nights(&sandbox).len(), 2);
    let told = json(&sandbox, "reports/night/regression.json");
    assert_eq!((&told["verdict"], &told["pairs"]), (&"identical".into(), &12.into()), "{told}");
    assert_eq!(told["identical"], 12);
    for file in ["REGRESSION.md", "regression.html"] {
        assert!(sandbox.path("reports/night").join(file).is_file(), "{file}");
    }
    // Judging again trains nothing, keeps nothing, and says the same.
    let trained = sandbox.records("night").len();
    let markdown = std::fs::read(sandbox.path("reports/night/REGRESSION.md")).unwrap();
    sandbox.expect(0, &["regress", FILE]);
    sandbox.expect(0, &["regress", "reports/night", "--baseline", "reports/baselines/night"]);
    assert_eq!((sandbox.records("night").len(), nights(&sandbox).len()), (trained, 2));
    assert_eq!(std::fs::read(sandbox.path("reports/night/REGRESSION.md")).unwrap(), markdown);
    let text = sandbox.expect(0, &["baseline", "show", FILE]);
    assert!(text.contains("a test") && text.contains("12 of 12 runs with a result"), "{text}");
}

#[test]
fn without_a_baseline_the_night_before_is_one() {
    let sandbox = sandbox();
    sandbox.expect(5, &["nightly", FILE]);
    let text = sandbox.expect(0, &["nightly", FILE]);
    assert!(text.contains("compared with the night before"), "{text}");
    // One that lost a run would leave every later night incomplete.
    let lossy = Sandbox::with_script(&worker_that_loses_a_run());
    let mut command = sandbox.command(&["nightly", FILE]);
    let output = command.env("SWEEP_WORKER", lossy.worker()).output().unwrap();
    assert_eq!((output.status.code(), nights(&sandbox).len()), (Some(5), 3));
    let text = sandbox.expect(0, &["nightly", FILE]);
    assert!(text.contains("the last night whose runs all have a result"), "{text}");
    assert_eq!(json(&sandbox, "reports/night/regression.json")["verdict"], "identical");
}

#[test]
fn a_night_that_cannot_be_kept_is_judged_all_the_same() {
    let sandbox = sandbox();
    sandbox.expect(0, &["run", FILE, "--no-report"]);
    accept(&sandbox);
    // A file stands where the folder would.
    std::fs::write(sandbox.path("kept"), "").unwrap();
    let text = sandbox.expect(1, &["nightly", FILE, "--history", "kept/here"]);
    let verdict = text.find("Identical: ").expect(&text);
    let error = text.find("could not be kept").expect(&text);
    assert!(verdict < error || text.contains("error:"), "{text}");
    assert!(text.contains("--history"), "{text}");
    assert!(text.contains("nightly experiments/night.toml --resume"), "{text}");
    let told = json(&sandbox, "reports/night/regression.json");
    assert_eq!(told["verdict"], "identical");
    // The remedy keeps that night, and trains nothing.
    std::fs::remove_file(sandbox.path("kept")).unwrap();
    let trained = sandbox.records("night").len();
    sandbox.expect(0, &["nightly", FILE, "--history", "kept/here", "--resume"]);
    assert_eq!(sandbox.records("night").len(), trained);
    let kept = std::fs::read_dir(sandbox.path("kept/here")).unwrap().next().unwrap().unwrap();
    assert_eq!(Night::read(&kept.path()).unwrap().facts.started, told["after"]["started"]);
}

#[test]
fn nights_later_than_tonight_are_left_out_aloud() {
    let sandbox = sandbox();
    sandbox.expect(5, &["nightly", FILE]);
    let first = nights(&sandbox).remove(0);
    let mut night = Night::read(&first).unwrap();
    night.facts.started = "2999-01-01T00:00:00Z".to_owned();
    history::append(first.parent().unwrap(), &night).unwrap();
    let text = sandbox.expect(0, &["nightly", FILE]);
    assert!(text.contains("1 night of the history is later than this one"), "{text}");
}

#[test]
fn runs_that_the_baseline_lacks_are_named() {
    let sandbox = sandbox();
    sandbox.expect(0, &["run", FILE, "--no-report"]);
    accept(&sandbox);
    let folder = sandbox.path("reports/baselines/night");
    let (mut night, accepted) = baseline::read(&folder).unwrap();
    night.runs.retain(|r| !(r.label == "adam" && r.config == "lr 0.01" && r.seed != 1));
    baseline::write(&folder, &night, &accepted).unwrap();
    let text = sandbox.expect(5, &["nightly", FILE]);
    assert!(text.to_lowercase().contains("incomplete"), "{text}");
    let told = json(&sandbox, "reports/night/regression.json");
    let gap = &told["gaps"][0];
    assert_eq!(told["gaps"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&gap["label"], &gap["config"]), (&"adam".into(), &"lr 0.01".into()));
    assert_eq!((&gap["kind"], &gap["seeds"]), (&"not_in_baseline".into(), &vec![0, 2].into()));
    let markdown = std::fs::read_to_string(sandbox.path("reports/night/REGRESSION.md")).unwrap();
    assert!(markdown.contains("adam") && markdown.contains("0 and 2"), "{markdown}");
}

#[test]
fn a_run_that_fails_tonight_is_named() {
    let sandbox = sandbox();
    sandbox.expect(0, &["run", FILE, "--no-report"]);
    accept(&sandbox);
    let lossy = Sandbox::with_script(&worker_that_loses_a_run());
    let output =
        sandbox.command(&["nightly", FILE]).env("SWEEP_WORKER", lossy.worker()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(5), "{text}");
    let told = json(&sandbox, "reports/night/regression.json");
    let gap = &told["gaps"][0];
    assert_eq!(told["gaps"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!((&gap["label"], &gap["config"]), (&"sgd".into(), &"lr 0.1".into()));
    assert_eq!((&gap["kind"], &gap["seeds"]), (&"failed".into(), &vec![1].into()), "{gap}");
    assert_eq!(told["identical"], 11);
    assert_eq!(nights(&sandbox).len(), 1, "kept all the same");
    // The next night has all again.
    sandbox.expect(0, &["nightly", FILE]);
}

#[test]
fn an_interrupted_night_is_none_and_can_be_gone_on_with() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("night", &digits(10, 100));
    let folder = sandbox.path("reports/night");
    // What an earlier night left must not be taken for this one's.
    for file in
        ["REGRESSION.md", "regression.json", "regression.html", "regression/trend-0011aabb.svg"]
    {
        std::fs::create_dir_all(folder.join("regression")).unwrap();
        std::fs::write(folder.join(file), "Identical").unwrap();
    }
    let log = std::fs::File::create(sandbox.path("log")).unwrap();
    let mut command = sandbox.command(&["nightly", FILE]);
    let mut child = command.stdout(std::process::Stdio::null()).stderr(log).spawn().unwrap();
    wait_for("a record", || {
        sandbox.path("reports/night/journal").is_dir() && !sandbox.records("night").is_empty()
    });
    for file in ["REGRESSION.md", "regression.json", "regression.html", "regression"] {
        assert!(!folder.join(file).exists(), "{file} is of an earlier night");
    }
    for args in
        [&["nightly", FILE][..], &["regress", FILE], &["baseline", "accept", FILE, "--reason", "x"]]
    {
        let text = sandbox.expect(2, args);
        assert!(text.contains("since"), "two at once: {text}");
    }
    sandbox.expect(0, &["cancel", FILE]);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let said = std::fs::read_to_string(sandbox.path("log")).unwrap();
    assert!(said.contains("run the same command with --resume to resume"), "{said}");
    let done = sandbox.records("night").iter().filter(|r| r.status.is_result()).count();
    assert!(nights(&sandbox).is_empty() && done > 0 && done < 40, "{done}");
    sandbox.expect(5, &["nightly", FILE, "--resume"]);
    assert_eq!(nights(&sandbox).len(), 1);
    let kept = Night::read(&nights(&sandbox)[0]).unwrap();
    assert!(kept.runs.len() == 40 && kept.runs.iter().all(|r| r.row.completed()));
    // Nothing was left to train: the same night, not another.
    sandbox.expect(5, &["nightly", FILE, "--resume"]);
    assert_eq!(nights(&sandbox).len(), 1);
}

#[test]
fn what_cannot_be_judged_is_refused_before_anything_is_trained() {
    let sandbox = sandbox();
    let text = sandbox.expect(2, &["nightly", FILE, "--baseline", "reports/none"]);
    assert!(text.contains("reports/none"), "{text}");
    std::fs::create_dir_all(sandbox.path("empty")).unwrap();
    let text = sandbox.expect(2, &["nightly", FILE, "--baseline", "empty"]);
    assert!(text.contains("neither a baseline"), "{text}");
    assert!(!sandbox.path("reports/night/journal").exists(), "nothing was trained");

    sandbox.expect(0, &["run", FILE, "--no-report"]);
    let text = sandbox.expect(2, &["baseline", "accept", FILE, "--reason", "  "]);
    assert!(text.contains("--reason is empty"), "{text}");
    sandbox.sweep_file("other", &digits(3, 2));
    let text = sandbox.expect(2, &["baseline", "show", "experiments/other.toml"]);
    assert!(text.contains("no baseline is accepted"), "{text}");
    let text = sandbox.expect(2, &["regress", "experiments/other.toml"]);
    assert!(text.contains("run the sweep first"), "{text}");
}

#[test]
fn a_history_of_another_experiment_is_refused() {
    let sandbox = sandbox();
    sandbox.sweep_file("other", &digits(3, 2));
    sandbox.expect(5, &["nightly", FILE, "--history", "kept"]);
    let text = sandbox.expect(2, &["nightly", "experiments/other.toml", "--history", "kept"]);
    assert!(text.contains("holds nights of night, not of other"), "{text}");
    assert!(!sandbox.path("reports/other/journal").exists(), "nothing was trained");
}

#[test]
fn a_night_ended_by_the_clock_is_judged_but_not_kept() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("night", &digits(10, 100));
    let text = sandbox.expect(5, &["nightly", FILE, "--max-time", "1500ms"]);
    assert!(text.contains("--max-time: run the same command with --resume"), "{text}");
    assert!(text.contains("not kept in the history"), "{text}");
    assert!(nights(&sandbox).is_empty() && sandbox.path("reports/night/REGRESSION.md").is_file());
    sandbox.expect(5, &["nightly", FILE, "--resume"]);
    let kept = nights(&sandbox);
    assert_eq!(kept.len(), 1, "one sweep, one night");
    assert!(Night::read(&kept[0]).unwrap().runs.iter().all(|r| r.row.completed()));
}
