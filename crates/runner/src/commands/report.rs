//! `report`: collect and redraw; needs no libtorch and no worker.

use std::path::{Path, PathBuf};

use report::Summary;
use spec::layout::ReportDir;
use spec::sweep_file::{self, Overrides};

use crate::exit::{Exit, bad_input};
use crate::workspace::Workspace;

/// Redraws each report. A journal that exists is collected first; without one
/// the Parquet files are used as they are.
pub(super) fn report(workspace: &Workspace, files: &[PathBuf]) -> anyhow::Result<Exit> {
    for file in files {
        let dir = folder_of(workspace, file)?;
        refresh(&dir, file)?;
        let summary = write(&dir)?;
        super::summary::print(workspace, &dir, &summary);
    }
    Ok(Exit::Ok)
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

/// Takes over what a sweep file says now of the report and its target: neither
/// is part of what was trained. A report folder has no say of its own.
fn refresh(dir: &ReportDir, file: &Path) -> anyhow::Result<()> {
    if file.is_dir() {
        return Ok(());
    }
    let mut plan = report::plan(dir)?;
    let before = plan.clone();
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
            return Ok(());
        }
    };
    plan.report = asked.report;
    plan.description = asked.description;
    if let Some((target, _)) = asked.target {
        plan.target = target;
    }
    if plan != before {
        report::write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    }
    Ok(())
}

/// Journal to Parquet to figures and page; warnings are printed.
pub(super) fn write(dir: &ReportDir) -> anyhow::Result<Summary> {
    let redrawn = report::redraw(dir)?;
    warn(redrawn.warnings());
    Ok(redrawn.summary)
}

/// Says each on a line of its own.
pub(super) fn warn<'a>(warnings: impl IntoIterator<Item = &'a String>) {
    let mark = console::style("warning:").for_stderr().yellow();
    for warning in warnings {
        crate::text::say!("{mark} {}", crate::text::plain(warning));
    }
}
