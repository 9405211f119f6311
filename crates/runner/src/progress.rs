//! Progress while runs are trained: on a terminal an overall bar and a line for each slot,
//! elsewhere a line for each finished run.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use spec::DatasetSpec;
use spec::event::Event;
use spec::metric::Metric;
use spec::plan::PlannedRun;
use spec::record::{RunRecord, Split, Status};
use text_format::plural;

use crate::sweep_progress::{Current, SweepProgress, describe, last_step, reason};
use crate::text;

/// Number of positions of the overall bar.
const FINE: u64 = 10_000;

/// Seconds without an event after which a worker is marked as silent.
const SILENT: f64 = 30.0;

/// Minimum columns of a truncated label.
const LABEL: usize = 6;

/// Amount of output on standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verbosity {
    /// Problems only.
    Quiet,
    /// Bars on a terminal, else a line for each finished run.
    Normal,
    /// A line for each finished run on a terminal too, and the place that runs resume from.
    Verbose,
}

impl Verbosity {
    /// Returns the verbosity that the command line asks for.
    pub fn of(quiet: bool, verbose: bool) -> Self {
        match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }
}

/// Display of the runs in training.
pub struct Progress {
    multi: MultiProgress,
    overall: ProgressBar,
    lines: Vec<ProgressBar>,
    terminal: bool,
    verbosity: Verbosity,
    several_devices: bool,
}

impl Progress {
    /// Starts the display of a sweep that is about to begin.
    pub fn new(live: &SweepProgress, verbosity: Verbosity) -> Self {
        let terminal = console::Term::stderr().is_term();
        let target = if terminal && verbosity != Verbosity::Quiet {
            ProgressDrawTarget::stderr_with_hz(8)
        } else {
            ProgressDrawTarget::hidden()
        };
        let multi = MultiProgress::with_draw_target(target);
        let overall = multi.add(ProgressBar::new(FINE));
        overall.set_style(style("{spinner:.green} {wide_bar:.cyan/238} {msg}"));
        overall.enable_steady_tick(Duration::from_millis(250));
        // A device that all slots share is left out of the lines: 80 columns are few.
        let several_devices = live.slots.iter().any(|s| s.device != live.slots[0].device);
        let lines = live
            .slots
            .iter()
            .map(|slot| {
                let bar = multi.add(ProgressBar::new(1));
                bar.set_style(style("  {msg} {bar:8.magenta/238}"));
                // More slots would fill the screen.
                if slot.index >= 32 {
                    bar.set_draw_target(ProgressDrawTarget::hidden());
                }
                bar
            })
            .collect();
        let progress = Progress { multi, overall, lines, terminal, verbosity, several_devices };
        if live.cached > 0 {
            // Of earlier sweeps, or of earlier stages of this one.
            let runs = plural::count(live.cached, "run");
            let need = if live.cached == 1 { "needs" } else { "need" };
            progress.line(&format!("{runs} {need} no training"));
        }
        progress.refresh(live);
        progress
    }

    /// Redraws the bars.
    pub fn refresh(&self, live: &SweepProgress) {
        if !self.terminal || self.verbosity == Verbosity::Quiet {
            return;
        }
        let columns = usize::from(console::Term::stderr().size().1).max(40);
        let mut message = format!("{}/{} runs", live.done, live.total);
        for (status, n) in live.counts.iter().filter(|(s, _)| **s != Status::Completed) {
            message.push_str(&format!(", {n} {status}"));
        }
        if let Some(eta) = live.eta() {
            message.push_str(&format!(", {} left", text::duration(eta)));
        }
        self.overall.set_message(console::truncate_str(&message, columns - 16, "…").into_owned());
        self.overall.set_position((live.fraction() * FINE as f64) as u64);
        for (bar, slot) in self.lines.iter().zip(&live.slots) {
            let device = if self.several_devices { slot.device.as_str() } else { "" };
            let (step, steps) = slot.run.as_ref().map_or((0, 1), |r| (r.step, r.steps));
            bar.set_length(steps.max(1));
            bar.set_position(step);
            // 2 blanks, the message, 1 blank and the bar of 8; three columns stay free for the
            // `^C` that a terminal writes at the end of the last line.
            bar.set_message(slot_line(device, slot.run.as_ref(), columns.saturating_sub(14)));
        }
    }

    /// Handles an event of a worker.
    pub fn event(&self, event: &Event) {
        if let Event::Started { from_epoch, run_id, metrics, steps_per_epoch, .. } = event
            && self.verbosity == Verbosity::Verbose
        {
            let steps = last_step(metrics).unwrap_or(from_epoch * steps_per_epoch);
            let place = match steps == from_epoch * steps_per_epoch {
                true if steps == 0 => return,
                true => format!("epoch {from_epoch}"),
                false => format!("step {steps}"),
            };
            self.line(&format!("{} resumes from {place}", run_id.short()));
        }
    }

    /// Prints that an attempt failed and the run is tried again.
    pub fn retried(&self, run: &PlannedRun, record: &RunRecord) {
        self.always(&format!(
            "{}: attempt {} {}; retrying",
            describe(run),
            record.attempt,
            reason(record)
        ));
    }

    /// Prints the result of a run that ended, if the verbosity asks for it.
    pub fn ended(&self, run: &PlannedRun, record: &RunRecord, live: &SweepProgress) {
        let line = format!(
            "[{}/{}] {} {}",
            live.done,
            live.total,
            result(run, record),
            record.run_id.short()
        );
        match record.status {
            status if status.is_failure() => self.always(&line),
            Status::Completed | Status::Cut
                if self.terminal && self.verbosity != Verbosity::Verbose => {}
            _ => self.line(&line),
        }
    }

    /// Prints a line above the bars, unless `--quiet` is given.
    pub fn line(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.always(text);
        }
    }

    /// Prints a line that even `--quiet` shows.
    fn always(&self, text: &str) {
        if self.terminal && self.verbosity != Verbosity::Quiet {
            let _ = self.multi.println(text);
        } else {
            crate::text::status!("{text}");
        }
    }

    /// Removes the bars.
    pub fn finish(&self) {
        for line in &self.lines {
            line.finish_and_clear();
        }
        self.overall.finish_and_clear();
        let _ = self.multi.clear();
    }
}

/// Returns `adam lr=0.001 seed 3    epoch 2/5  loss 0.1234  1870 steps/s` in exactly `width`
/// columns; the speed is dropped first, then the label is truncated.
fn slot_line(device: &str, run: Option<&Current>, width: usize) -> String {
    let device = if device.is_empty() { String::new() } else { format!("{device}  ") };
    let Some(run) = run else {
        return console::pad_str(
            &format!("{device}idle"),
            width,
            console::Alignment::Left,
            Some("…"),
        )
        .into_owned();
    };
    let mut facts = run.place();
    if let Some(loss) = run.loss {
        facts.push_str(&format!("  {} {}", run.loss_word, text::loss(loss)));
    }
    let own = device.chars().count() + LABEL + 1 + run.rest.chars().count() + 2;
    let more = if run.silent() > SILENT {
        format!("  silent for {}", text::duration(run.silent()))
    } else {
        run.speed().map_or_else(String::new, |speed| format!("  {speed:>5.0} steps/s"))
    };
    if own + facts.chars().count() + more.chars().count() <= width {
        facts.push_str(&more);
    }
    let room = width.saturating_sub(facts.chars().count() + 2);
    // The label is truncated before the values that tell the run from its siblings.
    let label = room.saturating_sub(device.chars().count() + run.rest.chars().count() + 1);
    let label = console::truncate_str(&run.label, label.max(LABEL), "…");
    let name = format!("{device}{label} {}", run.rest);
    let name = console::pad_str(&name, room, console::Alignment::Left, Some("…"));
    format!("{name}  {facts}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("━━─")
}

fn result(run: &PlannedRun, record: &RunRecord) -> String {
    let what = describe(run);
    let Some(outcome) = &record.outcome else { return format!("{what}: {}", reason(record)) };
    if record.status == Status::Diverged {
        return format!("{what}: diverged at step {}", outcome.diverged_step.unwrap_or(0));
    }
    let last = |split, metric: Metric| {
        let mut points = outcome.metrics.iter().rev();
        points.find(|m| m.split == split && m.metric == metric).map(|m| m.value.0)
    };
    let mut out = format!("{what}:");
    let train = last(Split::Train, Metric::LOSS).map(text::loss);
    let of_test = last(Split::Test, Metric::LOSS).map(text::loss);
    let told = match (&run.spec.data.dataset, last(Split::Test, Metric::ACCURACY)) {
        (DatasetSpec::Function(_), _) => [("mean value", train), ("value", of_test)],
        (_, None) => [("train loss", train), ("test loss", of_test)],
        (_, accuracy) => {
            [("train loss", train), ("test accuracy", accuracy.map(|a| format!("{a:.4}")))]
        }
    };
    for (name, value) in told.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        out.push_str(&format!(" {name} {value}"));
    }
    let grain = spec::grain::Grain::of_run(&run.spec);
    let at = format!("{} {}", grain.unit(), grain.done(outcome));
    match outcome.stop_reason {
        _ if record.status == Status::Cut => out.push_str(&format!(", paused at {at}")),
        Some(spec::record::StopReason::EarlyStopping) => {
            out.push_str(&format!(", stopped early after {at}"));
        }
        Some(spec::record::StopReason::Target) => {
            out.push_str(&format!(", target reached in {at}"));
        }
        Some(spec::record::StopReason::LeftDomain) => {
            out.push_str(&format!(", left the saddle at step {}", outcome.steps));
        }
        _ => {}
    }
    format!("{out}, {}", text::duration(outcome.train_seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::Id;
    use spec::plan::Plan;

    fn plan() -> Plan {
        let text = "[data]\ndataset = \"digits\"\nbatch_size = 100\n[model]\nkind = \"linear\"\n[train]\nepochs = 5\n[[optimizer]]\nkind = \"adam\"\nlabel = \"a label that is rather long\"\nlr = [1e-3, 1e-2]\n";
        let overrides = sweep_file::Overrides::default();
        sweep_file::load_text("x.toml", "x", text.to_owned(), &overrides).unwrap().plan
    }

    #[test]
    fn a_slot_line_fits_its_columns_and_keeps_the_facts() {
        let plan = plan();
        let slot =
            crate::pool::Slot { index: 0, device: spec::device::DeviceName::Flex, gpu: None };
        let mut live = SweepProgress::new(&[slot], &plan.runs, 2, 0, "");
        for width in [40, 68, 120] {
            assert_eq!(slot_line("", None, width).chars().count(), width);
        }
        live.took(0, &plan.runs[1]);
        let run_id: Id = plan.runs[1].run_id;
        live.event(
            0,
            &Event::Started {
                run_id,
                epochs: 5,
                steps_per_epoch: 15,
                from_epoch: 2,
                metrics: vec![],
            },
        );
        live.event(0, &Event::Progress { run_id, step: 36 });
        for width in [40, 68, 120] {
            let line = slot_line("", live.slots[0].run.as_ref(), width);
            assert_eq!(line.chars().count(), width, "{line}");
            assert!(line.contains("epoch 3/5"), "{line}");
        }
        for width in [56, 68, 120] {
            let line = slot_line("", live.slots[0].run.as_ref(), width);
            assert!(line.contains("lr=0.01 seed 0"), "the label gives way first: {line}");
        }
        assert_eq!(live.done, 0);
        // 36 of 75 steps of one of two runs.
        assert!((live.fraction() - 0.24).abs() < 1e-9, "{}", live.fraction());
    }
}
