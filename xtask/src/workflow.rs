//! `cargo xtask workflow`: lints `.github/workflows/nightly.yml` and plays it
//! here, every `run:` step as GitHub would (`xtask/python/workflow.py`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, faults, libtorch, venv};

/// The four nights of the play; `--full` trains every epoch of the sweep file,
/// `--keep` leaves the folder, `--fork` lints with a fork of actionlint.
///
/// # Errors
/// When something cannot be built, the workflow has a mistake, or a night does
/// not end as it should.
pub(crate) fn workflow(root: &Path, args: &[String]) -> Result<()> {
    // First what may not be there, then what takes long.
    let fork = args.iter().any(|arg| arg == "--fork");
    let python = if fork {
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
    command.args(args.iter().filter(|arg| *arg != "--fork"));
    command.env(faults::WORKER_VARIABLE, faulty);
    command.env("PLAY_XTASK", std::env::current_exe().context("where is xtask?")?);
    command.env("PLAY_CARGO", std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root);
    found.apply(&mut command);
    build::run(&mut command)
}
