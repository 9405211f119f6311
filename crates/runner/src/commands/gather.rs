//! `gather`: the job that follows a cluster's tasks, however they ended: manifest,
//! Parquet, figures and page from what is on disk. `report` does the same by hand.

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

/// Writes the report of an attempt; the exit code says whether every run that was
/// asked for has a result.
pub(super) fn gather(workspace: &Workspace, folder: &Path) -> crate::Result<Exit> {
    let dir = ReportDir::new(std::path::absolute(folder)?);
    complete_manifest(&dir)?;
    forget_dead(&dir);
    reporter::write(workspace, &dir, None, false)?;
    verdict(workspace, &dir)
}

/// The plan, less the runs that the last attempt was not asked for.
pub(super) fn asked_for(dir: &ReportDir) -> crate::Result<Plan> {
    let mut plan = store::plan(dir)?;
    let last = Files(dir).submissions()?.pop();
    if let Some(ids) = last.and_then(|last| Files(dir).chosen(last.attempt)) {
        plan.runs.retain(|run| ids.contains(&run.run_id));
    }
    Ok(plan)
}

/// Says how many of the runs that were asked for have a result, failed or are missing.
/// The exit code of a sweep whose runs were trained elsewhere.
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
        text::status!("  why: {logs}/{}.*.log; the same sweep goes on from here", last.attempt);
    }
    Ok(Exit::RunsFailed)
}

/// Writes the manifest of the newest attempt again, if that is the last sweep of the
/// folder: what its nodes computed on was not known when it was submitted. Where the
/// attempt's files are gone the manifest stays as it is, and the report is made all the same.
pub fn complete_manifest(dir: &ReportDir) -> crate::Result<()> {
    let Some(last) = Files(dir).submissions()?.pop() else { return Ok(()) };
    let bytes = std::fs::read(dir.manifest()).unwrap_or_default();
    let held = serde_json::from_slice::<Manifest>(&bytes).ok();
    let job = match Files(dir).job(last.attempt) {
        Ok(job) => job,
        Err(error) => {
            if held.is_none_or(|m| m.environment.is_none()) {
                text::status!(
                    "warning: {error:#}; the manifest does not say what nodes computed on"
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

/// Writes the manifest of an attempt: sources and command line of its submission,
/// what the nodes computed on, and now as its end.
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
