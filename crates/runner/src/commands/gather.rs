//! `gather`: the job that follows a cluster's tasks, however they ended: manifest,
//! Parquet, figures and page from what is on disk. `report` does the same by hand.

use std::collections::BTreeMap;
use std::path::Path;

use report::write_atomic;
use spec::layout::ReportDir;
use spec::plan::Plan;
use spec::record::Status;

use crate::exit::Exit;
use crate::launcher::slurm::files::Files;
use crate::provenance::{self, SweepFacts};
use crate::workspace::Workspace;
use crate::{clock, text};

/// Writes the report of an attempt; the exit code says whether every planned run has
/// a result.
pub(super) fn gather(workspace: &Workspace, folder: &Path, attempt: u64) -> anyhow::Result<Exit> {
    let dir = ReportDir::new(std::path::absolute(folder)?);
    manifest(&dir, attempt)?;
    let summary = super::report::write(&dir)?;
    super::summary::print(workspace, &dir, &summary);
    verdict(&dir)
}

/// Says how many runs of the plan have a result, failed or are missing. The exit
/// code of a sweep whose runs were trained elsewhere.
pub(super) fn verdict(dir: &ReportDir) -> anyhow::Result<Exit> {
    let plan = report::plan(dir)?;
    let counts = counts(dir, &plan)?;
    let of = |wanted: &dyn Fn(&Option<Status>) -> bool| -> usize {
        counts.iter().filter(|(status, _)| wanted(status)).map(|(_, n)| n).sum()
    };
    let results = of(&|s| s.is_some_and(Status::is_result));
    let missing = of(&|s| s.is_none());
    let without = plan.runs.len() - results - missing;
    text::say!(
        "{}: {} of {} have a result, {without} failed or were ended, {missing} are missing",
        plan.name,
        results,
        text::count(plan.runs.len(), "run")
    );
    Ok(if results == plan.runs.len() { Exit::Ok } else { Exit::RunsFailed })
}

fn counts(dir: &ReportDir, plan: &Plan) -> anyhow::Result<BTreeMap<Option<Status>, usize>> {
    let journal = report::journal::read(dir)?;
    let best = journal.best_for(plan.computed_on.as_ref());
    let mut out = BTreeMap::new();
    for run in &plan.runs {
        *out.entry(best.get(&run.run_id).map(|r| r.status)).or_default() += 1;
    }
    Ok(out)
}

/// Writes the manifest of an attempt: sources and command line of its submission,
/// what the nodes computed on, and now as its end.
pub(super) fn manifest(dir: &ReportDir, attempt: u64) -> anyhow::Result<()> {
    let job = Files(dir).job(attempt)?;
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
