//! `cargo xtask check-data`: generates data files as users have them, trains on each and
//! compares the score with scikit-learn's on the same split; then generates hostile files,
//! each of which must be rejected (`xtask/python/check_data`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, venv};

/// Folder of the generated files and sweeps; emptied at each call.
const FOLDER: &str = ".bench/check-data";

/// Checks all files, or those whose names contain `only`; `keep` keeps the files of passed
/// cases.
///
/// # Errors
/// A program cannot be built, or a file is not read, trained on or rejected as expected.
pub(crate) fn check_data(root: &Path, only: Option<&str>, keep: bool) -> Result<()> {
    let python = venv::python(root, &venv::DATA)?;
    let sweep = build::sweep(root)?;
    let worker = build::flex_worker(root)?;
    let mut command = Command::new(&python);
    command.arg(root.join("xtask/python/check_data"));
    command.arg("--sweep").arg(&sweep).arg("--worker").arg(&worker);
    command.arg("--repository").arg(root).arg("--folder").arg(root.join(FOLDER));
    command.args(only.into_iter().flat_map(|text| ["--only", text]));
    command.args(keep.then_some("--keep"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
    build::run(&mut command).context("a data file was not handled as expected")
}
