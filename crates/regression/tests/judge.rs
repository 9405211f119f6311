//! Tests of judging nights against a baseline, with fabricated nights whose runs differ by known
//! amounts.

#[path = "../../report/tests/common/last.rs"]
mod last;
#[path = "common/nights.rs"]
mod nights;

use last::Last as _;
use nights::{against, change, night};
use regression::{Against, Finding, GapKind, Method, Night, Regression, Verdict, judge};
use report::table::RunRow;
use spec::record::Status;
use spec::regress_settings::{RegressMetric, RegressSettings};

fn judged(before: &Night, after: &Night) -> Regression {
    judge(after, against(before), &RegressSettings::default())
}

/// Returns `label metric` of each change with this finding.
fn names(of: &Regression, finding: Finding) -> Vec<String> {
    let found = of.found(finding).into_iter();
    found.map(|(config, change)| format!("{} {}", config.label, change.metric)).collect()
}

#[test]
fn the_same_bits_are_identical() {
    let before = night(1, "a");
    let out = judged(&before, &night(2, "a"));
    assert_eq!((out.verdict, out.identical, out.pairs), (Verdict::Identical, 20, 20));
    assert!(out.gaps.is_empty() && names(&out, Finding::Identical).len() == out.family);
}

#[test]
fn other_bits_of_the_same_distribution_are_unchanged() {
    let out = judged(&night(1, "a"), &night(2, "b"));
    assert_eq!((out.verdict, out.identical), (Verdict::Unchanged, 0));
    assert!(out.configs.iter().flat_map(|c| &c.changes).any(|c| c.finding == Finding::NotShown));
}

#[test]
fn a_change_for_the_worse_names_metric_and_configuration() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    change(&mut after, "momentum", |seed, row| {
        row.change("test.loss", |x| x * 1.05 + 1e-4 * seed as f64);
        row.weights_digest = Some("other".to_owned());
    });
    let out = judged(&before, &after);
    assert_eq!(out.verdict, Verdict::Regressed);
    assert_eq!(names(&out, Finding::Regressed), ["momentum test_loss"]);
    let (_, found) = out.found(Finding::Regressed)[0];
    let (low, high) = found.interval.unwrap();
    assert!(0.05 < low && low < found.effect && found.effect < high && high < 0.06, "{found:?}");
    assert_eq!(found.method, Method::SignFlips);
    assert_eq!(out.identical, 10, "adam is as it was");

    // The opposite direction is an improvement.
    let back = judged(&after, &before);
    assert_eq!(back.verdict, Verdict::Improved);
    assert_eq!(names(&back, Finding::Improved), ["momentum test_loss"]);
}

#[test]
fn an_effect_up_to_min_effect_is_let_pass() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    change(&mut after, "adam", |_, row| row.change("test.loss", |x| x * 1.05));
    let mut settings = RegressSettings::default();
    let verdict = |settings: &RegressSettings| judge(&after, against(&before), settings).verdict;
    assert_eq!(verdict(&settings), Verdict::Regressed);
    settings.min_effect.insert(RegressMetric::TEST_LOSS, 0.051);
    let out = judge(&after, against(&before), &settings);
    assert_eq!(names(&out, Finding::Small), ["adam test_loss"]);
    assert_ne!(out.verdict, Verdict::Regressed);
    settings.min_effect.insert(RegressMetric::TEST_LOSS, 0.049);
    assert_eq!(verdict(&settings), Verdict::Regressed);
    settings.metrics = vec![RegressMetric::TRAIN_LOSS];
    assert_ne!(verdict(&settings), Verdict::Regressed, "only what is asked for is compared");
}

#[test]
fn a_seed_that_diverges_where_none_did_is_a_regression() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    let diverge = |night: &mut Night, seeds: std::ops::Range<u64>| {
        change(night, "adam", |seed, row| {
            if seeds.contains(&seed) {
                row.status = Some(Status::Diverged);
                (row.weights_digest, row.diverged_step) = (None, Some(7));
            }
        });
    };
    diverge(&mut after, 3..4);
    let out = judged(&before, &after);
    assert_eq!(names(&out, Finding::Regressed), ["adam diverged"]);
    assert_eq!(out.found(Finding::Regressed)[0].1.method, Method::Exact);
    let lost =
        out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TEST_LOSS).unwrap();
    assert_eq!((lost.seeds.len(), lost.ended()), (10, 9), "a diverged run has no last loss");

    // If some diverge anyway, one more shows nothing, and the test ignores which seeds they are.
    let mut edge = before.clone();
    diverge(&mut edge, 3..5);
    diverge(&mut after, 4..6);
    assert_eq!(names(&judged(&edge, &after), Finding::Regressed), [""; 0]);
    assert_eq!(judged(&edge, &edge).verdict, Verdict::Identical, "diverged at the same step");
    let mut settings = RegressSettings::default();
    settings.min_effect.insert(RegressMetric::Diverged, 0.5);
    assert_ne!(judge(&after, against(&before), &settings).verdict, Verdict::Regressed);
}

#[test]
fn divergence_is_judged_whatever_is_asked_for() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    for label in ["adam", "momentum"] {
        change(&mut after, label, |_, row| {
            *row = RunRow { status: Some(Status::Diverged), ..row.clone() };
            row.weights_digest = None;
        });
    }
    let settings =
        RegressSettings { metrics: vec![RegressMetric::TEST_LOSS], ..RegressSettings::default() };
    let out = judge(&after, against(&before), &settings);
    assert_eq!(out.verdict, Verdict::Regressed);
    let found = names(&out, Finding::Regressed);
    // The requested loss counts as the worst value.
    let expected = ["adam diverged", "momentum diverged", "adam test_loss", "momentum test_loss"];
    assert_eq!(found, expected);
}

#[test]
fn a_metric_that_is_no_number_any_more_is_named() {
    let before = night(1, "a");
    for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
        let mut after = night(2, "b");
        change(&mut after, "adam", |seed, row| {
            if seed == 3 {
                row.set("test.loss", value);
            }
        });
        let out = judged(&before, &after);
        assert_eq!(out.verdict, Verdict::Incomplete);
        let gap = &out.gaps[0];
        assert_eq!((out.gaps.len(), gap.seeds.as_slice()), (1, &[3][..]));
        assert_eq!(gap.kind, GapKind::NoValue(RegressMetric::TEST_LOSS));
    }
}

#[test]
fn other_work_is_a_regression_whichever_way() {
    let before = night(1, "a");
    for steps in [352, 368] {
        let mut after = night(2, "a");
        change(&mut after, "adam", |_, row| row.steps = Some(steps));
        let out = judged(&before, &after);
        assert_eq!(names(&out, Finding::Regressed), ["adam steps"], "{steps}");
        assert_eq!(out.found(Finding::Regressed)[0].1.method, Method::Exact);
        // Two seeds are enough to show it.
        let few = |night: &Night| {
            let mut night = night.clone();
            night.runs.retain(|r| r.seed < 2);
            night
        };
        let out = judged(&few(&before), &few(&after));
        assert_eq!(names(&out, Finding::Regressed), ["adam steps"], "{steps}");
    }
}

#[test]
fn steps_that_cancel_out_are_other_work_too() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    change(&mut after, "adam", |seed, row| match seed {
        3 => row.steps = Some(380),
        4 => row.steps = Some(340),
        _ => (),
    });
    assert_eq!(names(&judged(&before, &after), Finding::Regressed), ["adam steps"]);
}

#[test]
fn what_cannot_be_compared_is_named() {
    let before = night(1, "a");
    let kinds = |before: &Night, after: &Night| -> Vec<(String, Vec<u64>, GapKind)> {
        let out = judged(before, after);
        assert_eq!(out.verdict, Verdict::Incomplete);
        out.gaps.into_iter().map(|g| (g.label, g.seeds, g.kind)).collect()
    };
    let adam = |seeds: &[u64], kind| vec![("adam".to_owned(), seeds.to_vec(), kind)];

    let mut fewer = before.clone();
    fewer.runs.retain(|r| r.label != "adam" || ![2, 5].contains(&r.seed));
    assert_eq!(kinds(&fewer, &before), adam(&[2, 5], GapKind::NotInBaseline));
    assert_eq!(kinds(&before, &fewer), adam(&[2, 5], GapKind::NotPlanned));

    let mut after = night(2, "a");
    let fail = |seed: u64, row: &mut RunRow| {
        if seed == 4 {
            *row = RunRow {
                status: Some(Status::TimedOut),
                error: Some("after 3 s\nlog".to_owned()),
                ..RunRow::default()
            };
        }
    };
    change(&mut after, "adam", fail);
    let why = "timed out: after 3 s".to_owned();
    assert_eq!(kinds(&before, &after), adam(&[4], GapKind::Failed(why)));
    assert_eq!(kinds(&after, &before), adam(&[4], GapKind::NoBaselineResult));
    change(&mut after, "adam", |seed, row| {
        if seed == 4 {
            *row = RunRow::default();
        }
    });
    assert_eq!(kinds(&before, &after), adam(&[4], GapKind::Missing));

    let mut after = night(2, "a");
    change(&mut after, "adam", |_, row| row.batch_digest = Some("[\"other\"]".to_owned()));
    let found = kinds(&before, &after);
    assert!(matches!(&found[0].2, GapKind::Unpaired(why) if why.contains("batches")), "{found:?}");
    assert_eq!(found[0].1.len(), 10);
    // A regression takes precedence over a gap.
    change(&mut after, "adam", |_, row| row.set("test.loss", Some(2.0)));
    assert_eq!(judged(&before, &after).verdict, Verdict::Regressed);
}

#[test]
fn one_seed_cannot_show_anything_and_a_first_night_is_incomplete() {
    let one = |noise| {
        let mut night = night(1, noise);
        night.runs.retain(|r| r.seed == 0);
        night
    };
    assert_eq!(judged(&one("a"), &one("b")).verdict, Verdict::Incomplete);
    assert_eq!(judged(&one("a"), &one("a")).verdict, Verdict::Identical);
    let first = judge(&night(1, "a"), Against::default(), &RegressSettings::default());
    assert_eq!((first.verdict, first.pairs, first.gaps.len()), (Verdict::Incomplete, 0, 0));
}

#[test]
fn seconds_are_compared_on_equal_machines_only() {
    let timed = |day| {
        let mut night = night(day, "a");
        night.runs.iter_mut().for_each(|run| run.row.jobs = Some(1));
        night
    };
    let (before, mut after) = (timed(1), timed(2));
    let slower = |_, row: &mut RunRow| row.epoch_seconds = row.epoch_seconds.map(|s| s * 1.3);
    change(&mut after, "adam", slower);
    let out = judged(&before, &after);
    assert_eq!(names(&out, Finding::Regressed), ["adam seconds_per_epoch"]);
    assert_eq!(out.no_seconds, None);

    let left_out = |after: &Night| judged(&before, after).no_seconds.unwrap();
    let mut moved = after.clone();
    moved.facts.device_model = Some("another".to_owned());
    assert_eq!(left_out(&moved), "the device changed from a processor to another");
    let mut moved = after.clone();
    moved.facts.libtorch = Some("2.9.1".to_owned());
    assert_eq!(left_out(&moved), "libtorch changed from none to 2.9.1");
    change(&mut after, "adam", |_, row| row.jobs = Some(2));
    assert_eq!(left_out(&after), "the number of runs side by side changed from 1 to 2");
    assert_eq!(names(&judged(&before, &after), Finding::Regressed), [""; 0]);

    // A whole night is slower by different factors per seed: the interval must be beyond
    // min_effect.
    let mut unlike = timed(2);
    change(&mut unlike, "adam", |seed, row| {
        row.epoch_seconds = row.epoch_seconds.map(|s| s * (1.08 + 0.08 * (seed % 3) as f64));
    });
    let out = judged(&before, &unlike);
    let (_, shown) = out.found(Finding::Small)[0];
    assert!(shown.effect > 0.1 && shown.interval.unwrap().0 < 0.1, "{shown:?}");

    // One seed in parallel runs: a metric that is not judged cannot have too few seeds.
    let one = |noise| {
        let mut night = night(1, noise);
        night.runs.retain(|r| r.seed == 0);
        night
    };
    let mut slower_one = one("a");
    change(&mut slower_one, "adam", slower);
    assert_eq!(judged(&one("a"), &slower_one).verdict, Verdict::Identical);

    // Parallel runs at both times: displayed, but no alarm.
    let (before, mut after) = (night(1, "a"), night(2, "a"));
    change(&mut after, "adam", slower);
    let out = judged(&before, &after);
    assert_eq!(out.verdict, Verdict::Identical);
    assert!(names(&out, Finding::Unjudged).contains(&"adam seconds_per_epoch".to_owned()));
}

#[test]
fn time_to_target_counts_never_as_one_epoch_more() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    change(&mut after, "adam", |seed, row| row.target_epoch = (seed < 3).then_some(4));
    let out = judged(&before, &after);
    let change = out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TargetEpoch);
    assert_eq!(change.unwrap().after, (3.0 * 4.0 + 7.0 * 9.0) / 10.0);
    after.facts.target = Some("validation.accuracy 0.97".to_owned());
    let out = judged(&before, &after);
    assert!(out.no_target.unwrap().contains("0.97"));
    assert!(out.configs[0].changes.iter().all(|c| c.metric != RegressMetric::TargetEpoch));
}

#[test]
fn the_order_of_runs_changes_nothing() {
    let (before, after) = (night(1, "a"), night(2, "b"));
    let mut turned = before.clone();
    turned.runs.reverse();
    assert_eq!(judged(&before, &after), judged(&turned, &after));
}
