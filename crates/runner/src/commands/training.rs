//! The part of `run` that trains: slots are fed, records are kept, and a
//! signal, `--fail-fast` or `--max-time` ends it early.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use spec::Id;
use spec::layout::ReportDir;
use spec::plan::{Plan, PlannedRun};
use spec::record::{RunRecord, Status};

use crate::cli::RunArgs;
use crate::executor::{Cancel, Message, Terms, execute};
use crate::exit::Exit;
use crate::journal::JournalWriter;
use crate::machine::Machine;
use crate::pool::Slot;
use crate::progress::Progress;
use crate::text;
use crate::worker_process::WorkerCommand;

/// What training came to.
#[derive(Default)]
pub(super) struct Trained {
    /// Runs that ended, however.
    pub(super) runs: usize,
    failed: usize,
    cancelled: usize,
    stopped: Option<Stop>,
}

/// What ended a sweep before its runs were done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// Ctrl-C or SIGTERM.
    Signal,
    /// `--fail-fast`.
    FailFast,
    /// `--max-time`.
    MaxTime,
}

impl Trained {
    /// The exit code of the sweep.
    pub(super) fn exit(&self) -> Exit {
        match (self.stopped, self.failed) {
            (Some(Stop::Signal), _) => Exit::Interrupted,
            (None, 0) => Exit::Ok,
            _ => Exit::RunsFailed,
        }
    }
}

/// A sweep about to train.
pub(super) struct Sweep<'a> {
    pub(super) dir: &'a ReportDir,
    pub(super) plan: &'a Plan,
    pub(super) machine: &'a Machine,
    pub(super) args: &'a RunArgs,
    /// Folder of the datasets.
    pub(super) data: PathBuf,
    /// Results that are reused.
    pub(super) cached: usize,
}

/// Trains the runs and appends each to a journal begun at `started`.
pub(super) fn train(
    sweep: &Sweep<'_>,
    todo: Vec<PlannedRun>,
    started: &str,
    cancel: &Cancel,
) -> anyhow::Result<Trained> {
    let Sweep { dir, plan, machine, args, cached, .. } = *sweep;
    let mut journal = JournalWriter::create(dir, started)?;
    let command = WorkerCommand {
        program: machine.worker.clone(),
        data: sweep.data.clone(),
        threads: plan.threads_per_run,
        logs: dir.logs(),
    };
    let busy = machine.slots.len().min(todo.len());
    eprintln!(
        "{}: {} on {} x {} ({}), {}",
        plan.name,
        text::count(todo.len(), "run"),
        busy,
        devices(&machine.slots),
        if plan.threads_per_run == 1 {
            "1 thread each".to_owned()
        } else {
            format!("{} threads each", plan.threads_per_run)
        },
        text::count(plan.optimizers.len(), "optimizer"),
    );
    let clock = Instant::now();
    let mut progress = Progress::new(&machine.slots, &todo, cached);
    let by_id: HashMap<Id, PlannedRun> = todo.iter().map(|r| (r.run_id, r.clone())).collect();
    let mut result = Trained::default();
    // By the plan and not by what is left, so that a resumed sweep records the same.
    let jobs = machine.slots.len().min(plan.runs.len()) as u64;
    let terms = Terms { jobs, retry: args.retry };
    let messages = execute(&command, &machine.slots, todo, terms, cancel);
    while let Some(message) = next_message(&messages, args, &clock, cancel, &mut result.stopped) {
        match message {
            Message::Took { slot, run } => progress.took(slot, &run),
            Message::Event { slot, event } => progress.event(slot, &event),
            Message::Retried { slot, record } => {
                keep(&mut journal, &record, cancel, &progress)?;
                progress.retried(slot, &record);
            }
            Message::Ended { slot, record } => {
                keep(&mut journal, &record, cancel, &progress)?;
                result.runs += 1;
                result.failed +=
                    usize::from(!record.status.is_result() && record.status != Status::Cancelled);
                result.cancelled += usize::from(record.status == Status::Cancelled);
                if let Some(run) = by_id.get(&record.run_id) {
                    progress.ended(slot, run, &record);
                }
                if args.fail_fast.is_some_and(|n| result.failed as u64 >= n)
                    && !cancel.is_cancelled()
                {
                    result.stopped = Some(Stop::FailFast);
                    cancel.cancel();
                }
            }
        }
    }
    progress.finish();
    // A signal that came when the last run had ended interrupted nothing.
    if cancel.is_cancelled() && result.runs < by_id.len() + result.cancelled {
        result.stopped.get_or_insert(Stop::Signal);
    }
    let seconds = clock.elapsed().as_secs_f64();
    let how = match result.stopped {
        None => "",
        Some(Stop::Signal) => ", interrupted: the same command goes on from here",
        Some(Stop::FailFast) => ", ended by --fail-fast: the same command goes on from here",
        Some(Stop::MaxTime) => ", ended by --max-time: the same command goes on from here",
    };
    eprintln!("{} in {}{how}", text::count(result.runs, "run"), text::duration(seconds));
    Ok(result)
}

/// Waits for a slot to say something, until `--max-time`, when everything is
/// cancelled; none when all runs have ended.
fn next_message(
    messages: &Receiver<Message>,
    args: &RunArgs,
    clock: &Instant,
    cancel: &Cancel,
    stopped: &mut Option<Stop>,
) -> Option<Message> {
    let left = args
        .max_time
        .filter(|_| !cancel.is_cancelled())
        .map(|max| max.saturating_sub(clock.elapsed()));
    let Some(left) = left else { return messages.recv().ok() };
    match messages.recv_timeout(left) {
        Ok(message) => Some(message),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => {
            *stopped = Some(Stop::MaxTime);
            cancel.cancel();
            messages.recv().ok()
        }
    }
}

/// Appends a record; if that fails nothing more can be kept, so everything ends.
fn keep(
    journal: &mut JournalWriter,
    record: &RunRecord,
    cancel: &Cancel,
    progress: &Progress,
) -> anyhow::Result<()> {
    journal.append(record).map_err(|error| {
        cancel.cancel();
        progress.finish();
        error.into()
    })
}

fn devices(slots: &[Slot]) -> String {
    let mut names: Vec<&str> = slots.iter().map(|s| s.device.as_str()).collect();
    names.dedup();
    names.join(", ")
}

/// Ctrl-C and SIGTERM: while runs are trained the first ends them and leaves a
/// state to resume from; a second one, or one at any other time, ends the
/// program at once, which loses nothing that is not derived.
pub(super) struct Signalled {
    pub(super) cancel: Cancel,
    pub(super) training: Arc<AtomicBool>,
}

impl Signalled {
    /// Starts to listen.
    pub(super) fn watch() -> anyhow::Result<Self> {
        let watched =
            Signalled { cancel: Cancel::default(), training: Arc::new(AtomicBool::new(true)) };
        let (cancel, training) = (watched.cancel.clone(), Arc::clone(&watched.training));
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        std::thread::spawn(move || {
            for _ in &mut signals {
                if cancel.is_cancelled() || !training.load(Ordering::SeqCst) {
                    std::process::exit(Exit::Interrupted as i32);
                }
                cancel.cancel();
            }
        });
        Ok(watched)
    }
}
