//! `regress`: judges the results of a report against a baseline; needs no libtorch.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use regression::{Against, Night, NightRun, Regression, Verdict, baseline, history, judge};
use runner::cli::{AgainstArgs, RegressArgs};
use runner::commands::{self, folder};
use runner::error::bad_input;
use runner::exit::Exit;
use runner::workspace::Workspace;
use runner::{clock, lock, stages, text};
use spec::plan::Plan;
use store::layout::ReportDir;
use sweep_file::Overrides;
use text_format::plural;

use crate::reported;

/// Judges the last sweep of a report folder; the history is only read.
pub(crate) fn regress(workspace: &Workspace, args: &RegressArgs) -> runner::Result<Exit> {
    let dir = folder::folder_of(workspace, &args.file)?;
    // A running sweep is incomplete, and could archive the results meanwhile.
    let _lock = lock::acquire(&dir, &clock::now())?;
    folder::refresh(&dir, &args.file)?;
    if let Ok(Some(edited)) = edited(workspace, &args.file, &dir) {
        folder::warn(&[format!("{edited}; what was trained is judged")]);
    }
    let plan = store::plan(&dir)?;
    sweep_file::number_of_threads_in(&plan)?;
    let against = against(workspace, &plan.name, &dir, &args.against)?;
    let judged = judge_night(&dir, &night_of(&dir)?, against)?;
    conclude(workspace, &dir, &judged)
}

/// Reads the last sweep of a report folder, and prints its warnings.
pub(crate) fn night_of(dir: &ReportDir) -> runner::Result<Night> {
    let mut warnings = Vec::new();
    let night = Night::of_report(dir, &mut warnings).map_err(reported)?;
    folder::warn(&warnings);
    Ok(night)
}

/// Describes how a sweep file differs from what was trained in its report folder. `None` if it does
/// not, or if `file` is a folder. Only what is trained counts, not the version of the code nor the
/// settings of the report.
///
/// # Errors
/// The sweep file or the plan in the folder cannot be read.
pub(crate) fn edited(
    workspace: &Workspace,
    file: &Path,
    dir: &ReportDir,
) -> runner::Result<Option<String>> {
    if file.is_dir() {
        return Ok(None);
    }
    let trained = store::plan(dir)?;
    // The overrides that the sweep was started with still apply.
    let mut overrides = Overrides::of_lines(&trained.overrides);
    overrides.environment.extend(commands::environment());
    let mut asked = commands::load_plan_with(workspace, file, &overrides)?.plan;
    stages::recall(&mut asked, Some(&trained));
    let (new, gone) = unlike(&asked, &trained);
    let there = workspace.relative(dir.path());
    Ok((new + gone > 0).then(|| {
        format!(
            "{} differs from what was trained: {new} of its {} are missing from {there}, which has {gone} others",
            file.display(),
            plural::count(asked.runs.len(), "run"),
        )
    }))
}

/// Counts the runs of the first plan that the second lacks, and those of the second that the first
/// lacks, by cell, so that the version of the code does not matter.
pub(crate) fn unlike(first: &Plan, second: &Plan) -> (usize, usize) {
    let cells = |plan: &Plan| plan.runs.iter().map(|r| r.cell_id).collect::<BTreeSet<_>>();
    let (first, second) = (cells(first), cells(second));
    (first.difference(&second).count(), second.difference(&first).count())
}

/// Returns the folder of the accepted baseline of an experiment.
pub(crate) fn baseline_folder(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.report("baselines").path().join(name)
}

/// Returns the history folder of an experiment.
pub(crate) fn history_folder(workspace: &Workspace, name: &str, args: &AgainstArgs) -> PathBuf {
    let default = || workspace.report("history").path().join(name);
    args.history.clone().unwrap_or_else(default)
}

/// Refuses a baseline that is the judged report itself.
fn not_itself(workspace: &Workspace, given: &Path, dir: &ReportDir) -> runner::Result<()> {
    let folder = match sweep_file::name(given) {
        _ if given.is_dir() => given.to_path_buf(),
        Ok(name) => workspace.report(&name).path().to_path_buf(),
        Err(_) => return Ok(()),
    };
    let same = match (folder.canonicalize(), dir.path().canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    if same {
        return Err(bad_input(format!(
            "--baseline {} is the judged report itself\n  \
             give a folder of `baseline accept`, another report folder or a night of a history",
            given.display()
        )));
    }
    Ok(())
}

/// Reads the baseline and the history of an experiment, and refuses unsuitable ones before a night
/// in `dir` is trained.
pub(crate) fn against(
    workspace: &Workspace,
    name: &str,
    dir: &ReportDir,
    args: &AgainstArgs,
) -> runner::Result<Against> {
    if let Some(given) = &args.baseline {
        not_itself(workspace, given, dir)?;
    }
    let mut warnings = Vec::new();
    let folder = history_folder(workspace, name, args);
    let history = history::read(&folder, &mut warnings).map_err(reported)?;
    folder::warn(&warnings);
    if let Some(other) = history.iter().find(|n| n.facts.experiment != name) {
        return Err(bad_input(format!(
            "{} holds nights of {}, not of {name}\n  give each experiment a --history of its own",
            folder.display(),
            text::plain(&other.facts.experiment),
        )));
    }
    let mut against = Against { history, ..Against::default() };
    let accepted = baseline_folder(workspace, name);
    let given = args.baseline.as_ref().or(Some(&accepted).filter(|a| baseline::is_baseline(a)));
    if let Some(given) = given {
        let (before, accepted) = side(workspace, given)?;
        let other = &before.facts.experiment;
        if other != name {
            text::status!("compared with a sweep of another experiment, {}", text::plain(other));
        }
        against.since = Some(before.facts.started.clone()).filter(|start| !start.is_empty());
        (against.before, against.accepted) = (Some(before), accepted);
    }
    Ok(against)
}

/// Judges the last sweep of a report folder. Without a baseline it is compared with the last night
/// whose runs all have a result, else with the last night.
pub(crate) fn judge_night(
    dir: &ReportDir,
    night: &Night,
    mut against: Against,
) -> runner::Result<Regression> {
    let plan = store::plan(dir)?;
    // A night that is already in the history is not its own past.
    let later = against.history.iter().filter(|n| n.facts.started > night.facts.started).count();
    if later > 0 {
        folder::warn(&[format!(
            "{} of the history {} later than this one ({}), as if the clock had been set back: ignored",
            plural::count(later, "night"),
            plural::is_or_are(later),
            night.facts.started
        )]);
    }
    against.history.retain(|n| n.facts.started < night.facts.started);
    if against.before.is_none() {
        // A night that lost runs would make every night after it incomplete.
        let whole = |n: &&Night| n.runs.iter().all(NightRun::is_done);
        let last = against.history.last();
        if let Some(before) = against.history.iter().rev().find(whole).or(last) {
            let which = match last.is_some_and(|n| n.facts.started == before.facts.started) {
                true => "the night before".to_owned(),
                false => format!(
                    "the last night whose runs all have a result, {}",
                    text::plain(before.facts.day())
                ),
            };
            text::status!("no baseline is accepted; compared with {which}");
            against.before = Some(before.clone());
        } else if night.runs.iter().all(|run| !run.row.has_result()) {
            text::status!("there is no baseline and no night before, and this one has no result");
        } else {
            text::status!(
                "there is no baseline and no night before; if this one is correct:\n  \
                 cargo xtask baseline accept {} --reason \"first night\"",
                text::plain(&plan.file)
            );
        }
    }
    Ok(judge(night, against, &plan.regress))
}

/// Reads one side of a comparison: a baseline folder, a file of a history, a sweep file or a report
/// folder.
pub(crate) fn side(
    workspace: &Workspace,
    path: &Path,
) -> runner::Result<(Night, Option<baseline::Accepted>)> {
    if baseline::is_baseline(path) {
        let (night, accepted) = baseline::read(path).map_err(reported)?;
        return Ok((night, Some(accepted)));
    }
    if path.extension().is_some_and(|e| e == "parquet") {
        return Ok((Night::read(path).map_err(reported)?, None));
    }
    if path.is_dir() && !ReportDir::new(path).plan().is_file() {
        return Err(bad_input(format!(
            "{} is neither a baseline (night.parquet, baseline.json) nor a report (plan.json)\n  \
             record a baseline with cargo xtask baseline accept",
            path.display()
        )));
    }
    Ok((night_of(&folder::folder_of(workspace, path)?)?, None))
}

/// Writes the outputs, prints the verdict and returns its exit code.
pub(crate) fn conclude(
    workspace: &Workspace,
    dir: &ReportDir,
    judged: &Regression,
) -> runner::Result<Exit> {
    regression::render::render(judged, dir, &regression::render::Title::Nightly)
        .map_err(reported)?;
    text::output!("{}", text::plain(&regression::text::headline(judged)));
    text::output!("regression: {}", workspace.relative(&dir.regression_html()));
    Ok(exit(judged.verdict))
}

/// Returns the exit code of a verdict.
pub(crate) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Regressed => Exit::Regression,
        Verdict::Incomplete => Exit::Incomplete,
        Verdict::Improved | Verdict::Unchanged | Verdict::Identical => Exit::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_ends_as_its_json_says() {
        use Verdict::*;
        for verdict in [Regressed, Incomplete, Improved, Unchanged, Identical] {
            assert_eq!(exit(verdict) as u8, regression::exit_code(verdict), "{verdict:?}");
        }
    }
}
