//! Training of the outstanding runs of a sweep: slots take runs, records go to the journal, and
//! a signal, `cancel`, `--fail-fast` or `--max-time` ends it early.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use spec::record::{RunRecord, Status};
use store::layout::ReportDir;
use store::writer::JournalWriter;
use text_format::plural;

use crate::cli::RunArgs;
use crate::executor::{Cancel, Message, execute};
use crate::exit::Exit;
use crate::status_file::StatusFile;

use crate::machine::Machine;
use crate::pause::{Pauses, forget_checkpoints};
use crate::pool::Slot;
use crate::progress::{Progress, Verbosity};
use crate::resume::best_by;
use crate::run_context::RunContext;
use crate::scheduler::RetryPolicy;
use crate::sweep_progress::SweepProgress;
use crate::text;
use crate::trained::Stop;
pub use crate::trained::Trained;
use crate::worker_process::WorkerCommand;

/// Interval at which the status is written and `cancel` is noticed.
const TICK: Duration = Duration::from_millis(500);

/// Input of training.
pub(crate) struct Sweep<'a> {
    pub(crate) dir: &'a ReportDir,
    pub(crate) plan: &'a Plan,
    pub(crate) machine: &'a Machine,
    pub(crate) args: &'a RunArgs,
    /// Folder of the datasets.
    pub(crate) data: PathBuf,
    /// Folder that paths of user data are relative to.
    pub(crate) root: PathBuf,
    /// Folder of the workers' logs.
    pub(crate) logs: PathBuf,
    /// Provenance that every record holds.
    pub(crate) provenance: Provenance,
    /// Segments at whose ends runs pause.
    pub(crate) pauses: Pauses,
    /// Number of results that are reused.
    pub(crate) cached: usize,
    /// Start of training in the first stage of the sweep, from which `--max-time` counts.
    pub(crate) begun: Instant,
}

impl Sweep<'_> {
    fn context(&self) -> crate::Result<RunContext> {
        let Sweep { plan, machine, .. } = self;
        let absolute = |path: &std::path::Path| std::path::absolute(path);
        Ok(RunContext {
            // By the plan and not by what is left, so that a resumed sweep records the same.
            jobs: machine.slots.len().min(plan.runs.len()) as u64,
            keeping: plan.keeping.clone(),
            best_by: best_by(plan),
            dir: ReportDir::new(absolute(self.dir.path())?),
            root: absolute(&self.root)?,
            provenance: self.provenance.clone(),
            pause: self.pauses.clone(),
            go_on: true,
        })
    }
}

/// Trains the runs `todo` and appends their records to the journal. `started` is the start of the
/// sweep, RFC 3339.
pub(crate) fn train(
    sweep: &Sweep<'_>,
    todo: Vec<PlannedRun>,
    mut journal: JournalWriter,
    started: &str,
    cancel: &Cancel,
    status_file: &mut StatusFile,
) -> crate::Result<Trained> {
    let Sweep { dir, plan, machine, args, cached, .. } = *sweep;
    forget_checkpoints(dir, plan, &todo)?;
    let command = WorkerCommand {
        program: machine.worker.clone(),
        data: sweep.data.clone(),
        threads: machine.wanted.on.threads,
        plain: machine.wanted.on.plain,
        tf32: machine.wanted.on.tf32,
        libraries: machine.libraries.clone(),
        logs: sweep.logs.clone(),
    };
    if !args.training.quiet {
        announce(plan, machine, todo.len());
    }
    let context = Arc::new(sweep.context()?);
    let mut live = SweepProgress::new(&machine.slots, &todo, plan.runs.len(), cached, started)
        .with_pauses(&todo, &context.pause);
    let progress = Progress::new(&live, Verbosity::of(args.training.quiet, args.training.verbose));
    let by_id: HashMap<Id, PlannedRun> = todo.iter().map(|r| (r.run_id, r.clone())).collect();
    let policy = RetryPolicy { retry: args.training.retry, fail_fast: args.fail_fast };
    let messages = execute(&command, &machine.slots, todo, policy, &context, cancel);
    let mut result = Trained::default();
    loop {
        status_file.tell(&live);
        progress.refresh(&live);
        match wait(&messages, args, &sweep.begun, cancel, status_file, &mut result.stopped) {
            Wait::Message(message) => {
                if let Message::Retried { record, .. } | Message::Ended { record, .. } = &message {
                    keep(&mut journal, record, cancel, &progress)?;
                }
                show(&message, &by_id, &mut live, &progress);
                if let Message::Ended { record, .. } = message {
                    ended(&record, dir, args.fail_fast, cancel, &mut result);
                }
            }
            Wait::Tick => {}
            Wait::Over => break,
        }
    }
    progress.finish();
    // Gone when no run is unfinished or paused: only an empty folder can be removed so.
    let _ = std::fs::remove_dir(dir.checkpoints());
    settle(&mut result, by_id.len(), cancel);
    Ok(result)
}

/// Shows a message of the executor in the display and in `status`.
fn show(
    message: &Message,
    by_id: &HashMap<Id, PlannedRun>,
    live: &mut SweepProgress,
    progress: &Progress,
) {
    match message {
        Message::Took { slot, run } => live.took(*slot, run),
        Message::Event { slot, event } => {
            live.event(*slot, event);
            progress.event(event);
        }
        Message::Retried { slot, record } => {
            live.retried(*slot, record);
            if let Some(run) = by_id.get(&record.run_id) {
                progress.retried(run, record);
            }
        }
        Message::Ended { slot, record } => {
            if let Some(run) = by_id.get(&record.run_id) {
                live.ended(*slot, run, record);
                progress.ended(run, record, live);
            }
        }
    }
}

/// Counts a run whose record is in the journal, and ends the sweep after `fail_fast` failures.
fn ended(
    record: &RunRecord,
    dir: &ReportDir,
    fail_fast: Option<u64>,
    cancel: &Cancel,
    result: &mut Trained,
) {
    if record.status.is_result() {
        // Only now is the result on disk.
        let _ = std::fs::remove_dir_all(dir.checkpoint_of(record.run_id));
    }
    let cancelled = record.status == Status::Cancelled;
    result.runs += 1;
    if !record.status.is_failure() && !cancelled {
        // A run that pauses at rungs has a record for each.
        result.trained.insert(record.run_id);
    }
    result.failed += usize::from(record.status.is_failure());
    result.cancelled += usize::from(cancelled);
    if fail_fast.is_some_and(|n| result.failed as u64 >= n) && !cancel.is_cancelled() {
        result.stopped = Some(Stop::FailFast);
        cancel.cancel();
    }
}

/// Decides what ended a sweep of `planned` runs.
fn settle(result: &mut Trained, planned: usize, cancel: &Cancel) {
    // A cause after the end of the last run stopped nothing.
    if result.runs == planned && result.cancelled == 0 && result.stopped != Some(Stop::FailFast) {
        result.stopped = None;
    }
    if cancel.is_cancelled() && result.runs < planned + result.cancelled {
        result.stopped.get_or_insert(Stop::Signal);
    }
}

fn announce(plan: &Plan, machine: &Machine, runs: usize) {
    let threads = plural::count(machine.wanted.on.threads, "thread");
    text::status!(
        "{}: {} on {} x {} ({threads} each), {}",
        plan.name,
        plural::count(runs, "run"),
        machine.slots.len().min(runs),
        devices(&machine.slots),
        plural::count(plan.optimizers.len(), "optimizer"),
    );
}

enum Wait {
    Message(Message),
    Tick,
    Over,
}

/// Waits a moment for a message of a slot. First cancels everything if `--max-time` is over or
/// another shell asked for the end.
fn wait(
    messages: &Receiver<Message>,
    args: &RunArgs,
    clock: &Instant,
    cancel: &Cancel,
    status_file: &StatusFile,
    stopped: &mut Option<Stop>,
) -> Wait {
    let mut left = TICK;
    if !cancel.is_cancelled() {
        let over = args.training.max_time.map(|max| max.saturating_sub(clock.elapsed()));
        let why = match over {
            Some(rest) if rest.is_zero() => Some(Stop::MaxTime),
            _ if status_file.end_asked() => Some(Stop::Asked),
            _ => None,
        };
        if why.is_some() {
            *stopped = why;
            cancel.cancel();
        }
        left = over.map_or(TICK, |rest| rest.min(TICK));
    }
    match messages.recv_timeout(left) {
        Ok(message) => Wait::Message(message),
        Err(RecvTimeoutError::Disconnected) => Wait::Over,
        Err(RecvTimeoutError::Timeout) => Wait::Tick,
    }
}

/// Appends a record to the journal. If that fails, no result can be kept, so everything ends.
fn keep(
    journal: &mut JournalWriter,
    record: &RunRecord,
    cancel: &Cancel,
    progress: &Progress,
) -> crate::Result<()> {
    let restored = journal.append(record).inspect_err(|_| {
        cancel.cancel();
        progress.finish();
    })?;
    if restored {
        let path = journal.path().display();
        text::status!("warning: {path} was removed; restored with all its records");
    }
    Ok(())
}

fn devices(slots: &[Slot]) -> String {
    let mut names: Vec<String> = slots.iter().map(|s| s.device.to_string()).collect();
    names.dedup();
    names.join(", ")
}

/// Returns whether SIGHUP is ignored, as under `nohup`, which must stay so.
fn hangups_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    mask.and_then(|m| u64::from_str_radix(m.trim(), 16).ok())
        .is_some_and(|mask| mask >> (SIGHUP - 1) & 1 == 1)
}

/// Handler of Ctrl-C, SIGTERM and a terminal that closes. While runs are trained, the first
/// signal ends them and leaves a state to resume from. A second signal, or one at any other
/// time, ends the program at once, which loses only derived files.
pub(crate) struct Signalled {
    pub(crate) cancel: Cancel,
    pub(crate) training: Arc<AtomicBool>,
}

impl Signalled {
    /// Returns a handler that does not listen yet.
    pub(crate) fn new() -> Self {
        Signalled { cancel: Cancel::default(), training: Arc::new(AtomicBool::new(true)) }
    }

    /// Returns a handler that listens.
    pub(crate) fn watch() -> crate::Result<Self> {
        let watched = Signalled::new();
        watched.listen()?;
        Ok(watched)
    }

    /// Starts a thread that listens for signals.
    pub(crate) fn listen(&self) -> crate::Result<()> {
        let (cancel, training) = (self.cancel.clone(), Arc::clone(&self.training));
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        if !hangups_are_ignored() {
            signals.add_signal(SIGHUP)?;
        }
        std::thread::spawn(move || {
            for _ in &mut signals {
                if cancel.is_cancelled() || !training.load(Ordering::SeqCst) {
                    std::process::exit(Exit::Interrupted as i32);
                }
                cancel.cancel();
            }
        });
        Ok(())
    }
}
