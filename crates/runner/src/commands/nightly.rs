//! `nightly`: a fresh sweep, judged against the baseline and kept in the history.

use report::regress::history;

use super::regress::{against, conclude, history_folder, judge_night, night_of};
use crate::cli::NightlyArgs;
use crate::exit::Exit;
use crate::text;
use crate::workspace::Workspace;

/// Runs a night. Runs that fail make it incomplete, an interrupted one is no
/// night: it is neither judged nor kept, and `--resume` goes on with it.
pub(super) fn nightly(workspace: &Workspace, args: &NightlyArgs) -> anyhow::Result<Exit> {
    let sweep = args.sweep();
    let name =
        super::load_plan(workspace, &args.training.file, &args.training.set, false)?.plan.name;
    let against = against(workspace, &name, &args.against)?;
    // Held to the end: another night would move the results away.
    let (ended, _lock) = super::run::run_holding(workspace, &sweep)?;
    if !matches!(ended, Exit::Ok | Exit::RunsFailed) {
        return Ok(ended);
    }
    let dir = workspace.report(&name);
    let night = night_of(&dir)?;
    let judged = judge_night(&dir, &night, against)?;
    // Kept before anything is drawn: what was trained is not lost to a full disk later.
    let folder = history_folder(workspace, &name, &args.against);
    let kept = history::append(&folder, &night)?;
    if !args.training.quiet {
        text::out!("history: {}", workspace.relative(&kept));
    }
    conclude(workspace, &dir, &judged)
}
