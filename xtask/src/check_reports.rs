//! `cargo xtask check-reports`: trains generated sweeps and has every number
//! and verdict of their reports recomputed by other code (`xtask/python/check_reports`);
//! then fabricates nights whose truth is known and has what `sweep regress` says of them
//! held against it (`xtask/python/check_nights`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, venv};

/// Sweeps, their data and their reports, made anew at each call.
const FOLDER: &str = ".bench/check-reports";

/// The nights and the sweep that they are made of.
const NIGHTS_FOLDER: &str = ".bench/check-nights";

/// The first argument that asks for the nights alone.
const NIGHTS: &str = "nights";

/// The sweeps, their reports and the planted faults, then the nights. Arguments go to the
/// first script alone (`--seed N`, `--only NAME`, `--keep`), behind `nights` to the second
/// (`--only TEXT`).
///
/// # Errors
/// When something cannot be built, a report says what its runs do not, a night is not judged
/// as it should be, or a planted fault goes unnoticed.
pub(crate) fn check_reports(root: &Path, args: &[String]) -> Result<()> {
    let python = venv::python(root, &venv::CHECK)?;
    let sweep = build::sweep(root)?;
    let worker = build::flex_worker(root)?;
    let script = |name: &str, folder: &str, args: &[String]| {
        let mut command = Command::new(&python);
        command.arg(root.join("xtask/python").join(name));
        command.arg("--sweep").arg(&sweep).arg("--worker").arg(&worker);
        command.arg("--repository").arg(root).arg("--folder").arg(root.join(folder)).args(args);
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
        build::run(&mut command)
    };
    let nights = args.first().is_some_and(|first| first == NIGHTS);
    if !nights {
        script("check_reports", FOLDER, args)
            .context("a report is not what its runs say, or a planted fault went unnoticed")?;
    }
    if nights || args.is_empty() {
        script("check_nights", NIGHTS_FOLDER, args.get(1..).unwrap_or_default())
            .context("a night is not judged as it should be, or a planted fault went unnoticed")?;
    }
    Ok(())
}
