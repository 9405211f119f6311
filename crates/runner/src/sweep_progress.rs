//! State of a running sweep, from which the terminal's lines and `status` are made.

use std::collections::{BTreeMap, VecDeque};
use std::time::Instant;

use spec::Id;
use spec::event::Event;
use spec::metric::Metric;
use spec::plan::PlannedRun;
use spec::record::{MetricPoint, RunRecord, Split, Status};
use store::status::{RunStatus, SlotStatus, SweepStatus};

use crate::pause::{self, Pauses};
use crate::pool::Slot;
use crate::text;

/// Number of failures that are kept.
const FAILURES: usize = 5;

/// A sweep in progress.
pub struct SweepProgress {
    /// Number of runs to train.
    pub total: usize,
    /// Number of runs that have ended.
    pub done: usize,
    /// Number of results that are reused.
    pub cached: usize,
    planned: usize,
    /// Number of ended runs by status.
    pub counts: BTreeMap<Status, u64>,
    epochs_total: f64,
    /// Epochs of runs that have ended, whether trained or no longer needed.
    epochs_done: f64,
    /// Epochs of runs that ended with an outcome, and the slot-seconds that these took.
    trained: (f64, f64),
    /// State of each slot.
    pub slots: Vec<SlotState>,
    failures: VecDeque<String>,
    started: String,
    /// Segments at whose ends runs pause.
    pause: Pauses,
}

/// State of a slot.
pub struct SlotState {
    /// Number of the slot, from 0.
    pub index: usize,
    /// Name of its device.
    pub device: String,
    /// Run in training; `None` if the slot is idle.
    pub run: Option<Current>,
}

/// A run in training.
pub struct Current {
    id: Id,
    /// Label of its optimizer.
    pub label: String,
    /// Values of its axes and its seed, which tell it from other runs of the label.
    pub rest: String,
    /// Number of whole epochs done.
    pub epochs_done: u64,
    /// Number of planned epochs.
    pub epochs: u64,
    /// Number of steps done.
    pub step: u64,
    /// Number of steps of the whole run.
    pub steps: u64,
    /// Whether the length of the run is given in steps, in which its progress is then shown.
    pub by_steps: bool,
    steps_per_epoch: u64,
    /// Training loss of the last epoch; `None` before one is measured.
    pub loss: Option<f64>,
    /// Name of that loss: `loss` or `value`.
    pub loss_word: &'static str,
    began: Instant,
    /// Time at which training began and the step it began at, which a checkpoint may set.
    trained_since: Option<(Instant, u64)>,
    last_word: Instant,
}

/// Returns the epochs that a run trains to its end or to its pause; fractional for a run by
/// steps.
fn work(run: &PlannedRun, pause: Option<u64>) -> f64 {
    let until = pause.map_or(u64::MAX, |at| at.saturating_mul(run.spec.segments().length));
    run.spec.total_steps().min(until) as f64 / run.spec.steps_per_epoch().max(1) as f64
}

/// Returns the step of the latest measurement; `None` without one.
pub fn last_step(metrics: &[MetricPoint]) -> Option<u64> {
    metrics.iter().map(|m| m.step).max()
}

impl SweepProgress {
    /// Returns the state before any run has begun.
    pub fn new(
        slots: &[Slot],
        runs: &[PlannedRun],
        planned: usize,
        cached: usize,
        started: &str,
    ) -> Self {
        SweepProgress {
            total: runs.len(),
            done: 0,
            cached,
            planned,
            counts: BTreeMap::new(),
            epochs_total: runs.iter().map(|run| work(run, None)).sum(),
            epochs_done: 0.0,
            trained: (0.0, 0.0),
            slots: slots
                .iter()
                .take(runs.len())
                .map(|s| SlotState { index: s.index, device: s.device.to_string(), run: None })
                .collect(),
            failures: VecDeque::new(),
            started: started.to_owned(),
            pause: Pauses::new(),
        }
    }

    /// Takes pauses into account.
    pub fn with_pauses(mut self, runs: &[PlannedRun], pause: &Pauses) -> Self {
        self.pause.clone_from(pause);
        self.epochs_total = runs.iter().map(|run| self.work(run)).sum();
        self
    }

    fn work(&self, run: &PlannedRun) -> f64 {
        work(run, self.pause.get(&run.run_id).copied())
    }

    fn slot(&mut self, index: usize) -> Option<&mut SlotState> {
        self.slots.iter_mut().find(|s| s.index == index)
    }

    /// Records that a slot took a run.
    pub fn took(&mut self, slot: usize, run: &PlannedRun) {
        let now = Instant::now();
        if let Some(slot) = self.slot(slot) {
            slot.run = Some(Current {
                id: run.run_id,
                label: text::plain(&run.label),
                rest: siblings(run),
                epochs_done: 0,
                epochs: run.spec.train.epochs,
                step: 0,
                steps: run.spec.total_steps(),
                by_steps: run.spec.train.steps > 0,
                steps_per_epoch: run.spec.steps_per_epoch(),
                loss: None,
                loss_word: text::loss_word(&run.spec),
                began: now,
                trained_since: None,
                last_word: now,
            });
        }
    }

    /// Records an event of a slot's worker.
    pub fn event(&mut self, slot: usize, event: &Event) {
        let Some(run) = self.slot(slot).and_then(|s| s.run.as_mut()) else { return };
        run.last_word = Instant::now();
        match event {
            Event::Started { from_epoch, metrics, .. } => {
                run.epochs_done = *from_epoch;
                run.step = last_step(metrics).unwrap_or(from_epoch * run.steps_per_epoch);
                run.trained_since = Some((Instant::now(), run.step));
            }
            Event::Progress { step, .. } => {
                run.step = *step;
                run.epochs_done = step / run.steps_per_epoch.max(1);
            }
            Event::Epoch { epoch, metrics, .. } => {
                let loss = metrics
                    .iter()
                    .rev()
                    .find(|m| m.split == Split::Train && m.metric == Metric::LOSS);
                run.loss = loss.map(|m| m.value.0).or(run.loss);
                run.epochs_done = *epoch;
                run.step = last_step(metrics).unwrap_or(epoch * run.steps_per_epoch);
            }
            _ => {}
        }
    }

    /// Records that an attempt failed and the run is tried again.
    pub fn retried(&mut self, slot: usize, record: &RunRecord) {
        if let Some(run) = self.slot(slot).and_then(|s| s.run.as_mut()) {
            (run.step, run.epochs_done, run.trained_since) = (0, 0, None);
        }
        self.remember(format!(
            "{} attempt {}: {}",
            record.run_id.short(),
            record.attempt,
            reason(record)
        ));
    }

    /// Records that a run ended.
    pub fn ended(&mut self, slot: usize, run: &PlannedRun, record: &RunRecord) {
        self.done += 1;
        *self.counts.entry(record.status).or_default() += 1;
        self.epochs_done += self.work(run);
        let began = self.slot(slot).and_then(|s| s.run.take()).map(|r| r.began);
        if let (Some(began), Some(_)) = (began, &record.outcome) {
            // Counted in full: later runs will end early as often as earlier ones.
            self.trained.0 += self.work(run);
            self.trained.1 += began.elapsed().as_secs_f64();
        }
        if record.status.is_failure() {
            self.remember(format!("{}: {}", describe(run), reason(record)));
        }
    }

    fn remember(&mut self, line: String) {
        if self.failures.len() == FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back(line);
    }

    /// Returns the epochs done of runs in training, fractions included.
    fn epochs_now(&self) -> f64 {
        let runs = self.slots.iter().filter_map(|s| s.run.as_ref());
        runs.map(|r| r.step as f64 / r.steps_per_epoch.max(1) as f64).sum()
    }

    /// Returns the fraction of the work that is done, 0 to 1.
    pub fn fraction(&self) -> f64 {
        let done = self.epochs_done + self.epochs_now();
        (done / self.epochs_total.max(f64::MIN_POSITIVE)).min(1.0)
    }

    /// Returns the estimated seconds until the end; `None` before half an epoch is trained.
    pub fn eta(&self) -> Option<f64> {
        let running = self.slots.iter().filter_map(|s| s.run.as_ref());
        let seconds: f64 = running.map(|r| r.began.elapsed().as_secs_f64()).sum();
        let (epochs, seconds) = (self.trained.0 + self.epochs_now(), self.trained.1 + seconds);
        let left = self.epochs_total - self.epochs_done - self.epochs_now();
        let slots = self.slots.len().min((self.total - self.done).max(1)) as f64;
        (epochs > 0.5).then(|| (left.max(0.0) * seconds / epochs / slots).max(0.0))
    }

    /// Returns the form that `status` reads.
    pub fn status(&self) -> SweepStatus {
        SweepStatus {
            v: 1,
            pid: std::process::id(),
            host: store::writer::host_name(),
            started: self.started.clone(),
            updated: crate::clock::now(),
            planned: self.planned as u64,
            cached: self.cached as u64,
            to_train: self.total as u64,
            ended: self.counts.clone(),
            eta_seconds: self.eta(),
            slots: self.slots.iter().map(SlotState::status).collect(),
            failures: self.failures.iter().cloned().collect(),
        }
    }
}

impl SlotState {
    fn status(&self) -> SlotStatus {
        let run = self.run.as_ref().map(|r| RunStatus {
            run_id: r.id,
            name: format!("{} {}", r.label, r.rest),
            epoch: r.epoch(),
            epochs: r.epochs,
            step: r.by_steps.then_some(r.step),
            steps: r.by_steps.then_some(r.steps),
            loss: r.loss.map(Into::into),
            steps_per_second: r.speed(),
            seconds: r.began.elapsed().as_secs_f64(),
            silent_seconds: r.silent(),
        });
        SlotStatus { slot: self.index as u64, device: self.device.clone(), run }
    }
}

impl Current {
    /// Returns the epoch in training, from 1.
    pub fn epoch(&self) -> u64 {
        (self.epochs_done + 1).min(self.epochs)
    }

    /// Returns `epoch 2/5`; `step 450/2000` for a run by steps.
    pub fn place(&self) -> String {
        match self.by_steps {
            true => format!("step {}/{}", self.step, self.steps),
            false => format!("epoch {}/{}", self.epoch(), self.epochs),
        }
    }

    /// Returns the steps per second since training began; `None` in the first 0.2 seconds.
    pub fn speed(&self) -> Option<f64> {
        let (since, from) = self.trained_since?;
        let seconds = since.elapsed().as_secs_f64();
        (seconds > 0.2 && self.step > from).then(|| (self.step - from) as f64 / seconds)
    }

    /// Returns the seconds since the worker's last event.
    pub fn silent(&self) -> f64 {
        self.last_word.elapsed().as_secs_f64()
    }
}

/// Returns the description of a run: `adam lr=0.001 seed 3`.
pub fn describe(run: &PlannedRun) -> String {
    format!("{} {}", text::plain(&run.label), siblings(run))
}

/// Returns the description of a run without its label.
fn siblings(run: &PlannedRun) -> String {
    let mut out = String::new();
    for (path, value) in &run.axes {
        out.push_str(&format!("{}={value} ", path.strip_prefix("optimizer.").unwrap_or(path)));
    }
    format!("{out}seed {}", run.spec.seed)
}

/// Returns the status and the headline of the error; for a paused run, where it is paused.
pub fn reason(record: &RunRecord) -> String {
    if let Some(place) = pause::place(record) {
        return format!("paused at {place}");
    }
    let said = record.error.as_ref().map(|e| text_format::escape::headline(&e.message));
    match said.filter(|said| !said.is_empty()) {
        Some(said) => format!("{} ({said})", record.status),
        None => record.status.to_string(),
    }
}
