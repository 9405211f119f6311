//! `status`: the progress of a running, interrupted or finished sweep.

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

/// Number of failures that are shown of a sweep that is not running.
const FAILURES: usize = 5;

/// Number of runs by status; `None` counts runs without a record.
pub(super) type Counts = BTreeMap<Option<Status>, usize>;

/// Returns the number of runs with a result and of runs without a record.
pub(super) fn results_and_missing(counts: &Counts) -> (usize, usize) {
    let of = |wanted: fn(&Option<Status>) -> bool| -> usize {
        counts.iter().filter(|(status, _)| wanted(status)).map(|(_, n)| n).sum()
    };
    (of(|s| s.is_some_and(Status::is_result)), of(Option::is_none))
}

/// Returns the number of runs that a rung has cut.
pub(super) fn cut(journal: &Journal, plan: &Plan) -> usize {
    let (best, pauses) = (journal.best_for(plan.computed_on.as_ref()), plan.pauses());
    let is_cut = |run: &&PlannedRun| {
        best.get(&run.run_id).is_some_and(|record| {
            record.status == Status::Cut && is_done(record, pauses.get(&run.run_id).copied())
        })
    };
    plan.runs.iter().filter(is_cut).count()
}

/// Returns whether runs with a record are still to be trained: cancelled ones, and paused ones
/// that are not cut.
fn goes_on(counts: &Counts, cut: usize) -> bool {
    let of = |status: Status| counts.get(&Some(status)).copied().unwrap_or(0);
    of(Status::Cancelled) > 0 || of(Status::Cut) > cut
}

/// Prints the progress, as text or as JSON. Only reads, and never waits for the sweep.
pub(super) fn status(workspace: &Workspace, file: &Path, as_json: bool) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, file)?;
    let plan = store::plan(&dir)?;
    let holder = lock::holder(&dir);
    // Without a holder the file is that of a sweep that was killed.
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
        (None, _) => "not running; run the same command again to resume".to_owned(),
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

/// Prints the slots of a running sweep; `word` is the name of the loss.
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
                // The name is last, because it may exceed the line.
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

/// Counts the runs of the plan by the status of their best record.
pub(super) fn counts(journal: &Journal, plan: &Plan) -> Counts {
    let best = journal.best_for(plan.computed_on.as_ref());
    let mut counts = Counts::new();
    for run in &plan.runs {
        *counts.entry(best.get(&run.run_id).map(|r| r.status)).or_default() += 1;
    }
    counts
}

/// Returns a line for each run without a result, the newest last; paused runs only if they failed
/// since.
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
