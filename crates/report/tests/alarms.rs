//! Whole nights judged as `nightly` judges them, comparison and history together:
//! how often a night without change raises an alarm, and where a step is dated.
//!
//! Values are those of sixty real seeds (`noise/seeds.json`), drawn anew for
//! every night, jointly over configurations and metrics: the noise of a night
//! whose every bit is new. `min_effect` is 0 for all metrics, so that nothing but
//! the statistics holds alarms back.

use report::regress::{Against, Night, NightRun, Regression, Verdict, baseline::Accepted, judge};
use report::table::RunRow;
use spec::Id;
use spec::record::Status;
use spec::regress_settings::{RegressMetric, RegressSettings};
use spec::seed::{Stream, stream};

const SEEDS: u64 = 10;
const EPOCHS: u64 = 12;

struct Noise(serde_json::Value);

impl Noise {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/noise/seeds.json");
        Noise(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Night number `day`, its ten seeds drawn from the sixty; losses times `factor`.
    fn night(&self, day: usize, draws: &mut Stream, factor: f64) -> Night {
        let drawn: Vec<usize> = (0..SEEDS).map(|_| draws.below(60) as usize).collect();
        let mut night = Night::default();
        night.facts.experiment = "noise".to_owned();
        night.facts.started = format!("2026-{:02}-{:02}T02:00:00Z", 1 + day / 28, 1 + day % 28);
        night.facts.commit = Some(format!("{day:040x}"));
        night.facts.target = Some("validation.accuracy 0.93".to_owned());
        for (label, columns) in self.0["configurations"].as_object().unwrap() {
            for seed in 0..SEEDS {
                let value = |name: &str| columns[name][drawn[seed as usize]].as_f64();
                let loss = |name: &str| value(name).map(|v| v * factor);
                let share = |name: &str, split: &str| {
                    Some(value(name)? / self.0["images"][split].as_f64().unwrap())
                };
                let row = RunRow {
                    status: Some(Status::Completed),
                    stop_reason: Some("epochs".to_owned()),
                    epochs_completed: Some(EPOCHS),
                    steps: Some(228),
                    train_loss: loss("train_loss"),
                    validation_loss: loss("validation_loss"),
                    validation_accuracy: share("validation_right", "validation"),
                    test_loss: loss("test_loss"),
                    test_accuracy: share("test_right", "test"),
                    best_validation_accuracy: share("best_validation_right", "validation"),
                    target_epoch: value("target_epoch").map(|e| e as u64),
                    epoch_seconds: value("seconds_per_epoch"),
                    jobs: Some(1),
                    init_digest: Some("init".to_owned()),
                    batch_digest: Some("[\"batch\"]".to_owned()),
                    weights_digest: Some(format!("{day} {label} {seed}")),
                    ..RunRow::default()
                };
                night.runs.push(NightRun {
                    cell_id: Id::of(&format!("{label} {seed}")),
                    series: Id::of(label),
                    label: label.clone(),
                    config: "lr 0.1".to_owned(),
                    seed,
                    epochs: EPOCHS,
                    row,
                });
            }
        }
        night
    }
}

fn settings() -> RegressSettings {
    RegressSettings {
        min_effect: RegressMetric::ALL.iter().map(|m| (*m, 0.0)).collect(),
        ..RegressSettings::default()
    }
}

/// The last of `nights` against the first, which was accepted.
fn last(nights: &[Night]) -> Regression {
    let (night, earlier) = nights.split_last().unwrap();
    let accepted = Accepted {
        v: 1,
        accepted: nights[0].facts.started.clone(),
        reason: "a test".to_owned(),
        commit: None,
        dirty: None,
        night: nights[0].facts.started.clone(),
        runs: night.runs.len(),
    };
    let against = Against {
        before: Some(nights[0].clone()),
        accepted: Some(accepted),
        history: earlier.to_vec(),
        ..Against::default()
    };
    judge(night, against, &settings())
}

#[test]
fn at_most_a_twentieth_of_nights_without_change_alarms() {
    let (noise, mut draws) = (Noise::read(), stream(0, "night alarms"));
    let (mut alarmed, mut by_history, mut judged) = (0, 0, 0);
    for _ in 0..50 {
        // The baseline is chosen anew for each history, as noisy as any night.
        let mut nights = vec![noise.night(0, &mut draws, 1.0)];
        for day in 1..=40 {
            nights.push(noise.night(day, &mut draws, 1.0));
            let out = last(&nights);
            assert!(out.gaps.is_empty() && out.identical == 0 && out.family == 50);
            judged += 1;
            alarmed += usize::from(out.verdict == Verdict::Regressed);
            by_history += usize::from(out.alarms().next().is_some());
        }
    }
    println!("{judged} nights: {alarmed} alarmed, {by_history} of them by the history");
    assert_eq!(judged, 2_000);
    assert!(alarmed as f64 <= 0.05 * judged as f64, "{alarmed} of {judged}");
    // A judge that never alarms would pass, too.
    assert!(alarmed >= 10, "{alarmed}");
}

#[test]
fn a_step_of_five_percent_is_dated_within_three_nights() {
    let (noise, mut draws) = (Noise::read(), stream(1, "night alarms"));
    let labels: Vec<String> =
        noise.0["configurations"].as_object().unwrap().keys().cloned().collect();
    let mut dated = vec![0; labels.len()];
    for _ in 0..200 {
        let nights: Vec<Night> = (0..40)
            .map(|day| noise.night(day, &mut draws, if day < 20 { 1.0 } else { 1.05 }))
            .collect();
        let out = last(&nights);
        for (hits, label) in dated.iter_mut().zip(&labels) {
            let mut found = out.alarms().filter(|(trend, step)| {
                trend.label == *label
                    && trend.metric == RegressMetric::TestLoss
                    && (17..=23).contains(&step.at)
            });
            *hits += usize::from(found.next().is_some());
        }
    }
    println!("dated and alarmed, of 200: {labels:?} {dated:?}");
    for (hits, label) in dated.iter().zip(&labels) {
        assert!(*hits >= 180, "{label}: {hits} of 200");
    }
}
