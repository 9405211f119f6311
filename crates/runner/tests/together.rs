//! `report` of several experiments: the page over all of them, and what is
//! refused. The experiments are fabricated, so no worker is needed.

mod support;

#[path = "../../report/tests/common/mod.rs"]
mod common;

use std::path::PathBuf;

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
    let text = sandbox.expect(0, &["report", "reports/short", "reports/long"]);
    assert!(text.contains("\nreport: reports/short/index.html"), "{text}");
    assert!(text.ends_with("\ntogether: reports/together/long+short/index.html\n"), "{text}");
    let page = sandbox.path("reports/together/long+short/index.html");
    let first = std::fs::read(&page).unwrap();
    assert!(String::from_utf8_lossy(&first).contains("<h1>long + short</h1>"));
    // Each has its own report too, and order changes neither place nor bytes.
    assert!(sandbox.report("short").html().is_file() && sandbox.report("long").html().is_file());
    sandbox.expect(0, &["report", "reports/long", "reports/short"]);
    assert!(std::fs::read(&page).unwrap() == first);
    let all: Vec<_> = std::fs::read_dir(sandbox.path("reports/together")).unwrap().collect();
    assert_eq!(all.len(), 1, "{all:?}");
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
    refused(&["reports/short", "reports/long", "--output", "file"], "is no folder");
    refused(&["reports/short", "reports/none"], "");
    refused(&["reports/short", "reports/long", "--output", "x", "--no-together"], "cannot be used");
}
