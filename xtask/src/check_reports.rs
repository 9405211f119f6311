//! `cargo xtask check-reports`: trains generated sweeps and has every number
//! and verdict of their reports recomputed by other code (`xtask/python/check_reports`);
//! then fabricates pages over several sweeps, which are recomputed likewise
//! (`xtask/python/check_together`), and nights whose truth is known, against which what
//! `sweep regress` says of them is held (`xtask/python/check_nights`).

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::{build, venv};

/// Sweeps, their data and their reports, made anew at each call.
const FOLDER: &str = ".bench/check-reports";

/// Scripts on fabricated data: the first argument that asks for one of them alone, its name,
/// its folder, and what a failure says.
const FABRICATED: [(&str, &str, &str, &str); 2] = [
    (
        "together",
        "check_together",
        ".bench/check-together",
        "a page over several sweeps is not what its runs say, or a planted fault went unnoticed",
    ),
    (
        "nights",
        "check_nights",
        ".bench/check-nights",
        "a night is not judged as it should be, or a planted fault went unnoticed",
    ),
];

/// The sweeps, their reports and the planted faults, then the pages over several and the
/// nights. Arguments go to the first script alone (`--seed N`, `--only NAME`, `--keep`), behind
/// `together` or `nights` to that one (`--only TEXT`).
///
/// # Errors
/// When something cannot be built, a report says what its runs do not, a night is not judged
/// as it should be, or a planted fault goes unnoticed.
pub(crate) fn check_reports(root: &Path, args: &[String]) -> Result<()> {
    let python = venv::python(root, &venv::CHECK)?;
    let sweep = build::sweep(root)?;
    let worker = build::flex_worker(root)?;
    let script = |name: &str, folder: &str, args: &[String]| {
        let mut command = Command::new(&python);
        command.arg(root.join("xtask/python").join(name));
        command.arg("--sweep").arg(&sweep).arg("--worker").arg(&worker);
        command.arg("--repository").arg(root).arg("--folder").arg(root.join(folder)).args(args);
        command.env("PYTHONDONTWRITEBYTECODE", "1").current_dir(root);
        build::run(&mut command)
    };
    let asked = |name: &str| args.first().is_some_and(|first| first == name);
    if !FABRICATED.iter().any(|(alone, ..)| asked(alone)) {
        script("check_reports", FOLDER, args)
            .context("a report is not what its runs say, or a planted fault went unnoticed")?;
    }
    for (alone, name, folder, wrong) in FABRICATED {
        if asked(alone) || args.is_empty() {
            script(name, folder, args.get(1..).unwrap_or_default()).context(wrong)?;
        }
    }
    Ok(())
}
