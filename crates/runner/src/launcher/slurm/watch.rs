//! `--watch`: follows submitted tasks. Journals are read as they grow; Slurm is queried once every
//! `poll_seconds`, for the whole sweep.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use spec::Id;
use spec::plan::Plan;
use spec::record::Status;
use spec::slurm::SlurmSettings;
use store::layout::ReportDir;

use super::client::{Engine, Queued};
use crate::exit::Exit;
use crate::pause::{Pauses, is_done};
use crate::text;

/// Interval at which files are read.
const LOOK: Duration = Duration::from_secs(1);
/// Time within which the last writes of a node reach this machine.
const SETTLE: Duration = Duration::from_secs(60);
/// Time that the report's job may wait once the tasks have ended: on a full cluster it could wait
/// for hours, and if it is held, for ever.
const REPORT_WITHIN: Duration = Duration::from_secs(30);
/// Time within which a second Ctrl-C ends the tasks.
const TWICE: Duration = Duration::from_secs(2);

/// Reason why watching ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Watched {
    /// All jobs of the sweep have ended.
    Over,
    /// The user stopped watching; the tasks continue.
    Left,
    /// The user ended the tasks.
    Cancelled,
}

/// Follows a sweep until none of its jobs is in Slurm's queue.
///
/// # Errors
/// The journal cannot be read.
pub fn watch(
    engine: &dyn Engine,
    dir: &ReportDir,
    plan: &Plan,
    settings: &SlurmSettings,
    cancel_on_interrupt: bool,
    quiet: bool,
) -> crate::Result<Watched> {
    let listener = SignalListener::listen()?;
    let mut tail = Tail::new(dir, plan);
    let mut display = Display::new(plan.runs.len() as u64, quiet);
    let (mut asked, mut queue): (Option<Instant>, Vec<Queued>) = (None, Vec::new());
    // Time since which at most the report's job is waiting.
    let (mut idle_since, mut silent) = (None::<Instant>, false);
    loop {
        if listener.leave.load(Ordering::SeqCst) {
            // The terminal closed, or SIGTERM: no output.
            display.finish();
            return Ok(Watched::Left);
        }
        if listener.interrupts.load(Ordering::SeqCst) > 0 {
            display.finish();
            return interrupted(engine, dir, plan, cancel_on_interrupt, &listener);
        }
        for line in tail.read()? {
            display.line(&line);
        }
        if asked.is_none_or(|at| at.elapsed().as_secs() >= settings.poll_seconds) {
            asked = Some(Instant::now());
            match super::active(engine, dir, &plan.name) {
                Ok(found) => {
                    silent = false;
                    let idle = found.iter().all(waits_to_report);
                    idle_since = idle.then(|| idle_since.unwrap_or_else(Instant::now));
                    queue = found;
                }
                Err(error) => {
                    if !silent {
                        let first = text::first_line(&error);
                        display.line(&format!("warning: {first}; following only the files"));
                    }
                    silent = true;
                    idle_since = None;
                }
            }
        }
        display.refresh(&tail, &queue);
        let patience = |since: Instant| queue.is_empty() || since.elapsed() >= REPORT_WITHIN;
        let settled = |since: Instant| tail.all_there() || since.elapsed() >= SETTLE;
        if idle_since.is_some_and(|since| settled(since) && patience(since)) {
            display.finish();
            for job in &queue {
                text::status!(
                    "the job that writes the report still waits ({}): writing it here",
                    job.reason
                );
                engine.cancel(&job.name)?;
            }
            return Ok(Watched::Over);
        }
        std::thread::sleep(LOOK);
    }
}

/// Returns whether it is the job that writes the report, and has not begun.
fn waits_to_report(job: &Queued) -> bool {
    job.reports() && job.state == "PENDING"
}

/// Listener for signals while watching. Afterwards, while the report is written, each signal ends
/// the program.
struct SignalListener {
    /// Number of times that Ctrl-C was pressed.
    interrupts: Arc<AtomicUsize>,
    /// Whether SIGTERM came, or the terminal closed.
    leave: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
}

impl SignalListener {
    fn listen() -> crate::Result<Self> {
        let listener = SignalListener {
            interrupts: Arc::default(),
            leave: Arc::default(),
            over: Arc::default(),
        };
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let (interrupts, leave) = (Arc::clone(&listener.interrupts), Arc::clone(&listener.leave));
        let over = Arc::clone(&listener.over);
        std::thread::spawn(move || {
            for signal in &mut signals {
                if over.load(Ordering::SeqCst) {
                    std::process::exit(Exit::Interrupted as i32);
                }
                match signal {
                    SIGINT => drop(interrupts.fetch_add(1, Ordering::SeqCst)),
                    _ => leave.store(true, Ordering::SeqCst),
                }
            }
        });
        Ok(listener)
    }
}

impl Drop for SignalListener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
    }
}

/// Handles Ctrl-C: the first stops watching; a second one, or `--cancel-on-interrupt`, ends the
/// tasks.
fn interrupted(
    engine: &dyn Engine,
    dir: &ReportDir,
    plan: &Plan,
    at_once: bool,
    listener: &SignalListener,
) -> crate::Result<Watched> {
    if !at_once && listener.interrupts.load(Ordering::SeqCst) < 2 {
        text::status!(
            "stopped watching; the tasks continue. Ctrl-C again within {} s ends them,\n\
             later: cargo xtask cancel {}",
            TWICE.as_secs(),
            plan.file
        );
        let since = Instant::now();
        while listener.interrupts.load(Ordering::SeqCst) < 2 {
            if since.elapsed() > TWICE || listener.leave.load(Ordering::SeqCst) {
                return Ok(Watched::Left);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    super::cancel(engine, dir, &plan.name)?;
    text::status!("ended the tasks; finished results are kept");
    Ok(Watched::Cancelled)
}

/// Reader of journals as they grow, each byte once.
struct Tail<'a> {
    dir: &'a ReportDir,
    labels: HashMap<Id, String>,
    read: HashMap<PathBuf, u64>,
    best: HashMap<Id, Status>,
    /// Segments at whose ends runs pause.
    pauses: Pauses,
    /// Runs of which nothing is left to train.
    done: HashSet<Id>,
    /// Whether the first read is over, whose failures are not reported.
    begun: bool,
}

impl<'a> Tail<'a> {
    fn new(dir: &'a ReportDir, plan: &Plan) -> Self {
        let labels =
            plan.runs.iter().map(|r| (r.run_id, crate::sweep_progress::describe(r))).collect();
        let (read, best, done) = (HashMap::new(), HashMap::new(), HashSet::new());
        Tail { dir, labels, pauses: plan.pauses(), read, best, done, begun: false }
    }

    fn all_there(&self) -> bool {
        self.done.len() == self.labels.len()
    }

    fn results(&self) -> u64 {
        self.best.values().filter(|s| s.is_result()).count() as u64
    }

    /// Reads new complete lines. Returns a line of text for each run that failed.
    fn read(&mut self) -> crate::Result<Vec<String>> {
        let mut news = Vec::new();
        let folder = match std::fs::read_dir(self.dir.journal()) {
            Ok(folder) => folder,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(news),
            Err(e) => return Err(e.into()),
        };
        let paths = folder.filter_map(|e| Some(e.ok()?.path()));
        for path in paths.filter(|p| p.extension().is_some_and(|e| e == "jsonl")) {
            let from = self.read.entry(path.clone()).or_insert(0);
            let mut bytes = Vec::new();
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(*from))?;
            file.read_to_end(&mut bytes)?;
            let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
            *from += whole as u64;
            for line in bytes[..whole].split(|b| *b == b'\n').filter(|l| !l.is_empty()) {
                let Ok(record) = store::journal_line::read(line) else { continue };
                let Some(label) = self.labels.get(&record.run_id) else { continue };
                if is_done(&record, self.pauses.get(&record.run_id).copied()) {
                    self.done.insert(record.run_id);
                }
                let held = self.best.entry(record.run_id).or_insert(record.status);
                // As the journal prefers them, but for how far a paused run has come.
                if !held.is_result() && (*held != Status::Cut || record.status.is_result()) {
                    *held = record.status;
                }
                if self.begun && record.status.is_failure() {
                    news.push(format!("{label}: {}", crate::sweep_progress::reason(&record)));
                }
            }
        }
        self.begun = true;
        Ok(news)
    }
}

/// Display: a bar on a terminal, elsewhere a line after each change.
struct Display {
    bar: ProgressBar,
    terminal: bool,
    quiet: bool,
    last: String,
    started: Instant,
    at_start: Option<u64>,
}

impl Display {
    fn new(runs: u64, quiet: bool) -> Self {
        let terminal = console::Term::stderr().is_term() && !quiet;
        let target = if terminal {
            ProgressDrawTarget::stderr_with_hz(4)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(runs), target);
        let style = ProgressStyle::with_template("{spinner:.green} {bar:20.cyan/238} {msg}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.enable_steady_tick(Duration::from_millis(250));
        let (last, started, at_start) = (String::new(), Instant::now(), None);
        Display { bar, terminal, quiet, last, started, at_start }
    }

    fn line(&self, line: &str) {
        if self.terminal {
            self.bar.suspend(|| text::status!("{line}"));
        } else {
            text::status!("{line}");
        }
    }

    fn refresh(&mut self, tail: &Tail<'_>, queue: &[Queued]) {
        let (results, total) = (tail.results(), tail.labels.len());
        let of = |wanted: fn(&Status) -> bool| tail.best.values().filter(|s| wanted(s)).count();
        let failed = of(|s| !s.is_result() && *s != Status::Cut);
        let paused = of(|s| *s == Status::Cut);
        let mut message = format!("{results}/{total} runs");
        if failed > 0 {
            message.push_str(&format!(", {failed} without a result"));
        }
        if paused > 0 {
            message.push_str(&format!(", {paused} paused"));
        }
        let before = *self.at_start.get_or_insert(results);
        if results > before && (results as usize) < total {
            let each = self.started.elapsed().as_secs_f64() / (results - before) as f64;
            let left = text::duration(each * (total as u64 - results) as f64);
            if self.terminal {
                message.push_str(&format!(", {left} left"));
            }
        }
        if queue.iter().any(|q| !q.reports()) {
            message.push_str(&format!(", {}", super::describe_tasks(queue)));
        } else if !queue.is_empty() {
            message.push_str(", writing the report");
        }
        let columns = usize::from(console::Term::stderr().size().1).max(40);
        self.bar.set_position(results);
        self.bar.set_message(
            console::truncate_str(&message, columns.saturating_sub(24), "…").into_owned(),
        );
        if !self.terminal && !self.quiet && message != self.last {
            text::status!("{message}");
        }
        self.last = message;
    }

    fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
