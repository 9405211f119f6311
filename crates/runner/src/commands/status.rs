//! `status`: what a running, interrupted or finished sweep has done.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;
use spec::plan::{Plan, PlannedRun};
use spec::record::Status;
use store::journal::Journal;
use store::status::SweepStatus;
use text_format::plural;

use crate::exit::Exit;
use crate::pause::{failed_since, is_done};
use crate::workspace::Workspace;
use crate::{launcher, lock, status_file, sweep_progress, text};

/// Failures that are shown of a sweep that does not run.
const FAILURES: usize = 5;

/// Runs by how they ended; none = missing.
pub(super) type Counts = BTreeMap<Option<Status>, usize>;

/// Returns how many runs have a result, and how many have no record at all.
pub(super) fn results_and_missing(counts: &Counts) -> (usize, usize) {
    let of = |wanted: fn(&Option<Status>) -> bool| -> usize {
        counts.iter().filter(|(status, _)| wanted(status)).map(|(_, n)| n).sum()
    };
    (of(|s| s.is_some_and(Status::is_result)), of(Option::is_none))
}

/// Runs of the plan that are paused where a rung has cut them.
pub(super) fn cut(journal: &Journal, plan: &Plan) -> usize {
    let (best, pauses) = (journal.best_for(plan.computed_on.as_ref()), plan.pauses());
    let is_cut = |run: &&PlannedRun| {
        best.get(&run.run_id).is_some_and(|record| {
            record.status == Status::Cut && is_done(record, pauses.get(&run.run_id).copied())
        })
    };
    plan.runs.iter().filter(is_cut).count()
}

/// Whether runs that have a record are left for the same sweep: cancelled ones, and paused ones
/// beside those that are cut.
fn goes_on(counts: &Counts, cut: usize) -> bool {
    let of = |status: Status| counts.get(&Some(status)).copied().unwrap_or(0);
    of(Status::Cancelled) > 0 || of(Status::Cut) > cut
}

/// Prints it, as text or as JSON. Reads only, and never waits for the sweep.
pub(super) fn status(workspace: &Workspace, file: &Path, as_json: bool) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, file)?;
    let plan = store::plan(&dir)?;
    let holder = lock::holder(&dir);
    // Without a holder it is the last word of a sweep that was killed.
    let running = holder.as_ref().and_then(|_| status_file::read(&dir));
    let elsewhere = launcher::elsewhere(&dir, &plan.name)?;
    let journal = store::journal::read(&dir)?;
    super::folder::warn(&journal.warnings);
    let cut = cut(&journal, &plan);
    let (counts, failures) = (counts(&journal, &plan), failures(&journal, &plan));
    if as_json {
        let counts: BTreeMap<String, usize> =
            counts.iter().map(|(status, n)| (name(*status).to_owned(), *n)).collect();
        let cluster = elsewhere.map(|e| e.to_json()).transpose()?;
        let out = json!({
            "name": plan.name, "planned": plan.runs.len(), "runs": counts,
            "held_by": holder, "running": running, "without_result": failures, "cluster": cluster,
        });
        text::print(&(serde_json::to_string_pretty(&out)? + "\n"));
        return Ok(Exit::Ok);
    }
    let missing = counts.get(&None).copied().unwrap_or(0);
    let handed_over = elsewhere.as_ref().and_then(|e| e.describe(missing));
    let state = match (&holder, missing) {
        (Some(holder), _) => format!("running, {}", text::plain(holder)),
        (None, _) if handed_over.is_some() => handed_over.unwrap_or_default(),
        (None, 0) if !goes_on(&counts, cut) && !plan.is_open() => "finished".to_owned(),
        (None, _) => "not running; the same sweep goes on from here".to_owned(),
    };
    text::print(&format!("{}: {state}\n", plan.name));
    let shown: Vec<String> =
        counts.iter().map(|(status, n)| format!("{n} {}", name(*status))).collect();
    text::print(&format!("{}: {}\n", plural::count(plan.runs.len(), "run"), shown.join(", ")));
    let word = plan.runs.first().map_or("loss", |run| text::loss_word(&run.spec));
    for (heading, sweep) in elsewhere.iter().flat_map(|e| e.parts()) {
        text::print(&format!("{heading}\n"));
        show(sweep, word);
    }
    match running {
        Some(running) => show(&running, word),
        None => {
            let newest = &failures[failures.len().saturating_sub(FAILURES)..];
            newest.iter().for_each(|line| text::print(&format!("  {line}\n")));
            if failures.len() > newest.len() {
                text::print(&format!("  and {} more\n", failures.len() - newest.len()));
            }
        }
    }
    Ok(Exit::Ok)
}

/// `word`: what the loss is called.
fn show(running: &SweepStatus, word: &str) {
    let done: u64 = running.ended.values().sum();
    let left = running
        .eta_seconds
        .map_or_else(String::new, |s| format!(", about {} left", text::duration(s)));
    text::print(&format!(
        "this sweep: {done} of {} trained{left} (as of {})\n",
        running.to_train,
        text::plain(&running.updated)
    ));
    for slot in &running.slots {
        let what = match &slot.run {
            None => "idle".to_owned(),
            Some(run) => {
                let mut line = match (run.step, run.steps) {
                    (Some(step), Some(steps)) => format!("step {step}/{steps}"),
                    _ => format!("epoch {}/{}", run.epoch, run.epochs),
                };
                if let Some(loss) = run.loss {
                    line.push_str(&format!("  {word} {}", text::loss(loss.0)));
                }
                if let Some(speed) = run.steps_per_second {
                    line.push_str(&format!("  {speed:.0} steps/s"));
                }
                let (id, name) = (run.run_id.short(), text::plain(&run.name));
                // The name last: it is what may be too long for the line.
                format!("{line}  {}  {id}  {name}", text::duration(run.seconds))
            }
        };
        text::print(&format!("  slot {} {}  {what}\n", slot.slot, text::plain(&slot.device)));
    }
    for failure in &running.failures {
        text::print(&format!("  {}\n", text::plain(failure)));
    }
}

fn name(status: Option<Status>) -> &'static str {
    status.map_or("missing", Status::name)
}

/// Runs of the plan by their best record.
pub(super) fn counts(journal: &Journal, plan: &Plan) -> Counts {
    let best = journal.best_for(plan.computed_on.as_ref());
    let mut counts = Counts::new();
    for run in &plan.runs {
        *counts.entry(best.get(&run.run_id).map(|r| r.status)).or_default() += 1;
    }
    counts
}

/// A line for each run that left no result, the newest last. Of paused ones those that failed since.
fn failures(journal: &Journal, plan: &Plan) -> Vec<String> {
    let best = journal.best_for(plan.computed_on.as_ref());
    let since = failed_since(journal);
    let failed = |run: &PlannedRun| {
        let record = best.get(&run.run_id).filter(|r| !r.status.is_result())?;
        let record = match record.status {
            Status::Cut => since.get(&run.run_id)?,
            _ => record,
        };
        let line = format!("{}: {}", sweep_progress::describe(run), sweep_progress::reason(record));
        Some((record.ended.clone(), line))
    };
    let mut failed: Vec<(String, String)> = plan.runs.iter().filter_map(failed).collect();
    failed.sort();
    failed.into_iter().map(|(_, line)| line).collect()
}
