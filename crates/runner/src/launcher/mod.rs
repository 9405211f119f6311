//! Launchers, which execute the outstanding runs of a sweep on this machine or on a cluster.
//! Records of every launcher go to the same journal, so that report and exit codes do not depend
//! on the launcher.

mod local;
pub mod slurm;

use std::time::Instant;

use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use store::journal::Journal;
use store::layout::ReportDir;
use store::status::SweepStatus;
use text_format::plural;

pub use local::Local;

use crate::cli::RunArgs;
use crate::machine::Machine;
use crate::status_file::StatusFile;
use crate::training::Trained;
use crate::workspace::Workspace;

/// Input of a launcher.
pub struct Work<'a> {
    /// Folder of data and reports.
    pub workspace: &'a Workspace,
    /// Report folder, whose lock is held.
    pub dir: &'a ReportDir,
    /// Plan, as in `plan.json`.
    pub plan: &'a Plan,
    /// Arguments of the command line.
    pub args: &'a RunArgs,
    /// Worker, slots and environment of the results.
    pub machine: &'a Machine,
    /// Provenance that every record holds.
    pub provenance: &'a Provenance,
    /// Earlier results, for estimates.
    pub journal: &'a Journal,
    /// Number of results that are reused.
    pub cached: usize,
    /// Start of training in the first stage, for `--max-time`.
    pub begun: Instant,
    /// Whether `--only` or `--shard` selects a part of the plan.
    pub narrowed: bool,
    /// Start of this sweep, RFC 3339.
    pub started: &'a str,
}

/// Result of a launcher.
pub enum Launched {
    /// The runs have ended, in any way.
    Trained(Trained),
    /// An engine trains the runs without this process; the text describes the submission.
    Submitted(String),
}

/// State of a sweep that was handed to a launcher.
pub trait Elsewhere {
    /// Returns the state as a phrase, given the number of runs without a record; `None` if nothing
    /// is waiting or running.
    fn describe(&self, missing: usize) -> Option<String>;
    /// Returns the parts that train, each with a heading.
    fn parts(&self) -> Vec<(String, &SweepStatus)>;
    /// Returns the whole state as JSON.
    ///
    /// # Errors
    /// None in practice: plain strings and numbers.
    fn to_json(&self) -> serde_json::Result<serde_json::Value>;
}

/// Returns the state of a sweep that was handed to a launcher; `None` if it never was.
///
/// # Errors
/// The files of the launcher cannot be read.
pub fn elsewhere(dir: &ReportDir, name: &str) -> crate::Result<Option<Box<dyn Elsewhere>>> {
    Ok(slurm::state::state(dir, name)?.map(|state| Box::new(state) as Box<dyn Elsewhere>))
}

/// Executes runs.
pub trait Launcher {
    /// Checks that nothing else trains this sweep. Called with the lock held, before anything
    /// changes.
    ///
    /// # Errors
    /// Bad input: names what trains it, and how to wait for it or end it.
    fn alone(&self, dir: &ReportDir, plan: &Plan) -> crate::Result<()>;

    /// Returns the text of `--plan` on the launch; may be empty.
    ///
    /// # Errors
    /// The runs cannot be launched.
    fn explain(&self, work: &Work<'_>, todo: &[&PlannedRun]) -> crate::Result<String>;

    /// Trains the runs, or submits them.
    ///
    /// # Errors
    /// The launch failed; finished results are in the journal.
    fn launch(
        &self,
        work: &Work<'_>,
        todo: Vec<PlannedRun>,
        status_file: &mut StatusFile,
    ) -> crate::Result<Launched>;
}

/// Refuses if tasks of a cluster have written a heartbeat just now, whatever the engine reports.
fn no_signs_of_life(dir: &ReportDir) -> crate::Result<()> {
    let alive: Vec<_> =
        slurm::heartbeat::heartbeat(dir).into_iter().filter(|(_, sign)| sign.is_alive()).collect();
    let Some((place, sign)) = alive.first() else { return Ok(()) };
    let (path, n) = (dir.path().display(), plural::count(alive.len(), "task"));
    Err(crate::error::bad_input(format!(
        "{n} on a cluster {} still training this sweep a moment ago: task {place}, job {} on {}\n  \
         check: cargo xtask status {path}; end: cargo xtask cancel {path}; a killed task counts as gone \
         after {} seconds without a heartbeat; on its node, end a task that Slurm has lost: \
         kill {}",
        plural::was_or_were(alive.len()),
        crate::text::plain(&sign.job),
        crate::text::plain(&sign.node),
        slurm::heartbeat::ALIVE_SECONDS,
        sign.sweep.pid
    )))
}
