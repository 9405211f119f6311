//! `compare`: two sweeps run by run, and the folder of the comparison.

mod support;

use std::collections::BTreeMap;
use std::fs;

use support::{Sandbox, digits};

const FILE: &str = "experiments/night.toml";

/// A trained sweep, and a copy of its report as `reports/before`.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("night", &digits(3, 2));
    sandbox.expect(0, &["run", FILE]);
    copy(&sandbox, "reports/before");
    sandbox
}

fn copy(sandbox: &Sandbox, folder: &str) {
    fs::create_dir_all(sandbox.path(folder)).unwrap();
    for file in ["plan.json", "runs.parquet", "metrics.parquet", "summary.parquet"] {
        let from = sandbox.path("reports/night").join(file);
        fs::copy(from, sandbox.path(folder).join(file)).unwrap();
    }
}

fn folders(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path("reports/compare")).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn two_reports_are_compared_run_by_run() {
    let sandbox = sandbox();
    let text = sandbox.expect(0, &["compare", "reports/before", FILE]);
    assert!(text.contains("reports/compare/before..night/index.html"), "{text}");
    let told = fs::read(sandbox.path("reports/compare/before..night/comparison.json")).unwrap();
    let told: serde_json::Value = serde_json::from_slice(&told).unwrap();
    assert_eq!((&told["verdict"], &told["identical"]), (&"identical".into(), &12.into()));

    sandbox.expect(0, &["run", FILE, "--set", "repeat.seeds=[0,1]", "--no-report"]);
    sandbox.expect(5, &["compare", "reports/before", FILE, "--output", "there"]);
    assert!(sandbox.path("there/COMPARISON.md").is_file());
    let text = sandbox.expect(2, &["compare", "reports/before", FILE, "--output", "reports/night"]);
    assert!(text.contains("is the report of an experiment"), "{text}");
}

#[test]
fn what_is_compared_is_only_read() {
    let sandbox = sandbox();
    copy(&sandbox, "theirs/a");
    let journal = sandbox.path("theirs/a/journal");
    fs::create_dir(&journal).unwrap();
    for entry in fs::read_dir(sandbox.report("night").journal()).unwrap() {
        let from = entry.unwrap().path();
        fs::copy(&from, journal.join(from.file_name().unwrap())).unwrap();
    }
    // Of these nothing is left to read but plan and journal.
    for file in ["runs.parquet", "metrics.parquet", "summary.parquet"] {
        fs::remove_file(sandbox.path("theirs/a").join(file)).unwrap();
        fs::remove_file(sandbox.path("reports/night").join(file)).unwrap();
    }
    let names = |folder: &str| {
        let entries = fs::read_dir(sandbox.path(folder)).unwrap();
        let seen = entries
            .map(|e| e.unwrap())
            .map(|e| (e.path(), e.metadata().unwrap().modified().unwrap()));
        seen.collect::<BTreeMap<_, _>>()
    };
    let before = (names("theirs/a"), names("reports/night"));
    let text = sandbox.expect(0, &["compare", "theirs/a", FILE, "--output", "mine"]);
    assert!(text.contains("dentical"), "{text}");
    assert_eq!((names("theirs/a"), names("reports/night")), before);
}

#[test]
fn each_comparison_has_a_folder_of_its_own() {
    let sandbox = sandbox();
    copy(&sandbox, "elsewhere/night");
    copy(&sandbox, "other/night");
    copy(&sandbox, "reports/v1.5");
    copy(&sandbox, "reports/v1.6");
    copy(&sandbox, "an odd & name");
    let pairs = [
        ("reports/before", FILE),
        (FILE, "reports/before"),
        ("reports/v1.5", "reports/v1.6"),
        // Equal names, which are still four comparisons.
        ("elsewhere/night", FILE),
        (FILE, "elsewhere/night"),
        ("other/night", FILE),
        ("elsewhere/night", "other/night"),
        ("an odd & name", FILE),
    ];
    for (a, b) in pairs {
        sandbox.expect(0, &["compare", a, b]);
    }
    let names = folders(&sandbox);
    assert_eq!(names.len(), pairs.len(), "{names:?}");
    for name in ["before..night", "night..before", "v1.5..v1.6"] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    assert_eq!(names.iter().filter(|n| n.starts_with("night..night-")).count(), 4, "{names:?}");
    let odd = names.iter().find(|n| n.starts_with("an-odd")).unwrap();
    assert!(odd.ends_with("..night") && !odd.contains([' ', '&']), "{odd}");
    // On the page names stay as they are, and two sides do not have one name.
    let page = |folder: &String| {
        let page = sandbox.path("reports/compare").join(folder).join("index.html");
        fs::read_to_string(page).unwrap()
    };
    assert!(page(odd).contains("an odd &amp; name"));
    let both = names.iter().filter(|n| n.starts_with("night..night-"));
    assert_eq!(both.filter(|n| page(n).contains("elsewhere/night")).count(), 3);
    // Again: the same folder.
    sandbox.expect(0, &["compare", "elsewhere/night", FILE]);
    assert_eq!(folders(&sandbox), names);
}

#[test]
fn the_folder_one_stands_in_has_a_name_too() {
    let sandbox = sandbox();
    let mut command = sandbox.command(&["--root", "../..", "compare", ".", "../night"]);
    let output = command.current_dir(sandbox.path("reports/before")).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(folders(&sandbox), ["before..night"]);
}

#[test]
fn an_output_folder_that_is_something_else_is_refused() {
    let sandbox = sandbox();
    fs::create_dir_all(sandbox.path("mine")).unwrap();
    fs::write(sandbox.path("mine/index.html"), "mine").unwrap();
    fs::write(sandbox.path("file"), "mine").unwrap();
    let into = |output: &str| {
        ["compare", "reports/before", FILE, "--output"]
            .map(str::to_owned)
            .into_iter()
            .chain([output.to_owned()])
            .collect::<Vec<_>>()
    };
    let run = |code, output: &str| {
        let args = into(output);
        sandbox.expect(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    for folder in [
        "mine",
        "file",
        "reports/history",
        "reports/history/x",
        "reports/baselines/x",
        "reports/gallery",
        "reports/night/../gallery",
    ] {
        let text = run(2, folder);
        assert!(text.contains("--output") && text.contains("a folder of its own"), "{text}");
    }
    assert_eq!(fs::read_to_string(sandbox.path("mine/index.html")).unwrap(), "mine");
    assert!(!sandbox.path("reports/history").exists() && !sandbox.path("reports/gallery").exists());
    fs::create_dir_all(sandbox.path("empty")).unwrap();
    run(0, "empty");
    run(0, "empty");
}
