//! Tests of more diverging seeds than before, and of their effect on every other comparison.

use plot::FigureData;
use regression::text::headline;
use regression::{Finding, Method, Night, Title, Verdict, figures};
use spec::record::Status;
use spec::regress_settings::RegressMetric;

use crate::last::Last as _;
use crate::nights::change;
use crate::{coarse, finding, judged};

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
        // As many as before, but two others: chance.
        (10, 0..2, 2..4, Finding::NotShown),
        (10, 0..2, 0..4, Finding::NotShown),
        // All diverge, but too few differ.
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
    // No row vanishes: diverged seeds are listed for each loss.
    let out = judged(&one, &other);
    assert_eq!(out.family, 18);
    let loss = &out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TEST_LOSS);
    assert_eq!((loss.unwrap().finding, loss.unwrap().ended()), (Finding::Regressed, 0));
    assert!(loss.unwrap().before.is_finite() && loss.unwrap().after.is_nan());
    // A change without an effect is in the table, but not in the figure.
    let figure = figures::changes(&out, &Title::Nightly).unwrap();
    let FigureData::Rows(rows) = &figure.data else { panic!("{figure:?}") };
    assert_eq!(rows.rows.len(), 1, "{rows:?}");
    assert!(
        rows.rows[0].mean.is_some() && figure.description().contains("6 more are in the table")
    );
    // The opposite direction is an improvement in the same words.
    let back = judged(&other, &one);
    assert_eq!(back.verdict, Verdict::Improved, "{}", headline(&back));
    assert!(headline(&back).contains("fell from 6 to 1 of 6"), "{}", headline(&back));
}

#[test]
fn diverged_seeds_are_the_worst_of_every_comparison() {
    // Seven seeds improved slightly, and three that were the worst diverge. One of them diverged
    // before, so that the number of diverged seeds shows nothing.
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
    // If the others got worse, they agree.
    let mut worse = before.clone();
    change(&mut worse, "adam", |seed, row| {
        row.change("test.loss", |x| x * 1.03);
        row.weights_digest = Some(format!("other {seed}"));
    });
    diverge(&mut worse, 6..9);
    let out = judged(&before, &worse);
    assert_eq!(finding(&out, "adam", RegressMetric::TEST_LOSS), Finding::Regressed);
    let said = headline(&out);
    assert!(said.contains("test loss of adam (lr 0.001) got worse: 3 of 9 seeds newly diverged; for the other 6 it rose by 3%"), "{said}");
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
    // One seed remains; one more diverged than recovered.
    let out = judged(&night(1, 0..2), &night(2, 1..4));
    assert_eq!(out.verdict, Verdict::Incomplete, "{}", headline(&out));
    // Losses of one pair show nothing, whatever recovered.
    let out = judged(&night(1, 0..4), &night(2, 0..0));
    assert_eq!((out.verdict, out.family), (Verdict::Incomplete, 20), "{}", headline(&out));
}

#[test]
fn a_fault_of_all_configurations_is_found_where_none_alone_shows_it() {
    // In each of two configurations one seed diverged before, and six of ten do tonight.
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
