//! Small sweeps in which a test sets every outcome and analyses them again.

#![allow(dead_code, reason = "each test file uses its own part")]

use crate::last::Last as _;
use report::analysis::Analysis;
use report::page::opening::Answer;
use report::table::LastEpoch;
use spec::metric::Metric;
use spec::params::Value;
use spec::record::{Split, Status, StopReason};
use spec::stopping::StopAt;

use crate::common::{Fixture, label};

pub fn analysed(fixture: &Fixture) -> Analysis {
    fixture.analysed(tempfile::tempdir().unwrap().path()).0
}

pub fn again(analysis: &Analysis) -> Analysis {
    Analysis::new(analysis.plan.clone(), analysis.rows.clone())
}

pub fn text(answer: &Answer) -> String {
    let all = std::iter::once(&answer.headline).chain(&answer.certainty);
    all.chain(&answer.cost).chain(&answer.details).cloned().collect::<Vec<_>>().join("\n")
}

/// Two labels of one learning rate each, all of whose test accuracies are given.
pub fn two(first: &[f64], second: &[f64]) -> Analysis {
    let fixture = Fixture {
        labels: vec![
            label("a", "rmsprop", &[8e-4], 8e-4, 0.30, 1e9),
            label("b", "adam", &[1e-3], 1e-3, 0.02, 1e9),
        ],
        ..Fixture::battle(first.len() as u64)
    };
    let mut analysis = analysed(&fixture);
    for (row, value) in analysis.rows.iter_mut().zip(first.iter().chain(second)) {
        row.set("test.accuracy", Some(*value));
    }
    analysis
}

pub fn diverge(analysis: &mut Analysis, runs: impl IntoIterator<Item = usize>) {
    for run in runs {
        let row = &mut analysis.rows[run];
        row.status = Some(Status::Diverged);
        row.last_epoch = LastEpoch::default();
    }
}

/// Runs reach the target after these epochs and continue to train; `None`: never.
pub fn reached(analysis: &mut Analysis, epochs: &[Option<u64>]) {
    for ((run, row), epoch) in analysis.plan.runs.iter().zip(&mut analysis.rows).zip(epochs) {
        row.target_epoch = *epoch;
        row.target_step = epoch.map(|e| e * run.spec.steps_per_epoch());
        row.target_samples = epoch.map(|e| e * run.spec.samples_per_epoch());
    }
}

/// Runs stop at the target, at these epochs; `None`: never.
pub fn stopped(analysis: &mut Analysis, epochs: &[Option<u64>]) {
    let stop = StopAt { split: Split::Validation, metric: Metric::ACCURACY, value: 0.97 };
    for run in &mut analysis.plan.runs {
        run.spec.stop_at = Some(stop.clone());
    }
    reached(analysis, epochs);
    for (row, epoch) in analysis.rows.iter_mut().zip(epochs) {
        let why = if epoch.is_some() { StopReason::Target } else { StopReason::Epochs };
        row.stop_reason = Some(why.name().to_owned());
    }
}

/// A label with these learning rates and validation losses, and the same validation accuracy for
/// all configurations.
pub fn plateau(rates: &[f64], losses: &[f64]) -> Analysis {
    let fixture = Fixture {
        labels: vec![
            label("grid", "adam", rates, 1e-3, 0.02, 1e9),
            label("other", "rmsprop", &[1e-3], 1e-3, 0.3, 1e9),
        ],
        ..Fixture::battle(3)
    };
    let mut analysis = analysed(&fixture);
    let ours = analysis.plan.runs.iter().zip(&mut analysis.rows).filter(|(r, _)| r.label == "grid");
    for (i, (_, row)) in ours.enumerate() {
        row.set("validation.accuracy", Some([0.9, 0.8, 0.7][i % 3]));
        row.set("validation.loss", Some(losses[i / 3]));
    }
    analysis
}

pub fn chosen_rate(analysis: &Analysis) -> f64 {
    analysis.planned(&analysis.configs[analysis.best[0].unwrap()]).spec.optimizer.lr()
}

pub fn axis(analysis: &mut Analysis, path: &str, of: impl Fn(usize) -> Value) {
    analysis.plan.optimizers[0].axes.push(path.to_owned());
    for (i, run) in analysis.plan.runs.iter_mut().enumerate() {
        if run.label == "grid" {
            run.axes.insert(path.to_owned(), of(i / 3));
        }
    }
}
