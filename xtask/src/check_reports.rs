//! `cargo xtask check-reports`: trains generated sweeps and has every number
//! and verdict of their reports recomputed by other code (`xtask/python/check_reports`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, venv};

/// Sweeps, their data and their reports, made anew at each call.
const FOLDER: &str = ".bench/check-reports";

/// The sweeps, their reports and the planted faults; further arguments go to the script
/// (`--seed N`, `--only NAME`, `--keep`).
///
/// # Errors
/// When something cannot be built, a report says what its runs do not, or a planted
/// fault goes unnoticed.
pub(crate) fn check_reports(root: &Path, args: &[String]) -> Result<()> {
    let python = venv::python(root, &venv::CHECK)?;
    let sweep = build::sweep(root)?;
    let worker = build::flex_worker(root)?;
    let mut command = Command::new(python);
    command.arg(root.join("xtask/python/check_reports"));
    command.arg("--sweep").arg(sweep).arg("--worker").arg(worker);
    command.arg("--repository").arg(root).arg("--folder").arg(root.join(FOLDER)).args(args);
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
    build::run(&mut command)
        .context("a report is not what its runs say, or a planted fault went unnoticed")
}
