//! The report folder that a command line names, and its plan with current settings.

use std::path::Path;

use spec::plan::Plan;
use store::layout::ReportDir;
use sweep_file::Overrides;

use crate::error::bad_input;
use crate::workspace::Workspace;

/// Returns the report folder of a sweep file, or the folder itself.
///
/// # Errors
/// Bad input: the folder holds no report.
pub fn folder_of(workspace: &Workspace, file: &Path) -> crate::Result<ReportDir> {
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

/// Writes the plan of [`of_today`] into the report folder.
///
/// # Errors
/// The plan cannot be read or written.
pub fn refresh(dir: &ReportDir, file: &Path) -> crate::Result<()> {
    let plan = of_today(dir, file)?;
    if plan != store::plan(dir)? {
        store::write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    }
    Ok(())
}

/// Returns the plan of a report folder with the current settings of the sweep file for the
/// report, its target, its claim and allowed lints, which are no part of what was trained. If
/// `file` is a report folder, its plan is returned unchanged.
///
/// # Errors
/// The plan cannot be read.
pub fn of_today(dir: &ReportDir, file: &Path) -> crate::Result<Plan> {
    let mut plan = store::plan(dir)?;
    if file.is_dir() {
        return Ok(plan);
    }
    // Overrides of the sweep still hold, and those of the current environment.
    let mut overrides = Overrides::of_lines(&plan.overrides);
    overrides.environment.extend(super::environment());
    let asked = match sweep_file::outline(file, &overrides) {
        Ok(asked) => asked,
        // The overrides no longer fit the file: the results can still be shown.
        Err(why) => {
            let last = why.to_string().lines().next().unwrap_or_default().to_owned();
            warn(&[format!("[report] and [target] are those of the last sweep: {last}")]);
            return Ok(plan);
        }
    };
    // Plans of earlier releases lack the axes drawn at random and the zipped ones.
    for optimizer in plan.optimizers.iter_mut().filter(|o| o.random.is_empty()) {
        let drawn = asked.drawn(&optimizer.label);
        optimizer.random = optimizer.axes.iter().filter(|p| drawn.contains(p)).cloned().collect();
    }
    for optimizer in plan.optimizers.iter_mut().filter(|o| o.zipped.is_empty()) {
        optimizer.zipped = asked.zipped(&optimizer.label);
    }
    if let Some((target, _)) = &asked.target {
        plan.target = target.clone();
    }
    let judging = plan.confirm.as_ref().map_or(plan.seeds.len(), |confirm| confirm.seeds.len());
    match asked.claim_on(&plan.target, &plan.runs, judging) {
        Ok(claim) => plan.claim = claim,
        Err(why) => {
            plan.claim = None;
            warn(&[format!("the report leaves out [claim]: {}", why.message())]);
        }
    }
    plan.report = asked.report;
    plan.regress = asked.regress;
    plan.description = asked.description;
    // Lints that the file allows by now are dropped.
    plan.lints.retain(|told| !asked.allowed.iter().any(|lint| lint.name() == told.lint));
    Ok(plan)
}

/// Prints each warning on its own line to standard error.
pub fn warn<'a>(warnings: impl IntoIterator<Item = &'a String>) {
    let mark = console::style("warning:").for_stderr().yellow();
    for warning in warnings {
        crate::text::status!("{mark} {}", crate::text::plain(warning));
    }
}
