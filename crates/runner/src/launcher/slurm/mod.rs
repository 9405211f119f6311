//! The launcher for Slurm: an array of tasks, each of which trains a share of the runs with the
//! executor of one machine, and a job that writes the report.
//!
//! Files are the truth. Slurm's states are hints, and its job numbers are not relied on, since a
//! restarted controller reuses them: jobs are found by a name that no other attempt has, and the
//! journal decides what is left to train.

mod binaries;
pub mod chunks;
pub mod client;
pub mod files;
pub mod heartbeat;
mod script;
mod shared;
pub mod state;
mod submit;
pub mod task_chunk;
pub mod watch;

use std::path::{Path, PathBuf};

use spec::plan::{Plan, PlannedRun};
use spec::slurm::SlurmSettings;
use store::layout::ReportDir;
use text_format::plural;

use super::{Launched, Launcher, Work};
use crate::error::bad_input;
use crate::status_file::StatusFile;
use crate::{estimate, python, text};
use chunks::Estimated;
use client::{Engine, Queued, SlurmCommands};
use files::{Files, Submission};
use script::Attempt;

/// Maximum number of job names in one query.
const NAMES: usize = 1000;
/// Number of tasks that `--plan` shows.
const SHOWN: usize = 3;

/// Launcher that submits runs to Slurm.
pub struct Slurm<E = SlurmCommands> {
    /// Settings of `[slurm]`.
    pub settings: SlurmSettings,
    /// Client of Slurm.
    pub engine: E,
}

impl Slurm {
    /// Returns a launcher that uses Slurm's commands.
    pub fn new(settings: SlurmSettings) -> Self {
        Slurm { settings, engine: SlurmCommands }
    }
}

impl<E: Engine> Slurm<E> {
    /// Deals the runs to tasks. Returns the estimated seconds of a task too, `None` if unknown.
    fn dealt<'a>(
        &self,
        work: &Work<'_>,
        todo: Vec<&'a PlannedRun>,
    ) -> (Vec<Vec<&'a PlannedRun>>, Option<f64>) {
        let known =
            estimate::each(work.workspace, work.journal, &work.machine.wanted.on, None, &todo);
        let runs: Vec<Estimated<'a>> =
            todo.into_iter().zip(known).map(|(run, seconds)| Estimated { run, seconds }).collect();
        let side_by_side = work.machine.slots.len().max(1) as u64;
        let tasks = chunks::count(&runs, &self.settings, side_by_side);
        let known: Vec<f64> = runs.iter().filter_map(|r| r.seconds).collect();
        let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
        let seconds =
            mean.map(|s| s * runs.len() as f64 / tasks.max(1) as f64 / side_by_side as f64);
        (chunks::partition(runs, tasks), seconds)
    }
}

impl<E: Engine> Launcher for Slurm<E> {
    fn alone(&self, dir: &ReportDir, plan: &Plan) -> crate::Result<()> {
        not_queued(dir, &active(&self.engine, dir, &plan.name)?)?;
        super::no_signs_of_life(dir)
    }

    fn explain(&self, work: &Work<'_>, todo: &[&PlannedRun]) -> crate::Result<String> {
        if todo.is_empty() {
            return Ok(String::new());
        }
        let (dealt, seconds) = self.dealt(work, todo.to_vec());
        let dir = std::path::absolute(work.dir.path())?;
        let root = std::path::absolute(work.workspace.root())?;
        script::check_path(&dir)?;
        let program = dir.join("bin/<hash>/sweep");
        let attempt = Attempt {
            name: &work.plan.name,
            number: files::Files(work.dir).submissions()?.len() as u64 + 1,
            key: "<key>",
            nonce: "<nonce>",
            dir: &dir,
            root: &root,
            program: &program,
            settings: &self.settings,
            python: python::is_wanted(Some(work.plan)),
        };
        // Slurm need not be installed to show a plan.
        let most = self.engine.max_array().unwrap_or(client::MAX_ARRAY);
        let arrays = (dealt.len() as u64).div_ceil(most);
        let in_first = most.min(dealt.len() as u64);
        let mut out = format!(
            "slurm: {} in {}, {} side by side in each\n{}\n",
            plural::count(todo.len(), "run"),
            plural::count(dealt.len(), "task"),
            plural::count(work.machine.slots.len(), "run"),
            seconds.map_or_else(
                || "no estimate of a task's time: no similar run has been trained yet".to_owned(),
                |s| format!("a task takes about {}", text::duration(s))
            ),
        );
        if arrays > 1 {
            out.push_str(&format!("{arrays} arrays of at most {most} tasks (MaxArraySize)\n"));
        }
        for (i, runs) in dealt.iter().take(SHOWN).enumerate() {
            let ids: Vec<String> = runs.iter().take(6).map(|r| r.run_id.short()).collect();
            let more = if runs.len() > 6 { " ..." } else { "" };
            out.push_str(&format!(
                "  task {i}: {}: {}{more}\n",
                plural::count(runs.len(), "run"),
                ids.join(" ")
            ));
        }
        if dealt.len() > SHOWN {
            out.push_str(&format!("  and {} more\n", plural::count(dealt.len() - SHOWN, "task")));
        }
        out.push_str("\nsbatch");
        for flag in attempt.array_flags(0, in_first) {
            out.push_str(&format!(" \\\n  {flag}"));
        }
        out.push_str(&format!("\n\n{}", attempt.array_script(0)));
        out.push_str("\nand when all have ended:\n\nsbatch");
        for flag in attempt.report_flags(&[]) {
            let flag = if flag.starts_with("--dependency") {
                "--dependency=afterany:<jobs>"
            } else {
                &flag
            };
            out.push_str(&format!(" \\\n  {flag}"));
        }
        out.push_str(&format!("\n\n{}", attempt.report_script()));
        Ok(out)
    }

    fn launch(
        &self,
        work: &Work<'_>,
        todo: Vec<PlannedRun>,
        _: &mut StatusFile,
    ) -> crate::Result<Launched> {
        self.engine.ready()?;
        let (dealt, _) = self.dealt(work, todo.iter().collect());
        submit::submit(&self.engine, &self.settings, work, &dealt).map(Launched::Submitted)
    }
}

/// Returns the active jobs of a sweep in Slurm. First records jobs whose numbers were lost.
///
/// # Errors
/// Slurm does not answer.
pub fn active(engine: &dyn Engine, dir: &ReportDir, sweep: &str) -> crate::Result<Vec<Queued>> {
    let files = Files(dir);
    let submissions = files.submissions()?;
    // The newest attempts only: the length of an argument is limited.
    let names: Vec<String> =
        submissions.iter().rev().take(8).flat_map(|s| s.names(sweep)).take(NAMES).collect();
    let queue = engine.queue(&names)?;
    for submission in &submissions {
        adopt(&files, submission, sweep, &queue)?;
    }
    Ok(queue.into_iter().filter(Queued::is_active).collect())
}

/// Ends every job of the sweep that Slurm still has. Returns the number of tasks.
///
/// # Errors
/// Slurm does not answer.
pub fn cancel(engine: &dyn Engine, dir: &ReportDir, sweep: &str) -> crate::Result<u64> {
    let active = active(engine, dir, sweep)?;
    // The report's job first: it would begin as soon as the others have ended.
    let mut names: Vec<(bool, &str)> =
        active.iter().map(|q| (!q.reports(), q.name.as_str())).collect();
    names.sort_unstable();
    names.dedup();
    for (_, name) in names {
        engine.cancel(name)?;
    }
    let files = Files(dir);
    if let Some(last) = files.submissions()?.last().filter(|_| !active.is_empty()) {
        let at = crate::clock::now();
        files.note(&files::Line::Cancelled { attempt: last.attempt, at })?;
    }
    let tasks = active.iter().filter(|q| !q.reports());
    Ok(tasks.map(Queued::count).sum::<u64>().max(u64::from(!active.is_empty())))
}

/// Refuses if tasks of the sweep wait or run.
fn not_queued(dir: &ReportDir, active: &[Queued]) -> crate::Result<()> {
    let Some(first) = active.iter().find(|q| !q.reports()) else { return Ok(()) };
    let path = dir.path().display();
    Err(bad_input(format!(
        "this sweep is still in Slurm's queue, job {}: {}\n  follow it: --launcher slurm --watch; \
         end it: cargo xtask cancel {path}; finished results are kept",
        first.job,
        describe_tasks(active)
    )))
}

/// Refuses a sweep on this machine if a cluster has tasks of it. If Slurm does not answer, a
/// warning is printed, and only the heartbeats of tasks decide.
///
/// # Errors
/// Bad input: names the tasks, and how to wait for them or end them.
pub fn none_elsewhere(dir: &ReportDir, sweep: &str) -> crate::Result<()> {
    if Files(dir).submissions()?.is_empty() {
        return Ok(());
    }
    match active(&SlurmCommands, dir, sweep) {
        Ok(active) => not_queued(dir, &active),
        Err(error) => {
            let first = text::first_line(&error);
            text::status!("warning: {first}; it is unknown whether tasks of this sweep wait there");
            Ok(())
        }
    }
}

/// Records jobs in Slurm's queue whose numbers are unknown, after a submission whose answer was
/// lost.
fn adopt(
    files: &Files<'_>,
    submission: &Submission,
    sweep: &str,
    queue: &[Queued],
) -> crate::Result<()> {
    for name in submission.names(sweep) {
        let found = queue.iter().find(|q| q.name == name);
        if let Some(found) = found.filter(|_| submission.job(&name).is_none()) {
            let (attempt, job) = (submission.attempt, found.job);
            files.note(&files::Line::Submitted { attempt, name, job })?;
        }
    }
    Ok(())
}

/// Describes tasks: `2 tasks running, 3 waiting (Resources)`.
pub fn describe_tasks(active: &[Queued]) -> String {
    let tasks = || active.iter().filter(|q| !q.reports());
    let pending: u64 = tasks().filter(|q| q.state == "PENDING").map(Queued::count).sum();
    let running: u64 = tasks().filter(|q| q.state != "PENDING").map(Queued::count).sum();
    let mut reasons: Vec<&str> = tasks()
        .filter(|q| q.state == "PENDING" && !q.reason.is_empty())
        .map(|q| q.reason.as_str())
        .collect();
    reasons.sort_unstable();
    reasons.dedup();
    let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
    match (running, pending) {
        (0, pending) => format!("{} waiting{why}", tasks_of(pending)),
        (running, 0) => format!("{} running", tasks_of(running)),
        _ => format!("{} running, {pending} waiting{why}", tasks_of(running)),
    }
}

fn tasks_of(n: u64) -> String {
    plural::count(n, "task")
}

/// Returns the folders that tasks need in addition to the report folder.
fn needed(data: &Path, root: &Path, worker: &Path) -> Vec<shared::Needed> {
    let folder = |path: &Path, what| shared::Needed { path: path.to_path_buf(), what };
    let mut out = vec![folder(data, "the datasets")];
    if !data.starts_with(root) {
        out.push(folder(root, "the repository"));
    }
    let libraries: Vec<PathBuf> = shared::libtorch(worker);
    out.extend(libraries.iter().map(|path| folder(path, "libtorch")));
    out
}
