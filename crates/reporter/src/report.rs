//! `report`: collects and redraws; needs no libtorch and no worker.

use std::path::{Path, PathBuf};

use report::Summary;
use report::analysis::Clock;
use report::cross_task::Scoring;
use runner::cli::{ReportArgs, ScoreClock};
use runner::commands::folder::{folder_of, of_today, refresh, warn};
use runner::commands::gather::complete_manifest;
use runner::error::bad_input;
use runner::exit::Exit;
use runner::text;
use runner::workspace::Workspace;
use spec::plan::Plan;
use store::layout::ReportDir;

use crate::reported;

/// Redraws each report, or writes one page over several, which are only read. A journal is
/// collected first if it exists; otherwise the Parquet files are used as they are.
pub(crate) fn report(workspace: &Workspace, args: &ReportArgs) -> runner::Result<Exit> {
    let dirs: runner::Result<Vec<ReportDir>> =
        args.files.iter().map(|file| folder_of(workspace, file)).collect();
    let dirs = dirs?;
    distinct(&args.files, &dirs)?;
    if let Some(page) = cross_task(workspace, args, &dirs)? {
        return over_all(workspace, args, &dirs, &page);
    }
    for (dir, file) in dirs.iter().zip(&args.files) {
        refresh(dir, file)?;
        complete_manifest(dir)?;
        let summary = write(dir)?;
        crate::summary::print(workspace, dir, &summary);
    }
    Ok(Exit::Ok)
}

/// Writes the page over several reports, and nothing else: the reports may belong to another user
/// or be on a read-only disk.
fn over_all(
    workspace: &Workspace,
    args: &ReportArgs,
    dirs: &[ReportDir],
    page: &ReportDir,
) -> runner::Result<Exit> {
    let mut opened = Vec::with_capacity(dirs.len());
    for (dir, file) in dirs.iter().zip(&args.files) {
        let report = report::open(dir, of_today(dir, file)?).map_err(reported)?;
        warn(&report.contradictions());
        crate::summary::print_read(workspace, dir, &report.summary());
        opened.push(report);
    }
    let (all, warnings) = report::cross_task::gathered(opened);
    let all = all.scored(scoring(args)).map_err(bad_input)?;
    warn(&report::cross_task::write(&all, warnings, page.path()).map_err(reported)?.warnings);
    text::output!("\ntogether: {}", workspace.relative(&page.html()));
    Ok(Exit::Ok)
}

/// Returns the scoring that the arguments select.
fn scoring(args: &ReportArgs) -> Scoring {
    let default = Scoring::default();
    let clock = args.clock.map(|clock| match clock {
        ScoreClock::Samples => Clock::Samples,
        ScoreClock::Steps => Clock::Steps,
        ScoreClock::Seconds => Clock::Seconds,
    });
    Scoring {
        clock: clock.unwrap_or(default.clock),
        r_max: args.r_max.unwrap_or(default.r_max),
        reference: args.reference.clone(),
    }
}

/// Refuses two arguments that name the same folder, which would be compared with itself.
fn distinct(files: &[PathBuf], dirs: &[ReportDir]) -> runner::Result<()> {
    let place = |dir: &ReportDir| dir.path().canonicalize().unwrap_or_else(|_| dir.path().into());
    let places: Vec<PathBuf> = dirs.iter().map(place).collect();
    for (second, at) in places.iter().enumerate() {
        if let Some(first) = places[..second].iter().position(|p| p == at) {
            let (a, b) = (files[first].display(), files[second].display());
            let twice = if files[first] == files[second] {
                format!("{a} is given twice")
            } else {
                format!("{a} and {b} are the same report, {}", at.display())
            };
            return Err(bad_input(format!("{twice}\n  give each experiment once")));
        }
    }
    Ok(())
}

/// Returns the folder of the page over all reports, or `None` if no such page is to be written.
fn cross_task(
    workspace: &Workspace,
    args: &ReportArgs,
    dirs: &[ReportDir],
) -> runner::Result<Option<ReportDir>> {
    if dirs.len() < 2 {
        let of_all = [
            (args.output.is_some(), "--output is the folder of"),
            (args.reference.is_some(), "--reference is for the speed-ups on"),
            (args.r_max.is_some(), "--r-max is for the score on"),
            (args.clock.is_some(), "--clock is for the score on"),
        ];
        return match of_all.iter().find(|(given, _)| *given) {
            Some((_, what)) => Err(bad_input(format!(
                "{what} the page over several experiments, but only one is given\n  \
                 give two or more",
            ))),
            None => Ok(None),
        };
    }
    if args.no_together {
        return Ok(None);
    }
    let Some(output) = &args.output else {
        let names: runner::Result<Vec<String>> =
            dirs.iter().map(|dir| Ok(store::plan(dir)?.name)).collect();
        let name = report::cross_task::folder_name(&names?);
        return Ok(Some(ReportDir::new(workspace.report("together").path().join(name))));
    };
    let page = ReportDir::new(output);
    // It would overwrite the page of an experiment.
    if page.plan().exists() {
        return Err(bad_input(format!(
            "--output {} is the report of an experiment\n  give a folder of its own",
            output.display()
        )));
    }
    if output.exists() && !output.is_dir() {
        return Err(bad_input(format!("--output {} is not a folder", output.display())));
    }
    Ok(Some(page))
}

/// Writes the report of a folder from its journal, for `sweep`.
pub(crate) fn write_folder(
    workspace: &Workspace,
    folder: &Path,
    quiet: bool,
) -> runner::Result<Exit> {
    let dir = ReportDir::new(folder);
    let summary = write(&dir)?;
    if !quiet {
        crate::summary::print(workspace, &dir, &summary);
    }
    Ok(Exit::Ok)
}

/// Prints the decision about the next stage of a sweep as JSON, from the plan on standard input and
/// the journal of a folder; `null` if nothing can be decided.
pub(crate) fn decide(folder: &Path) -> runner::Result<Exit> {
    let plan: Plan = serde_json::from_reader(std::io::stdin().lock())?;
    let journal = store::journal::read(&ReportDir::new(folder))?;
    let records = journal.best_for(plan.computed_on.as_ref());
    let decision = report::analysis::decide(&plan, &records);
    text::output!("{}", serde_json::to_string(&decision)?);
    Ok(Exit::Ok)
}

/// Writes Parquet, figures and page from the journal, and prints warnings.
fn write(dir: &ReportDir) -> runner::Result<Summary> {
    let redrawn = report::redraw(dir).map_err(reported)?;
    warn(&redrawn.warnings().collect::<Vec<String>>());
    Ok(redrawn.summary)
}
