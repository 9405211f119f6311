//! `cargo xtask readers`: checks that current and older versions of DuckDB, polars, pyarrow and
//! pandas read the same rows from the Parquet files (`xtask/python/readers.py`).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::venv::{self, Environment};
use crate::{build, test};

/// The environments, one for each set of package versions.
const ENVIRONMENTS: [&Environment; 2] = [&venv::READERS, &venv::READERS_OLDER];

/// The test of `report` that writes the files, and the variable that names their folder.
const FILES: (&str, &str) = ("readers", "READERS_FILES");

/// Lets the tests of `report` write the files, and reads them with every reader.
///
/// # Errors
/// A program cannot be built, packages cannot be installed, or readers find different rows.
pub(crate) fn readers(root: &Path) -> Result<()> {
    let folder = build::target_dir(root)?.join("readers");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot empty {}", folder.display()))?;
    }
    fs::create_dir_all(&folder)?;
    let (test, variable) = FILES;
    let mut files = test::pure(root)?;
    files.args(["--test", test]).env(variable, &folder);
    build::run(&mut files).context("the Parquet files could not be written")?;
    for environment in ENVIRONMENTS {
        let python = venv::python(root, environment)?;
        let mut read = Command::new(python);
        read.arg(root.join("xtask/python/readers.py")).arg(&folder);
        build::run(read.env("PYTHONDONTWRITEBYTECODE", "1"))
            .context("the Parquet readers disagree")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_requirements_and_test_are_there() {
        let root = build::root().unwrap();
        let mut files: Vec<String> =
            ENVIRONMENTS.iter().map(|e| e.requirements().to_owned()).collect();
        files.push("xtask/python/readers.py".to_owned());
        files.push(format!("crates/report/tests/{}.rs", FILES.0));
        for file in files {
            assert!(root.join(&file).exists(), "{file}");
        }
        let test = fs::read_to_string(root.join(format!("crates/report/tests/{}.rs", FILES.0)));
        assert!(test.unwrap().contains(FILES.1));
    }
}
