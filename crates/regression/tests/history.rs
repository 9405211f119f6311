//! Tests of the history: stored nights, steps of levels, and the steps that count against a night.

#[path = "history/drifts.rs"]
mod drifts;
#[path = "../../report/tests/common/last.rs"]
mod last;
#[path = "common/nights.rs"]
mod nights;

use last::Last as _;
use nights::{change, night};
use regression::{Against, Night, Regression, Trend, Verdict, history, judge};
use report::table::RunRow;
use spec::regress_settings::{RegressMetric, RegressSettings};

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

    // An existing night stays unchanged.
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

/// Returns nights of one code until `step`, and of another from there on.
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

/// Judges the last night against its history alone.
fn looked_back(nights: &[Night], since: Option<&str>) -> Regression {
    let (last, earlier) = nights.split_last().unwrap();
    let accepted = since.map(|night| regression::baseline::Accepted {
        v: 1,
        accepted: night.to_owned(),
        reason: "a test".to_owned(),
        commit: None,
        dirty: None,
        night: night.to_owned(),
        runs: 20,
    });
    let before = Some(last.clone());
    let against = Against { before, accepted, history: earlier.to_vec(), ..Against::default() };
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
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.2));
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
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.2));
    });
    nights.extend((10..=13).map(|day| night(day, "a")));
    let out = looked_back(&nights, None);
    assert_eq!(alarms(&out), [""; 0]);
    // Only tonight is back at the old level: that is no level yet, but no alarm either.
    nights.truncate(10);
    assert_eq!(alarms(&looked_back(&nights, None)), [""; 0]);
    assert_eq!(alarms(&looked_back(&nights[..9], None)).len(), 1);
    let better = plateaus(6, 9, |night| {
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 0.8));
    });
    assert_eq!(alarms(&looked_back(&better, None)), [""; 0]);
}

#[test]
fn a_step_that_tonight_does_not_show_is_no_alarm() {
    // Nights that vary by themselves: a single one at the old level is no step yet.
    let noisy = |day: u32, factor: f64| {
        let mut night = night(day, &format!("{day}"));
        change(&mut night, "adam", |_, row| row.change("test.loss", |x| x * factor));
        night
    };
    let mut nights: Vec<Night> =
        (1..=27).map(|day| noisy(day, if day < 12 { 1.0 } else { 1.3 })).collect();
    assert_eq!(alarms(&looked_back(&nights, None)), ["adam test_loss 0000000b..0000000c"]);
    nights.push(noisy(28, 1.0));
    assert_eq!(alarms(&looked_back(&nights, None)), [""; 0]);
    // An old step whose level returned is no alarm either, although tonight alone is high.
    let factor = |day: u32| match day {
        10..=18 => 1.3,
        28 => 1.05,
        _ => 1.0,
    };
    let nights: Vec<Night> = (1..=28).map(|day| noisy(day, factor(day))).collect();
    let out = looked_back(&nights, None);
    let of_loss = |t: &&Trend| t.label == "adam" && t.metric == RegressMetric::TEST_LOSS;
    let steps = &out.trends.iter().find(of_loss).unwrap().steps;
    assert_eq!(steps.iter().map(|s| (s.at, s.worse)).collect::<Vec<_>>(), [(9, true), (18, false)]);
    assert_eq!(alarms(&out), [""; 0]);
}

#[test]
fn another_machine_starts_a_new_segment() {
    let nights = plateaus(6, 9, |night| {
        night.facts.device_model = Some("another".to_owned());
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.2));
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
fn a_fact_that_earlier_nights_lack_splits_no_history() {
    const FAMILY: &str = "AuthenticAMD family 25 model 1";
    let slower = |night: &mut Night| {
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.2));
    };
    let known = |night: &mut Night, family: &str| night.facts.processor = Some(family.to_owned());
    let mut nights = plateaus(9, 16, |night| {
        slower(night);
        known(night, FAMILY);
    });
    let out = looked_back(&nights, None);
    assert_eq!(alarms(&out), ["adam test_loss 00000008..00000009"]);
    assert_eq!(out.segments.len(), 1);
    assert!(out.nights[0].processor.is_none(), "what was not recorded is not shown");

    // Two processors with the same name, once the fact is recorded.
    nights[12..].iter_mut().for_each(|night| known(night, "AuthenticAMD family 26 model 2"));
    let out = looked_back(&nights, None);
    let why: Vec<_> = out.segments.iter().map(|s| (s.from, s.why.as_deref())).collect();
    let changed = format!(
        "the family of the processor changed from {FAMILY} to AuthenticAMD family 26 model 2"
    );
    assert_eq!(why, [(0, None), (12, Some(changed.as_str()))]);
    // A night of an earlier program among later ones.
    nights[14].facts.processor = None;
    assert_eq!(looked_back(&nights, None).segments.len(), 2);
}

#[test]
fn machines_that_take_turns_have_a_history_each() {
    let mut nights = plateaus(9, 16, |night| {
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.2));
    });
    for night in nights.iter_mut().step_by(2) {
        night.facts.device_model = Some("another".to_owned());
        change(night, "adam", |_, row| row.change("test.loss", |x| x * 1.5));
    }
    assert_eq!(alarms(&looked_back(&nights, None)), ["adam test_loss 00000008..0000000a"]);
}

#[test]
fn other_seeds_are_no_step() {
    let without = |night: &Night, seeds: std::ops::RangeInclusive<u64>, row: bool| {
        let mut night = night.clone();
        if row {
            let lost = night.runs.iter_mut().filter(|r| seeds.contains(&r.seed));
            lost.for_each(|r| r.row = RunRow::default());
        } else {
            night.runs.retain(|r| !seeds.contains(&r.seed));
        }
        night
    };
    let nights: Vec<Night> = (1..=6).map(|day| night(day, "a")).collect();
    for row in [true, false] {
        // Tonight lacks seeds; the first nights lack seeds; the list grew.
        let mut fewer = nights.clone();
        fewer[5] = without(&nights[5], 0..=4, row);
        let mut once = nights.clone();
        once[..3].iter_mut().for_each(|n| *n = without(n, 2..=9, row));
        let mut grown: Vec<Night> = nights.iter().map(|n| without(n, 6..=9, row)).collect();
        grown[5] = nights[5].clone();
        for history in [fewer, once, grown] {
            let out = looked_back(&history, None);
            assert!(out.trends.iter().all(|t| t.steps.is_empty()), "{:?}", alarms(&out));
            assert!(!out.trends.is_empty());
        }
    }
}

/// Returns noisy nights whose losses of Adam are multiplied by `factor` of the day.
fn noisy(days: u32, factor: impl Fn(u32) -> f64) -> Vec<Night> {
    let of = |day| {
        let mut night = night(day, &format!("{day}"));
        change(&mut night, "adam", |_, row| {
            row.change("test.loss", |x| x * factor(day));
        });
        night
    };
    (1..=days).map(of).collect()
}

fn of_loss(out: &Regression) -> &Trend {
    let adam = |t: &&Trend| t.label == "adam" && t.metric == RegressMetric::TEST_LOSS;
    out.trends.iter().find(adam).unwrap()
}

#[test]
fn a_thin_night_or_more_seeds_leave_the_history_as_it_was() {
    let kept = |night: &Night, seeds: std::ops::Range<u64>| {
        let mut night = night.clone();
        night.runs.retain(|run| seeds.contains(&run.seed));
        night
    };
    let nights = noisy(28, |day| if day < 15 { 1.0 } else { 1.2 });
    let dated = ["adam test_loss 0000000e..0000000f"];
    assert_eq!(alarms(&looked_back(&nights, None)), dated);
    // Yesterday or tonight with one seed, or with four others.
    for (night, seeds) in [(26, 0..1), (27, 0..1), (26, 3..7), (27, 3..7)] {
        let mut thin = nights.clone();
        thin[night] = kept(&nights[night], seeds.clone());
        let out = looked_back(&thin, None);
        assert_eq!(alarms(&out), dated, "seeds {seeds:?} in night {night}");
        assert_eq!(of_loss(&out).thin, [night]);
    }
    // A list that grew once or permanently, or was cut; four common seeds of ten.
    let lists: [fn(usize) -> std::ops::Range<u64>; 4] = [
        |i| if i < 20 { 0..6 } else { 0..10 },
        |i| if i == 20 { 0..10 } else { 0..4 },
        |i| if i < 20 { 0..10 } else { 0..4 },
        |i| if i < 20 { 0..6 } else { 4..10 },
    ];
    for seeds in lists {
        let other: Vec<Night> =
            nights.iter().enumerate().map(|(i, night)| kept(night, seeds(i))).collect();
        let out = looked_back(&other, None);
        assert_eq!(alarms(&out), dated, "{:?}", seeds(20));
        assert_eq!((of_loss(&out).points.len(), of_loss(&out).thin.len()), (28, 0));
    }
    let out = looked_back(&nights, None);
    let step = &of_loss(&out).steps[0];
    assert_eq!((step.nights_before, step.nights_after), (14, 14));
    // A night with other configurations is left out, and the text says so.
    let mut other = nights.clone();
    for run in &mut other[26].runs {
        run.series = spec::Id::of(format!("{} of other epochs", run.label));
        run.cell_id = spec::Id::of(format!("{} {}", run.label, run.seed + 100));
    }
    let out = looked_back(&other, None);
    assert_eq!(alarms(&out), dated);
    assert_eq!(of_loss(&out).points.len(), 27);
    let folder = tempfile::tempdir().unwrap();
    let report = store::layout::ReportDir::new(folder.path());
    regression::render(&out, &report, &regression::Title::Nightly).unwrap();
    let text = std::fs::read_to_string(report.regression_markdown()).unwrap();
    let said = "1 night with other configurations and seeds tells nothing about these levels.";
    assert!(text.contains(said), "{text}");
}

#[test]
fn seeds_that_diverge_now_and_then_are_noise() {
    // One of ten seeds diverges on every third night; on the baseline's, the tenth, none does.
    let diverge = |night: &mut Night, seeds: std::ops::Range<u64>| {
        change(night, "adam", |seed, row| {
            if seeds.contains(&seed) {
                row.status = Some(spec::record::Status::Diverged);
                row.weights_digest = None;
            }
        });
    };
    let mut nights = noisy(14, |_| 1.0);
    for at in [2, 5, 8] {
        diverge(&mut nights[at], 0..1);
    }
    let judged = |nights: &[Night], current: u64| {
        let (last, earlier) = nights.split_last().unwrap();
        let mut last = last.clone();
        diverge(&mut last, 0..current);
        let before = Some(earlier[9].clone());
        let since = Some(earlier[9].facts.started.clone());
        let history = earlier.to_vec();
        judge(
            &last,
            Against { before, since, history, accepted: None },
            &RegressSettings::default(),
        )
    };
    let finding = |out: &Regression| {
        let adam = out.configs.iter().find(|c| c.label == "adam").unwrap();
        adam.changes.iter().find(|c| c.metric == RegressMetric::Diverged).unwrap().finding
    };
    use regression::Finding::{NotShown, Regressed};
    assert_eq!(finding(&judged(&nights, 1)), NotShown);
    assert_eq!(finding(&judged(&nights, 2)), NotShown);
    assert_eq!(finding(&judged(&nights, 4)), Regressed, "far more than ever");
    // A single occasion may have been a fault that was fixed.
    for at in [2, 8] {
        nights[at] = noisy(14, |_| 1.0)[at].clone();
    }
    assert_eq!(finding(&judged(&nights, 1)), Regressed);
}
