//! Reports of runs by steps: values are keyed by step, and the page counts in steps.

mod common;

use common::{Fixture, label};
use report::analysis::Clock;
use report::table::RunRow;
use spec::metric::Metric;
use spec::plan::TargetAt;
use spec::record::{MetricPoint, RunRecord, Split};

/// Two labels, 2,000 steps of 64 of 55,000 samples: 2.3 epochs, evaluated each 100 steps.
fn fixture() -> Fixture {
    Fixture {
        name: "by-steps".to_owned(),
        labels: vec![
            label("sgd", "sgd", &[1e-2, 1e-1, 1.0], 0.3, 0.05, 5.0),
            label("adam", "adam", &[1e-4, 1e-3, 1e-2], 1e-3, 0.018, 1e9),
        ],
        epochs: 3,
        steps: 2_000,
        target: 0.95,
        ..Fixture::battle(4)
    }
}

/// A value of a metric of a record at a step.
fn at(record: &RunRecord, split: Split, step: u64) -> f64 {
    let wanted = |m: &&MetricPoint| (m.split, m.metric, m.step) == (split, Metric::ACCURACY, step);
    record.outcome.as_ref().unwrap().metrics.iter().find(wanted).unwrap().value.0
}

#[test]
fn rows_hold_what_was_measured_at_a_step() {
    let (fixture, mut plan) = (fixture(), fixture().plan());
    plan.target.at = TargetAt::Best;
    for record in &fixture.records() {
        let row = RunRow::of(record, &plan.target);
        // The last of several evaluations within the last epoch.
        let last = row.last(Split::Test, Metric::ACCURACY).unwrap();
        assert_eq!(last, at(record, Split::Test, 2_000));
        let reached = (0..=20).map(|i| i * 100).find(|&s| at(record, Split::Validation, s) >= 0.95);
        assert_eq!(row.target_step, reached);
        assert_eq!(row.target_epoch, reached.map(|step| step / 860));
        // 859 batches of 64 and one of 24 an epoch.
        let samples = |step: u64| step / 860 * 55_000 + step % 860 * 64;
        assert_eq!(row.target_samples, reached.map(samples));
        let seconds = row.target_seconds.zip(reached);
        assert!(seconds.is_none_or(|(s, step)| (s - 0.009 * step as f64).abs() < 1e-9));
        let best = row.at_best.unwrap();
        let values = (1..=20).map(|i| at(record, Split::Validation, i * 100));
        assert_eq!(best.value, values.fold(0.0, f64::max));
        assert_eq!(best.value, at(record, Split::Validation, best.step));
        assert_eq!(best.test, Some(at(record, Split::Test, best.step)));
    }
}

#[test]
fn times_to_the_target_are_of_steps() {
    let folder = tempfile::tempdir().unwrap();
    let (analysis, _) = fixture().analysed(folder.path());
    let times = analysis.time_to_target().unwrap();
    let adam = &times.by_label[0];
    let of = &adam.times[Clock::Steps.place()];
    assert!(of.iter().any(|t| t.is_finite()));
    assert!(of.iter().all(|t| t.is_infinite() || *t > 0.0 && t % 100.0 == 0.0), "{of:?}");
    assert!((0..analysis.rows.len()).all(|run| analysis.ended_early(run).is_none()));
}

#[test]
fn the_page_counts_in_steps() {
    let folder = tempfile::tempdir().unwrap();
    let dir = fixture().write(folder.path());
    report::collect(&dir).unwrap();
    report::render(&dir).unwrap();
    let markdown = std::fs::read_to_string(dir.markdown()).unwrap();
    // The lesson's data has epochs, and so has the ledger of what was spent.
    let told = ["last epoch", "Best epoch", "best epoch", "against epoch", "end of an epoch"];
    let wrong: Vec<_> = told.iter().filter(|words| markdown.contains(**words)).collect();
    assert!(wrong.is_empty(), "{wrong:?} in {markdown}");
    for right in ["after the last step", "Loss against optimizer step", "Median steps"] {
        assert!(markdown.contains(right), "no {right:?} in {markdown}");
    }
    // The page explains its columns, too.
    let page = std::fs::read_to_string(dir.html()).unwrap();
    let wrong: Vec<_> = told[1..].iter().filter(|words| page.contains(**words)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}
