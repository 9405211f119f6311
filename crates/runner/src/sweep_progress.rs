//! What is known of a sweep while it runs: the model behind the terminal's
//! lines and behind `status`.

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

/// Failures that are remembered.
const FAILURES: usize = 5;

/// A sweep in progress.
pub struct SweepProgress {
    /// Runs to train.
    pub total: usize,
    /// Runs that have ended.
    pub done: usize,
    /// Results reused.
    pub cached: usize,
    planned: usize,
    /// How runs ended.
    pub counts: BTreeMap<Status, u64>,
    epochs_total: f64,
    /// Epochs of runs that have ended, whether trained or no longer needed.
    epochs_done: f64,
    /// Of those trained, and in how many slot-seconds.
    trained: (f64, f64),
    /// By slot.
    pub slots: Vec<SlotState>,
    failures: VecDeque<String>,
    started: String,
    /// Where runs pause.
    pause: Pauses,
}

/// What a slot does.
pub struct SlotState {
    /// Its number.
    pub index: usize,
    /// Its device.
    pub device: String,
    /// Its run.
    pub run: Option<Current>,
}

/// A run in training.
pub struct Current {
    id: Id,
    /// Label of its optimizer.
    pub label: String,
    /// What tells it from its siblings beside the label.
    pub rest: String,
    /// Whole epochs done.
    pub epochs_done: u64,
    /// Epochs planned.
    pub epochs: u64,
    /// Steps done.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// True of a run by steps, which is shown in steps.
    pub by_steps: bool,
    steps_per_epoch: u64,
    /// Training loss of the last epoch.
    pub loss: Option<f64>,
    /// What that is called.
    pub loss_word: &'static str,
    began: Instant,
    /// When training began, and the step it began at: a checkpoint's, if any.
    trained_since: Option<(Instant, u64)>,
    last_word: Instant,
}

/// Epochs that a run trains to its end or to its pause, of one by steps with the part of the
/// last.
fn work(run: &PlannedRun, pause: Option<u64>) -> f64 {
    let until = pause.map_or(u64::MAX, |at| at.saturating_mul(run.spec.segments().length));
    run.spec.total_steps().min(until) as f64 / run.spec.steps_per_epoch().max(1) as f64
}

/// The last step of what was measured; none of nothing.
pub fn last_step(metrics: &[MetricPoint]) -> Option<u64> {
    metrics.iter().map(|m| m.step).max()
}

impl SweepProgress {
    /// Before anything has begun.
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

    /// The same of runs of which some pause.
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

    /// A slot took a run.
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

    /// A worker said something of its run.
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

    /// An attempt failed and another follows.
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

    /// A run ended.
    pub fn ended(&mut self, slot: usize, run: &PlannedRun, record: &RunRecord) {
        self.done += 1;
        *self.counts.entry(record.status).or_default() += 1;
        self.epochs_done += self.work(run);
        let began = self.slot(slot).and_then(|s| s.run.take()).map(|r| r.began);
        if let (Some(began), Some(_)) = (began, &record.outcome) {
            // A run that ended early took less than its share, as later ones will.
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

    /// Epochs of runs in training, parts of one included.
    fn epochs_now(&self) -> f64 {
        let runs = self.slots.iter().filter_map(|s| s.run.as_ref());
        runs.map(|r| r.step as f64 / r.steps_per_epoch.max(1) as f64).sum()
    }

    /// How much of the work is done, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        let done = self.epochs_done + self.epochs_now();
        (done / self.epochs_total.max(f64::MIN_POSITIVE)).min(1.0)
    }

    /// Estimated seconds until the end.
    pub fn eta(&self) -> Option<f64> {
        let running = self.slots.iter().filter_map(|s| s.run.as_ref());
        let seconds: f64 = running.map(|r| r.began.elapsed().as_secs_f64()).sum();
        let (epochs, seconds) = (self.trained.0 + self.epochs_now(), self.trained.1 + seconds);
        let left = self.epochs_total - self.epochs_done - self.epochs_now();
        let slots = self.slots.len().min((self.total - self.done).max(1)) as f64;
        (epochs > 0.5).then(|| (left.max(0.0) * seconds / epochs / slots).max(0.0))
    }

    /// As `status` reads it.
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
    /// The epoch it is in, from 1.
    pub fn epoch(&self) -> u64 {
        (self.epochs_done + 1).min(self.epochs)
    }

    /// `epoch 2/5`, of a run by steps `step 450/2000`.
    pub fn place(&self) -> String {
        match self.by_steps {
            true => format!("step {}/{}", self.step, self.steps),
            false => format!("epoch {}/{}", self.epoch(), self.epochs),
        }
    }

    /// Steps a second since training began.
    pub fn speed(&self) -> Option<f64> {
        let (since, from) = self.trained_since?;
        let seconds = since.elapsed().as_secs_f64();
        (seconds > 0.2 && self.step > from).then(|| (self.step - from) as f64 / seconds)
    }

    /// Seconds since the worker's last word.
    pub fn silent(&self) -> f64 {
        self.last_word.elapsed().as_secs_f64()
    }
}

/// `adam lr=0.001 seed 3`: what tells this run from its siblings.
pub fn describe(run: &PlannedRun) -> String {
    format!("{} {}", text::plain(&run.label), siblings(run))
}

/// The same without the label.
fn siblings(run: &PlannedRun) -> String {
    let mut out = String::new();
    for (path, value) in &run.axes {
        out.push_str(&format!("{}={value} ", path.strip_prefix("optimizer.").unwrap_or(path)));
    }
    format!("{out}seed {}", run.spec.seed)
}

/// Status, and what the error says in a line; of a paused run where it stands.
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
