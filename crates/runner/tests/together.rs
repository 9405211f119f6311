//! `report` of several experiments: the page over all of them, and refusals. The experiments are
//! fabricated, so no worker is needed.

mod support;

#[path = "../../report/tests/common/mod.rs"]
mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use common::Fixture;
use support::Sandbox;

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_worker(PathBuf::from("no-worker"));
    for (name, epochs) in [("short", 2), ("long", 3), ("third", 4)] {
        let fixture = Fixture { name: name.to_owned(), epochs, ..Fixture::battle(2) };
        fixture.write(&sandbox.path(&format!("reports/{name}")));
    }
    sandbox
}

#[test]
fn several_reports_give_a_page_over_all() {
    let sandbox = sandbox();
    let before = files(&sandbox.path("reports"));
    let text = sandbox.expect(0, &["report", "reports/short", "reports/long"]);
    assert!(text.contains("\nread: reports/short\n"), "{text}");
    assert!(text.ends_with("\ntogether: reports/together/long+short/index.html\n"), "{text}");
    let page = sandbox.path("reports/together/long+short/index.html");
    let first = std::fs::read(&page).unwrap();
    assert!(String::from_utf8_lossy(&first).contains("<h1>long + short</h1>"));
    // Order changes neither place nor bytes.
    sandbox.expect(0, &["report", "reports/long", "reports/short"]);
    assert!(std::fs::read(&page).unwrap() == first);
    let all: Vec<_> = std::fs::read_dir(sandbox.path("reports/together")).unwrap().collect();
    assert_eq!(all.len(), 1, "{all:?}");
    // What is compared is only read: neither a file of it nor a time has changed.
    std::fs::remove_dir_all(sandbox.path("reports/together")).unwrap();
    assert_eq!(files(&sandbox.path("reports")), before);
}

/// Every file below a folder with its length and the time of its last change.
fn files(folder: &Path) -> BTreeMap<PathBuf, (u64, SystemTime)> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let (path, seen) = entry.map(|e| (e.path(), e.metadata().unwrap())).unwrap();
        if seen.is_dir() {
            out.extend(files(&path));
        } else {
            out.insert(path, (seen.len(), seen.modified().unwrap()));
        }
    }
    out
}

#[test]
fn todays_target_of_a_sweep_file_shows_on_the_page_and_changes_no_report() {
    let sandbox = sandbox();
    let fixture = Fixture { name: "short".to_owned(), epochs: 2, ..Fixture::battle(2) };
    let mut plan = fixture.plan();
    plan.file = "experiments/short.toml".to_owned();
    let path = sandbox.report("short").plan();
    std::fs::write(&path, serde_json::to_vec_pretty(&plan).unwrap()).unwrap();
    let before = files(&sandbox.path("reports"));
    sandbox.sweep_file("short", &format!("description = \"of today\"\n{}", support::digits(1, 1)));
    sandbox.expect(0, &["report", "experiments/short.toml", "reports/long", "--output", "page"]);
    assert_eq!(files(&sandbox.path("reports")), before);
    // One alone is its own output.
    sandbox.expect(0, &["report", "experiments/short.toml"]);
    assert!(std::fs::read_to_string(&path).unwrap().contains("of today"));
}

#[test]
fn the_page_goes_where_it_is_wanted_or_nowhere() {
    let sandbox = sandbox();
    let two = ["report", "reports/short", "reports/long"];
    let text = sandbox.expect(0, &[&two[..], &["--output", "mine/page"]].concat());
    assert!(text.ends_with("\ntogether: mine/page/index.html\n"), "{text}");
    assert!(sandbox.path("mine/page/REPORT.md").is_file());
    assert!(!sandbox.path("reports/together").exists());
    let text = sandbox.expect(0, &[&two[..], &["--no-together"]].concat());
    assert!(!text.contains("together:") && !sandbox.path("reports/together").exists(), "{text}");
    // Each is redrawn then.
    assert!(text.contains("\nreport: reports/short/index.html"), "{text}");
    assert!(sandbox.report("short").html().is_file() && sandbox.report("long").html().is_file());
    // One experiment is as before.
    let text = sandbox.expect(0, &["report", "reports/short"]);
    assert!(!text.contains("together:") && !sandbox.path("reports/together").exists(), "{text}");
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_drawn() {
    let sandbox = sandbox();
    let refused = |args: &[&str], why: &str| {
        let text = sandbox.expect(2, &[&["report"], args].concat());
        assert!(text.contains(why), "{text}");
        assert!(!sandbox.report("short").html().exists(), "{args:?}");
    };
    refused(&["reports/short", "reports/long", "reports/short"], "reports/short is given twice");
    refused(&["reports/short", "reports/../reports/short/"], "are the same report");
    std::os::unix::fs::symlink(sandbox.path("reports/short"), sandbox.path("link")).unwrap();
    refused(&["reports/short", "link"], "are the same report");
    refused(&["reports/short", "--output", "x"], "only one is given");
    refused(&["reports/short", "reports/long", "--output", "reports/third"], "is the report of an");
    std::fs::write(sandbox.path("file"), "").unwrap();
    refused(&["reports/short", "reports/long", "--output", "file"], "is not a folder");
    refused(&["reports/short", "reports/none"], "");
    refused(&["reports/short", "reports/long", "--output", "x", "--no-together"], "cannot be used");
}
