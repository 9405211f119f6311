//! `run`: plan, resume, train, collect, report.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Instant;

use report::journal::Journal;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use spec::Id;
use spec::layout::ReportDir;
use spec::plan::{Plan, PlannedRun};
use spec::record::{RunRecord, Status};

use crate::cli::RunArgs;
use crate::executor::{Cancel, Message, Terms, execute};
use crate::exit::{Exit, bad_input};
use crate::journal::{JournalWriter, put_aside, write_atomic};
use crate::machine::Machine;
use crate::pool::{self, Slot};
use crate::progress::Progress;
use crate::provenance::{self, SweepFacts};
use crate::resume::{Outstanding, interleave, outstanding};
use crate::worker_process::WorkerCommand;
use crate::workspace::Workspace;
use crate::{clock, lock, text};

/// Runs a sweep.
pub(super) fn run(workspace: &Workspace, args: &RunArgs) -> anyhow::Result<Exit> {
    let loaded = super::load_plan(workspace, args)?;
    if !loaded.warnings.is_empty() {
        eprint!("{}", loaded.warnings.render(console::colors_enabled_stderr()));
    }
    let mut plan = loaded.plan;
    plan.pool = pool::entries(&plan.pool, &args.device)?;
    let chosen = chosen(&plan, &args.only)?;
    let dir = workspace.report(&plan.name);
    let mut machine = Machine::find(&plan, if args.timing { Some(1) } else { args.jobs });
    let started = clock::now();
    // Taken before the journal is read: what another sweep finishes is seen.
    let _lock = if args.plan { None } else { Some(lock::acquire(&dir, &started)?) };
    if !args.plan {
        check_owner(&dir, &plan)?;
    }
    let journal = if args.fresh { Journal::default() } else { report::journal::read(&dir)? };
    let left = outstanding(&plan, &journal, &machine.wanted, args.keep_failed);
    let (cached, missing) = (left.cached, left.runs.len());
    let todo: Vec<&PlannedRun> =
        left.runs.iter().map(|(r, _)| *r).filter(|r| chosen.contains_key(&r.run_id)).collect();
    if args.plan {
        return if args.json {
            super::plan::json(&plan, &left)
        } else {
            super::plan::table(&plan, &left, todo.len())
        };
    }
    let todo: Vec<PlannedRun> = interleave(&plan, todo).into_iter().cloned().collect();
    // Before anything is moved or written: a sweep that cannot train changes nothing.
    if let Some(problem) = machine.problem.take().filter(|_| !todo.is_empty()) {
        return Err(problem);
    }
    warn_about(&left);
    drop(left);
    if args.fresh
        && let Some(old) = put_aside(&dir)?
    {
        eprintln!("earlier results are in {}", workspace.relative(&old));
    }
    plan.computed_on = Some(machine.wanted.on.clone());
    write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    let signals = Signalled::watch()?;
    let result = if todo.is_empty() {
        let results = text::count(cached, "result");
        match missing {
            0 => eprintln!("{}: all {results} are there already, nothing to train", plan.name),
            n => eprintln!(
                "{}: nothing to train of what --only chose; {results} there, {n} missing in all",
                plan.name
            ),
        }
        Trained::default()
    } else {
        train(workspace, &dir, &plan, &machine, args, todo, cached, &started, &signals.cancel)?
    };
    signals.training.store(false, Ordering::SeqCst);
    let records = report::journal::read(&dir)?.into_best_for(plan.computed_on.as_ref());
    let facts = SweepFacts {
        started,
        slots: if result.runs > 0 { &machine.slots } else { &[] },
        trained: result.runs as u64,
        cached: cached as u64,
        environment: provenance::environment(
            plan.runs.iter().filter_map(|r| records.get(&r.run_id)),
        ),
        record_host: args.record_host,
    };
    if result.runs > 0 || !dir.manifest().is_file() {
        let manifest = provenance::manifest(workspace, &plan, facts);
        write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    }
    if !args.no_report {
        super::report::write(&dir)?;
        super::summary::print(workspace, &dir)?;
        if args.open {
            open(&dir);
        }
    }
    Ok(result.exit())
}

/// The runs that `--only` leaves; all without it.
fn chosen(plan: &Plan, only: &[String]) -> anyhow::Result<HashMap<Id, ()>> {
    let mut wanted: HashMap<&str, Vec<&str>> = HashMap::new();
    for item in only {
        match item.split_once('=') {
            Some((key @ ("optimizer" | "seed"), value)) => {
                wanted.entry(key).or_default().push(value)
            }
            _ => {
                return Err(bad_input(format!(
                    "--only {item}: write optimizer=<label> or seed=<number>"
                )));
            }
        }
    }
    for (key, values) in &wanted {
        for value in values {
            let known = plan.runs.iter().any(|r| match *key {
                "optimizer" => r.label == **value,
                _ => r.spec.seed.to_string() == **value,
            });
            if !known {
                return Err(bad_input(format!(
                    "--only {key}={value} matches no run; {}",
                    choice(plan)
                )));
            }
        }
    }
    let fits = |key: &str, value: &str| wanted.get(key).is_none_or(|v| v.contains(&value));
    let chosen: HashMap<Id, ()> = plan
        .runs
        .iter()
        .filter(|r| fits("optimizer", &r.label) && fits("seed", &r.spec.seed.to_string()))
        .map(|r| (r.run_id, ()))
        .collect();
    if chosen.is_empty() {
        return Err(bad_input(format!(
            "--only {} matches no run; {}",
            only.join(","),
            choice(plan)
        )));
    }
    Ok(chosen)
}

fn choice(plan: &Plan) -> String {
    let labels: Vec<String> = plan.optimizers.iter().map(|o| text::plain(&o.label)).collect();
    format!("the labels are {}, the seeds {:?}", labels.join(", "), plan.seeds)
}

/// A report folder belongs to one sweep file.
fn check_owner(dir: &ReportDir, plan: &Plan) -> anyhow::Result<()> {
    let Ok(bytes) = fs::read(dir.plan()) else { return Ok(()) };
    let earlier: Plan = serde_json::from_slice(&bytes).map_err(|e| {
        bad_input(format!(
            "{} cannot be read: {e}\n  move it away; the journal beside it is kept and used",
            dir.plan().display()
        ))
    })?;
    if earlier.file != plan.file {
        return Err(bad_input(format!(
            "{} belongs to {}, not to {}\n  give one of them another `name`, or move the folder away",
            dir.path().display(),
            earlier.file,
            plan.file
        )));
    }
    Ok(())
}

fn warn_about(left: &Outstanding<'_>) {
    if left.other_code > 0 {
        eprintln!(
            "{} {} made by other versions of the training code and reused; --fresh trains anew",
            console::style("warning:").for_stderr().yellow(),
            if left.other_code == 1 {
                "1 result was".to_owned()
            } else {
                format!("{} results were", left.other_code)
            },
        );
    }
}

#[derive(Default)]
struct Trained {
    runs: usize,
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
    fn exit(&self) -> Exit {
        match (self.stopped, self.failed) {
            (Some(Stop::Signal), _) => Exit::Interrupted,
            (None, 0) => Exit::Ok,
            _ => Exit::RunsFailed,
        }
    }
}

fn train(
    workspace: &Workspace,
    dir: &ReportDir,
    plan: &Plan,
    machine: &Machine,
    args: &RunArgs,
    todo: Vec<PlannedRun>,
    cached: usize,
    started: &str,
    cancel: &Cancel,
) -> anyhow::Result<Trained> {
    let mut journal = JournalWriter::create(dir, started)?;
    let command = WorkerCommand {
        program: machine.worker.clone(),
        data: workspace.data(),
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
struct Signalled {
    cancel: Cancel,
    training: Arc<AtomicBool>,
}

impl Signalled {
    fn watch() -> anyhow::Result<Self> {
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

fn open(dir: &ReportDir) {
    let opened = std::process::Command::new("xdg-open").arg(dir.html()).spawn();
    if opened.is_err() {
        eprintln!("no browser could be opened: xdg-open is not there");
    }
}
