//! `threads_per_run = "auto"` from the sweep file to the records: measured once, stored, and looked
//! up by verbs that do not train. Only scripted workers decide which number wins.

mod support;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use support::{Sandbox, digits};

/// The small sweep with threads to be measured.
fn auto() -> String {
    format!("{}[devices]\nthreads_per_run = \"auto\"\n", digits(1, 1))
}

fn machine_file(sandbox: &Sandbox) -> PathBuf {
    sandbox.path("reports/.machine.json")
}

fn read(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn write(path: &Path, value: &Value) {
    std::fs::write(path, serde_json::to_vec(value).unwrap()).unwrap();
}

/// Returns the distinct numbers of threads of the records of a sweep.
fn threads_of_records(sandbox: &Sandbox, name: &str) -> Vec<u64> {
    let mut all: Vec<u64> =
        sandbox.records(name).iter().map(|r| r.exec.as_ref().unwrap().threads).collect();
    all.sort_unstable();
    all.dedup();
    all
}

const MEASURING: &str = "measuring the best number of threads";

#[test]
fn auto_is_measured_once_kept_and_written_everywhere() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("first", &auto());
    let plan = sandbox.expect(0, &["run", "experiments/first.toml", "--plan"]);
    assert!(plan.contains("threads: auto (not measured yet"), "{plan}");
    let plan = sandbox.expect(0, &["run", "experiments/first.toml", "--plan", "--json"]);
    let plan: Value = serde_json::from_str(&plan).unwrap();
    assert_eq!((&plan["threads_per_run"], &plan["threads"]), (&json!("auto"), &Value::Null));
    let why = sandbox.expect(0, &["why", "experiments/first.toml", "adam lr=0.01 seed 0"]);
    assert!(why.contains("not measured yet"), "{why}");
    let doctor =
        String::from_utf8(sandbox.run(&["doctor", "experiments/first.toml"]).stdout).unwrap();
    assert!(doctor.contains("threads measured by the first"), "{doctor}");
    assert!(!machine_file(&sandbox).exists(), "looking measures nothing");

    let text = sandbox.expect(0, &["run", "experiments/first.toml"]);
    assert!(text.contains(MEASURING), "{text}");
    let kept = read(&machine_file(&sandbox));
    let entry = &kept["entries"][0];
    let threads = entry["threads"].as_u64().unwrap();
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    assert_eq!((&kept["v"], &entry["cores"]), (&json!(1), &json!(cores)));
    assert!(text.contains(&format!("threads: {threads} (measured 20")), "{text}");
    assert!(text.contains("1 thread x ") && text.contains(" samples/s"), "{text}");
    let plan = read(&sandbox.report("first").plan());
    assert_eq!(plan["threads_per_run"], "auto");
    assert_eq!(plan["computed_on"]["threads"], threads);
    let manifest = read(&sandbox.report("first").manifest());
    assert_eq!(manifest["environment"]["threads"], threads);
    assert_eq!(threads_of_records(&sandbox, "first"), [threads]);
    let doctor = String::from_utf8(sandbox.run(&["doctor"]).stdout).unwrap();
    assert!(
        doctor.contains(&format!("threads   {threads} on {}", entry["device"].as_str().unwrap())),
        "{doctor}"
    );

    // Another sweep of the same model and batch size measures nothing.
    sandbox.sweep_file("second", &auto().replace("0.05", "0.06"));
    let plan = sandbox.expect(0, &["run", "experiments/second.toml", "--plan"]);
    assert!(plan.contains(&format!("threads: {threads} (measured 20")), "{plan}");
    let text = sandbox.expect(0, &["run", "experiments/second.toml", "--no-report"]);
    assert!(!text.contains(MEASURING) && text.contains("(measured 20"), "{text}");
    assert_eq!(threads_of_records(&sandbox, "second"), [threads]);
    assert_eq!(read(&machine_file(&sandbox)), kept);
    // One of another batch size does, and both are kept.
    sandbox.sweep_file("third", &auto().replace("batch_size = 32", "batch_size = 64"));
    let text = sandbox.expect(0, &["run", "experiments/third.toml", "--no-report"]);
    assert!(text.contains(MEASURING), "{text}");
    assert_eq!(read(&machine_file(&sandbox))["entries"].as_array().unwrap().len(), 2);
}

#[test]
fn results_hold_whatever_is_measured_later() {
    let sandbox = Sandbox::new();
    let file = "experiments/held.toml";
    sandbox.sweep_file("held", &auto());
    sandbox.expect(0, &["run", file, "--quiet"]);
    let mut kept = read(&machine_file(&sandbox));
    let threads = kept["entries"][0]["threads"].as_u64().unwrap();
    kept["entries"][0]["threads"] = json!(threads + 1);
    write(&machine_file(&sandbox), &kept);
    let text = sandbox.expect(0, &["run", file]);
    assert!(text.contains("nothing to train"), "{text}");
    assert!(text.contains(&format!("threads: {threads} (auto: as in the last sweep")), "{text}");
    // What trains nothing needs no measurement, and makes none.
    std::fs::remove_file(machine_file(&sandbox)).unwrap();
    let needs = sandbox.expect(0, &["needs", "run", file]);
    assert!(needs.contains("\"train\":false"), "{needs}");
    let plan = sandbox.expect(0, &["run", file, "--plan"]);
    assert!(plan.contains("4 cached, 0 to train"), "{plan}");
    let why = sandbox.expect(0, &["why", file, "adam lr=0.01 seed 0"]);
    assert!(why.contains("cached: its result is reused"), "{why}");
    sandbox.expect(0, &["status", file]);
    sandbox.expect(0, &["report", file]);
    let verified = sandbox.expect(0, &["verify", file, "--sample", "1"]);
    assert!(verified.contains("bit-identical"), "{verified}");
    assert!(!machine_file(&sandbox).exists());
    // A sweep that was ended goes on with its number too, from the plan alone.
    let text = sandbox.expect(0, &["run", file, "--set", "repeat.seeds=[0, 1]", "--no-report"]);
    assert!(text.contains("8 runs") || text.contains("4 runs on"), "{text}");
    assert_eq!(threads_of_records(&sandbox, "held"), [threads]);
    assert!(!machine_file(&sandbox).exists());
    // Afresh it is the machine's.
    write(&machine_file(&sandbox), &kept);
    sandbox.expect(0, &["run", file, "--fresh", "--no-report"]);
    assert_eq!(threads_of_records(&sandbox, "held"), [threads + 1]);
}

#[test]
fn a_file_that_cannot_be_read_is_measured_again_and_said() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("corrupt", &auto());
    std::fs::create_dir_all(sandbox.path("reports")).unwrap();
    std::fs::write(machine_file(&sandbox), "{\"v\": 1, \"entries\": [").unwrap();
    let said = "reports/.machine.json cannot be used (";
    let plan = sandbox.expect(0, &["run", "experiments/corrupt.toml", "--plan"]);
    assert!(plan.contains(said) && plan.contains("not measured yet"), "{plan}");
    let doctor = String::from_utf8(sandbox.run(&["doctor"]).stdout).unwrap();
    assert!(
        doctor.contains("cannot be used") && doctor.contains("rm reports/.machine.json"),
        "{doctor}"
    );
    let text = sandbox.expect(0, &["run", "experiments/corrupt.toml", "--no-report"]);
    assert_eq!(text.matches(said).count(), 1, "{text}");
    assert!(text.contains(MEASURING), "{text}");
    assert_eq!(read(&machine_file(&sandbox))["entries"].as_array().unwrap().len(), 1);
    // A sweep with a number never looks at it.
    std::fs::write(machine_file(&sandbox), "nonsense").unwrap();
    sandbox.sweep_file("number", &digits(1, 1));
    let text = sandbox.expect(0, &["run", "experiments/number.toml", "--no-report"]);
    assert!(!text.contains("machine.json") && !text.contains("threads: "), "{text}");
}

#[test]
fn two_sweeps_at_once_measure_once() {
    let sandbox = Sandbox::new();
    for name in ["a", "b"] {
        sandbox.sweep_file(name, &auto());
    }
    let mut both: Vec<std::process::Child> = ["a", "b"]
        .map(|name| sandbox.spawn(&["run", &format!("experiments/{name}.toml"), "--no-report"]))
        .into();
    for sweep in &mut both {
        assert_eq!(sweep.wait().unwrap().code(), Some(0));
    }
    let kept = read(&machine_file(&sandbox));
    assert_eq!(kept["entries"].as_array().unwrap().len(), 1);
    let threads = kept["entries"][0]["threads"].as_u64().unwrap();
    for name in ["a", "b"] {
        assert_eq!(threads_of_records(&sandbox, name), [threads]);
    }
}

#[test]
fn nights_refuse_auto_before_anything_is_built_or_trained() {
    let sandbox = Sandbox::new();
    let file = "experiments/night.toml";
    sandbox.sweep_file("night", &auto());
    for args in [&["nightly", file][..], &["needs", "nightly", file]] {
        let text = sandbox.expect(2, args);
        assert!(text.contains("nights need a fixed number of threads"), "{text}");
        assert!(
            text.contains("night.toml:19:19") && text.contains("threads_per_run = 1"),
            "{text}"
        );
    }
    assert!(!sandbox.report("night").path().exists());
    let set = ["nightly", file, "--set", "devices.threads_per_run=1"];
    sandbox.expect(5, &set);
    sandbox.expect(5, &["regress", file]);
    sandbox.expect(0, &["run", file, "--fresh", "--quiet"]);
    for what in [file, "reports/night"] {
        let text = sandbox.expect(2, &["regress", what]);
        assert!(text.contains("night.toml:19:19") && text.contains("^^^^^^"), "{text}");
    }
}

/// A worker on flex that trains nothing, and whose speed is `$speed` samples a
/// second by its `$threads`.
fn scripted(speed: &str) -> Sandbox {
    Sandbox::with_script(&format!(
        r#"#!/bin/bash
if [ "$1" = --probe ]; then
  echo '{{"protocol":4,"backends":["flex"],"libtorch":null,"cuda":false,"devices":["flex"],"code":"fake"}}'
  exit 0
fi
threads=$4
echo "{{\"event\":\"ready\",\"protocol\":4,\"environment\":{{\"backend\":\"flex\",\"device_kind\":\"cpu\",\"device_model\":\"none\",\"cpu_features\":\"\",\"threads\":$threads,\"burn\":\"0\",\"libtorch\":null,\"code\":\"fake\"}}}}"
while read -r line; do
  id=$(sed 's/.*"run_id":"\([0-9a-f]*\)".*/\1/' <<<"$line")
  case "$line" in
    *'"request":"measure"'*)
      {speed}
      echo "{{\"event\":\"measured\",\"run_id\":\"$id\",\"samples\":$speed,\"seconds\":1.0}}" ;;
    *) echo "{{\"event\":\"finished\",\"run_id\":\"$id\",\"outcome\":{{\"status\":\"diverged\",\"stop_reason\":null,\"epochs_completed\":0,\"steps\":1,\"diverged_step\":1,\"last_finite_loss\":null,\"train_seconds\":0.1,\"eval_seconds\":0.0,\"init_digest\":\"a\",\"batch_digest\":[\"b\"],\"weights_digest\":null,\"dataset_digest\":\"d\",\"metrics\":[]}}}}" ;;
  esac
done
"#
    ))
}

#[test]
fn all_workers_of_the_machine_count_and_ties_go_to_fewer_threads() {
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    for (speed, winner) in
        [("speed=$((threads * 1000))", 1), ("speed=$((threads * threads * threads * 1000))", cores)]
    {
        let sandbox = scripted(speed);
        sandbox
            .sweep_file("speed", &auto().replace("batch_size = 32", "batch_size = [32, 64, 16]"));
        let text = sandbox.expect(0, &["run", "experiments/speed.toml", "--no-report"]);
        assert!(text.contains(&format!("threads: {winner} (measured 20")), "{text}");
        assert!(
            text.contains("with mlp hidden=[16] batch 64, the heaviest of 3 sizes: "),
            "{text}"
        );
        let kept = read(&machine_file(&sandbox));
        let entry = &kept["entries"][0];
        assert_eq!((&entry["threads"], &entry["batch_size"]), (&json!(winner), &json!(64)));
        let trials = entry["trials"].as_array().unwrap();
        let last = &trials[trials.len() - 1];
        assert_eq!(
            trials[0],
            json!({ "threads": 1, "jobs": cores, "samples_per_second": 1000.0 * cores as f64 })
        );
        assert_eq!((&last["threads"], &last["jobs"]), (&json!(cores), &json!(1)));
        // So many runs side by side as the cores then have room for.
        let jobs: Vec<u64> = sandbox.records("speed").iter().map(|r| r.jobs).collect();
        assert_eq!((jobs.len(), jobs[0]), (12, (cores / winner).min(12)));
        assert_eq!(threads_of_records(&sandbox, "speed"), [winner]);
    }
}

#[test]
fn what_cannot_be_measured_is_left_out_and_nothing_at_all_is_bad_input() {
    let sandbox = scripted("echo 'no memory for it' >&2; [ \"$threads\" = 1 ] && exit 3; speed=10");
    sandbox.sweep_file("some", &auto());
    let cores = std::thread::available_parallelism().unwrap().get();
    if cores > 1 {
        let text = sandbox.expect(0, &["run", "experiments/some.toml", "--no-report"]);
        assert!(
            text.contains("warning: not measured: 1 thread x") && text.contains("no memory for it"),
            "{text}"
        );
    }
    let sandbox = scripted("exit 3");
    sandbox.sweep_file("none", &auto());
    let text = sandbox.expect(2, &["run", "experiments/none.toml"]);
    assert!(text.contains("no number of threads could be measured"), "{text}");
    assert!(text.contains("reports/none/logs") && text.contains("threads_per_run = 1"), "{text}");
    assert!(!machine_file(&sandbox).exists() && !sandbox.report("none").plan().exists());
}
