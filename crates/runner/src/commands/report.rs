//! `report`: collect and redraw; needs no libtorch and no worker.

use std::path::{Path, PathBuf};

use report::Summary;
use spec::layout::ReportDir;
use spec::plan::Plan;
use spec::sweep_file::{self, Overrides};

use crate::cli::ReportArgs;
use crate::exit::{Exit, bad_input};
use crate::workspace::Workspace;

/// Redraws a report, or makes one page over several, which are only read. A journal that
/// exists is collected first; without one the Parquet files are used as they are.
pub(super) fn report(workspace: &Workspace, args: &ReportArgs) -> anyhow::Result<Exit> {
    let dirs: anyhow::Result<Vec<ReportDir>> =
        args.files.iter().map(|file| folder_of(workspace, file)).collect();
    let dirs = dirs?;
    distinct(&args.files, &dirs)?;
    if let Some(page) = together(workspace, args, &dirs)? {
        return over_all(workspace, args, &dirs, &page);
    }
    for (dir, file) in dirs.iter().zip(&args.files) {
        refresh(dir, file)?;
        super::gather::complete_manifest(dir)?;
        let summary = write(dir)?;
        super::summary::print(workspace, dir, &summary);
    }
    Ok(Exit::Ok)
}

/// The page over several reports. They may be another's, or on a disk that cannot be
/// written to: nothing is written but the page.
fn over_all(
    workspace: &Workspace,
    args: &ReportArgs,
    dirs: &[ReportDir],
    page: &ReportDir,
) -> anyhow::Result<Exit> {
    let mut opened = Vec::with_capacity(dirs.len());
    for (dir, file) in dirs.iter().zip(&args.files) {
        let report = report::open(dir, of_today(dir, file)?)?;
        warn(&report.contradictions());
        super::summary::print_read(workspace, dir, &report.summary());
        opened.push(report);
    }
    warn(&report::together::together_of(opened, page.path())?.warnings);
    crate::text::out!("\ntogether: {}", workspace.relative(&page.html()));
    Ok(Exit::Ok)
}

/// Refuses two arguments that name one folder: it would be compared with itself.
fn distinct(files: &[PathBuf], dirs: &[ReportDir]) -> anyhow::Result<()> {
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

/// Folder of the page over all reports; none where there is to be no such page.
fn together(
    workspace: &Workspace,
    args: &ReportArgs,
    dirs: &[ReportDir],
) -> anyhow::Result<Option<ReportDir>> {
    if dirs.len() < 2 {
        return match &args.output {
            Some(_) => Err(bad_input(
                "--output is the folder of the page over several experiments, and only one is given\n  \
                 give two or more",
            )),
            None => Ok(None),
        };
    }
    if args.no_together {
        return Ok(None);
    }
    let Some(output) = &args.output else {
        let names: anyhow::Result<Vec<String>> =
            dirs.iter().map(|dir| Ok(report::plan(dir)?.name)).collect();
        let name = report::together::folder_name(&names?);
        return Ok(Some(ReportDir::new(workspace.report("together").path().join(name))));
    };
    let page = ReportDir::new(output);
    // The page of an experiment would be written over.
    if page.plan().exists() {
        return Err(bad_input(format!(
            "--output {} is the report of an experiment\n  give a folder of its own",
            output.display()
        )));
    }
    if output.exists() && !output.is_dir() {
        return Err(bad_input(format!("--output {} is no folder", output.display())));
    }
    Ok(Some(page))
}

/// The report folder that a sweep file or a folder names.
pub(super) fn folder_of(workspace: &Workspace, file: &Path) -> anyhow::Result<ReportDir> {
    let dir = if file.is_dir() {
        ReportDir::new(file)
    } else {
        workspace.report(&sweep_file::name(file)?)
    };
    if !dir.plan().is_file() {
        let remedy = if file.is_dir() {
            "give a sweep file, or a report folder such as reports/battle".to_owned()
        } else {
            format!("run the sweep first: cargo xtask sweep {}", file.display())
        };
        return Err(bad_input(format!(
            "{} holds no report: there is no plan.json\n  {remedy}",
            dir.path().display(),
        )));
    }
    Ok(dir)
}

/// Writes what [`of_today`] says into the report folder.
pub(super) fn refresh(dir: &ReportDir, file: &Path) -> anyhow::Result<()> {
    let plan = of_today(dir, file)?;
    if plan != report::plan(dir)? {
        report::write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    }
    Ok(())
}

/// The plan of a report folder with what a sweep file says now of the report, its target
/// and the traps that it allows: none is part of what was trained. A report folder has
/// no say of its own.
fn of_today(dir: &ReportDir, file: &Path) -> anyhow::Result<Plan> {
    let mut plan = report::plan(dir)?;
    if file.is_dir() {
        return Ok(plan);
    }
    // What the sweep was started with still holds, and the environment of today.
    let mut overrides = Overrides::of_lines(&plan.overrides);
    overrides.environment.extend(super::environment());
    let asked = match sweep_file::outline(file, &overrides) {
        Ok(asked) => asked,
        // The file has changed so that they no longer fit: what was trained can
        // be shown all the same.
        Err(why) => {
            let last = why.to_string().lines().next().unwrap_or_default().to_owned();
            warn(&[format!("[report] and [target] are those of the last sweep: {last}")]);
            return Ok(plan);
        }
    };
    // Plans of earlier releases do not say what was drawn at random, nor which lists were zipped.
    for optimizer in plan.optimizers.iter_mut().filter(|o| o.random.is_empty()) {
        let drawn = asked.drawn(&optimizer.label);
        optimizer.random = optimizer.axes.iter().filter(|p| drawn.contains(p)).cloned().collect();
    }
    for optimizer in plan.optimizers.iter_mut().filter(|o| o.zipped.is_empty()) {
        optimizer.zipped = asked.zipped(&optimizer.label);
    }
    plan.report = asked.report;
    plan.regress = asked.regress;
    plan.description = asked.description;
    // What the file says by now to be meant is no longer told.
    plan.lints.retain(|told| !asked.allowed.iter().any(|lint| lint.name() == told.lint));
    if let Some((target, _)) = asked.target {
        plan.target = target;
    }
    Ok(plan)
}

/// Journal to Parquet to figures and page; warnings are printed.
pub(super) fn write(dir: &ReportDir) -> anyhow::Result<Summary> {
    let redrawn = report::redraw(dir)?;
    warn(&redrawn.warnings().collect::<Vec<String>>());
    Ok(redrawn.summary)
}

/// Says each on a line of its own.
pub(super) fn warn<'a>(warnings: impl IntoIterator<Item = &'a String>) {
    let mark = console::style("warning:").for_stderr().yellow();
    for warning in warnings {
        crate::text::say!("{mark} {}", crate::text::plain(warning));
    }
}
