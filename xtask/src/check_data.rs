//! `cargo xtask check-data`: makes data files as people have them, has each understood and
//! trained on, and compares the score with scikit-learn's on the same split; then hostile
//! files, each of which must be refused (`xtask/python/check_data`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, venv};

/// Files, sweeps and what is fed to them, made anew at each call.
const FOLDER: &str = ".bench/check-data";

/// Checks the files whose names have a text, or all; `keep` leaves those that are all right.
///
/// # Errors
/// When something cannot be built, or a file is not understood, trained on or refused as it
/// should be.
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
    build::run(&mut command).context("a data file is not taken as it should be")
}
