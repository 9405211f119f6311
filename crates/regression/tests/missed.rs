//! Nights that got worse in ways that are easily missed: few seeds, coarse values, seeds
//! that diverged before, steps older than what is compared with.

#[path = "../../report/tests/common/last.rs"]
mod last;
#[path = "common/nights.rs"]
mod nights;

use last::Last as _;
use nights::{against, change, night};
use plot::FigureData;
use regression::figures;
use regression::words::headline;
use regression::{Against, Finding, Method, Night, Regression, Title, Verdict, judge, render};
use spec::metric::{EpochMetric, Metric};
use spec::record::{Split, Status};
use spec::regress_settings::{RegressMetric, RegressSettings};
use store::layout::ReportDir;

fn judged(before: &Night, after: &Night) -> Regression {
    judge(after, against(before), &RegressSettings::default())
}

/// A night of so many seeds whose accuracies are whole counts of 360 samples.
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

/// Takes so many samples from the test accuracy of each of Adam's seeds.
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
        // A sample each may be chance.
        let out = judged(&before, &damaged(&before, |_| 1.0));
        assert_ne!(out.verdict, Verdict::Regressed, "{seeds} seeds: {}", headline(&out));
    }
    // Two that differ carry no interval that could show it.
    let before = coarse(1, "a", 2);
    let unequal = |seed: u64| if seed == 0 { 180.0 } else { 108.0 };
    let out = judged(&before, &damaged(&before, unequal));
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    assert_eq!(
        headline(&out),
        "Incomplete: test accuracy of adam (lr 0.001) fell by 40 percentage points on every one of 2 seeds, too few to tell \
         it from chance: at least 6 are needed"
    );
    // Whichever way it went, and not where it is small.
    let out = judged(&damaged(&before, unequal), &before);
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    let out = judged(&before, &damaged(&before, |seed| 4.0 + seed as f64));
    assert_eq!(out.verdict, Verdict::Unchanged, "{}", headline(&out));
    // Nor do six that differ much, among so many comparisons.
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

fn diverge(night: &mut Night, seeds: std::ops::Range<u64>) {
    change(night, "adam", |seed, row| {
        if seeds.contains(&seed) {
            row.status = Some(Status::Diverged);
            (row.weights_digest, row.diverged_step) = (None, Some(7));
        }
    });
}

#[test]
fn more_seeds_that_diverge_are_found_where_some_did_before() {
    for (seeds, before, after, expected) in [
        (6, 0..1, 0..6, Finding::Regressed),
        (10, 0..1, 0..6, Finding::Regressed),
        (10, 0..2, 0..7, Finding::Regressed),
        (10, 0..5, 0..10, Finding::Regressed),
        // As many as before, two others: chance.
        (10, 0..2, 2..4, Finding::NotShown),
        (10, 0..2, 0..4, Finding::NotShown),
        // All by now, of too few that differ.
        (5, 0..1, 0..5, Finding::Unknown),
        (10, 0..6, 0..1, Finding::Improved),
        (10, 0..6, 0..0, Finding::Improved),
        (10, 0..1, 0..0, Finding::NotShown),
    ] {
        let (mut one, mut other) = (coarse(1, "a", seeds), coarse(2, "a", seeds));
        diverge(&mut one, before.clone());
        diverge(&mut other, after.clone());
        let out = judged(&one, &other);
        let found = finding(&out, "adam", RegressMetric::Diverged);
        assert_eq!(found, expected, "{before:?} to {after:?} of {seeds}: {}", headline(&out));
        let change = &out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::Diverged);
        assert!(expected == Finding::NotShown || change.unwrap().method == Method::Exact);
    }
    let (mut one, mut other) = (coarse(1, "a", 6), coarse(2, "a", 6));
    diverge(&mut one, 0..1);
    diverge(&mut other, 0..6);
    assert_eq!(
        headline(&judged(&one, &other)),
        "Regressed: diverged seeds of adam (lr 0.001) rose from 1 to 6 of 6, and 6 more"
    );
    // No row vanishes: what diverged stands where its loss stood.
    let out = judged(&one, &other);
    assert_eq!(out.family, 18);
    let loss = &out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TEST_LOSS);
    assert_eq!((loss.unwrap().finding, loss.unwrap().ended()), (Finding::Regressed, 0));
    assert!(loss.unwrap().before.is_finite() && loss.unwrap().after.is_nan());
    // What has no effect left is in the table, and no empty row of the figure.
    let figure = figures::changes(&out, &Title::Nightly).unwrap();
    let FigureData::Rows(rows) = &figure.data else { panic!("{figure:?}") };
    assert_eq!(rows.rows.len(), 1, "{rows:?}");
    assert!(rows.rows[0].mean.is_some() && figure.caption.contains("6 more are in the table"));
    // The mirror is better by the same words.
    let back = judged(&other, &one);
    assert_eq!(back.verdict, Verdict::Improved, "{}", headline(&back));
    assert!(headline(&back).contains("fell from 6 to 1 of 6"), "{}", headline(&back));
}

#[test]
fn diverged_seeds_are_the_worst_of_every_comparison() {
    // Seven seeds got a little better; three that were the worst diverge. One of them did before,
    // so that the number of diverged seeds shows nothing.
    let before = {
        let mut night = coarse(1, "a", 10);
        diverge(&mut night, 9..10);
        night
    };
    let mut after = before.clone();
    change(&mut after, "adam", |seed, row| {
        row.change("test.loss", |x| x * 0.97);
        row.weights_digest = Some(format!("other {seed}"));
    });
    let better = judged(&before, &after);
    assert_eq!(finding(&better, "adam", RegressMetric::TEST_LOSS), Finding::Improved);
    diverge(&mut after, 6..9);
    let out = judged(&before, &after);
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::NotShown);
    // Where the rest got worse they say the same.
    let mut worse = before.clone();
    change(&mut worse, "adam", |seed, row| {
        row.change("test.loss", |x| x * 1.03);
        row.weights_digest = Some(format!("other {seed}"));
    });
    diverge(&mut worse, 6..9);
    let out = judged(&before, &worse);
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Regressed);
    let said = headline(&out);
    assert!(said.contains("test loss of adam (lr 0.001) got worse: 3 of 9 seeds that had ended diverged; of the other 6 it rose by 3%"), "{said}");
}

#[test]
fn what_too_few_seeds_leave_open_is_told_by_what_diverged() {
    let night = |day, diverged: std::ops::Range<u64>| {
        let mut night = coarse(day, "a", 5);
        diverge(&mut night, diverged);
        night
    };
    let out = judged(&night(1, 0..1), &night(2, 0..5));
    assert_eq!(
        headline(&out),
        "Incomplete: diverged seeds of adam (lr 0.001) rose from 1 to 5 of 5; too few seeds differ to tell it from \
         chance, and 6 more"
    );
    // One is left, and one more diverged than no longer does.
    let out = judged(&night(1, 0..2), &night(2, 1..4));
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    // Losses of one pair say nothing, whatever came back.
    let out = judged(&night(1, 0..4), &night(2, 0..0));
    assert_eq!((out.verdict, out.family), (Verdict::Incomplete, 20), "{}", headline(&out));
}

#[test]
fn a_fault_of_all_configurations_is_found_where_none_alone_shows_it() {
    // In each of two one seed diverged before, and six of ten do tonight.
    let night = |day, seeds: [std::ops::Range<u64>; 2]| {
        let mut night = coarse(day, "a", 10);
        for (label, seeds) in ["adam", "momentum"].into_iter().zip(seeds) {
            change(&mut night, label, |seed, row| {
                if seeds.contains(&seed) {
                    row.status = Some(Status::Diverged);
                    (row.weights_digest, row.diverged_step) = (None, Some(7));
                }
            });
        }
        night
    };
    let before = night(1, [0..1, 4..5]);
    let out = judged(&before, &night(2, [0..6, 4..10]));
    for label in ["adam", "momentum"] {
        assert_eq!(finding(&out, label, RegressMetric::Diverged), Finding::Regressed, "{label}");
    }
    let out = judged(&before, &night(2, [0..2, 4..5]));
    assert_eq!(out.verdict, Verdict::Unchanged, "{}", headline(&out));
}

#[test]
fn half_of_the_seeds_that_diverge_are_no_small_change() {
    let mut before = coarse(1, "a", 10);
    diverge(&mut before, 9..10);
    let mut after = before.clone();
    change(&mut after, "adam", |seed, row| {
        row.change("test.loss", |x| x * 1.005);
        row.weights_digest = row.weights_digest.as_ref().map(|_| format!("other {seed}"));
    });
    diverge(&mut after, 5..10);
    let out = judged(&before, &after);
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Regressed);
    let loss = out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TEST_LOSS);
    assert_eq!((loss.unwrap().ended(), loss.unwrap().seeds.len()), (5, 9));
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
    // What only one side has is said to be left out.
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
    let said = "Not compared, for \\[regress\\] metrics leaves them out: training loss,";
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
    // Worse from the tenth night on, compared with one that is accepted by nobody.
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
    // A label by another name: its runs are new, and the old ones are gone.
    let mut after = coarse(2, "a", 10);
    for run in after.runs.iter_mut().filter(|run| run.label == "adam") {
        run.label = "adam anew".to_owned();
        run.cell_id = spec::Id::of(format!("anew {}", run.seed));
        run.series = spec::Id::of("anew");
    }
    let out = judged(&before, &after);
    assert_eq!(
        headline(&out),
        "Incomplete: 10 runs could not be compared, 10 runs of before no longer planned; nothing is known to have got worse"
    );
    // Three metrics without a number are still one run.
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
