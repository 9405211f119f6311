//! Where outstanding runs are trained: the seam between the sweep, which plans,
//! resumes and reports, and what executes. Every launcher's records come into the
//! same journal, so that report and exit codes know of none of them.

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

/// A sweep about to be executed.
pub struct Work<'a> {
    /// Where data and reports are.
    pub workspace: &'a Workspace,
    /// Its report folder, whose lock is held.
    pub dir: &'a ReportDir,
    /// Its plan, as `plan.json` has it.
    pub plan: &'a Plan,
    /// The command line.
    pub args: &'a RunArgs,
    /// Worker, slots, what results are to be computed on.
    pub machine: &'a Machine,
    /// Stands in every record.
    pub provenance: &'a Provenance,
    /// What earlier sweeps left, to estimate by.
    pub journal: &'a Journal,
    /// Results that are reused.
    pub cached: usize,
    /// Start of training in its first stage, for `--max-time`.
    pub begun: Instant,
    /// Whether a part of the plan alone was asked for.
    pub narrowed: bool,
    /// Start of this sweep, RFC 3339.
    pub started: &'a str,
}

/// What a launcher came to.
pub enum Launched {
    /// The runs have ended, however.
    Trained(Trained),
    /// An engine has them and goes on without us: what to say.
    Submitted(String),
}

/// A sweep that was handed to a launcher, as the launcher has it.
pub trait Elsewhere {
    /// Its state in a sentence, of a sweep without results of `missing` runs; none where
    /// nothing goes on.
    fn describe(&self, missing: usize) -> Option<String>;
    /// The parts that train, each with a heading.
    fn parts(&self) -> Vec<(String, &SweepStatus)>;
    /// Everything, for programs.
    ///
    /// # Errors
    /// None in practice: plain strings and numbers.
    fn to_json(&self) -> serde_json::Result<serde_json::Value>;
}

/// Returns the sweep as its launcher has it; none where it was never handed to one.
///
/// # Errors
/// Its files cannot be read.
pub fn elsewhere(dir: &ReportDir, name: &str) -> crate::Result<Option<Box<dyn Elsewhere>>> {
    Ok(slurm::state::state(dir, name)?.map(|state| Box::new(state) as Box<dyn Elsewhere>))
}

/// Executes runs.
pub trait Launcher {
    /// Whether nothing else trains this sweep; called with the lock held, before
    /// anything is changed.
    ///
    /// # Errors
    /// Bad input: what does, and how to wait for it or end it.
    fn alone(&self, dir: &ReportDir, plan: &Plan) -> crate::Result<()>;

    /// What `--plan` prints of it; nothing where there is nothing to say.
    ///
    /// # Errors
    /// It could not be launched.
    fn explain(&self, work: &Work<'_>, todo: &[&PlannedRun]) -> crate::Result<String>;

    /// Trains the runs, or sees to it that they will be.
    ///
    /// # Errors
    /// It could not; what was finished is in the journal.
    fn launch(
        &self,
        work: &Work<'_>,
        todo: Vec<PlannedRun>,
        status_file: &mut StatusFile,
    ) -> crate::Result<Launched>;
}

/// Refuses where tasks of a cluster have given a sign of life just now, whatever
/// an engine says of them.
fn no_signs_of_life(dir: &ReportDir) -> crate::Result<()> {
    let alive: Vec<_> =
        slurm::heartbeat::heartbeat(dir).into_iter().filter(|(_, sign)| sign.is_alive()).collect();
    let Some((place, sign)) = alive.first() else { return Ok(()) };
    let (path, n) = (dir.path().display(), plural::count(alive.len(), "task"));
    Err(crate::error::bad_input(format!(
        "{n} of a cluster still trained this sweep a moment ago: task {place}, job {} on {}\n  \
         look: cargo xtask status {path}; end them: cargo xtask cancel {path}; a task that was killed \
         counts as gone after {} seconds of silence, and one that Slurm has forgotten is ended there: \
         kill {}",
        crate::text::plain(&sign.job),
        crate::text::plain(&sign.node),
        slurm::heartbeat::ALIVE_SECONDS,
        sign.sweep.pid
    )))
}
