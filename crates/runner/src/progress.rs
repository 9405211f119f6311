//! What a person sees while runs are trained: on a terminal an overall bar and
//! a line a slot, elsewhere one line a finished run.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spec::event::Event;
use spec::plan::PlannedRun;
use spec::record::{RunRecord, Split, Status};

use crate::pool::Slot;
use crate::text;

/// Tells of the runs.
pub struct Progress {
    multi: MultiProgress,
    overall: ProgressBar,
    slots: HashMap<usize, SlotLine>,
    terminal: bool,
    done: usize,
    total: usize,
    counts: HashMap<Status, usize>,
}

struct SlotLine {
    bar: ProgressBar,
    device: String,
    run: String,
    epochs: u64,
    steps_per_epoch: u64,
    loss: Option<f64>,
}

impl Progress {
    /// For `runs`, each of some epochs.
    pub fn new(slots: &[Slot], runs: &[PlannedRun], cached: usize) -> Self {
        let terminal = console::Term::stderr().is_term();
        let target = if terminal {
            ProgressDrawTarget::stderr_with_hz(10)
        } else {
            ProgressDrawTarget::hidden()
        };
        let multi = MultiProgress::with_draw_target(target);
        let epochs: u64 = runs.iter().map(|r| r.spec.train.epochs).sum();
        let overall = multi.add(ProgressBar::new(epochs));
        overall.set_style(style(
            "{spinner:.green} {wide_bar:.cyan/238} {msg} [{elapsed}, ETA {eta}]",
            "━━─",
        ));
        overall.enable_steady_tick(Duration::from_millis(200));
        let mut lines = HashMap::new();
        // One device for all needs no mention in every line: 80 columns are few.
        let several = slots.iter().any(|s| s.device != slots[0].device);
        for slot in slots.iter().take(runs.len()) {
            let bar = multi.add(ProgressBar::new(1));
            bar.set_style(style("  {wide_msg} {bar:12.magenta/238}", "━━─"));
            lines.insert(
                slot.index,
                SlotLine {
                    bar,
                    device: if several { format!("{}  ", slot.device) } else { String::new() },
                    run: String::new(),
                    epochs: 0,
                    steps_per_epoch: 0,
                    loss: None,
                },
            );
        }
        let progress = Progress {
            multi,
            overall,
            slots: lines,
            terminal,
            done: 0,
            total: runs.len(),
            counts: HashMap::new(),
        };
        if cached > 0 {
            progress.line(&format!("{} reused from earlier sweeps", text::count(cached, "result")));
        }
        progress.refresh();
        progress
    }

    /// A slot took a run.
    pub fn took(&mut self, slot: usize, run: &PlannedRun) {
        if let Some(line) = self.slots.get_mut(&slot) {
            line.run = describe(run);
            line.epochs = run.spec.train.epochs;
            line.steps_per_epoch = run.spec.steps_per_epoch();
            line.loss = None;
            line.bar.set_length(run.spec.total_steps());
            line.bar.set_position(0);
            line.show(0);
        }
    }

    /// A worker said something.
    pub fn event(&mut self, slot: usize, event: &Event) {
        let Some(line) = self.slots.get_mut(&slot) else { return };
        match event {
            Event::Progress { step, .. } => {
                line.bar.set_position(*step);
                line.show(step / line.steps_per_epoch.max(1));
            }
            Event::Epoch { epoch, metrics, .. } => {
                let loss =
                    metrics.iter().rev().find(|m| m.split == Split::Train && m.metric == "loss");
                line.loss = loss.map(|m| m.value.0).or(line.loss);
                line.bar.set_position(epoch * line.steps_per_epoch);
                line.show(*epoch);
                if *epoch > 0 {
                    self.overall.inc(1);
                }
            }
            _ => {}
        }
    }

    /// An attempt failed and another follows.
    pub fn retried(&mut self, slot: usize, record: &RunRecord) {
        let reason = record.error.as_ref().map_or("", |e| e.message.lines().next().unwrap_or(""));
        let run = self.slots.get(&slot).map_or("", |line| line.run.as_str());
        let text =
            format!("{run}: attempt {} failed ({}), again", record.attempt, text::plain(reason));
        self.line(&text);
    }

    /// A run ended.
    pub fn ended(&mut self, slot: usize, run: &PlannedRun, record: &RunRecord) {
        self.done += 1;
        *self.counts.entry(record.status).or_default() += 1;
        let epochs = record.outcome.as_ref().map_or(0, |o| o.epochs_completed);
        let missing = run.spec.train.epochs.saturating_sub(epochs);
        match record.status {
            // Epochs that will not come, so that the bar still fills.
            Status::Diverged => self.overall.inc(missing.saturating_sub(1)),
            _ => self.overall.inc(missing),
        }
        if let Some(line) = self.slots.get_mut(&slot) {
            line.run.clear();
            line.bar.set_position(0);
            line.bar.set_message(format!("{}idle", line.device));
        }
        let failed = record.status != Status::Completed;
        if !self.terminal || failed {
            self.line(&format!(
                "[{}/{}] {} {}",
                self.done,
                self.total,
                result(run, record),
                record.run_id.short()
            ));
        }
        self.refresh();
    }

    /// A line above the bars.
    pub fn line(&self, text: &str) {
        if self.terminal {
            let _ = self.multi.println(text);
        } else {
            eprintln!("{text}");
        }
    }

    /// Removes the bars.
    pub fn finish(&self) {
        for line in self.slots.values() {
            line.bar.finish_and_clear();
        }
        self.overall.finish_and_clear();
        let _ = self.multi.clear();
    }

    fn refresh(&self) {
        let mut message = format!("{}/{} runs", self.done, self.total);
        for status in [Status::Diverged, Status::Failed, Status::TimedOut, Status::Cancelled] {
            if let Some(n) = self.counts.get(&status) {
                message.push_str(&format!(", {n} {status}"));
            }
        }
        self.overall.set_message(message);
    }
}

impl SlotLine {
    fn show(&self, epochs_done: u64) {
        let epoch = (epochs_done + 1).min(self.epochs);
        let loss = self.loss.map_or_else(String::new, |l| format!("  loss {l:.4}"));
        self.bar.set_message(format!(
            "{}{}  epoch {epoch}/{}{loss}",
            self.device, self.run, self.epochs
        ));
    }
}

fn style(template: &str, chars: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars(chars)
}

/// `adam lr=0.001 seed 3`: what tells this run from its siblings.
pub fn describe(run: &PlannedRun) -> String {
    let mut out = text::plain(&run.label);
    for (path, value) in &run.axes {
        out.push_str(&format!(" {}={value}", path.strip_prefix("optimizer.").unwrap_or(path)));
    }
    format!("{out} seed {}", run.spec.seed)
}

fn result(run: &PlannedRun, record: &RunRecord) -> String {
    let what = describe(run);
    match (&record.outcome, &record.error) {
        (Some(outcome), _) if record.status == Status::Diverged => {
            format!("{what}: diverged at step {}", outcome.diverged_step.unwrap_or(0))
        }
        (Some(outcome), _) => {
            let last = |split, metric: &str| {
                outcome
                    .metrics
                    .iter()
                    .rev()
                    .find(|m| m.split == split && m.metric == metric)
                    .map(|m| m.value.0)
            };
            let mut out = format!("{what}:");
            for (name, value) in [
                ("train loss", last(Split::Train, "loss")),
                ("test accuracy", last(Split::Test, "accuracy")),
            ] {
                if let Some(value) = value {
                    out.push_str(&format!(" {name} {value:.4}"));
                }
            }
            format!("{out}, {:.1} s", outcome.train_seconds)
        }
        (None, Some(error)) => format!(
            "{what}: {} ({})",
            record.status,
            text::plain(error.message.lines().next().unwrap_or_default())
        ),
        (None, None) => format!("{what}: {}", record.status),
    }
}
