//! The Python environment `.bench/venv`, which only `golden` and `bench` use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::build;

/// What the scripts run under, exact versions.
const REQUIREMENTS: &str = "xtask/python/requirements.txt";

/// Ends well when every requirement is installed in its exact version.
const PROBE: &str = "\
import importlib.metadata, sys
for line in open(sys.argv[1]):
    if '==' in line:
        name, version = line.strip().split('==')
        assert importlib.metadata.version(name).split('+')[0] == version, name
";

/// Gives the environment's Python, and makes the environment when it is
/// absent or lacks something.
pub(crate) fn python(root: &Path) -> Result<PathBuf> {
    let folder = root.join(".bench/venv");
    let python = folder.join("bin/python");
    if is_complete(root, &python) {
        return Ok(python);
    }
    eprintln!(
        "xtask: making .bench/venv with PyTorch for comparison, once: downloads 3 GB, keeps 7 GB (some minutes)"
    );
    let advice = "a Python 3.11 or newer with venv is needed (`apt install python3-venv`)";
    build::run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(advice)?;
    let requirements = root.join(REQUIREMENTS);
    build::run(
        Command::new(&python).args(["-m", "pip", "install", "--requirement"]).arg(&requirements),
    )?;
    Ok(python)
}

fn is_complete(root: &Path, python: &Path) -> bool {
    Command::new(python)
        .args(["-c", PROBE])
        .arg(root.join(REQUIREMENTS))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
