//! Measures how fast a run's steps are on this machine, for `threads_per_run = "auto"`.
//!
//! The steps are real training steps ([`Run::pass`] on the real samples), but only of pieces of an
//! epoch, so that a slow model takes no longer to measure than a fast one.

use std::time::{Duration, Instant};

use burn::tensor::TensorReadError;
use spec::record::MetricPoint;

use crate::device::NamedDevice;
use crate::feed::{DeviceData, accumulate};
use crate::job::{Job, Observer, State};
use crate::order::Order;
use crate::progress::Progress;
use crate::run::Run;
use crate::select::engine;

/// Minimum time of a piece of an epoch, so that the work done once per epoch (its order, reading
/// the losses) weighs as little as in training.
const PIECE: Duration = Duration::from_millis(60);

/// Result of a measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Number of samples trained on.
    pub samples: u64,
    /// Wall-clock seconds that they took.
    pub seconds: f64,
}

/// Trains pieces of the run's first epoch for at least `window`, after it has found the size of a
/// piece. At least one piece is measured. Learning rate, batches and noise are those of the first
/// epoch; the weights are discarded.
///
/// # Errors
/// Fails if a tensor cannot be read back from the device.
pub fn measure(
    job: &Job<'_>,
    data: &DeviceData,
    device: &NamedDevice,
    window: Duration,
) -> Result<Measured, TensorReadError> {
    let spec = job.spec;
    let without_autodiff = &device.device;
    let (split, all, _) = data.split(&spec.data);
    let mut engine = engine(job, data, device, split, all);
    let autodiff = without_autodiff.clone().autodiff();
    // Samples per step. A piece is a number of whole steps, or the whole epoch.
    let batch = usize::try_from(spec.data.batch_size).unwrap_or(usize::MAX);
    let step = batch.saturating_mul(accumulate(spec)).max(1);
    let mut piece = step.min(all);
    let mut kept: Option<State> = None;
    let mut silent = Silent;
    // Trains a piece; returns its number of samples and its time.
    let mut train = |piece: usize| -> Result<(u64, Duration), TensorReadError> {
        let state = kept.take().unwrap_or_else(|| {
            let network = data.network(spec, &autodiff);
            let optimizer = engine.optimizer(&network);
            (network, optimizer)
        });
        // Every piece counts as the first of a run: no schedule ends and no metrics accumulate.
        let progress = Progress::new(String::new());
        let mut run = Run::new(spec, progress, Vec::new(), &mut silent);
        let clock = Instant::now();
        let order = Order::epoch(spec.seed, 1, piece, &spec.data, accumulate(spec));
        let (state, losses, _) = run.pass(engine.as_mut(), 1, state, &order)?;
        let time = clock.elapsed();
        // A diverged model takes no more steps: the next piece begins with new weights.
        kept = losses.iter().all(|loss| loss.is_finite()).then_some(state);
        // A descent that has left its saddle ends a piece early.
        Ok((losses.len().saturating_mul(step).min(piece) as u64, time))
    };
    loop {
        let (_, time) = train(piece)?;
        if piece >= all || time >= PIECE {
            break;
        }
        piece = piece.saturating_mul(2).min(all);
    }
    let (mut samples, mut time) = (0, Duration::ZERO);
    loop {
        let (more, took) = train(piece)?;
        samples += more;
        time += took;
        if time >= window {
            return Ok(Measured { samples, seconds: time.as_secs_f64() });
        }
    }
}

/// Ignores all callbacks.
struct Silent;

impl Observer for Silent {
    fn started(&mut self, _: u64, _: &[MetricPoint]) {}
    fn progress(&mut self, _: u64) {}
    fn epoch(&mut self, _: u64, _: &[MetricPoint]) {}
}
