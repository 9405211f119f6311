//! Faults in the code of the worker, one at a time: a night with optimizers
//! of the real `experiments/nightly.toml` names each by metric and configuration.
//!
//! The faulty worker is built by `cargo xtask test` from patched sources
//! (`crates/train/tests/faults/`); `SWEEP_FAULT` switches one of its faults on.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regression::Night;
use regression::baseline::{self, Accepted};
use serde_json::Value;
use spec::regress_settings::RegressMetric;
use support::Sandbox;

const FILE: &str = "experiments/nightly.toml";
const BASELINE: &str = "reports/baselines/nightly";

/// A fault, the findings it must cause (label and metric), and labels that it cannot affect; none
/// if it affects every run. A night trains only these labels.
struct Fault {
    name: &'static str,
    /// Size of the fault, if a night misses it at the size that a mistake would have, or detects
    /// it so barely that another processor's rounding may hide it. The patch's first lines list
    /// the findings for each size.
    size: Option<&'static str>,
    /// Whether the findings are regressions. A fault may also improve the numbers: the night then
    /// reports it, but raises no alarm.
    worse: bool,
    /// Whether the fault is in the batches.
    fed: bool,
    found: &'static [(&'static str, &'static str)],
    untouched: &'static [&'static str],
}

/// A fault in the arithmetic, of one size, that makes the numbers worse.
const PLAIN: Fault =
    Fault { name: "", size: None, worse: true, fed: false, found: &[], untouched: &[] };

const FAULTS: [Fault; 10] = [
    Fault {
        name: "adam-correction",
        found: &[
            ("adam", "test_loss"),
            ("adam-cosine", "test_loss"),
            ("adam-cosine", "best_validation_accuracy"),
        ],
        untouched: &["momentum-decay", "adamw-cosine"],
        ..PLAIN
    },
    Fault {
        name: "momentum-085",
        found: &[
            ("momentum", "train_loss"),
            ("momentum", "validation_loss"),
            ("momentum-decay", "train_loss"),
        ],
        untouched: &["sgd", "rmsprop"],
        ..PLAIN
    },
    Fault {
        name: "weight-decay-ignored",
        found: &[("adamw-cosine", "test_loss"), ("momentum-decay", "test_loss")],
        untouched: &["momentum", "adam-cosine"],
        ..PLAIN
    },
    Fault {
        name: "no-shuffle",
        found: &[
            ("momentum", "train_loss"),
            ("momentum-decay", "test_loss"),
            ("rmsprop", "best_validation_accuracy"),
            ("adam", "train_loss"),
        ],
        fed: true,
        ..PLAIN
    },
    Fault {
        name: "last-batch-lost",
        found: &[
            ("sgd", "steps"),
            ("sgd", "train_loss"),
            ("momentum-decay", "steps"),
            ("rmsprop", "steps"),
            ("adamw-cosine", "steps"),
        ],
        fed: true,
        ..PLAIN
    },
    Fault {
        name: "adam-beta2",
        found: &[
            ("adam", "test_loss"),
            ("adam-cosine", "test_loss"),
            ("adamw-cosine", "test_loss"),
        ],
        untouched: &["rmsprop"],
        ..PLAIN
    },
    Fault {
        name: "rmsprop-alpha",
        size: Some("0.2"),
        found: &[("rmsprop", "train_loss"), ("rmsprop", "test_loss")],
        untouched: &["adam"],
        ..PLAIN
    },
    Fault { name: "short-batch", size: Some("5"), found: &[("momentum", "train_loss")], ..PLAIN },
    Fault {
        name: "schedule-late",
        size: Some("7"),
        worse: false,
        found: &[("adam-cosine", "train_loss")],
        untouched: &["adam"],
        ..PLAIN
    },
    Fault {
        name: "schedule-late",
        size: Some("120"),
        found: &[("adam-cosine", "test_loss")],
        untouched: &["adam"],
        ..PLAIN
    },
];

impl Fault {
    /// Returns every label that the fault names.
    fn labels(&self) -> Vec<&'static str> {
        let found: BTreeSet<&str> = self.found.iter().map(|(label, _)| *label).collect();
        found.into_iter().chain(self.untouched.iter().copied()).collect()
    }
}

/// Returns the path of the worker with the faults.
fn faulty_worker() -> PathBuf {
    support::program("SWEEP_FAULTY_WORKER")
}

/// Returns the sweep file of the nights with only the optimizers `kept`; with all if `kept` is
/// empty.
fn nightly_file(kept: &[&str]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(FILE);
    let text = std::fs::read_to_string(path).unwrap();
    let (sweep, devices) = text.split_once("[devices]").unwrap();
    let mut parts = sweep.split("[[optimizer]]");
    let mut out = parts.next().unwrap().to_owned();
    for part in parts {
        let value = |key: &str| {
            let line = part.lines().find_map(|line| line.strip_prefix(key))?;
            Some(line.trim_start_matches([' ', '=']).trim_matches('"').to_owned())
        };
        let label = value("label").or_else(|| value("kind")).unwrap();
        if kept.is_empty() || kept.contains(&label.as_str()) {
            out += &format!("[[optimizer]]{part}");
        }
    }
    format!("{out}[devices]{devices}")
}

/// Returns a workspace whose baseline is a sweep of the correct worker.
fn accepted(kept: &[&str], options: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("nightly", &nightly_file(kept));
    sandbox.expect(0, &[&["run", FILE, "--no-report"], options].concat());
    sandbox.expect(0, &["baseline", "accept", FILE, "--reason", "the true worker"]);
    sandbox
}

/// Reduces the sweep file to these labels, and the `whole` baseline to their runs.
fn keep(sandbox: &Sandbox, whole: &(Night, Accepted), labels: &[&str]) {
    sandbox.sweep_file("nightly", &nightly_file(labels));
    let (mut night, accepted) = whole.clone();
    night.runs.retain(|run| labels.contains(&run.label.as_str()));
    assert_eq!(night.runs.len(), 10 * labels.len());
    baseline::write(&sandbox.path(BASELINE), &night, &accepted).unwrap();
}

/// Runs a night of the faulty worker with its own history. Returns its exit code and its findings.
fn night(sandbox: &Sandbox, fault: Option<&Fault>, options: &[&str]) -> (i32, Value) {
    let name = fault.map_or("none", |fault| fault.name);
    let size = fault.and_then(|fault| fault.size).unwrap_or("");
    let history = format!("history-{name}{size}");
    let mut command =
        sandbox.command(&[&["nightly", FILE, "--history", &history], options].concat());
    command.env("SWEEP_WORKER", faulty_worker());
    command.env_remove("SWEEP_FAULT").env_remove("SWEEP_FAULT_SIZE");
    if let Some(fault) = fault {
        command.env("SWEEP_FAULT", fault.name);
        if let Some(size) = fault.size {
            command.env("SWEEP_FAULT_SIZE", size);
        }
    }
    let output = command.output().unwrap();
    let told = std::fs::read(sandbox.path("reports/nightly/regression.json"));
    let told = told.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code().unwrap(), serde_json::from_slice(&told).unwrap())
}

fn configs(told: &Value) -> &Vec<Value> {
    told["configs"].as_array().unwrap()
}

/// Returns the reasons why the comparison is incomplete.
fn gaps(told: &Value) -> BTreeSet<&str> {
    told["gaps"].as_array().unwrap().iter().map(|gap| gap["why"].as_str().unwrap()).collect()
}

/// Returns label and metric of every change with this finding.
fn said<'a>(told: &'a Value, finding: &str) -> BTreeSet<(&'a str, &'a str)> {
    let mut out = BTreeSet::new();
    for config in configs(told) {
        for change in config["changes"].as_array().unwrap() {
            if change["finding"] == finding {
                out.insert((config["label"].as_str().unwrap(), change["metric"].as_str().unwrap()));
            }
        }
    }
    out
}

/// Returns labels of which every pair of runs is bit-identical.
fn identical(told: &Value) -> BTreeSet<&str> {
    let same = |c: &&Value| c["pairs"] == 10 && c["identical"] == 10;
    configs(told).iter().filter(same).map(|c| c["label"].as_str().unwrap()).collect()
}

#[test]
fn faults_in_the_code_are_caught() {
    let sandbox = accepted(&[], &[]);
    // The patches themselves change nothing: what is caught below is the fault.
    let (code, told) = night(&sandbox, None, &[]);
    assert_eq!((code, &told["verdict"]), (0, &"identical".into()), "{}", told["headline"]);

    let whole = baseline::read(&sandbox.path(BASELINE)).unwrap();
    for fault in &FAULTS {
        let name = [fault.name, fault.size.unwrap_or("")].join(" ");
        keep(&sandbox, &whole, &fault.labels());
        let (code, told) = night(&sandbox, Some(fault), &[]);
        let (expected, finding) = if fault.worse { (4, "regressed") } else { (0, "improved") };
        assert_eq!((code, &told["verdict"]), (expected, &finding.into()), "{name}");
        let fed = fault.fed.then_some("they did not see the same batches");
        assert_eq!(gaps(&told), fed.into_iter().collect(), "{name}");
        let found = said(&told, finding);
        for expected in fault.found {
            assert!(found.contains(expected), "{name}: {expected:?} is not among {found:?}");
        }
        assert_eq!(identical(&told), fault.untouched.iter().copied().collect(), "{name}");
        let innocent = |label: &str| fault.untouched.contains(&label);
        assert!(!found.iter().any(|(label, _)| innocent(label)), "{name}: {found:?}");
        let text = std::fs::read_to_string(sandbox.path("reports/nightly/REGRESSION.md")).unwrap();
        let (label, metric) = fault.found[0];
        let metric: RegressMetric = serde_json::from_value(metric.into()).unwrap();
        assert!(text.contains(label) && text.contains(&metric.label()), "{name}:\n{text}");
    }
}

/// Other load on the machine can hide the change while the baseline or the night is timed, so
/// both are timed up to four times; it cannot feign a change in both configurations with
/// identical weights. A step that takes a third longer was hidden in four of four tries.
#[test]
fn a_slower_step_is_caught() {
    let kept = ["sgd", "adam"];
    let slow = Fault { name: "slow-step", ..PLAIN };
    let mut told = Vec::new();
    for _ in 0..4 {
        let sandbox = accepted(&kept, &["--timing"]);
        let (code, report) = night(&sandbox, Some(&slow), &["--timing"]);
        assert_eq!(identical(&report), BTreeSet::from(kept), "nothing else changed");
        let found = said(&report, "regressed");
        if found == BTreeSet::from(kept.map(|label| (label, "seconds_per_epoch"))) {
            assert_eq!((code, &report["verdict"]), (4, &"regressed".into()));
            return;
        }
        told.push(report["headline"].clone());
    }
    panic!("a step that takes three times as long was not seen: {told:?}");
}
