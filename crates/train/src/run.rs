//! The training loop.
//!
//! Written by hand because burn-train's own clones the model at each step,
//! which forbids in-place updates, and reads metrics back to the host at every
//! batch. Here the dataset lies on the device, a batch is one `select`, the
//! model is moved through the optimizer, and losses stay on the device until
//! the epoch ends.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Tensor, TensorReadError};
use model::Network;
use spec::RunSpec;
use spec::record::{MetricPoint, Outcome, Split, Status, StopReason};
use spec::run::Loss;

use crate::device::NamedDevice;
use crate::evaluate::evaluate;
use crate::feed::{DeviceData, EpochOrder, Samples};

/// Windows an epoch over which `window_loss` is averaged.
const WINDOWS: usize = 20;

/// Progress events are no more frequent than this.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Hears of a run while it trains.
pub trait Observer {
    /// Steps enqueued so far.
    fn progress(&mut self, step: u64);
    /// What an epoch measured; epoch 0 is before training.
    fn epoch(&mut self, epoch: u64, metrics: &[MetricPoint]);
}

/// Trains one run and gives its result; divergence is a result, not an error.
///
/// # Errors
/// A tensor that the device could not be read back from.
pub fn train(
    spec: &RunSpec,
    data: &DeviceData,
    device: &NamedDevice,
    observer: &mut dyn Observer,
) -> Result<Outcome, TensorReadError> {
    let plain = device.device.clone();
    let network = model::build(
        &spec.model,
        data.features,
        data.classes,
        spec.seed,
        &plain.clone().autodiff(),
    );
    let (train_set, validation) =
        data.split(usize::try_from(spec.data.validation).unwrap_or(usize::MAX));
    let mut run = Run {
        spec,
        steps: 0,
        train_time: Duration::ZERO,
        eval_time: Duration::ZERO,
        metrics: Vec::new(),
        last_report: Instant::now(),
        last_lr: None,
        observer,
    };
    let init_digest = model::digest(&network);
    run.evaluate(0, &network, validation.as_ref(), &data.test)?;
    let mut state = (network, optimizer_registry::build(&spec.optimizer));
    let mut batch_digest = Vec::new();
    let mut divergence = None;
    let mut last_finite = None;
    for epoch in 1..=spec.train.epochs {
        let clock = Instant::now();
        plain.seed(spec::seed::stream(spec.seed, &format!("device/{epoch}")).next_u64());
        let order = EpochOrder::new(spec.seed, epoch, train_set.len(), &spec.data);
        batch_digest.push(order.digest());
        let first = run.steps;
        let losses;
        (state, losses) = run.epoch(epoch, state, &train_set, &order, &plain)?;
        // Reading the losses waited for the device, so the clock holds the whole epoch.
        run.train_time += clock.elapsed();
        let bad = losses.iter().position(|l| !l.is_finite());
        let before = &losses[..bad.unwrap_or(losses.len())];
        last_finite = before.last().copied().or(last_finite);
        if let Some(at) = bad {
            divergence = Some(first + at as u64 + 1);
            run.steps = first + at as u64 + 1;
        }
        run.record_losses(epoch, first, &losses[..bad.map_or(losses.len(), |at| at + 1)], &order);
        if divergence.is_some() {
            run.flush(epoch, 0);
            break;
        }
        let finite = run.evaluate(epoch, &state.0, validation.as_ref(), &data.test)?;
        if epoch == spec.train.epochs && !finite {
            // No further step can show it: the last one broke the weights.
            divergence = Some(run.steps);
        }
    }
    let diverged = divergence.is_some();
    Ok(Outcome {
        status: if diverged { Status::Diverged } else { Status::Completed },
        stop_reason: (!diverged).then_some(StopReason::Epochs),
        epochs_completed: batch_digest.len() as u64 - u64::from(diverged),
        steps: run.steps,
        diverged_step: divergence,
        last_finite_loss: if diverged { last_finite.map(Into::into) } else { None },
        train_seconds: run.train_time.as_secs_f64(),
        eval_seconds: run.eval_time.as_secs_f64(),
        init_digest,
        batch_digest,
        weights_digest: (!diverged).then(|| model::digest(&state.0)),
        dataset_digest: data.digest.clone(),
        metrics: run.metrics,
    })
}

/// The model and its optimizer, moved through every step so that weights are
/// updated in place.
type State = (Network, burn::optim::ModuleOptimizer);

struct Run<'a> {
    spec: &'a RunSpec,
    steps: u64,
    train_time: Duration,
    eval_time: Duration,
    metrics: Vec<MetricPoint>,
    last_report: Instant,
    /// The learning rate of the last point: a constant one is recorded once.
    last_lr: Option<f64>,
    observer: &'a mut dyn Observer,
}

impl Run<'_> {
    /// One pass over the training samples; gives the loss of every batch.
    fn epoch(
        &mut self,
        epoch: u64,
        state: State,
        samples: &Samples,
        order: &EpochOrder,
        device: &burn::tensor::Device,
    ) -> Result<(State, Vec<f64>), TensorReadError> {
        let (mut network, mut optimizer) = state;
        let indices = order.upload(device);
        let mut losses: Vec<Tensor<1>> = Vec::with_capacity(order.bounds().len());
        for (start, end) in order.bounds() {
            let batch = samples.select(&indices.clone().slice(start..end));
            let logits = network.forward(batch.inputs);
            let loss = match self.spec.train.loss {
                Loss::CrossEntropy => model::cross_entropy(logits, batch.labels),
            };
            losses.push(loss.clone().inner());
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let lr = self.lr(epoch - 1, self.steps);
            network = optimizer.step(lr, network, gradients);
            self.steps += 1;
            self.report();
        }
        let losses: Vec<f32> = if losses.is_empty() {
            Vec::new()
        } else {
            Tensor::cat(losses, 0).try_into_data()?.iter::<f32>().collect()
        };
        Ok(((network, optimizer), losses.into_iter().map(f64::from).collect()))
    }

    fn lr(&self, epoch: u64, step: u64) -> f64 {
        optimizer_registry::schedule::lr(&self.spec.schedule, self.spec.optimizer.lr(), epoch, step)
    }

    fn report(&mut self) {
        if self.last_report.elapsed() >= PROGRESS_EVERY {
            self.last_report = Instant::now();
            self.observer.progress(self.steps);
        }
    }

    fn point(&mut self, epoch: u64, step: u64, metric: &str, value: f64) {
        self.metrics.push(MetricPoint {
            epoch,
            step,
            split: Split::Train,
            metric: metric.to_owned(),
            value: value.into(),
        });
    }

    /// Points of the training split: learning rate, window means, epoch mean, seconds.
    fn record_losses(&mut self, epoch: u64, first: u64, losses: &[f64], order: &EpochOrder) {
        let sizes: Vec<f64> = order.bounds().iter().map(|(a, b)| (b - a) as f64).collect();
        let mean = |from: usize, to: usize| {
            let weight: f64 = sizes[from..to].iter().sum();
            losses[from..to].iter().zip(&sizes[from..to]).map(|(l, w)| l * w).sum::<f64>() / weight
        };
        let n = losses.len();
        let width = sizes.len().div_ceil(WINDOWS).max(1);
        for start in (0..n).step_by(width) {
            let end = (start + width).min(n);
            let lr = self.lr(epoch - 1, first + start as u64);
            if self.last_lr != Some(lr) {
                self.last_lr = Some(lr);
                self.point(epoch, first + start as u64 + 1, "lr", lr);
            }
            self.point(epoch, first + end as u64, "window_loss", mean(start, end));
        }
        let step = first + n as u64;
        if n == sizes.len() && losses.iter().all(|l| l.is_finite()) {
            self.point(epoch, step, "loss", mean(0, n));
        }
        let seconds = self.train_time.as_secs_f64();
        self.point(epoch, step, "seconds", seconds);
    }

    /// Measures the held-out splits; whether every loss was finite.
    fn evaluate(
        &mut self,
        epoch: u64,
        network: &Network,
        validation: Option<&Samples>,
        test: &Samples,
    ) -> Result<bool, TensorReadError> {
        let clock = Instant::now();
        let from = self.metrics.iter().position(|m| m.epoch == epoch).unwrap_or(self.metrics.len());
        let network = network.valid();
        let mut finite = true;
        for (split, samples) in [(Split::Validation, validation), (Split::Test, Some(test))] {
            if let Some(samples) = samples {
                let result = evaluate(&network, samples)?;
                finite &= result.loss.is_finite();
                self.metrics.extend(result.points(epoch, self.steps, split));
            }
        }
        self.eval_time += clock.elapsed();
        self.flush(epoch, from);
        Ok(finite)
    }

    /// Tells the observer of the points of an epoch.
    fn flush(&mut self, epoch: u64, from: usize) {
        let points: Vec<MetricPoint> =
            self.metrics[from..].iter().filter(|m| m.epoch == epoch).cloned().collect();
        self.observer.epoch(epoch, &points);
    }
}
