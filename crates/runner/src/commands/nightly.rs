//! `nightly`: a fresh sweep, judged against the baseline and kept in the history.

use std::path::Path;

use report::regress::{Night, NightRun, history};
use spec::record::Status;
use spec::sweep_file::{self, Overrides};

use super::regress::{against, conclude, history_folder, judge_night, night_of};
use crate::cli::NightlyArgs;
use crate::exit::Exit;
use crate::text;
use crate::workspace::Workspace;

/// Runs a night. Runs that fail make it incomplete; one that `--max-time` ended
/// is judged but not kept; an interrupted one is no night: it is neither judged
/// nor kept. `--resume` goes on with both.
pub(super) fn nightly(workspace: &Workspace, args: &NightlyArgs) -> anyhow::Result<Exit> {
    let sweep = args.sweep();
    let name =
        super::load_plan(workspace, &args.training.file, &args.training.set, false)?.plan.name;
    number_of_threads(&args.training.file, &args.training.set)?;
    let dir = workspace.report(&name);
    let against = against(workspace, &name, &dir, &args.against)?;
    // Held to the end: another night would move the results away.
    let (ended, _lock) = super::run::run_holding(workspace, &sweep)?;
    if !matches!(ended, Exit::Ok | Exit::RunsFailed) {
        return Ok(ended);
    }
    let night = night_of(&dir)?;
    let judged = judge_night(&dir, &night, against)?;
    // Kept before anything is drawn: what was trained is not lost to a full disk
    // later. Where it cannot be kept the verdict is said all the same.
    let kept = keep(workspace, &name, args, &night);
    let verdict = conclude(workspace, &dir, &judged);
    let Err(error) = kept else { return verdict };
    if let Err(also) = verdict {
        text::say!("error: {also:#}");
    }
    Err(anyhow::anyhow!(
        "the night could not be kept in the history: {error}\n  \
         mend that or give another folder with --history, then keep it, which trains nothing anew:\n  \
         cargo xtask nightly {} --resume",
        args.training.file.display()
    ))
}

/// Refuses a sweep file whose threads are measured: another night could have
/// another number.
pub(super) fn number_of_threads(file: &Path, set: &[String]) -> anyhow::Result<()> {
    let (environment, set) = (super::environment(), set.to_vec());
    // The user's configuration has no say in threads.
    let overrides = Overrides { environment, set, ..Overrides::default() };
    Ok(sweep_file::number_of_threads(file, &overrides)?)
}

/// Adds the night to the history, unless its sweep was ended early: what
/// `--resume` makes of it is the same night, and whole.
fn keep(
    workspace: &Workspace,
    name: &str,
    args: &NightlyArgs,
    night: &Night,
) -> anyhow::Result<()> {
    let untrained = |r: &&NightRun| matches!(r.row.status, None | Some(Status::Cancelled));
    let untrained = night.runs.iter().filter(untrained).count();
    if untrained > 0 {
        text::say!(
            "the sweep ended before {untrained} of {} were trained, so the night is not kept in the history; \
             --resume goes on with it",
            text::count(night.runs.len(), "run")
        );
        return Ok(());
    }
    let kept = history::append(&history_folder(workspace, name, &args.against), night)?;
    if !args.training.quiet {
        text::out!("history: {}", workspace.relative(&kept));
    }
    Ok(())
}
