//! Tests of regressions that are easily missed: few seeds, coarse values, seeds that diverged
//! before, steps older than the reference.

#[path = "missed/diverged.rs"]
mod diverged;
#[path = "../../report/tests/common/last.rs"]
mod last;
#[path = "common/nights.rs"]
mod nights;

use last::Last as _;
use nights::{against, change, night};
use regression::text::headline;
use regression::{Against, Finding, Night, Regression, Title, Verdict, judge, render};
use spec::metric::{EpochMetric, Metric};
use spec::record::Split;
use spec::regress_settings::{RegressMetric, RegressSettings};
use store::layout::ReportDir;

fn judged(before: &Night, after: &Night) -> Regression {
    judge(after, against(before), &RegressSettings::default())
}

/// Returns a night of this many seeds whose accuracies are whole counts of 360 samples.
fn coarse(day: u32, noise: &str, seeds: u64) -> Night {
    let mut night = night(day, noise);
    night.runs.retain(|run| run.seed < seeds);
    for run in &mut night.runs {
        let whole = |x: Option<f64>| x.map(|x| (x * 360.0).round() / 360.0);
        let row = &mut run.row;
        row.set("test.accuracy", whole(row.get("test.accuracy")));
        row.set("validation.accuracy", whole(row.get("validation.accuracy")));
        row.best_validation_accuracy = whole(row.best_validation_accuracy);
    }
    night
}

fn finding(of: &Regression, label: &str, metric: RegressMetric) -> Finding {
    let config = of.configs.iter().find(|c| c.label == label).unwrap();
    config.changes.iter().find(|c| c.metric == metric).unwrap().finding
}

/// Reduces the test accuracy of each of Adam's seeds by this many samples.
fn damaged(before: &Night, samples: impl Fn(u64) -> f64) -> Night {
    let mut after = before.clone();
    after.facts.started = "2026-11-02T02:00:00.000Z".to_owned();
    change(&mut after, "adam", |seed, row| {
        row.change("test.accuracy", |x| x - samples(seed) / 360.0);
        row.weights_digest = Some(format!("other {seed}"));
    });
    after
}

#[test]
fn equal_damage_of_few_seeds_is_found_or_said_to_be_beyond_them() {
    for seeds in [3, 4, 5, 6, 10] {
        let before = coarse(1, "a", seeds);
        let out = judged(&before, &damaged(&before, |_| 180.0));
        assert_eq!(out.verdict, Verdict::Regressed, "{seeds} seeds: {}", headline(&out));
        assert_eq!(finding(&out, "adam", RegressMetric::TEST_ACCURACY), Finding::Regressed);
        // One sample per seed may be chance.
        let out = judged(&before, &damaged(&before, |_| 1.0));
        assert_ne!(out.verdict, Verdict::Regressed, "{seeds} seeds: {}", headline(&out));
    }
    // Two seeds that differ allow no interval that could show it.
    let before = coarse(1, "a", 2);
    let unequal = |seed: u64| if seed == 0 { 180.0 } else { 108.0 };
    let out = judged(&before, &damaged(&before, unequal));
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    assert_eq!(
        headline(&out),
        "Incomplete: test accuracy of adam (lr 0.001) fell by 40 percentage points on every one of 2 seeds, too few to tell \
         it from chance: at least 6 are needed"
    );
    // In either direction, but not if it is small.
    let out = judged(&damaged(&before, unequal), &before);
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    let out = judged(&before, &damaged(&before, |seed| 4.0 + seed as f64));
    assert_eq!(out.verdict, Verdict::Unchanged, "{}", headline(&out));
    // Neither do six seeds that differ much, among so many comparisons.
    let before = coarse(1, "a", 6);
    let unequal = |seed: u64| [36.0, 108.0, 180.0, 72.0, 144.0, 216.0][seed as usize];
    let mut after = damaged(&before, unequal);
    for label in ["adam", "momentum"] {
        change(&mut after, label, |seed, row| {
            let moved = if seed % 2 == 0 { 1.001 } else { 0.999 };
            row.change("test.loss", |x| x * moved);
            row.change("train.loss", |x| x / moved);
        });
    }
    let out = judged(&before, &after);
    let found = finding(&out, "adam", RegressMetric::TEST_ACCURACY);
    assert!(matches!(found, Finding::Unknown | Finding::Regressed), "{found:?}");
}

#[test]
fn equal_losses_of_few_seeds_are_no_chance() {
    let before = coarse(1, "a", 5);
    let mut after = before.clone();
    change(&mut after, "momentum", |seed, row| {
        row.change("test.loss", |x| x + 0.25);
        row.weights_digest = Some(format!("other {seed}"));
    });
    let out = judged(&before, &after);
    assert_eq!(finding(&out, "momentum", RegressMetric::TEST_LOSS), Finding::Regressed);
}

#[test]
fn intervals_of_shares_end_where_shares_do() {
    let before = coarse(1, "a", 3);
    let mut after = coarse(2, "b", 3);
    change(&mut after, "adam", |seed, row| {
        row.last_epoch.set(
            EpochMetric::new(Split::Test, Metric::ACCURACY),
            Some([0.1, 0.9, 0.5][seed as usize]),
        )
    });
    let out = judged(&before, &after);
    let wide =
        out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TEST_ACCURACY).unwrap();
    let (low, high) = wide.interval.unwrap();
    assert_eq!((low, high), (-wide.before, 1.0 - wide.before));
}

#[test]
fn scores_that_a_sweep_measures_are_judged_or_said_to_be_left_out() {
    let mut before = coarse(1, "a", 10);
    for label in ["adam", "momentum"] {
        change(&mut before, label, |seed, row| {
            row.set("test.f1", Some(0.9 + 0.001 * seed as f64));
            row.set("validation.top5_accuracy", Some(0.99));
        });
    }
    let mut after = before.clone();
    change(&mut after, "adam", |seed, row| {
        row.change("test.f1", |x| x - 0.1);
        row.weights_digest = Some(format!("other {seed}"));
    });
    let out = judged(&before, &after);
    assert_eq!(
        headline(&out),
        "Regressed: test F1 of adam (lr 0.001) fell by 10 percentage points (interval 10 to 10)"
    );
    assert_eq!(
        finding(&out, "adam", RegressMetric::at_end(Split::Validation, Metric::TOP5_ACCURACY)),
        Finding::Identical
    );
    // Metrics of only one side are reported as left out.
    let mut plain = before.clone();
    for label in ["adam", "momentum"] {
        change(&mut plain, label, |_, row| row.set("test.f1", None));
    }
    assert_eq!(judged(&plain, &after).gained, [RegressMetric::at_end(Split::Test, Metric::F1)]);
    let settings = RegressSettings {
        metrics: vec![RegressMetric::TEST_LOSS, RegressMetric::Steps],
        ..RegressSettings::default()
    };
    (before.facts.target, after.facts.target) = (None, None);
    let out = judge(&after, against(&before), &settings);
    let unasked: Vec<String> = out.unasked.iter().map(|m| m.name()).collect();
    assert!(
        ["test_f1", "seconds_per_epoch"].iter().all(|m| unasked.iter().any(|u| u == m)),
        "{unasked:?}"
    );
    let missing = ["test_top5_accuracy", "target_epoch"];
    assert!(missing.iter().all(|m| unasked.iter().all(|u| u != m)), "nobody has it: {unasked:?}");
    let folder = tempfile::tempdir().unwrap();
    let report = ReportDir::new(folder.path());
    render(&out, &report, &Title::Nightly).unwrap();
    let text = std::fs::read_to_string(report.regression_markdown()).unwrap();
    let said = "Not compared, since \\[regress\\] metrics does not list them: training loss,";
    assert!(text.contains(said) && text.contains("test F1"), "{text}");
}

#[test]
fn differences_of_rounding_are_no_change() {
    let small = |size: f64| {
        let mut night = coarse(1, "a", 10);
        change(&mut night, "adam", |seed, row| {
            row.set("test.loss", Some(size * (1.0 + 0.01 * seed as f64)));
            row.initial_test_loss = Some(1.8);
            row.weights_digest = Some(format!("{size} {seed}"));
        });
        night
    };
    let out = judged(&small(2.4e-14), &small(4.2e-14));
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Small);
    assert_eq!(judged(&small(0.0), &small(4.2e-14)).verdict, Verdict::Unchanged);
    let out = judged(&small(2.4e-14), &small(4.2e-4));
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Regressed);
}

#[test]
fn steps_older_than_what_is_compared_with_are_history() {
    // Worse from the tenth night on, compared with a night that was not accepted.
    let nights: Vec<Night> = (1..=20)
        .map(|day| {
            let mut night = night(day, &format!("night {day}"));
            let factor = if day >= 10 { 1.5 } else { 1.0 };
            change(&mut night, "adam", |_, row| row.change("test.loss", |x| x * factor));
            night
        })
        .collect();
    let held = |before: &Night| {
        let history = nights[..19].to_vec();
        let since = Some(before.facts.started.clone());
        let against = Against { before: Some(before.clone()), since, history, accepted: None };
        judge(&nights[19], against, &RegressSettings::default())
    };
    assert_eq!(held(&nights[12]).alarms().count(), 0, "{}", headline(&held(&nights[12])));
    assert!(held(&nights[2]).alarms().next().is_some(), "{}", headline(&held(&nights[2])));
}

#[test]
fn runs_that_could_not_be_compared_are_counted_once() {
    let before = coarse(1, "a", 10);
    // A renamed label: its runs are new, and the old ones are gone.
    let mut after = coarse(2, "a", 10);
    for run in after.runs.iter_mut().filter(|run| run.label == "adam") {
        run.label = "adam anew".to_owned();
        run.cell_id = spec::Id::of(format!("anew {}", run.seed));
        run.series = spec::Id::of("anew");
    }
    let out = judged(&before, &after);
    assert_eq!(
        headline(&out),
        "Incomplete: 10 runs could not be compared, 10 runs no longer planned; nothing is known to have got worse"
    );
    // Three missing metrics are still one run.
    let mut after = coarse(2, "b", 10);
    change(&mut after, "adam", |seed, row| {
        if seed == 3 {
            for metric in ["test.loss", "validation.loss", "train.loss"] {
                row.set(metric, None);
            }
        }
    });
    let out = judged(&before, &after);
    assert!(headline(&out).contains("1 run could not be compared"), "{}", headline(&out));
}

#[test]
fn what_changed_a_little_is_no_absence_of_change() {
    let before = coarse(1, "a", 10);
    let mut after = before.clone();
    change(&mut after, "adam", |seed, row| {
        row.change("test.loss", |x| x * 1.005);
        row.weights_digest = Some(format!("other {seed}"));
    });
    let out = judged(&before, &after);
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Small);
    assert!(headline(&out).contains("no change beyond min_effect is shown"), "{}", headline(&out));
}
