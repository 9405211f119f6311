//! Nights against a baseline and a history: fabricated nights whose runs differ
//! by known amounts.

use report::regress::{
    Against, Finding, GapKind, Method, Night, NightRun, Regression, Verdict, history, judge,
};
use report::table::RunRow;
use spec::Id;
use spec::record::Status;
use spec::regress_settings::{RegressMetric, RegressSettings};
use spec::seed::stream;

/// Ten seeds of two configurations, every value drawn from `noise`.
fn night(day: u32, noise: &str) -> Night {
    let mut night = Night::default();
    night.facts.experiment = "nightly".to_owned();
    night.facts.started = format!("2026-11-{day:02}T02:00:00.000Z");
    night.facts.commit = Some(format!("{day:08x}{day:032x}"));
    night.facts.backend = Some("libtorch".to_owned());
    night.facts.device_model = Some("a processor".to_owned());
    night.facts.target = Some("validation.accuracy 0.95".to_owned());
    for (label, config) in [("adam", "lr 0.001"), ("momentum", "lr 0.1")] {
        for seed in 0..10 {
            let mut draw = stream(seed, &format!("{noise}/{label}"));
            let mut around =
                |x: f64, sd: f64| x + sd * (f64::from(draw.uniform()) - 0.5) * 12f64.sqrt();
            let text = |what: &str| Some(format!("{what} {seed}"));
            let row = RunRow {
                status: Some(Status::Completed),
                stop_reason: Some("epochs".to_owned()),
                epochs_completed: Some(8),
                steps: Some(360),
                train_loss: Some(around(0.2, 0.01)),
                validation_loss: Some(around(0.25, 0.01)),
                validation_accuracy: Some(around(0.94, 0.005)),
                test_loss: Some(around(0.3, 0.01)),
                test_accuracy: Some(around(0.92, 0.005)),
                best_validation_accuracy: Some(around(0.95, 0.005)),
                target_epoch: Some(4),
                epoch_seconds: Some(around(0.1, 0.002)),
                threads: Some(1),
                jobs: Some(2),
                init_digest: text("init"),
                batch_digest: Some(format!("[\"batch {seed}\"]")),
                dataset_digest: Some("data".to_owned()),
                weights_digest: Some(format!("weights {noise} {label} {seed}")),
                ..RunRow::default()
            };
            night.runs.push(NightRun {
                cell_id: Id::of(&format!("{label} {seed}")),
                series: Id::of(label),
                label: label.to_owned(),
                config: config.to_owned(),
                seed,
                epochs: 8,
                row,
            });
        }
    }
    night
}

fn change(night: &mut Night, label: &str, mut with: impl FnMut(u64, &mut RunRow)) {
    for run in night.runs.iter_mut().filter(|r| r.label == label) {
        with(run.seed, &mut run.row);
    }
}

fn against(before: &Night) -> Against {
    Against { before: before.clone(), ..Against::default() }
}

fn judged(before: &Night, after: &Night) -> Regression {
    judge(after, against(before), &RegressSettings::default())
}

/// `label metric` of each change with this finding.
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
        row.test_loss = row.test_loss.map(|x| x * 1.05 + 1e-4 * seed as f64);
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

    // The other way round it is better.
    let back = judged(&after, &before);
    assert_eq!(back.verdict, Verdict::Improved);
    assert_eq!(names(&back, Finding::Improved), ["momentum test_loss"]);
}

#[test]
fn an_effect_up_to_min_effect_is_let_pass() {
    let before = night(1, "a");
    let mut after = night(2, "a");
    change(&mut after, "adam", |_, row| row.test_loss = row.test_loss.map(|x| x * 1.05));
    let mut settings = RegressSettings::default();
    let verdict = |settings: &RegressSettings| judge(&after, against(&before), settings).verdict;
    assert_eq!(verdict(&settings), Verdict::Regressed);
    settings.min_effect.insert(RegressMetric::TestLoss, 0.051);
    let out = judge(&after, against(&before), &settings);
    assert_eq!(names(&out, Finding::Small), ["adam test_loss"]);
    assert_ne!(out.verdict, Verdict::Regressed);
    settings.min_effect.insert(RegressMetric::TestLoss, 0.049);
    assert_eq!(verdict(&settings), Verdict::Regressed);
    settings.metrics = vec![RegressMetric::TrainLoss];
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
    let lost = out.configs[0].changes.iter().find(|c| c.metric == RegressMetric::TestLoss).unwrap();
    assert_eq!(lost.seeds.len(), 9, "a diverged run has no last loss");

    // Where some diverge anyway, one more says nothing.
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
fn other_work_is_a_regression_whichever_way() {
    let before = night(1, "a");
    for steps in [352, 368] {
        let mut after = night(2, "a");
        change(&mut after, "adam", |_, row| row.steps = Some(steps));
        let out = judged(&before, &after);
        assert_eq!(names(&out, Finding::Regressed), ["adam steps"], "{steps}");
        assert_eq!(out.found(Finding::Regressed)[0].1.method, Method::Exact);
        // Two seeds are enough to see it.
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
    // A regression says more than a gap.
    change(&mut after, "adam", |_, row| row.test_loss = Some(2.0));
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

    // Side by side at both times: shown, and no alarm.
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
fn nights_are_kept_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let mut nights: Vec<Night> = (1..=3).map(|day| night(day, &format!("{day}"))).collect();
    nights[1].facts.dirty = Some(true);
    nights[1].facts.driver = Some("550.1".to_owned());
    change(&mut nights[2], "adam", |_, row| *row = RunRow::default());
    let order = [2, 0, 1];
    for at in order {
        history::append(folder.path(), &nights[at]).unwrap();
    }
    let mut warnings = Vec::new();
    assert_eq!(history::read(folder.path(), &mut warnings).unwrap(), nights);
    assert!(warnings.is_empty());

    // A night that is there stays as it is.
    let mut other = nights[0].clone();
    other.runs.truncate(1);
    let path = history::append(folder.path(), &other).unwrap();
    assert_eq!(history::read(folder.path(), &mut warnings).unwrap(), nights);

    std::fs::write(&path, "no parquet").unwrap();
    std::fs::write(folder.path().join("notes.txt"), "mine").unwrap();
    assert_eq!(history::read(folder.path(), &mut warnings).unwrap(), nights[1..]);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(history::read(&folder.path().join("none"), &mut warnings).unwrap().is_empty());
}

/// Nights of one code until `step`, of another from there on.
fn plateaus(step: u32, last: u32, with: impl Fn(&mut Night)) -> Vec<Night> {
    let of = |day| {
        let mut night = night(day, if day < step { "a" } else { "b" });
        if day >= step {
            with(&mut night);
        }
        night
    };
    (1..=last).map(of).collect()
}

/// Judges the last night against nothing but its history.
fn looked_back(nights: &[Night], since: Option<&str>) -> Regression {
    let (last, earlier) = nights.split_last().unwrap();
    let accepted = since.map(|night| report::regress::baseline::Accepted {
        v: 1,
        accepted: night.to_owned(),
        reason: "a test".to_owned(),
        commit: None,
        dirty: None,
        night: night.to_owned(),
        runs: 20,
    });
    let against = Against { before: last.clone(), accepted, history: earlier.to_vec() };
    judge(last, against, &RegressSettings::default())
}

fn alarms(of: &Regression) -> Vec<String> {
    of.alarms()
        .map(|(trend, step)| {
            let commit = |night: usize| of.nights[night].commit_short().unwrap();
            format!(
                "{} {} {}..{}",
                trend.label,
                trend.metric,
                commit(step.last_good),
                commit(step.at)
            )
        })
        .collect()
}

#[test]
fn a_step_is_placed_on_its_commits_and_alarms_until_it_is_accepted() {
    let worse = |night: &mut Night| {
        change(night, "adam", |_, row| row.test_loss = row.test_loss.map(|x| x * 1.2));
    };
    let nights = plateaus(6, 8, worse);
    let out = looked_back(&nights, None);
    assert_eq!(alarms(&out), ["adam test_loss 00000005..00000006"]);
    assert_eq!(out.verdict, Verdict::Regressed);
    let before = looked_back(&nights, Some(&nights[4].facts.started));
    assert_eq!(alarms(&before).len(), 1, "the baseline is from before the step");
    let after = looked_back(&nights, Some(&nights[5].facts.started));
    assert_eq!((alarms(&after).len(), after.verdict), (0, Verdict::Identical));
    assert!(after.trends.iter().any(|t| !t.steps.is_empty()), "it is shown all the same");
}

#[test]
fn other_rounding_steps_the_level_and_is_no_alarm() {
    let out = looked_back(&plateaus(6, 9, |_| ()), None);
    assert_eq!(alarms(&out), [""; 0]);
    let steps: usize = out.trends.iter().map(|t| t.steps.len()).sum();
    assert!(steps >= 10, "every noisy metric of both stepped: {steps}");
}

#[test]
fn what_was_undone_is_no_alarm_and_what_got_better_neither() {
    let mut nights = plateaus(6, 9, |night| {
        change(night, "adam", |_, row| row.test_loss = row.test_loss.map(|x| x * 1.2));
    });
    nights.extend((10..=13).map(|day| night(day, "a")));
    let out = looked_back(&nights, None);
    assert_eq!(alarms(&out), [""; 0]);
    // Tonight alone is as it was: no level yet, but no alarm either.
    nights.truncate(10);
    assert_eq!(alarms(&looked_back(&nights, None)), [""; 0]);
    assert_eq!(alarms(&looked_back(&nights[..9], None)).len(), 1);
    let better = plateaus(6, 9, |night| {
        change(night, "adam", |_, row| row.test_loss = row.test_loss.map(|x| x * 0.8));
    });
    assert_eq!(alarms(&looked_back(&better, None)), [""; 0]);
}

#[test]
fn another_machine_starts_a_new_segment() {
    let nights = plateaus(6, 9, |night| {
        night.facts.device_model = Some("another".to_owned());
        change(night, "adam", |_, row| row.test_loss = row.test_loss.map(|x| x * 1.2));
    });
    let out = looked_back(&nights, None);
    assert_eq!(alarms(&out), [""; 0]);
    assert!(out.trends.iter().all(|t| t.steps.is_empty()));
    let from: Vec<usize> = out.segments.iter().map(|s| s.from).collect();
    assert_eq!(from, [0, 5]);
    assert_eq!(
        out.segments[1].why.as_deref(),
        Some("the device changed from a processor to another")
    );
}

#[test]
fn the_order_of_runs_changes_nothing() {
    let (before, after) = (night(1, "a"), night(2, "b"));
    let mut turned = before.clone();
    turned.runs.reverse();
    assert_eq!(judged(&before, &after), judged(&turned, &after));
}
