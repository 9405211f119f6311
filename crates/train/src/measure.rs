//! How fast a run's steps are here: what `threads_per_run = "auto"` rests on.
//!
//! The steps are those of training, [`Run::epoch`] on the real samples, only of
//! pieces of an epoch, so that a slow model costs no more than a fast one.

use std::time::{Duration, Instant};

use burn::tensor::TensorReadError;
use spec::record::MetricPoint;

use crate::device::NamedDevice;
use crate::epoch::accumulate;
use crate::feed::{DeviceData, EpochOrder};
use crate::progress::Progress;
use crate::run::{Job, Observer, Run, State, optimizer};
use crate::trajectory;

/// A piece of an epoch takes at least this long, so that what an epoch does once
/// (its order, reading the losses) weighs as little as it does in training.
const PIECE: Duration = Duration::from_millis(60);

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// Samples that were trained on.
    pub samples: u64,
    /// The seconds that they took.
    pub seconds: f64,
}

/// Trains pieces of the run's first epoch for `window`, after as many as it
/// takes to find their size. The weights are lost; learning rate, batches and
/// noise are those of the first epoch. One piece at least is measured.
///
/// # Errors
/// A tensor that the device could not be read back from.
pub fn measure(
    job: &Job<'_>,
    data: &DeviceData,
    device: &NamedDevice,
    window: Duration,
) -> Result<Measured, TensorReadError> {
    let spec = job.spec;
    let plain = &device.device;
    let validation = usize::try_from(spec.data.validation).unwrap_or(usize::MAX);
    let (samples, all, _) = data.split(validation);
    let dataset = data.dataset();
    let (shape, outputs) = (dataset.shape(), dataset.outputs());
    let network = model::build(&spec.model, shape, outputs, spec.seed, &plain.clone().autodiff());
    let fed = trajectory::noisy(spec, 1, &samples, plain);
    let mut state: State = {
        let optimizer = optimizer(spec, &network);
        (network, optimizer)
    };
    let mut silent = Silent;
    // Samples a step; a piece is whole steps, or the whole epoch.
    let batch = usize::try_from(spec.data.batch_size).unwrap_or(usize::MAX);
    let step = batch.saturating_mul(accumulate(spec)).max(1);
    let mut piece = step.min(all);
    let mut train = |state: State, piece: usize| -> Result<(State, u64), TensorReadError> {
        // Each as the first of a run: no schedule comes to its end, nothing piles up.
        let progress = Progress::new(String::new());
        let mut run = Run::new(spec, progress, Vec::new(), &mut silent);
        let order = EpochOrder::new(spec.seed, 1, piece, &spec.data);
        let (state, losses) = run.epoch(1, state, &fed, &order, plain)?;
        // A descent that has left its saddle ends a piece early.
        Ok((state, losses.len().saturating_mul(step).min(piece) as u64))
    };
    loop {
        let clock = Instant::now();
        (state, _) = train(state, piece)?;
        if piece >= all || clock.elapsed() >= PIECE {
            break;
        }
        piece = piece.saturating_mul(2).min(all);
    }
    let mut samples = 0;
    let clock = Instant::now();
    loop {
        let done;
        (state, done) = train(state, piece)?;
        samples += done;
        let elapsed = clock.elapsed();
        if elapsed >= window {
            return Ok(Measured { samples, seconds: elapsed.as_secs_f64() });
        }
    }
}

/// Nobody hears of what is measured.
struct Silent;

impl Observer for Silent {
    fn started(&mut self, _: u64) {}
    fn progress(&mut self, _: u64) {}
    fn epoch(&mut self, _: u64, _: &[MetricPoint]) {}
}
