//! `gather`: the job that follows a cluster's tasks, however they ended. It writes manifest,
//! Parquet, figures and page from the files; `report` does the same by hand.

use std::path::Path;

use spec::plan::Plan;
use store::layout::ReportDir;
use store::manifest::Manifest;
use store::write_atomic;
use text_format::plural;

use crate::exit::Exit;
use crate::launcher::slurm::files::{Files, JobFile};
use crate::launcher::slurm::heartbeat::forget_dead;
use crate::provenance::{self, SweepFacts};
use crate::workspace::Workspace;
use crate::{clock, reporter, text};

/// Writes the report of an attempt. The exit code is 0 if every requested run has a result,
/// else 3.
pub(super) fn gather(workspace: &Workspace, folder: &Path) -> crate::Result<Exit> {
    let dir = ReportDir::new(std::path::absolute(folder)?);
    complete_manifest(&dir)?;
    forget_dead(&dir);
    reporter::write(workspace, &dir, None, false)?;
    verdict(workspace, &dir)
}

/// Returns the plan with only the runs that the last attempt was asked for.
pub(super) fn asked_for(dir: &ReportDir) -> crate::Result<Plan> {
    let mut plan = store::plan(dir)?;
    let last = Files(dir).submissions()?.pop();
    if let Some(ids) = last.and_then(|last| Files(dir).chosen(last.attempt)) {
        plan.runs.retain(|run| ids.contains(&run.run_id));
    }
    Ok(plan)
}

/// Prints how many of the requested runs have a result, failed or are missing, and returns the
/// exit code of a sweep whose runs were trained on a cluster.
pub(super) fn verdict(workspace: &Workspace, dir: &ReportDir) -> crate::Result<Exit> {
    let plan = asked_for(dir)?;
    let journal = store::journal::read(dir)?;
    let counts = super::status::counts(&journal, &plan);
    let (total, cut) = (plan.runs.len(), super::status::cut(&journal, &plan));
    let (results, missing) = super::status::results_and_missing(&counts);
    let paused = if cut == 0 { String::new() } else { format!("{cut} paused at a rung, ") };
    text::status!(
        "{}: {results} of {} have a result, {paused}{} failed or were ended, {missing} are missing",
        plan.name,
        plural::count(total, "run"),
        total - results - cut - missing
    );
    if results + cut == total {
        return Ok(Exit::Ok);
    }
    if let Some(last) = Files(dir).submissions()?.last() {
        let logs = workspace.relative(&dir.logs());
        text::status!(
            "  logs: {logs}/{}.*.log; run the same command again to resume",
            last.attempt
        );
    }
    Ok(Exit::RunsFailed)
}

/// Rewrites the manifest of the newest attempt, if that is the last sweep of the folder: the
/// environment of its nodes was unknown when it was submitted. If the attempt's files are gone,
/// the manifest stays unchanged.
///
/// # Errors
/// The list of submissions or the journal cannot be read, or the manifest not written.
pub fn complete_manifest(dir: &ReportDir) -> crate::Result<()> {
    let Some(last) = Files(dir).submissions()?.pop() else { return Ok(()) };
    let bytes = std::fs::read(dir.manifest()).unwrap_or_default();
    let held = serde_json::from_slice::<Manifest>(&bytes).ok();
    let job = match Files(dir).job(last.attempt) {
        Ok(job) => job,
        Err(error) => {
            if held.is_none_or(|m| m.environment.is_none()) {
                text::status!(
                    "warning: {error:#}; the manifest lacks the environment of the nodes"
                );
            }
            return Ok(());
        }
    };
    match held.is_none_or(|m| m.started == job.started) {
        true => manifest(dir, job),
        false => Ok(()),
    }
}

/// Writes the manifest of an attempt: sources and command line of its submission, the
/// environment of its nodes, and the end of its last run.
fn manifest(dir: &ReportDir, job: JobFile) -> crate::Result<()> {
    let plan = store::plan(dir)?;
    let journal = store::journal::read(dir)?;
    let records = journal.best_for(plan.computed_on.as_ref());
    let of_plan = || plan.runs.iter().filter_map(|r| records.get(&r.run_id).copied());
    let trained = of_plan().filter(|r| r.ended >= job.started).count() as u64;
    let facts = SweepFacts {
        started: job.started.clone(),
        slots: &[],
        trained,
        cached: of_plan().count() as u64 - trained,
        environment: provenance::environment(of_plan()),
        record_host: job.record_host,
        provenance: job.provenance,
    };
    let mut manifest = provenance::manifest(&plan, facts);
    manifest.ended = of_plan().map(|r| r.ended.clone()).max().unwrap_or_else(clock::now);
    write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}
