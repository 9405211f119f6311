//! Bad input that depends on the machine, the data or the folder: the message and the exit code.
//! Diagnostics of the sweep file alone are in `sweep-file/tests/diagnostics.rs`.

mod support;

use std::path::Path;

use support::{Sandbox, digits};

/// A worker that lists these devices.
fn listing(devices: &str, libtorch: &str) -> Sandbox {
    let probe = format!(
        "{{\"protocol\":4,\"backends\":[\"flex\",\"libtorch\"],\"libtorch\":{libtorch},\"libtorch_kind\":\"cuda\",\"cuda\":true,\"devices\":[{devices}],\"code\":\"fake\"}}"
    );
    Sandbox::with_script(&format!("#!/bin/bash\necho '{probe}'\n"))
}

/// Returns the output of bad input, with the folder of the test replaced.
fn said(sandbox: &Sandbox, args: &[&str]) -> String {
    let text = sandbox.expect(2, args);
    let folder = std::fs::canonicalize(sandbox.path("")).unwrap();
    text.replace(&folder.display().to_string(), "ROOT")
        .replace(sandbox.path("").display().to_string().trim_end_matches('/'), "ROOT")
        .replace(&sandbox.worker(), "WORKER")
}

fn own(sandbox: &Sandbox, name: &str, dataset: &str) {
    let text =
        digits(1, 1).replace("\"digits\"", dataset).replace("validation = 237", "validation = 10");
    sandbox.sweep_file(name, &text);
}

/// 60 samples of two features in three classes.
fn csv(rows: usize) -> String {
    (0..rows).map(|i| format!("{},{},{}\n", i, i * i % 17, i % 3)).collect()
}

#[test]
fn a_device_that_is_not_there() {
    let sandbox = listing("\"flex\",\"libtorch:cpu\",\"libtorch:cuda:0\"", "\"2.9.0\"");
    sandbox.sweep_file("device", &digits(1, 1));
    insta::assert_snapshot!(said(
        &sandbox,
        &["run", "experiments/device.toml", "--device", "libtorch:cuda:3"]
    ));
    insta::assert_snapshot!(
        "device_of_another_kind",
        said(
            &sandbox,
            &["run", "experiments/device.toml", "--device", "libtorch:cuda:0,libtorch:cpu"]
        )
    );
    insta::assert_snapshot!(
        "device_by_another_name",
        said(&sandbox, &["run", "experiments/device.toml", "--device", "gpu"])
    );
}

#[test]
fn cuda_of_a_libtorch_for_the_cpu() {
    let sandbox = Sandbox::new();
    let probe = std::process::Command::new(sandbox.worker()).arg("--probe").output().unwrap();
    let probe: spec::event::Probe = serde_json::from_slice(&probe.stdout).unwrap();
    assert_eq!(
        probe.libtorch_kind.as_deref(),
        Some("cpu"),
        "the tests run with the reduced libtorch"
    );
    let text =
        format!("{}[devices]\npool = [\"libtorch:cuda:0\"]\n", digits(1, 1)).replace("\n\n", "\n");
    sandbox.sweep_file("cuda", &text);
    insta::assert_snapshot!(said(&sandbox, &["run", "experiments/cuda.toml"]));
}

#[test]
fn data_that_is_missing_altered_or_not_data() {
    let sandbox = Sandbox::new();
    own(&sandbox, "absent", "{ kind = \"csv\", path = \"mine/absent.csv\" }");
    insta::assert_snapshot!("own_data_absent", said(&sandbox, &["run", "experiments/absent.toml"]));
    std::fs::create_dir(sandbox.path("mine")).unwrap();
    std::fs::write(sandbox.path("mine/bad.csv"), csv(5) + "1,x,0\n").unwrap();
    own(&sandbox, "bad", "{ kind = \"csv\", path = \"mine/bad.csv\" }");
    insta::assert_snapshot!(
        "own_data_not_numbers",
        said(&sandbox, &["run", "experiments/bad.toml"])
    );
    std::fs::write(sandbox.path("mine/small.csv"), csv(12)).unwrap();
    own(&sandbox, "small", "{ kind = \"csv\", path = \"mine/small.csv\" }");
    insta::assert_snapshot!(
        "own_data_smaller_than_validation",
        said(&sandbox, &["run", "experiments/small.toml"])
    );
}

#[test]
fn a_dataset_that_is_missing_or_altered() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("data", &digits(1, 1));
    let committed = std::fs::canonicalize(sandbox.path("data")).unwrap();
    std::fs::remove_file(sandbox.path("data")).unwrap();
    std::fs::create_dir_all(sandbox.path("data/digits")).unwrap();
    let missing = said(&sandbox, &["run", "experiments/data.toml"]);
    insta::assert_snapshot!("dataset_missing", missing);
    // The same bytes less one pixel's last bit, packed anew.
    let packed = sandbox.path("data/digits/digits.csv");
    let unpacked = std::process::Command::new("gzip")
        .arg("-dc")
        .arg(committed.join("digits/digits.csv.gz"))
        .output()
        .unwrap();
    let text = String::from_utf8(unpacked.stdout).unwrap().replacen("0,0,5,13", "0,0,5,12", 1);
    std::fs::write(packed, text).unwrap();
    let altered = said(&sandbox, &["run", "experiments/data.toml"]);
    insta::assert_snapshot!("dataset_altered", altered);
}

#[test]
fn own_data_is_pinned_at_its_first_use() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("mine")).unwrap();
    let file = sandbox.path("mine/points.csv");
    std::fs::write(&file, csv(60)).unwrap();
    own(&sandbox, "own", "{ kind = \"csv\", path = \"mine/points.csv\", test = 15 }");
    sandbox.expect(0, &["run", "experiments/own.toml"]);
    let records = sandbox.records("own");
    assert_eq!(records.len(), 4);
    let plan = std::fs::read_to_string(sandbox.report("own").plan()).unwrap();
    let digest = &records[0].outcome.as_ref().unwrap().dataset_digest;
    assert!(plan.contains(&format!("\"checksum\": \"{digest}\"")), "kept in the plan");
    let page = std::fs::read_to_string(sandbox.report("own").markdown()).unwrap();
    assert!(page.contains("points.csv"), "the report names the data");
    let again = sandbox.expect(0, &["run", "experiments/own.toml"]);
    assert!(again.contains("nothing to train"), "{again}");
    // Moved, it is the same data; changed, it is another.
    std::fs::rename(&file, sandbox.path("mine/moved.csv")).unwrap();
    own(&sandbox, "own", "{ kind = \"csv\", path = \"mine/moved.csv\", test = 15 }");
    let moved = sandbox.expect(0, &["run", "experiments/own.toml"]);
    assert!(moved.contains("nothing to train"), "{moved}");
    std::fs::write(sandbox.path("mine/moved.csv"), csv(61)).unwrap();
    let text = said(&sandbox, &["run", "experiments/own.toml"]);
    assert!(text.contains("has changed since its first use"), "{text}");
    // A plan says what the sweep would do: nothing.
    let plan = said(&sandbox, &["run", "experiments/own.toml", "--plan"]);
    assert_eq!(plan, text);
    let plan = sandbox.expect(0, &["run", "experiments/own.toml", "--plan", "--fresh"]);
    assert!(plan.contains("to train"), "{plan}");
    sandbox.expect(0, &["run", "experiments/own.toml", "--fresh"]);
    let other = &sandbox.records("own")[0].outcome.as_ref().unwrap().dataset_digest.clone();
    assert_ne!(other, digest);
}

#[test]
fn folders_and_workers_that_are_not_what_they_should_be() {
    let sandbox = Sandbox::with_worker(Path::new("/nonexistent").to_path_buf());
    sandbox.sweep_file("worker", &digits(1, 1));
    insta::assert_snapshot!("no_worker", said(&sandbox, &["run", "experiments/worker.toml"]));
    insta::assert_snapshot!("no_report", said(&sandbox, &["report", "experiments/worker.toml"]));
    insta::assert_snapshot!("no_file", said(&sandbox, &["status", "experiments/wroker.toml"]));
}
