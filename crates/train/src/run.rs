//! The training loop.
//!
//! burn-train's own loop clones the model at each step, which prevents in-place updates, and reads
//! metrics back to the host after every batch. Here the dataset stays on the device, a batch is one
//! `select`, the model is moved through the optimizer, and losses stay on the device until the
//! segment ends.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::TensorReadError;
use model::Network;
use spec::RunSpec;
use spec::metric::Metric;
use spec::record::{Outcome, Split, Status, StopReason};

use crate::checkpoint::Checkpoints;
use crate::device::NamedDevice;
use crate::engine::StepEngine;
use crate::evaluate::evaluate;
use crate::feed::DeviceData;
use crate::held_out::HeldOut;
use crate::job::{Job, Observer, State, TrainError};
use crate::order::Order;
use crate::progress::{self, Progress};
use crate::weights::WeightSaver;
use crate::{select, stop, trajectory};

/// Minimum time between two progress events.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// Trains one run and returns its outcome. Divergence is an outcome, not an error.
///
/// With checkpoints enabled, it resumes from the newest usable one and ends with the same bits as
/// an uninterrupted run, whether the run was killed or paused. The last checkpoint stays until the
/// caller has stored the outcome and removes it. The outcome's seconds cover all attempts up to
/// their last checkpoint and this attempt from there; writing checkpoints and weights is not
/// counted.
///
/// # Errors
/// Fails if a tensor cannot be read back from the device, if a requested or watched metric is not
/// measured, or if weights cannot be saved. Checkpoint I/O failures are logged to standard error,
/// not returned.
pub fn train(
    job: &Job<'_>,
    data: &DeviceData,
    device: &NamedDevice,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let spec = job.spec;
    let without_autodiff = device.device.clone();
    let (train_split, samples, validation) = data.split(&spec.data);
    stop::check(spec, job.options, validation.is_some())?;
    let held_out = HeldOut::new(validation, data.test(&spec.data));
    let subset = held_out.subset(stop::evaluate_samples(spec, job.options), &without_autodiff);
    let weight_saver = WeightSaver::new(job)?;
    let mut checkpoints = Checkpoints::new(job);
    let network = data.network(spec, &without_autodiff.clone().autodiff());
    let init_digest = model::digest(&network);
    let mut engine = select::engine(job, data, device, train_split, samples);
    let optimizer = |network: &Network| engine.optimizer(network);
    let found = checkpoints.newest(&network, &init_digest, &optimizer);
    let resumed_from = found.as_ref().map(|found| found.progress.done(spec));
    let epochs = found.as_ref().map_or(0, |found| found.progress.epochs(spec));
    let spared = found.as_ref().map_or(&[][..], |found| &found.progress.metrics);
    observer.started(epochs, spared);
    let (mut state, progress) = match found {
        Some(found) => {
            weight_saver.restore(found.best.as_deref())?;
            drop(network);
            engine.carry(found.carried);
            (found.state, found.progress)
        }
        None => {
            let optimizer = optimizer(&network);
            ((network, optimizer), Progress::new(init_digest))
        }
    };
    let measured = stop::measured(spec, job.options);
    let mut run = Run::new(spec, progress, measured, observer);
    if resumed_from.is_none() {
        trajectory::begin(&mut run.progress, &state.0);
        run.evaluate(&state, subset.as_ref().unwrap_or(&held_out), 0)?;
        run.flush(0);
    }
    let mut ended = stop::pauses(job.options, run.progress.segment).then_some(Ended::Paused);
    while ended.is_none() {
        let segment = run.progress.segment + 1;
        // Random numbers drawn on the device also depend only on seed and segment.
        without_autodiff.seed(drawn_for(spec, segment));
        let diverged;
        (state, diverged) = run.train_segment(engine.as_mut(), segment, state, samples)?;
        ended = match diverged {
            Some(step) => Some(Ended::Diverged(step)),
            None if run.progress.left || stop::is_due(spec, job.options, segment) => {
                let (finite, ended) =
                    run.evaluate_segment(&state, segment, &held_out, subset.as_ref())?;
                if finite {
                    weight_saver.offer(&state, &mut run.progress)?;
                }
                ended
            }
            None => {
                run.progress.segment = segment;
                None
            }
        };
        if ended.is_none() && checkpoints.due(segment) {
            checkpoints.write(&state, &run.progress, &weight_saver, engine.carried());
        }
        if ended.is_none() && stop::pauses(job.options, segment) {
            ended = Some(Ended::Paused);
        }
    }
    if matches!(ended, Some(Ended::Paused)) {
        run.measure_pause(&state, subset.as_ref().unwrap_or(&held_out))?;
    }
    Ok(Outcome {
        dataset_digest: data.host().digest.clone(),
        resumed_from,
        ..outcome(spec, run.progress, ended, &state, &weight_saver)?
    })
}

/// Returns the seed of the device's random generator for a segment.
fn drawn_for(spec: &RunSpec, segment: u64) -> u64 {
    spec::seed::stream(spec.seed, &format!("device/{segment}")).next_u64()
}

/// Builds the outcome from the training state and saves the final weights. `dataset_digest` and
/// `resumed_from` are left empty for the caller.
fn outcome(
    spec: &RunSpec,
    progress: Progress,
    ended: Option<Ended>,
    state: &State,
    weight_saver: &WeightSaver<'_>,
) -> Result<Outcome, TrainError> {
    let (status, stop_reason, diverged_step) = match ended {
        Some(Ended::Diverged(step)) => (Status::Diverged, None, Some(step)),
        Some(Ended::Paused) => (Status::Cut, None, None),
        Some(Ended::Stopped(reason)) => (Status::Completed, Some(reason), None),
        None => (Status::Completed, None, None),
    };
    let diverged = status == Status::Diverged;
    let (saved_epoch, saved_digest) = weight_saver.finish(state, &progress, status)?.unzip();
    Ok(Outcome {
        status,
        stop_reason,
        epochs_completed: progress.epochs(spec),
        steps: progress.steps,
        diverged_step,
        last_finite_loss: progress.last_finite.filter(|_| diverged).map(Into::into),
        train_seconds: progress.train_seconds,
        eval_seconds: progress.eval_seconds,
        init_digest: progress.init_digest,
        batch_digest: progress.batch_digest,
        weights_digest: (!diverged).then(|| model::digest(&state.0)),
        dataset_digest: String::new(),
        resumed_from: None,
        saved_epoch,
        saved_digest,
        metrics: progress.metrics,
    })
}

/// Reason why the training loop ends.
enum Ended {
    /// The loss of this step, counted from 1, was not finite.
    Diverged(u64),
    /// The run is complete, for this reason.
    Stopped(StopReason),
    /// The run pauses here and is not complete.
    Paused,
}

/// State of a run during training.
pub(crate) struct Run<'a> {
    pub(crate) spec: &'a RunSpec,
    pub(crate) progress: Progress,
    /// Metrics besides the loss that are measured on held-out data.
    measured: Vec<Metric>,
    last_report: Instant,
    /// Number of recorded points that the observer has received.
    flushed: usize,
    observer: &'a mut dyn Observer,
}

impl<'a> Run<'a> {
    /// Creates the state of a run that continues from `progress`, whose points the observer already
    /// has.
    pub(crate) fn new(
        spec: &'a RunSpec,
        progress: Progress,
        measured: Vec<Metric>,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let flushed = progress.metrics.len();
        Run { spec, progress, measured, last_report: Instant::now(), flushed, observer }
    }

    /// Takes the steps of `order`, fewer if a loss is not finite or a descent leaves its saddle.
    /// Returns the new state, and the loss and learning rate of every step.
    pub(crate) fn pass(
        &mut self,
        engine: &mut dyn StepEngine,
        segment: u64,
        state: State,
        order: &Order,
    ) -> Result<(State, Vec<f64>, Vec<f64>), TensorReadError> {
        let per_epoch = self.spec.steps_per_epoch().max(1);
        engine.begin(segment, state, order);
        let mut rates = Vec::new();
        for batches in order.steps() {
            let step = self.progress.steps;
            let epoch = step / per_epoch + 1;
            let lr = progress::lr(self.spec, &self.progress.plateau, epoch, step);
            rates.push(lr);
            if !engine.step(lr, order, batches) {
                break;
            }
            self.progress.steps += 1;
            if let Some(state) = engine.state()
                && trajectory::track(self.spec, &mut self.progress, epoch, state)
            {
                break;
            }
            self.report();
        }
        let (state, losses) = engine.end()?;
        Ok((state, losses, rates))
    }

    /// Reports the number of steps taken, at most once per [`PROGRESS_EVERY`].
    pub(crate) fn report(&mut self) {
        if self.last_report.elapsed() >= PROGRESS_EVERY {
            self.last_report = Instant::now();
            self.observer.progress(self.progress.steps);
        }
    }

    /// Trains one segment and records its losses. Returns the new state and, if a loss was not
    /// finite, the first such step of the run (counted from 1), where the segment ends.
    fn train_segment(
        &mut self,
        engine: &mut dyn StepEngine,
        segment: u64,
        state: State,
        samples: usize,
    ) -> Result<(State, Option<u64>), TrainError> {
        let clock = Instant::now();
        let order = Order::of_steps(self.spec, self.spec.segments().steps(segment), samples);
        self.progress.batch_digest.push(order.digest());
        let first = self.progress.steps;
        let (state, losses, rates) = self.pass(engine, segment, state, &order)?;
        // Reading the losses back waited for the device, so the clock covers the whole segment.
        self.progress.train_seconds += clock.elapsed().as_secs_f64();
        let bad = losses.iter().position(|l| !l.is_finite());
        let before = &losses[..bad.unwrap_or(losses.len())];
        self.progress.last_finite = before.last().copied().or(self.progress.last_finite);
        let diverged = bad.map(|at| first + at as u64 + 1);
        if let Some(step) = diverged {
            self.progress.steps = step;
        }
        let seen = bad.map_or(losses.len(), |at| at + 1);
        let (losses, rates) = (&losses[..seen], &rates[..seen]);
        let epoch = self.epoch_of(segment);
        self.progress.record_losses(epoch, first, losses, rates, &order);
        if diverged.is_some() {
            self.flush(epoch);
        }
        Ok((state, diverged))
    }

    /// Returns the epoch recorded with a segment's points: the segment's number in a run by epochs,
    /// the number of completed epochs in a run by steps.
    fn epoch_of(&self, segment: u64) -> u64 {
        match self.spec.train.steps {
            0 => segment,
            _ => self.progress.epochs(self.spec),
        }
    }

    /// Counts a segment as done and decides whether the run ends with it. `finite` is true if every
    /// held-out loss was finite.
    fn close_segment(&mut self, segment: u64, finite: bool) -> Option<Ended> {
        self.progress.segment = segment;
        stop::watch_plateau(self.spec, &mut self.progress);
        let stopped = stop::after_evaluation(self.spec, &mut self.progress)?;
        if finite {
            return Some(Ended::Stopped(stopped));
        }
        Some(self.end_diverged(segment))
    }

    /// Ends a run as diverged because its last evaluation was not finite.
    fn end_diverged(&mut self, segment: u64) -> Ended {
        // The last step broke the weights, and no further step will show it. This holds wherever
        // the run stops, so stopping early hides no divergence.
        self.progress.segment = segment - 1;
        Ended::Diverged(self.progress.steps)
    }

    /// Evaluates a trained segment. Returns whether every held-out loss was finite and, if the run
    /// ends with the segment, why. The last evaluation of a run uses the whole splits: if only the
    /// subset reached the target, the run continues.
    fn evaluate_segment(
        &mut self,
        state: &State,
        segment: u64,
        whole: &HeldOut,
        subset: Option<&HeldOut>,
    ) -> Result<(bool, Option<Ended>), TensorReadError> {
        let epoch = self.epoch_of(segment);
        let last = self.progress.left || segment >= self.spec.segments().count();
        let first = subset.filter(|_| !last);
        let known = self.progress.metrics.len();
        let mut finite = self.evaluate(state, first.unwrap_or(whole), epoch)?;
        let mut ended = self.close_segment(segment, finite);
        if let (Some(_), Some(Ended::Stopped(reason))) = (first, &ended) {
            let reason = *reason;
            self.progress.metrics.truncate(known);
            finite = self.evaluate(state, whole, epoch)?;
            if !finite {
                ended = Some(self.end_diverged(segment));
            } else if reason == StopReason::Target && !stop::reached(self.spec, &self.progress) {
                ended = None;
            }
        }
        self.flush(epoch);
        Ok((finite, ended))
    }

    /// Measures held-out data if a run pauses between two evaluations. The points affect neither
    /// the checkpoint, which is already written, nor later training, because a run that never
    /// paused is not evaluated here.
    fn measure_pause(&mut self, state: &State, held_out: &HeldOut) -> Result<(), TensorReadError> {
        let here = self.progress.metrics.iter().rev();
        let mut here = here.take_while(|point| point.step == self.progress.steps);
        if !here.any(|point| point.split != Split::Train) {
            let epoch = self.epoch_of(self.progress.segment);
            self.evaluate(state, held_out, epoch)?;
            self.flush(epoch);
        }
        Ok(())
    }

    /// Measures held-out data. Returns whether every loss was finite.
    fn evaluate(
        &mut self,
        state: &State,
        held_out: &HeldOut,
        epoch: u64,
    ) -> Result<bool, TensorReadError> {
        let clock = Instant::now();
        let network = state.1.evaluated(&state.0).valid();
        let mut finite = true;
        for (split, samples) in held_out.splits() {
            let found = evaluate(&network, samples, self.spec.train.loss, &self.measured)?;
            finite &= found.loss.is_finite();
            self.progress.metrics.extend(found.points(epoch, self.progress.steps, split));
        }
        self.progress.eval_seconds += clock.elapsed().as_secs_f64();
        Ok(finite)
    }

    /// Sends the observer the points that it has not received yet.
    fn flush(&mut self, epoch: u64) {
        let points = self.progress.metrics[self.flushed..].to_vec();
        self.flushed = self.progress.metrics.len();
        self.observer.epoch(epoch, &points);
    }
}
