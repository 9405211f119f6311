//! `cargo xtask readers`: whether DuckDB, polars, pyarrow and pandas, today's
//! and older ones, find the same rows in our Parquet files
//! (`xtask/python/readers.py`).

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::venv::{self, Environment};
use crate::{build, test};

/// One after another: two versions of a package do not fit in one.
const ENVIRONMENTS: [&Environment; 2] = [&venv::READERS, &venv::READERS_OLDER];

/// Where the test of `report` with this name leaves its files.
const FILES: (&str, &str) = ("readers", "READERS_FILES");

/// Has the files written by the tests of `report`, and read by every reader.
///
/// # Errors
/// When something cannot be built or brought, or readers find different rows.
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
    build::run(&mut files).context("no files to read")?;
    for environment in ENVIRONMENTS {
        let python = venv::python(root, environment)?;
        let mut read = Command::new(python);
        read.arg(root.join("xtask/python/readers.py")).arg(&folder);
        build::run(read.env("PYTHONDONTWRITEBYTECODE", "1"))
            .context("readers of Parquet disagree")?;
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
