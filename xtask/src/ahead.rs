//! The first build, with `sweep` and its worker in one call of cargo.
//!
//! Compiled one after the other they leave cores idle, since each build ends in a chain of
//! crates that wait for each other. A sweep that names no other device trains on libtorch's
//! CPU device, so its worker can be compiled before `sweep` has read the file.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;

use crate::build;
use crate::libtorch::{self, Kind};
use crate::needs::{self, Asked, WORKER_VARIABLE};

/// Words in the sweep file or on the command line that suggest that another worker, or none,
/// is needed.
const OTHERWISE: [&str; 6] = ["flex", "cuda", "python", "--plan", "--help", "-h"];

/// File by which `sweep` detects a GPU, which the device `auto` then selects.
pub(crate) const GPU_DRIVER: &str = "/proc/driver/nvidia/version";

/// Prefix of environment variables that override the sweep file.
const OVERRIDES: &str = "SWEEP__";

/// Returns whether nothing is built yet and the command line probably trains on libtorch's CPU.
fn worthwhile(root: &Path, verb: &str, args: &[String]) -> Result<bool> {
    let overridden = || {
        std::env::vars_os().any(|(name, _)| {
            name.to_str().is_some_and(|name| name.starts_with(OVERRIDES) || name == WORKER_VARIABLE)
        })
    };
    if verb != "sweep" || args.is_empty() || Path::new(GPU_DRIVER).exists() || overridden() {
        return Ok(false);
    }
    let texts = args.iter().map(|arg| std::fs::read_to_string(arg).unwrap_or_default());
    Ok(likely(args, &texts.collect::<Vec<_>>()) && !build::sweep_path(root)?.exists())
}

/// Returns whether neither the arguments nor the files that they name mention another device.
fn likely(args: &[String], texts: &[String]) -> bool {
    let otherwise = |word: &&str| {
        args.iter().any(|arg| arg == word || arg.contains(word) && !word.starts_with('-'))
            || texts.iter().any(|text| !word.starts_with('-') && text.contains(word))
    };
    !OTHERWISE.iter().any(otherwise) && texts.iter().any(|text| !text.is_empty())
}

/// Builds both programs if that is worthwhile, and asks `sweep` for its needs as soon as it is
/// built. The build of the worker is aborted if another worker, or none, is needed. `None`:
/// nothing was built.
///
/// # Errors
/// A program cannot be built or asked.
pub(crate) fn build(root: &Path, verb: &str, args: &[String]) -> Result<Option<Asked>> {
    if !worthwhile(root, verb, args)? {
        return Ok(None);
    }
    // A missing libtorch is an error only if the file turns out to need it.
    let Ok(found) = libtorch::provision(root, Kind::Cpu) else { return Ok(None) };
    let mut asked = None;
    build::sweep_and_worker(root, &found, &mut || {
        let answer = needs::ask(&build::sweep_path(root)?, verb, args)?;
        let as_expected = matches!(&answer, Asked::Needs(n) if n.train && n.libtorch && !n.cuda);
        asked = Some(answer);
        Ok(if as_expected { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
    })?;
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_sweep_on_libtorchs_cpu_is_likely() {
        let of = |args: &[&str], text: &str| {
            let args: Vec<String> = args.iter().map(|a| (*a).to_owned()).collect();
            likely(&args, &[text.to_owned()])
        };
        assert!(of(&["battle.toml"], "name = \"battle\""));
        assert!(of(&["battle.toml", "--set", "data.seed=1", "--device", "libtorch:cpu"], "x = 1"));
        assert!(!of(&["battle.toml", "--device", "flex"], "x = 1"));
        assert!(!of(&["battle.toml", "--plan"], "x = 1"));
        assert!(!of(&["battle.toml"], "pool = [\"libtorch:cuda:0\"]"));
        assert!(!of(&["--quiet"], ""), "no file to read");
    }
}
