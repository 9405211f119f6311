//! Fabricated nights.

#![allow(dead_code, reason = "each test file uses its own part")]

use crate::last::named;
use regression::{Against, Night, NightRun};
use report::table::RunRow;
use spec::Id;
use spec::record::Status;
use spec::seed::stream;

/// Returns a night with ten seeds of two configurations, with values drawn from `noise`.
pub fn night(day: u32, noise: &str) -> Night {
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
                last_epoch: named([
                    ("train.loss", Some(around(0.2, 0.01))),
                    ("validation.loss", Some(around(0.25, 0.01))),
                    ("validation.accuracy", Some(around(0.94, 0.005))),
                    ("test.loss", Some(around(0.3, 0.01))),
                    ("test.accuracy", Some(around(0.92, 0.005))),
                ]),
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
                cell_id: Id::of(format!("{label} {seed}")),
                series: Id::of(label),
                label: label.to_owned(),
                config: config.to_owned(),
                seed,
                epochs: 8,
                steps: None,
                cut_at: None,
                row,
            });
        }
    }
    night
}

/// Changes every row of a label; the first argument of `with` is the seed.
pub fn change(night: &mut Night, label: &str, mut with: impl FnMut(u64, &mut RunRow)) {
    for run in night.runs.iter_mut().filter(|r| r.label == label) {
        with(run.seed, &mut run.row);
    }
}

/// Returns a reference with a baseline and no history.
pub fn against(before: &Night) -> Against {
    Against { before: Some(before.clone()), ..Against::default() }
}
