//! Baselines that are incomplete, damaged, outdated or refused.

mod support;

use std::fs;

use regression::{Night, baseline};
use support::{Sandbox, digits};

const FILE: &str = "experiments/night.toml";
const FOLDER: &str = "reports/baselines/night";

/// Returns a sandbox with 12 trained runs.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("night", &digits(3, 2));
    sandbox.expect(0, &["run", FILE, "--no-report"]);
    sandbox
}

/// Returns the same sandbox with an accepted baseline.
fn accepted() -> Sandbox {
    let sandbox = sandbox();
    sandbox.expect(0, &["baseline", "accept", FILE, "--reason", "a test"]);
    sandbox
}

/// Expects bad input that names a file and its remedy once.
fn refused(sandbox: &Sandbox, args: &[&str], file: &str) -> String {
    let text = sandbox.expect(2, args);
    assert!(text.contains(file) && text.contains("restore it from git"), "{text}");
    assert!(!text.contains("from the journal") && !text.contains("not collected"), "{text}");
    let error = text.lines().find(|l| l.contains("error:")).unwrap();
    for half in error.split(": ").filter(|part| part.len() > 20) {
        assert_eq!(error.matches(half).count(), 1, "said twice: {text}");
    }
    text
}

#[test]
fn half_a_baseline_is_not_none() {
    for (gone, left) in [("night.parquet", "baseline.json"), ("baseline.json", "night.parquet")] {
        let sandbox = accepted();
        fs::remove_file(sandbox.path(FOLDER).join(gone)).unwrap();
        for args in [
            &["regress", FILE][..],
            &["nightly", FILE],
            &["regress", FILE, "--baseline", FOLDER],
            &["compare", FOLDER, FILE],
            &["baseline", "show", FILE],
        ] {
            let text = refused(&sandbox, args, gone);
            assert!(text.contains(left) && text.contains("accept"), "{text}");
        }
        // The other remedy.
        sandbox.expect(0, &["baseline", "accept", FILE, "--reason", "anew"]);
        sandbox.expect(0, &["regress", FILE]);
    }
}

#[test]
fn a_damaged_baseline_is_told_as_what_it_is() {
    let sandbox = accepted();
    let whole = fs::read(sandbox.path(FOLDER).join("night.parquet")).unwrap();
    let mut garbled = whole.clone();
    garbled[whole.len() / 2..].fill(0xa5);
    let (_, facts) = baseline::read(&sandbox.path(FOLDER)).unwrap();
    let (night, _) = baseline::read(&sandbox.path(FOLDER)).unwrap();
    let empty = Night { runs: Vec::new(), ..night };
    for damage in [b"x".as_slice(), b"", &whole[..whole.len() / 2], &garbled] {
        fs::write(sandbox.path(FOLDER).join("night.parquet"), damage).unwrap();
        refused(&sandbox, &["regress", FILE], "night.parquet is not a night");
    }
    baseline::write(&sandbox.path(FOLDER), &empty, &facts).unwrap();
    let text = refused(&sandbox, &["regress", FILE], "night.parquet is not a night");
    assert!(text.contains("no run"), "{text}");
    // Another kind of Parquet file.
    sandbox.expect(0, &["report", FILE]);
    let other = sandbox.path("reports/night/summary.parquet");
    fs::copy(other, sandbox.path("summary.parquet")).unwrap();
    refused(&sandbox, &["regress", FILE, "--baseline", "summary.parquet"], "is not a night");
    let text = sandbox.expect(2, &["nightly", FILE, "--baseline", "gone.parquet"]);
    assert!(text.contains("gone.parquet") && !text.contains("not collected"), "{text}");

    fs::write(sandbox.path(FOLDER).join("night.parquet"), &whole).unwrap();
    fs::write(sandbox.path(FOLDER).join("baseline.json"), "{}").unwrap();
    refused(&sandbox, &["regress", FILE], "baseline.json");
}

#[test]
fn an_empty_night_of_the_history_is_a_warning() {
    let sandbox = sandbox();
    sandbox.expect(5, &["nightly", FILE]);
    let kept = fs::read_dir(sandbox.path("reports/history/night")).unwrap().next().unwrap();
    let kept = kept.unwrap().path();
    let empty = Night { runs: Vec::new(), ..Night::read(&kept).unwrap() };
    empty.write(&kept.with_file_name("20200101T000000Z-nogit.parquet")).unwrap();
    let text = sandbox.expect(0, &["nightly", FILE]);
    assert!(text.contains("is left out") && text.contains("20200101T"), "{text}");
    assert!(!text.contains("restore it from git"), "git has no history: {text}");
}

#[test]
fn a_sweep_file_that_was_edited_since_is_not_what_was_trained() {
    let sandbox = accepted();
    let edited = digits(3, 2).replace("[0.05, 0.1]", "[0.05, 0.2]");
    sandbox.sweep_file("night", &edited);
    let accept = ["baseline", "accept", FILE, "--reason", "edited"];
    let text = sandbox.expect(2, &accept);
    assert!(text.contains("3 of its 12 runs") && text.contains("reports/night"), "{text}");
    let text = sandbox.expect(0, &["regress", FILE]);
    assert!(text.contains("warning") && text.contains("3 of its 12 runs"), "{text}");
    let text = sandbox.expect(0, &["regress", "reports/night"]);
    assert!(!text.contains("warning"), "{text}");
    sandbox.expect(0, &["baseline", "accept", "reports/night", "--reason", "as trained"]);
    // What cannot be read says nothing of what was trained either.
    sandbox.sweep_file("night", "[data]\n");
    sandbox.expect(2, &accept);
    // What a sweep was given on its command line is no edit, but no plain night either.
    sandbox.sweep_file("night", &digits(3, 2));
    sandbox.expect(0, &["run", FILE, "--set", "repeat.seeds=[0,1]", "--no-report"]);
    let text = sandbox.expect(2, &accept);
    assert!(text.contains("started with --set repeat.seeds=[0,1]: 4 of the 12 runs"), "{text}");
    sandbox.expect(0, &["baseline", "accept", "reports/night", "--reason", "two seeds"]);
    let text = sandbox.expect(0, &["regress", FILE]);
    assert!(!text.contains("warning"), "{text}");
    // Fewer runs than were trained are an edit too.
    sandbox.sweep_file("night", &digits(3, 2).replace("lr = [0.05, 0.1]", "lr = [0.1]"));
    let text = sandbox.expect(2, &accept);
    assert!(text.contains("which has 2 others"), "{text}");
}

#[test]
fn a_sweep_is_not_judged_against_itself() {
    let sandbox = sandbox();
    for (file, itself) in [
        (FILE, "reports/night"),
        ("reports/night", FILE),
        (FILE, FILE),
        (FILE, "reports/../reports/night/"),
    ] {
        let text = sandbox.expect(2, &["regress", file, "--baseline", itself]);
        assert!(text.contains("is the judged report itself"), "{text}");
    }
    let trained = sandbox.records("night").len();
    let text = sandbox.expect(2, &["nightly", FILE, "--baseline", "reports/night"]);
    assert!(text.contains("is the judged report itself"), "{text}");
    assert_eq!(sandbox.records("night").len(), trained, "nothing was trained");
}
