//! `gather`: the job that follows a cluster's tasks, however they ended: manifest,
//! Parquet, figures and page from what is on disk. `report` does the same by hand.

use std::collections::BTreeMap;
use std::path::Path;

use report::write_atomic;
use spec::layout::ReportDir;
use spec::manifest::Manifest;
use spec::plan::{Plan, PlannedRun};
use spec::record::Status;

use crate::exit::Exit;
use crate::launcher::slurm::files::{Files, JobFile};
use crate::launcher::slurm::signs::forget_dead;
use crate::provenance::{self, SweepFacts};
use crate::workspace::Workspace;
use crate::{clock, text};

/// Writes the report of an attempt; the exit code says whether every run that was
/// asked for has a result.
pub(super) fn gather(workspace: &Workspace, folder: &Path) -> anyhow::Result<Exit> {
    let dir = ReportDir::new(std::path::absolute(folder)?);
    complete_manifest(&dir)?;
    forget_dead(&dir);
    let summary = super::report::write(&dir)?;
    super::summary::print(workspace, &dir, &summary);
    verdict(workspace, &dir)
}

/// Says how many runs of the plan have a result, failed or are missing. The exit
/// code of a sweep whose runs were trained elsewhere.
pub(super) fn verdict(workspace: &Workspace, dir: &ReportDir) -> anyhow::Result<Exit> {
    let plan = report::plan(dir)?;
    let last = Files(dir).submissions()?.pop();
    let chosen = last.as_ref().and_then(|last| Files(dir).chosen(last.attempt));
    let asked = |run: &&PlannedRun| chosen.as_ref().is_none_or(|ids| ids.contains(&run.run_id));
    let counts = counts(dir, &plan, &asked)?;
    let total = counts.values().sum::<usize>();
    let of = |wanted: &dyn Fn(&Option<Status>) -> bool| -> usize {
        counts.iter().filter(|(status, _)| wanted(status)).map(|(_, n)| n).sum()
    };
    let results = of(&|s| s.is_some_and(Status::is_result));
    let missing = of(&|s| s.is_none());
    let without = total - results - missing;
    text::say!(
        "{}: {results} of {} have a result, {without} failed or were ended, {missing} are missing",
        plan.name,
        text::count(total, if chosen.is_some() { "chosen run" } else { "run" })
    );
    if let Some(last) = last.filter(|_| results < total) {
        let logs = workspace.relative(&dir.logs());
        text::say!("  why: {logs}/{}.*.log; the same sweep goes on from here", last.attempt);
    }
    Ok(if results == total { Exit::Ok } else { Exit::RunsFailed })
}

fn counts(
    dir: &ReportDir,
    plan: &Plan,
    asked: &dyn Fn(&&PlannedRun) -> bool,
) -> anyhow::Result<BTreeMap<Option<Status>, usize>> {
    let journal = report::journal::read(dir)?;
    let best = journal.best_for(plan.computed_on.as_ref());
    let mut out = BTreeMap::new();
    for run in plan.runs.iter().filter(|run| asked(run)) {
        *out.entry(best.get(&run.run_id).map(|r| r.status)).or_default() += 1;
    }
    Ok(out)
}

/// Writes the manifest of the newest attempt again, if that is the last sweep of the
/// folder: what its nodes computed on was not known when it was submitted. Where the
/// attempt's files are gone the manifest stays as it is, and the report is made all the same.
pub(super) fn complete_manifest(dir: &ReportDir) -> anyhow::Result<()> {
    let Some(last) = Files(dir).submissions()?.pop() else { return Ok(()) };
    let bytes = std::fs::read(dir.manifest()).unwrap_or_default();
    let held = serde_json::from_slice::<Manifest>(&bytes).ok();
    let job = match Files(dir).job(last.attempt) {
        Ok(job) => job,
        Err(error) => {
            if held.is_none_or(|m| m.environment.is_none()) {
                text::say!("warning: {error:#}; the manifest does not say what nodes computed on");
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
fn manifest(dir: &ReportDir, job: JobFile) -> anyhow::Result<()> {
    let plan = report::plan(dir)?;
    let journal = report::journal::read(dir)?;
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
