//! How fast a run's steps are here: what `threads_per_run = "auto"` rests on.
//!
//! The steps are those of training, [`Run::pass`] on the real samples, only of
//! pieces of an epoch, so that a slow model costs no more than a fast one.

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
    let without_autodiff = &device.device;
    let (split, all, _) = data.split(&spec.data);
    let mut engine = engine(job, data, device, split, all);
    let autodiff = without_autodiff.clone().autodiff();
    // Samples a step; a piece is whole steps, or the whole epoch.
    let batch = usize::try_from(spec.data.batch_size).unwrap_or(usize::MAX);
    let step = batch.saturating_mul(accumulate(spec)).max(1);
    let mut piece = step.min(all);
    let mut kept: Option<State> = None;
    let mut silent = Silent;
    // Trains a piece; gives its samples and its time.
    let mut train = |piece: usize| -> Result<(u64, Duration), TensorReadError> {
        let state = kept.take().unwrap_or_else(|| {
            let network = data.network(spec, &autodiff);
            let optimizer = engine.optimizer(&network);
            (network, optimizer)
        });
        // Each as the first of a run: no schedule comes to its end, nothing piles up.
        let progress = Progress::new(String::new());
        let mut run = Run::new(spec, progress, Vec::new(), &mut silent);
        let clock = Instant::now();
        let order = Order::epoch(spec.seed, 1, piece, &spec.data, accumulate(spec));
        let (state, losses, _) = run.pass(engine.as_mut(), 1, state, &order)?;
        let time = clock.elapsed();
        // What has diverged takes no more steps: the next piece begins anew.
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
