//! `regress`: what lies in a report against a baseline; needs no libtorch.

use std::path::{Path, PathBuf};

use report::regress::{self, Against, Night, Regression, Verdict, baseline, history, judge};
use spec::layout::ReportDir;

use crate::cli::{AgainstArgs, RegressArgs};
use crate::exit::{Exit, bad_input};
use crate::text;
use crate::workspace::Workspace;

/// Judges the last sweep of a report folder; the history is read, not added to.
pub(super) fn regress(workspace: &Workspace, args: &RegressArgs) -> anyhow::Result<Exit> {
    let dir = super::report::folder_of(workspace, &args.file)?;
    super::report::refresh(&dir, &args.file)?;
    let against = against(workspace, &report::plan(&dir)?.name, &args.against)?;
    let judged = judge_night(&dir, &night_of(&dir)?, against)?;
    conclude(workspace, &dir, &judged)
}

/// The last sweep of a report folder.
pub(super) fn night_of(dir: &ReportDir) -> anyhow::Result<Night> {
    let mut warnings = Vec::new();
    let night = Night::of_report(dir, &mut warnings)?;
    super::report::warn(&warnings);
    Ok(night)
}

/// Folder of the accepted baseline of an experiment.
pub(super) fn baseline_folder(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.report("baselines").path().join(name)
}

/// Folder of the nights of an experiment.
pub(super) fn history_folder(workspace: &Workspace, name: &str, args: &AgainstArgs) -> PathBuf {
    let default = || workspace.report("history").path().join(name);
    args.history.clone().unwrap_or_else(default)
}

/// Baseline and history of an experiment: what can be refused before a night is
/// trained.
pub(super) fn against(
    workspace: &Workspace,
    name: &str,
    args: &AgainstArgs,
) -> anyhow::Result<Against> {
    let mut warnings = Vec::new();
    let folder = history_folder(workspace, name, args);
    let history = history::read(&folder, &mut warnings)?;
    super::report::warn(&warnings);
    if let Some(other) = history.iter().find(|n| n.facts.experiment != name) {
        return Err(bad_input(format!(
            "{} holds nights of {}, not of {name}\n  give each experiment a --history of its own",
            folder.display(),
            text::plain(&other.facts.experiment),
        )));
    }
    let mut against = Against { history, ..Against::default() };
    let accepted = baseline_folder(workspace, name);
    if let Some(given) = &args.baseline {
        (against.before, against.accepted) = side(workspace, given)?;
    } else if baseline::is_baseline(&accepted) {
        (against.before, against.accepted) = side(workspace, &accepted)?;
    }
    let other = &against.before.facts.experiment;
    if !against.before.runs.is_empty() && other != name {
        text::say!("compared with a sweep of another experiment, {}", text::plain(other));
    }
    Ok(against)
}

/// Judges the last sweep of a report folder. Without a baseline the night before
/// is one.
pub(super) fn judge_night(
    dir: &ReportDir,
    night: &Night,
    mut against: Against,
) -> anyhow::Result<Regression> {
    let plan = report::plan(dir)?;
    // A night that is kept already is not its own past.
    against.history.retain(|n| n.facts.started < night.facts.started);
    if against.before.runs.is_empty() {
        if let Some(last) = against.history.last() {
            text::say!("no baseline is accepted; compared with the night before");
            against.before = last.clone();
        } else {
            text::say!(
                "there is no baseline and no night before; if this one is as it should be:\n  \
                 cargo xtask baseline accept {} --reason \"first night\"",
                text::plain(&plan.file)
            );
        }
    }
    Ok(judge(night, against, &plan.regress))
}

/// One side of a comparison: a baseline's folder, a file of a history, a sweep
/// file or a report folder.
pub(super) fn side(
    workspace: &Workspace,
    path: &Path,
) -> anyhow::Result<(Night, Option<baseline::Accepted>)> {
    if baseline::is_baseline(path) {
        let (night, accepted) = baseline::read(path)?;
        return Ok((night, Some(accepted)));
    }
    if path.extension().is_some_and(|e| e == "parquet") {
        return Ok((Night::read(path)?, None));
    }
    if path.is_dir() && !ReportDir::new(path).plan().is_file() {
        return Err(bad_input(format!(
            "{} is neither a baseline (night.parquet) nor a report (plan.json)\n  \
             record a baseline with cargo xtask baseline accept",
            path.display()
        )));
    }
    Ok((night_of(&super::report::folder_of(workspace, path)?)?, None))
}

/// Writes the outputs, says the verdict and gives its exit code.
pub(super) fn conclude(
    workspace: &Workspace,
    dir: &ReportDir,
    judged: &Regression,
) -> anyhow::Result<Exit> {
    regress::render::render(judged, dir, &regress::render::Title::Nightly)?;
    text::out!("{}", text::plain(&regress::words::headline(judged)));
    text::out!("regression: {}", workspace.relative(&dir.regression_html()));
    Ok(exit(judged.verdict))
}

/// The exit code of a verdict.
pub(super) fn exit(verdict: Verdict) -> Exit {
    match regress::exit_code(verdict) {
        4 => Exit::Regression,
        5 => Exit::Incomplete,
        _ => Exit::Ok,
    }
}
