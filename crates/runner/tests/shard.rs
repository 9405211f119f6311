//! `--shard I/N`: several machines without a shared folder train one plan.

mod support;

use std::collections::BTreeMap;

use support::{Sandbox, digits, results};

/// Ids of the runs that `--plan --json` says are chosen, and of all.
fn planned(sandbox: &Sandbox, args: &[&str]) -> (Vec<String>, Vec<String>) {
    let all = [&["run", "experiments/parts.toml", "--plan", "--json"], args].concat();
    let plan: serde_json::Value = serde_json::from_slice(&sandbox.run(&all).stdout).unwrap();
    let runs = plan["runs"].as_array().unwrap();
    let id = |r: &serde_json::Value| r["run_id"].as_str().unwrap().to_owned();
    (runs.iter().filter(|r| r["chosen"] == true).map(id).collect(), runs.iter().map(id).collect())
}

#[test]
fn three_machines_train_a_plan_once() {
    let text = digits(2, 1);
    let whole = Sandbox::new();
    whole.sweep_file("parts", &text);
    whole.expect(0, &["run", "experiments/parts.toml", "--jobs", "2", "--no-report"]);
    let expected = results(&whole.records("parts"));
    assert_eq!(expected.len(), 8);

    let mut found = BTreeMap::new();
    for (part, runs) in [("1/3", 3), ("2/3", 3), ("3/3", 2)] {
        let machine = Sandbox::new();
        machine.sweep_file("parts", &text);
        let sweep = ["run", "experiments/parts.toml", "--shard", part, "--jobs", "2"];
        let plan = machine.expect(0, &[&sweep[..], &["--plan"]].concat());
        let said = format!(
            "{runs} of 8 runs chosen by --shard {part}, 0 cached, {runs} to train (8 in all)"
        );
        assert!(plan.replace('\n', " ").contains(&said), "{plan}");
        let (mut chosen, _) = planned(&machine, &["--shard", part]);

        // Half of it first: what is left of a part is decided by the plan alone.
        let half = machine.expect(0, &[&sweep[..], &["--only", "seed=0"]].concat());
        assert!(half.contains("missing"), "{half}");
        let closing = machine.expect(0, &sweep);
        assert!(
            closing.contains(&format!("{runs} completed, {} missing", 8 - runs))
                && closing.contains("cargo xtask merge experiments/parts.toml FOLDER..."),
            "{closing}"
        );
        let again = machine.expect(0, &sweep);
        let said = format!(
            "nothing to train among the runs chosen by --shard {part}; {runs} results cached, {} missing in all",
            8 - runs
        );
        assert!(again.contains(&said), "{again}");

        let trained = results(&machine.records("parts"));
        chosen.sort();
        assert_eq!(trained.keys().cloned().collect::<Vec<_>>(), chosen, "part {part}");
        for (run, result) in trained {
            assert_eq!(found.insert(run.clone(), result), None, "{run} in two parts");
        }
    }
    assert_eq!(found, expected);
}

#[test]
fn a_part_and_only_intersect() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("parts", &digits(2, 1));
    let (part, all) = planned(&sandbox, &["--shard", "2/3"]);
    let (adam, _) = planned(&sandbox, &["--only", "optimizer=adam"]);
    let (both, _) = planned(&sandbox, &["--only", "optimizer=adam", "--shard", "2/3"]);
    assert_eq!((part.len(), adam.len(), all.len()), (3, 4, 8));
    let expected: Vec<String> = adam.into_iter().filter(|run| part.contains(run)).collect();
    assert!(!both.is_empty() && both == expected, "{both:?}");
    let args = ["run", "experiments/parts.toml", "--only", "optimizer=adam", "--shard", "2/3"];
    let plan = sandbox.expect(0, &[&args[..], &["--plan"]].concat());
    let said = format!("{} of 8 runs chosen by --only and --shard 2/3", both.len());
    assert!(plan.contains(&said), "{plan}");
    // Nothing of what is not chosen.
    assert!(plan.contains("adam") && !plan.contains("sgd"), "{plan}");
}

#[test]
fn a_part_that_is_none_is_bad_input() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("parts", &digits(1, 1));
    let parts = [("0/3", "counted from 1"), ("4/3", "3/3 is the last"), ("x", "write I/N")];
    let more = [
        ("1/0", "N must be at least 1"),
        ("1/1000001", "at most 1000000"),
        ("5/6", "at most 4 parts"),
    ];
    for (part, said) in parts.into_iter().chain(more) {
        let text = sandbox.expect(2, &["run", "experiments/parts.toml", "--shard", part]);
        assert!(text.contains(said) && text.contains("--shard"), "{part}: {text}");
    }
    let none = ["--shard", "1/4", "--only", "optimizer=adam"];
    let text = sandbox.expect(2, &[&["run", "experiments/parts.toml"][..], &none].concat());
    assert!(text.contains("matches none of the 1 run of --shard 1/4"), "{text}");
    assert!(!sandbox.path("reports").exists(), "something was written");
}
