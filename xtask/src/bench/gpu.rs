//! Part `gpu`: results and speed of a GPU, from `xtask/python/gpu_check.py`, which bundles
//! contain too.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use super::built::Artifact;
use super::{Measured, Setup};
use crate::ahead::GPU_DRIVER;
use crate::{build, libtorch};

/// Text instead of the tables if there is no GPU.
const NO_GPU: &str = "No machine with a GPU was available. `cargo xtask bench gpu` measures on a machine with a GPU \
                      and a checkout; without a checkout, `cargo xtask bundle --libtorch python:2.11` \
                      makes a folder for it in which `./sweep.sh gpu-check` measures.\n";

/// Exit code of the script if a number is wrong.
const WRONG: i32 = 1;

pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    if !Path::new(GPU_DRIVER).exists() {
        return Ok(Measured { table: NO_GPU.to_owned(), missed: Vec::new(), goals: 0 });
    }
    let root = setup.root;
    let sweep = setup.built.get(Artifact::Sweep)?;
    let libtorch = libtorch::provision(root, libtorch::Kind::Cuda)?;
    let worker = build::libtorch_worker(root, &libtorch)?;
    let output = build::target_dir(root)?.join("gpu-check");
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    let mut script = Command::new("python3");
    script.arg(root.join("xtask/python/gpu_check.py")).current_dir(root);
    script.arg("--sweep").arg(sweep).arg("--worker").arg(&worker);
    script.arg("--root").arg(root).arg("--output").arg(&output);
    if setup.quick {
        script.args(["--budget", "120"]);
    }
    let status = script.status().context("cannot start python3")?;
    let table = fs::read_to_string(output.join("GPU.md"))
        .with_context(|| format!("gpu_check.py ended with {status} and wrote no tables"))?;
    let missed = match status.code() {
        Some(0) => Vec::new(),
        Some(WRONG) => vec!["a number of the GPU differs from the CPU's".to_owned()],
        _ => bail!("gpu_check.py ended with {status}; its results are in {}", output.display()),
    };
    Ok(Measured { table, missed, goals: 1 })
}
