//! Hands a verb over to `sweep`: builds it, asks it what the command line needs, downloads and
//! builds only that, then replaces itself by `sweep`, so that exit codes and signals pass
//! through.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::needs::{Asked, Needs, Report, WORKER_VARIABLE, ask, verb_of_sweep};
use crate::{ahead, build, libtorch, released, reporter};

/// Hands a command line over to `sweep`. On success it does not return: the process becomes
/// `sweep`.
pub(crate) fn hand_over(root: &Path, verb: &str, args: &[String]) -> Result<ExitCode> {
    let compiled = args.iter().any(|arg| arg == released::BUILD);
    let args: &[String] =
        &args.iter().filter(|arg| *arg != released::BUILD).cloned().collect::<Vec<_>>();
    if !compiled && let Some(code) = released::hand_over(root, verb, args)? {
        return Ok(code);
    }
    let sweep = build::sweep_path(root)?;
    let asked = match ahead::build(root, verb, args)? {
        Some(asked) => asked,
        None => ask(&build::sweep_alone(root)?, verb, args)?,
    };
    let mut command = Command::new(&sweep);
    let mut worker = existing_worker(root)?;
    match asked {
        Asked::Nothing => {}
        Asked::Refused(code) => return Ok(code),
        Asked::Needs(needs) => {
            if let Some(built) = prepare(root, &needs)? {
                worker = Some(built);
            }
            match needs.report {
                Report::Never => {}
                Report::First => drop(build::sweep(root)?),
                Report::Last => {
                    reporter::start(root)?;
                    command.env(reporter::BUILDER_VARIABLE, std::env::current_exe()?);
                }
            }
        }
    }

    command.arg(verb_of_sweep(verb)).args(args);
    if std::env::var_os(WORKER_VARIABLE).is_none()
        && let Some(worker) = worker
    {
        command.env(WORKER_VARIABLE, worker);
    }
    let error = command.exec();
    Err(error).with_context(|| format!("cannot start {}", sweep.display()))
}

/// Downloads and builds what the command line needs; returns the worker if it trains.
fn prepare(root: &Path, needs: &Needs) -> Result<Option<PathBuf>> {
    if !needs.train || std::env::var_os(WORKER_VARIABLE).is_some() {
        return Ok(None);
    }
    if !needs.libtorch {
        return build::flex_worker(root).map(Some);
    }
    let kind = if needs.cuda { libtorch::Kind::Cuda } else { libtorch::Kind::Cpu };
    let found = match needs.python {
        true => libtorch::of_python(root, "libtorch = \"python\" in [devices]")?,
        false => libtorch::provision(root, kind)?,
    };
    build::libtorch_worker(root, &found).map(Some)
}

/// Returns a worker from an earlier build, for verbs that only query its abilities.
fn existing_worker(root: &Path) -> Result<Option<PathBuf>> {
    let candidates = [build::libtorch_worker_path(root)?, build::flex_worker_path(root)?];
    Ok(candidates.into_iter().find(|path| path.exists()))
}
