//! Losses and accuracies of every epoch of a fabricated run.

use spec::ScheduleSpec;
use spec::plan::PlannedRun;
use spec::record::{MetricPoint, Outcome, Split, Status};
use spec::schedule::Per;

use super::Label;

/// Returns a number in [-1, 1) from a seeded stream.
fn noise(seed: u64, name: &str) -> f64 {
    f64::from(spec::seed::stream(seed, name).uniform_in(-1.0, 1.0))
}

/// Returns the cross-entropy after `t` epochs, which falls the slower the further the rate is from
/// the best.
fn loss(label: &Label, lr: f64, t: f64) -> f64 {
    let off = (lr / label.sweet).log10();
    let speed = 9.0 * (-(off * off) * if off > 0.0 { 1.4 } else { 0.9 }).exp();
    let floor = label.floor * (1.0 + 3.0 * off.abs().powi(2));
    floor + (10f64.ln() - floor) / (1.0 + speed * t).powf(1.25)
}

/// Returns the outcome of a run, up to the step at which it diverges.
pub fn outcome(run: &PlannedRun, label: &Label, diverged_step: Option<u64>) -> Outcome {
    let spec = &run.spec;
    let lr = spec.optimizer.lr();
    let seed = spec.seed;
    // Of a run by steps twentieths take the place of epochs.
    let (parts, per_part) = match spec.train.steps {
        0 => (spec.train.epochs, spec.steps_per_epoch()),
        steps => (20, steps / 20),
    };
    let epoch_of = |part: u64, step: u64| match spec.train.steps {
        0 => part,
        _ => step / spec.steps_per_epoch(),
    };
    let steps = diverged_step.unwrap_or(spec.total_steps());
    let completed = if diverged_step.is_some() { (steps - 1) / per_part } else { parts };
    let mut metrics = Vec::new();
    let mut put = |part: u64, step: u64, split: Split, metric: &str, value: f64| {
        let (epoch, metric, value) = (epoch_of(part, step), metric.into(), value.into());
        metrics.push(MetricPoint { epoch, step, split, metric, value });
    };
    let evaluate = |put: &mut dyn FnMut(u64, u64, Split, &str, f64), part: u64| {
        for (split, worse) in [(Split::Validation, 0.012), (Split::Test, 0.016)] {
            if split == Split::Validation && spec.data.validation == 0 {
                continue;
            }
            let wobble = noise(seed, &format!("{}{split}{part}", label.name));
            let value =
                (loss(label, lr, part as f64) + worse * part.min(4) as f64) * (1.0 + 0.04 * wobble);
            put(part, part * per_part, split, "loss", value);
            let accuracy = 1.0
                - 0.9 * (1.0 - (-0.32 * value.powf(1.05)).exp()).min(1.0)
                    / (1.0 - (-0.32 * 2.4f64).exp());
            put(part, part * per_part, split, "accuracy", accuracy.clamp(0.08, 0.999));
        }
    };
    evaluate(&mut put, 0);
    for part in 1..=parts {
        let start = (part - 1) * per_part;
        if start >= steps {
            break;
        }
        let rate = match &spec.schedule {
            ScheduleSpec::Cosine(c) if c.per == Per::Epoch => {
                lr * (1.0 + (std::f64::consts::PI * (part - 1) as f64 / parts as f64).cos()) / 2.0
            }
            _ => lr,
        };
        if part == 1 || rate != lr {
            put(part, start, Split::Train, "lr", rate);
        }
        for window in 1..=20 {
            let step = start + window * per_part / 20;
            if step > steps {
                break;
            }
            let t = (step as f64 - per_part as f64 / 40.0) / per_part as f64;
            let wobble = noise(seed, &format!("{}w{step}", label.name));
            let mean = loss(label, lr, t) * (1.0 + 0.22 * wobble);
            put(part, step, Split::Train, "window_loss", mean);
        }
        if part <= completed {
            let wobble = noise(seed, &format!("{}t{part}", label.name));
            let mean = loss(label, lr, part as f64 - 0.6) * (1.0 + 0.03 * wobble);
            put(part, part * per_part, Split::Train, "loss", mean);
            put(part, part * per_part, Split::Train, "seconds", 0.9 * part as f64);
            evaluate(&mut put, part);
        } else {
            put(part, steps, Split::Train, "loss", f64::NAN);
        }
    }
    let status = if diverged_step.is_some() { Status::Diverged } else { Status::Completed };
    Outcome {
        epochs_completed: epoch_of(completed, steps),
        steps,
        diverged_step,
        last_finite_loss: diverged_step.map(|_| 8.1e12.into()),
        train_seconds: 0.9 * parts as f64 + 0.01 * seed as f64,
        eval_seconds: 0.3,
        batch_digest: (0..completed).map(|e| format!("batch-{seed}-{e}")).collect(),
        metrics,
        ..test_records::outcome(run, status)
    }
}
