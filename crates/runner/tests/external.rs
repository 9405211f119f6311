//! `external`: published numbers beside ours, by the built programs.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use support::Sandbox;

/// A workspace with a copy of these files of published numbers.
fn sandbox(worker: PathBuf, names: &[&str]) -> Sandbox {
    let sandbox = Sandbox::with_worker(worker);
    fs::create_dir_all(sandbox.path("experiments/external")).unwrap();
    for name in names {
        let from = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(format!("../../experiments/external/{name}.json"));
        fs::copy(from, sandbox.path(&format!("experiments/external/{name}.json"))).unwrap();
    }
    sandbox
}

fn edit(sandbox: &Sandbox, name: &str, change: impl Fn(&str) -> String) {
    let path = sandbox.path(&format!("experiments/external/{name}.json"));
    let before = fs::read_to_string(&path).unwrap();
    let after = change(&before);
    assert_ne!(before, after);
    fs::write(path, after).unwrap();
}

#[test]
fn a_wrong_published_number_fails_the_command_and_names_its_row() {
    let sandbox = sandbox("no-worker".into(), &["algoperf", "modded_nanogpt"]);
    let text = sandbox.expect(0, &["external"]);
    assert!(
        text.contains(
            "All 14 published numbers agree; all 12 numbers computed independently agree."
        ),
        "{text}"
    );
    assert!(text.ends_with("published numbers: reports/external/index.html\n"), "{text}");
    edit(&sandbox, "algoperf", |text| text.replacen("\"0.5909\"", "\"0.5910\"", 1));
    let text = sandbox.expect(6, &["external"]);
    let line = "differs algoperf: nadamp: benchmark score: published 0.5910, ours 0.59091";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("1 of 14 published numbers differs; all 12 numbers computed"), "{text}");
    let page = fs::read_to_string(sandbox.path("reports/external/index.html")).unwrap();
    assert!(page.contains("What does not agree"), "the page has the miss");
    // The other file alone still agrees, on a page of its own.
    let text = sandbox.expect(0, &["external", "modded_nanogpt"]);
    assert!(text.contains("reports/external/modded_nanogpt/index.html"), "{text}");
}

#[test]
fn a_file_that_is_no_file_of_published_numbers_is_refused_with_its_place() {
    let sandbox = sandbox("no-worker".into(), &["algoperf", "modded_nanogpt"]);
    edit(&sandbox, "modded_nanogpt", |text| text.replacen("\"rule\"", "\"rul\"", 1));
    let text = sandbox.expect(2, &["external"]);
    assert!(
        text.contains("modded_nanogpt.json is not a valid file of published numbers: "),
        "{text}"
    );
    assert!(text.contains("unknown field `rul`") && text.contains("at line "), "{text}");
    // What is needed is not told before either.
    sandbox.expect(2, &["external", "--needs"]);
    let text = sandbox.expect(2, &["external", "algopref"]);
    assert!(text.contains("no published numbers `algopref`"), "{text}");
    assert!(text.contains("available: algoperf, modded_nanogpt"), "{text}");
    edit(&sandbox, "algoperf", |text| {
        text.replacen("\"submission\": \"shampoo\"", "\"submission\": \"shampo\"", 1)
    });
    let text = sandbox.expect(2, &["external", "algoperf"]);
    assert!(
        text.contains("row `shampoo: benchmark score`: `times` has no submission `shampo`"),
        "{text}"
    );
}

const DIGITS: &str = r#"{
  "title": "Digits", "about": "Ours by ourselves.", "source": "this test", "sweeps": ["digits"],
  "program": {"name": "parity", "missing": "PyTorch is not there", "remedy": "bring it"},
  "rows": [
    {"what": "Loss at a guess", "theirs": {"value": "2.3"}, "rule": {"relative": 0.5},
     "ours": {"sweep": {"sweep": "digits", "optimizer": "sgd", "lr": 0.1, "split": "test", "metric": "loss", "epoch": 0}}},
    {"what": "Loss after training", "theirs": {"value": "99.0"}, "rule": "single", "information": true,
     "ours": {"sweep": {"sweep": "digits", "optimizer": "sgd", "lr": 0.1, "split": "test", "metric": "loss"}}},
    {"what": "The same by others", "origin": "computed", "theirs": {"program": true}, "rule": {"relative": 1e-3},
     "ours": {"program": "one epoch"}}
  ]
}"#;

#[test]
fn trained_runs_and_printed_pairs_are_judged_and_what_is_missing_is_skipped() {
    let sandbox = sandbox(support::flex_worker(), &[]);
    let write = |path: &str, text: &str| {
        fs::create_dir_all(sandbox.path(path).parent().unwrap()).unwrap();
        fs::write(sandbox.path(path), text).unwrap();
    };
    write("experiments/external/digits.json", DIGITS);
    let text = sandbox.expect(5, &["external"]);
    assert!(
        text.contains("skipped one row of digits: the sweep file digits.toml does not exist"),
        "{text}"
    );
    assert!(text.contains("skipped one row of digits: PyTorch is not there: bring it"), "{text}");
    write("experiments/external/digits.toml", &support::digits(2, 1));
    let text = sandbox.expect(0, &["external", "--needs"]);
    let needs = r#"{"programs":["parity"],"sweeps":["experiments/external/digits.toml"]}"#;
    assert_eq!(text.trim(), needs);
    let text = sandbox.expect(5, &["external"]);
    let missing = "2 of 2 runs have no result: cargo xtask sweep experiments/external/digits.toml";
    assert!(text.contains(missing), "{text}");
    sandbox
        .expect(0, &["run", "experiments/external/digits.toml", "--device", "flex", "--no-report"]);
    let pair =
        |theirs: f64| format!(r#"[{{"row": "one epoch", "ours": 0.5, "theirs": {theirs}}}]"#);
    write("reports/external/programs/parity.json", &pair(0.5002));
    let text = sandbox.expect(0, &["external"]);
    let headline = "The one published number agrees; the one number computed independently agrees.";
    assert!(text.contains(headline), "{text}");
    let report = fs::read_to_string(sandbox.path("reports/external/REPORT.md")).unwrap();
    assert!(report.contains("differs, not counted"), "{report}");
    write("reports/external/programs/parity.json", &pair(0.502));
    let text = sandbox.expect(6, &["external"]);
    assert!(
        text.contains("differs digits: The same by others: computed 0.5020000, ours 0.5000000"),
        "{text}"
    );
}
