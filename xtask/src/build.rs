//! Builds the two binaries with cargo: `sweep` and `sweep-worker`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::libtorch::Libtorch;

/// The repository's root: the parent of this crate.
pub(crate) fn root() -> Result<PathBuf> {
    let here = std::env::var_os("CARGO_MANIFEST_DIR")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    let root = here.parent().context("xtask has no parent folder")?;
    Ok(root.to_path_buf())
}

/// Where cargo puts what it builds, absolute. `CARGO_TARGET_DIR` is taken as
/// cargo takes it: relative to the working directory.
pub(crate) fn target_dir(root: &Path) -> Result<PathBuf> {
    match std::env::var_os("CARGO_TARGET_DIR").filter(|v| !v.is_empty()) {
        Some(dir) => Ok(std::path::absolute(dir)?),
        None => Ok(root.join("target")),
    }
}

/// A cargo command in the repository's root. What `cargo run` told this
/// process about xtask is taken away, so that build scripts see the same
/// environment as in a cargo started by hand and nothing is built twice.
pub(crate) fn cargo(root: &Path) -> Result<Command> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root).env("CARGO_TARGET_DIR", target_dir(root)?);
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    Ok(command)
}

/// Runs a command and fails when it does; the message names the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    if !status.success() {
        bail!("`{shown}` failed ({status})");
    }
    Ok(())
}

/// A command as one would type it.
pub(crate) fn show(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().unwrap_or(program.as_os_str());
    std::iter::once(name)
        .chain(command.get_args())
        .map(|part| part.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Builds `sweep` and gives its path.
pub(crate) fn sweep(root: &Path) -> Result<PathBuf> {
    let binary = sweep_path(root)?;
    if !binary.exists() {
        eprintln!(
            "xtask: building sweep; the first time about 10 minutes on two cores, nearly all of it polars"
        );
    }
    run(cargo(root)?.args(["build", "--release", "--package", "runner", "--bin", "sweep"]))
        .context("sweep could not be built")?;
    Ok(binary)
}

/// Where [`sweep`] builds.
pub(crate) fn sweep_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("release/sweep"))
}

/// Builds `sweep-worker` with libtorch (and flex) and gives its path.
pub(crate) fn libtorch_worker(root: &Path, libtorch: &Libtorch) -> Result<PathBuf> {
    let binary = libtorch_worker_path(root)?;
    if !binary.exists() {
        eprintln!(
            "xtask: building sweep-worker; the first time about 6 minutes on two cores (Burn and the libtorch bindings)"
        );
    }
    let mut command = cargo(root)?;
    libtorch.apply(&mut command);
    run(command.args([
        "build",
        "--release",
        "--package",
        "train",
        "--features",
        "libtorch",
        "--bin",
        "sweep-worker",
    ]))
    .context("sweep-worker could not be built")?;
    Ok(binary)
}

/// Where [`libtorch_worker`] builds.
pub(crate) fn libtorch_worker_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("release/sweep-worker"))
}

/// Builds a `sweep-worker` that has the pure-Rust backend alone. It has a
/// target folder of its own, so that it never replaces a libtorch worker.
pub(crate) fn flex_worker(root: &Path) -> Result<PathBuf> {
    let binary = flex_worker_path(root)?;
    if !binary.exists() {
        eprintln!(
            "xtask: building sweep-worker without libtorch; the first time about 5 minutes on two cores (Burn)"
        );
    }
    let mut command = cargo(root)?;
    command.env("CARGO_TARGET_DIR", target_dir(root)?.join("flex"));
    run(command.args(["build", "--release", "--package", "train", "--bin", "sweep-worker"]))
        .context("sweep-worker could not be built")?;
    Ok(binary)
}

/// Where [`flex_worker`] builds.
pub(crate) fn flex_worker_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("flex/release/sweep-worker"))
}
