//! `nightly`: trains a fresh sweep, judges it against the baseline and keeps it in the history.

use std::collections::HashMap;

use regression::{Against, Night, NightRun, history};
use report::analysis::repeat;
use runner::Error;
use runner::cli::NightlyArgs;
use runner::commands;
use runner::exit::Exit;
use runner::text;
use runner::workspace::Workspace;
use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::record::Status;
use spec::stages::Decision;
use text_format::plural;

use crate::regress::{against, conclude, history_folder, judge_night, night_of};
use crate::reported;

/// Runs a night. Failed runs make it incomplete. A night that `--max-time` ended is judged but not
/// kept; an interrupted one is neither judged nor kept. `--resume` continues both.
pub(crate) fn nightly(workspace: &Workspace, args: &NightlyArgs) -> runner::Result<Exit> {
    let mut sweep = args.sweep();
    let plan = commands::load_plan(workspace, &args.training.file, &args.training.set, false)?.plan;
    let name = plan.name.clone();
    commands::number_of_threads(&args.training.file, &args.training.set)?;
    let dir = workspace.report(&name);
    let against = against(workspace, &name, &dir, &args.against)?;
    sweep.decided = decided(plan, &against);
    // The lock is held to the end: another night would archive the results.
    let (ended, _lock) = commands::run::run_holding(workspace, &sweep, &|dir| {
        // A night that is killed must not leave the verdict of an earlier one.
        regression::render::remove(dir).map_err(reported)
    })?;
    if !matches!(ended, Exit::Ok | Exit::RunsFailed) {
        return Ok(ended);
    }
    let night = night_of(&dir)?;
    let judged = judge_night(&dir, &night, against)?;
    // Kept before anything is drawn, so that a full disk later does not lose what was trained.
    // The verdict is printed even if the night cannot be kept.
    let kept = keep(workspace, &name, args, &night);
    let verdict = conclude(workspace, &dir, &judged);
    let Err(error) = kept else { return verdict };
    if let Err(also) = verdict {
        text::status!("error: {also:#}");
    }
    Err(Error::unexpected(format!(
        "the night could not be kept in the history: {error}\n  \
         fix that or give another folder with --history, then keep it without training again:\n  \
         cargo xtask nightly {} --resume",
        args.training.file.display()
    )))
}

/// Returns the decisions of the stages as the baseline made them, or else the last night whose runs
/// all have a result. They follow from its results; runs that it does not have end them.
fn decided(mut plan: Plan, against: &Against) -> Vec<Decision> {
    let whole = |night: &&Night| night.runs.iter().all(NightRun::is_done);
    let last = || against.history.iter().rev().find(whole);
    let Some(baseline) = against.before.as_ref().or_else(last) else { return Vec::new() };
    let known: HashMap<Id, &NightRun> =
        baseline.runs.iter().map(|run| (run.cell_id, run)).collect();
    let row = |run: &PlannedRun| Some(known.get(&run.cell_id)?.row.clone());
    let cut_at = |run: &PlannedRun| known.get(&run.cell_id)?.cut_at;
    while plan.runs.iter().all(|run| known.contains_key(&run.cell_id)) {
        let Some(decision) = repeat(&plan, &row, &cut_at) else { break };
        plan.decide(decision);
    }
    plan.decisions
}

/// Adds the night to the history, unless its sweep ended early: `--resume` then completes the
/// same night.
fn keep(
    workspace: &Workspace,
    name: &str,
    args: &NightlyArgs,
    night: &Night,
) -> runner::Result<()> {
    let untrained = |run: &&NightRun| match run.row.status {
        None | Some(Status::Cancelled) => true,
        // A paused run that continues is not trained yet.
        Some(Status::Cut) => !run.is_done(),
        Some(_) => false,
    };
    let untrained = night.runs.iter().filter(untrained).count();
    if untrained > 0 {
        text::status!(
            "the sweep ended before {untrained} of {} were trained, so the night is not kept in the history; \
             --resume continues it",
            plural::count(night.runs.len(), "run")
        );
        return Ok(());
    }
    let folder = history_folder(workspace, name, &args.against);
    let kept = history::append(&folder, night).map_err(reported)?;
    if !args.training.quiet {
        text::output!("history: {}", workspace.relative(&kept));
    }
    Ok(())
}
