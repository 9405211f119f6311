//! Tests of whole nights, judged as `nightly` does with comparison and history: the rate of false
//! alarms on nights without a change, and the dating of steps.
//!
//! Values come from sixty real seeds (`noise/seeds.json`), resampled for every night jointly over
//! configurations and metrics, which gives the noise of nights that are never bit-identical.
//! `min_effect` is 0 for all metrics, so that only the statistics suppress alarms. Accuracies are
//! counts of 360 or of 10,000 samples, and up to three of ten seeds of every configuration diverge,
//! others each night.

#[path = "../../report/tests/common/last.rs"]
mod last;

use last::named;
use regression::{Against, Night, NightRun, Regression, Verdict, baseline::Accepted, judge};
use report::table::RunRow;
use spec::Id;
use spec::record::Status;
use spec::regress_settings::{RegressMetric, RegressSettings};
use spec::seed::{Stream, stream};

const SEEDS: u64 = 10;
const EPOCHS: u64 = 12;

struct Noise(serde_json::Value);

/// Resolution of values, and the largest number of diverging seeds per configuration.
#[derive(Clone, Copy)]
struct Coarse {
    /// Number of samples that accuracies are counts of; `None` leaves them as measured.
    samples: Option<f64>,
    diverging: u32,
}

impl Coarse {
    /// Draws the seeds that diverge on one night.
    fn diverged(self, draws: &mut Stream) -> Vec<u64> {
        let count = if self.diverging == 0 { 0 } else { draws.below(self.diverging + 1) };
        let mut seeds: Vec<u64> = (0..SEEDS).collect();
        (0..count).map(|_| seeds.remove(draws.below(seeds.len() as u32) as usize)).collect()
    }
}

impl Noise {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../stats/tests/noise/seeds.json");
        Noise(serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap())
    }

    /// Returns night number `day` with ten seeds drawn from the sixty, and losses times `factor`.
    fn night(&self, day: usize, draws: &mut Stream, factor: f64) -> Night {
        self.coarse(day, draws, factor, Coarse { samples: None, diverging: 0 })
    }

    /// Returns a night with values of this resolution.
    fn coarse(&self, day: usize, draws: &mut Stream, factor: f64, coarse: Coarse) -> Night {
        let drawn: Vec<usize> = (0..SEEDS).map(|_| draws.below(60) as usize).collect();
        let mut night = Night::default();
        night.facts.experiment = "noise".to_owned();
        night.facts.started = format!("2026-{:02}-{:02}T02:00:00Z", 1 + day / 28, 1 + day % 28);
        night.facts.commit = Some(format!("{day:040x}"));
        night.facts.target = Some("validation.accuracy 0.93".to_owned());
        for (label, columns) in self.0["configurations"].as_object().unwrap() {
            let diverged = coarse.diverged(draws);
            for seed in 0..SEEDS {
                let value = |name: &str| columns[name][drawn[seed as usize]].as_f64();
                let loss = |name: &str| value(name).map(|v| v * factor);
                let fine = 0.01 * (f64::from(draws.uniform()) - 0.5);
                let share = |name: &str, split: &str| {
                    let share = value(name)? / self.0["images"][split].as_f64().unwrap();
                    // The noise stands for the digits that more samples would show.
                    let whole = |n: f64| ((share + fine).clamp(0.0, 1.0) * n).round() / n;
                    Some(coarse.samples.map_or(share, whole))
                };
                let mut row = RunRow {
                    status: Some(Status::Completed),
                    stop_reason: Some("epochs".to_owned()),
                    epochs_completed: Some(EPOCHS),
                    steps: Some(228),
                    last_epoch: named([
                        ("train.loss", loss("train_loss")),
                        ("validation.loss", loss("validation_loss")),
                        ("validation.accuracy", share("validation_right", "validation")),
                        ("test.loss", loss("test_loss")),
                        ("test.accuracy", share("test_right", "test")),
                    ]),
                    best_validation_accuracy: share("best_validation_right", "validation"),
                    target_epoch: value("target_epoch").map(|e| e as u64),
                    epoch_seconds: value("seconds_per_epoch"),
                    jobs: Some(1),
                    init_digest: Some("init".to_owned()),
                    batch_digest: Some("[\"batch\"]".to_owned()),
                    weights_digest: Some(format!("{day} {label} {seed}")),
                    ..RunRow::default()
                };
                if diverged.contains(&seed) {
                    row.status = Some(Status::Diverged);
                    (row.weights_digest, row.target_epoch) = (None, None);
                    row.diverged_step = Some(1 + day as u64);
                }
                night.runs.push(NightRun {
                    cell_id: Id::of(format!("{label} {seed}")),
                    series: Id::of(label),
                    label: label.clone(),
                    config: "lr 0.1".to_owned(),
                    seed,
                    steps: None,
                    cut_at: None,
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
        min_effect: RegressMetric::all().iter().map(|m| (*m, 0.0)).collect(),
        ..RegressSettings::default()
    }
}

/// Judges the last of `nights` against that of index `accepted`.
fn last(nights: &[Night], accepted: usize) -> Regression {
    let (night, earlier) = nights.split_last().unwrap();
    let before = nights[accepted].clone();
    let accepted = Accepted {
        v: 1,
        accepted: before.facts.started.clone(),
        reason: "a test".to_owned(),
        commit: None,
        dirty: None,
        night: before.facts.started.clone(),
        runs: night.runs.len(),
    };
    let against = Against {
        before: Some(before),
        accepted: Some(accepted),
        history: earlier.to_vec(),
        ..Against::default()
    };
    judge(night, against, &settings())
}

/// Number of nights before the accepted one.
const EARLIER: usize = 8;

/// Returns the numbers of nights without a change that raise an alarm, of those that do by the
/// history, and of all nights, in histories of forty nights each.
fn alarms(coarse: Coarse, histories: usize) -> [usize; 3] {
    let (noise, name) =
        (Noise::read(), format!("alarms {:?} {}", coarse.samples, coarse.diverging));
    let mut draws = stream(0, &name);
    let mut counts = [0; 3];
    for _ in 0..histories {
        // Each history has a new baseline, as noisy as any night.
        let mut nights: Vec<Night> =
            (0..=EARLIER).map(|day| noise.coarse(day, &mut draws, 1.0, coarse)).collect();
        for day in EARLIER + 1..=EARLIER + 40 {
            nights.push(noise.coarse(day, &mut draws, 1.0, coarse));
            let out = last(&nights, EARLIER);
            assert!(out.gaps.is_empty() && out.identical == 0 && out.family == 50);
            counts[0] += usize::from(out.verdict == Verdict::Regressed);
            counts[1] += usize::from(out.alarms().next().is_some());
            counts[2] += 1;
        }
    }
    println!(
        "{name}: {} of {} nights alarmed, {} of them by the history",
        counts[0], counts[2], counts[1]
    );
    counts
}

#[test]
fn at_most_a_twentieth_of_nights_without_change_alarms() {
    let all = [(Some(360.0), 3), (Some(10_000.0), 3), (Some(360.0), 0), (None, 0)];
    let of = |(samples, diverging)| {
        alarms(Coarse { samples, diverging }, if diverging > 0 { 25 } else { 13 })
    };
    let counts: Vec<[usize; 3]> = all.into_iter().map(of).collect();
    let sum = |of: &[[usize; 3]], i: usize| of.iter().map(|c| c[i]).sum::<usize>();
    let (coarse, fine) = counts.split_at(2);
    for (of, nights) in [(coarse, 2_000), (fine, 1_040)] {
        let alarmed = sum(of, 0);
        assert_eq!(sum(of, 2), nights);
        // 5 % plus a margin that chance exceeds in 1 of 100 such tests: 123 of 2,000.
        let most = 0.05 + 2.33 * (0.05 * 0.95 / nights as f64).sqrt();
        assert!(alarmed as f64 <= most * nights as f64, "{alarmed} of {nights}");
        // A judge that never alarms would pass, too.
        assert!(alarmed * 200 >= nights, "{alarmed} of {nights}");
    }
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
        let out = last(&nights, 0);
        for (hits, label) in dated.iter_mut().zip(&labels) {
            let mut found = out.alarms().filter(|(trend, step)| {
                trend.label == *label
                    && trend.metric == RegressMetric::TEST_LOSS
                    && (17..=23).contains(&step.at)
            });
            *hits += usize::from(found.next().is_some());
        }
    }
    println!("dated and alarmed, of 200: {labels:?} {dated:?}");
    for (hits, label) in dated.iter().zip(&labels) {
        assert!(*hits >= 190, "{label}: {hits} of 200");
    }
}
