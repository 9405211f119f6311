//! Whole reports of fabricated sweeps. `REPORT_GALLERY=<folder>` keeps them there for inspection.

mod common;
#[path = "../../regression/tests/common/regressed.rs"]
mod regressed;

use common::{End, Fixture};

fn cases() -> Vec<(&'static str, Fixture)> {
    let mut all_diverged = Fixture::battle(3);
    all_diverged.all = Some(End::Diverged { step: 17 });
    let mut nothing = Fixture::battle(2);
    nothing.all = Some(End::Missing);
    let mut holdout = Fixture::battle(5);
    holdout.validation = 0;
    let mut partly = Fixture::battle(5);
    partly.ends = vec![
        (
            "adam".to_owned(),
            1e-3,
            3,
            End::Failed("panicked at 'index out of bounds': crates/train/src/run.rs:10".to_owned()),
        ),
        ("adam".to_owned(), 1e-3, 4, End::Missing),
    ];
    vec![
        ("five-seeds", Fixture::battle(5)),
        ("lesson", Fixture::lesson()),
        ("crowd", Fixture::crowd()),
        ("one-seed", Fixture::battle(1)),
        ("all-diverged", all_diverged),
        ("nothing", nothing),
        ("holdout", holdout),
        ("partly", partly),
        ("by-steps", Fixture { epochs: 3, steps: 2_000, ..Fixture::battle(5) }),
        ("hostile", Fixture::hostile()),
        ("two-hundred", Fixture::grid(5, 5, 20)),
        ("twelve-hundred", Fixture::grid(5, 30, 3)),
    ]
}

#[test]
fn every_kind_of_sweep_has_a_report() {
    let folder = tempfile::tempdir().unwrap();
    let root = std::env::var_os("REPORT_GALLERY").map_or(folder.path().to_owned(), Into::into);
    for (name, fixture) in cases() {
        let dir = fixture.write(&root.join(name));
        let collected = report::collect(&dir).unwrap();
        assert_eq!(collected.runs, fixture.plan().runs.len(), "{name}");
        report::render(&dir).unwrap();
    }
    // In a folder of their own: each has another page.
    for (name, r) in regressions() {
        let dir = store::layout::ReportDir::new(root.join("regressions").join(name));
        regression::render(&r, &dir, &regression::Title::Nightly).unwrap();
    }
}

fn regressions() -> Vec<(&'static str, regression::Regression)> {
    vec![
        ("regressed", regressed::regressed()),
        ("unchanged", regressed::unchanged()),
        ("identical", regressed::identical()),
        ("incomplete", regressed::incomplete()),
        ("improved", regressed::improved()),
        ("first-night", regressed::first_night()),
        ("no-baseline", regressed::no_baseline()),
        ("history", regressed::history()),
        ("crowd", regressed::extreme::crowd(12, 400)),
        ("hostile", regressed::extreme::hostile(common::HOSTILE)),
    ]
}
