//! Builds the programs with cargo: `sweep`, `sweep-report` and `sweep-worker`.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::compile::{Destination, Program, compile, compile_until, compile_with};
pub(crate) use crate::invocation::{cargo, root, run, show, target_dir};
use crate::libtorch::Libtorch;

/// The crates of the programs and their tests, with the crates that they depend on. Cargo
/// unifies features over the packages of one command, so each command that builds into
/// `target/release` names all of them and the same features: whichever program or test is
/// built, no dependency is compiled twice.
pub(crate) const PACKAGES: [&str; 15] = [
    "source-hash",
    "torch-version",
    "seed-stream",
    "text-format",
    "spec",
    "sweep-file",
    "store",
    "data",
    "stats",
    "plot",
    "report",
    "regression",
    "runner",
    "reporter",
    "train",
];

/// The features of each command that builds into `target/release`.
const FEATURES: &str = "train/libtorch,source-hash/folders";

/// The profile of programs and tests that compute on flex.
pub(crate) const FLEX_PROFILE: &str = "flex";

/// Returns a cargo command for [`PACKAGES`]; the caller adds arguments of its verb.
pub(crate) fn cross_task(root: &Path, verb: &[&str]) -> Result<Command> {
    let mut cargo = cargo(root)?;
    cargo.args(verb).args(["--no-default-features", "--features", FEATURES]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    Ok(cargo)
}

/// Returns a command that builds programs of [`PACKAGES`].
fn programs(root: &Path, names: &[&str]) -> Result<Command> {
    let mut cargo = cross_task(root, &["build", "--release"])?;
    for name in names {
        cargo.args(["--bin", name]);
    }
    Ok(cargo)
}

/// Builds an example of [`PACKAGES`], with this libtorch if it needs one, and returns its
/// path.
pub(crate) fn example(root: &Path, name: &str, libtorch: Option<&Libtorch>) -> Result<PathBuf> {
    let mut cargo = cross_task(root, &["build", "--release"])?;
    if let Some(libtorch) = libtorch {
        libtorch.apply(&mut cargo);
    }
    run(cargo.args(["--example", name]))
        .with_context(|| format!("the example `{name}` could not be built"))?;
    Ok(target_dir(root)?.join("release/examples").join(name))
}

/// Builds `sweep`, which links neither polars nor Burn, and returns its path.
pub(crate) fn sweep_alone(root: &Path) -> Result<PathBuf> {
    compile(root, &mut programs(root, &["sweep"])?, &Program::SWEEP)?;
    sweep_path(root)
}

/// Builds `sweep` and the worker for libtorch in one call of cargo. `built` is called as soon
/// as `sweep` is built, and may abort the build of the worker.
pub(crate) fn sweep_and_worker(
    root: &Path,
    libtorch: &Libtorch,
    built: &mut dyn FnMut() -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut cargo = programs(root, &["sweep", "sweep-worker"])?;
    libtorch.apply(&mut cargo);
    compile_until(root, &mut cargo, &Program::FIRST, built)
}

/// Builds all three programs, with the worker for libtorch, in one call of cargo, and at the
/// same time the worker for flex, since each build alone leaves cores idle.
///
/// # Errors
/// A program cannot be built.
pub(crate) fn all(root: &Path, libtorch: &Libtorch) -> Result<()> {
    let mut cargo = programs(root, &["sweep", "sweep-report", "sweep-worker"])?;
    libtorch.apply(&mut cargo);
    let file = |ending: &str| -> Result<PathBuf> {
        Ok(target_dir(root)?.join(format!("flex-worker.{ending}")))
    };
    std::fs::create_dir_all(target_dir(root)?)?;
    let aside = Destination::File { state: file("state")?, log: file("log")? };
    std::thread::scope(|scope| {
        let flex = scope.spawn(|| compile_flex_worker(root, &aside));
        let built = compile(root, &mut cargo, &Program::ALL);
        let flex = flex.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        // A failed build is repeated to show cargo's errors.
        let flex = flex.or_else(|_| compile_flex_worker(root, &Destination::Stderr));
        built.and(flex)
    })
}

/// Builds `sweep` and `sweep-report` and returns the path of `sweep`.
pub(crate) fn sweep(root: &Path) -> Result<PathBuf> {
    sweep_and_report(root, &Destination::Stderr)?;
    sweep_path(root)
}

/// Builds both programs as [`sweep`] does, and shows progress at a destination.
pub(crate) fn sweep_and_report(root: &Path, destination: &Destination) -> Result<()> {
    let mut cargo = programs(root, &["sweep", "sweep-report"])?;
    compile_with(root, &mut cargo, &Program::REPORT, destination)
}

/// Returns the path of the built `sweep`.
pub(crate) fn sweep_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("release/sweep"))
}

/// Returns the path of the built `sweep-report`.
pub(crate) fn report_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("release/sweep-report"))
}

/// Builds `sweep-worker` for libtorch and returns its path.
pub(crate) fn libtorch_worker(root: &Path, libtorch: &Libtorch) -> Result<PathBuf> {
    let mut cargo = programs(root, &["sweep-worker"])?;
    libtorch.apply(&mut cargo);
    compile(root, &mut cargo, &Program::WORKER)?;
    libtorch_worker_path(root)
}

/// Builds a worker for other machines with a libtorch of this version (`2.11`): it has no run
/// path and finds libtorch by `LD_LIBRARY_PATH`. Each version has its own target folder, so
/// that switching between versions compiles nothing twice.
pub(crate) fn portable_worker(root: &Path, version: &str, libtorch: &Libtorch) -> Result<PathBuf> {
    let folder = target_dir(root)?.join(format!("torch-{version}"));
    let mut cargo = cargo(root)?;
    cargo.args(["build", "--release", "--no-default-features", "--features", "libtorch"]);
    cargo.args(["--package", "train", "--bin", "sweep-worker"]);
    libtorch.apply(&mut cargo);
    run(cargo.env("CARGO_TARGET_DIR", &folder).env("SWEEP_NO_RUN_PATH", "1"))?;
    Ok(folder.join("release/sweep-worker"))
}

/// Returns the path of the worker that [`libtorch_worker`] builds.
pub(crate) fn libtorch_worker_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join("release/sweep-worker"))
}

/// Builds a `sweep-worker` that has only the pure-Rust backend. Its profile has its own
/// folder, so that it never replaces a libtorch worker.
pub(crate) fn flex_worker(root: &Path) -> Result<PathBuf> {
    compile_flex_worker(root, &Destination::Stderr)?;
    flex_worker_path(root)
}

fn compile_flex_worker(root: &Path, destination: &Destination) -> Result<()> {
    let mut cargo = cargo(root)?;
    cargo.args(["build", "--profile", FLEX_PROFILE]);
    cargo.args(["--package", "train", "--bin", "sweep-worker"]);
    compile_with(root, &mut cargo, &Program::FLEX_WORKER, destination)
}

/// Returns the path of the worker that [`flex_worker`] builds.
pub(crate) fn flex_worker_path(root: &Path) -> Result<PathBuf> {
    Ok(target_dir(root)?.join(FLEX_PROFILE).join("sweep-worker"))
}
