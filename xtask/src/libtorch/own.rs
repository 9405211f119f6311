//! The user's own libtorch: a folder that `LIBTORCH` names, or the torch of the Python on the
//! PATH. Versions that do not work with the bindings are rejected here, with the reason; the
//! check of torch-sys, which accepts only one version, is bypassed.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};
use torch_version::{PythonTorch, fitting};

use super::Libtorch;
use crate::invocation;

/// Finds the libtorch that the environment requests; `None` if it requests none.
///
/// A `LIBTORCH` in the cache is not the user's choice, since `.cargo/config.toml` sets it; that
/// folder is checked and repaired like a missing cache.
///
/// # Errors
/// The requested libtorch does not exist, or has an unsupported version.
pub(super) fn from_environment(root: &Path, base: &Path) -> Result<Option<Libtorch>> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if set("LIBTORCH_USE_PYTORCH").is_some() {
        return python(root, "LIBTORCH_USE_PYTORCH is set").map(Some);
    }
    let Some(folder) = set("LIBTORCH").map(PathBuf::from) else { return Ok(None) };
    if folder.starts_with(base) || folder.starts_with(root.join(".libtorch")) {
        return Ok(None);
    }
    let library = folder.join("lib/libtorch_cpu.so");
    if !library.exists() {
        bail!(
            "LIBTORCH is set to {}, but {} does not exist; set it to the folder that has include/ and lib/, or unset it to download libtorch",
            folder.display(),
            library.display()
        );
    }
    let what = format!("LIBTORCH: {}", folder.display());
    // A folder without a version is left to the compiler, and to the worker that loads it.
    if let Some(version) = torch_version::of_folder(&folder) {
        fits(&what, &version)?;
    }
    Ok(Some(Libtorch::FromEnvironment(what)))
}

/// Finds the torch of python3; `why` names the setting that requests it.
///
/// # Errors
/// There is no torch, or its version is unsupported.
pub(crate) fn python(root: &Path, why: &str) -> Result<Libtorch> {
    let links = invocation::target_dir(root)?.join("libtorch-python");
    python_of(OsString::from("python3"), why, &links)
}

fn python_of(program: OsString, why: &str, links: &Path) -> Result<Libtorch> {
    let remedy = format!("`python3 -m pip install torch` of {}", fitting());
    let found = PythonTorch::ask(&program).map_err(|reason| {
        anyhow!("{why}, but {reason}; {remedy}, or unset it to download libtorch")
    })?;
    fits(&format!("{why}: torch of python3 in {}", found.folder.display()), &found.version)?;
    if !found.libraries().join("libtorch_cpu.so").exists() {
        // Not the layout of PyPI's wheels: torch-sys asks Python itself, by importing torch.
        return Ok(Libtorch::AskPython(format!("torch {} of python3", found.version)));
    }
    let link = links.join(&found.version);
    if fs::read_link(&link).ok().as_ref() != Some(&found.folder) {
        fs::create_dir_all(links)?;
        // Renamed, so that a concurrent build finds either the old link or the new one.
        let partial = links.join(format!(".{}", std::process::id()));
        let _ = fs::remove_file(&partial);
        std::os::unix::fs::symlink(&found.folder, &partial)?;
        fs::rename(&partial, &link)?;
    }
    Ok(Libtorch::Python { found, link })
}

fn fits(what: &str, version: &str) -> Result<()> {
    match torch_version::refused(version) {
        Some(why) => {
            bail!("{what}: {why}; install one of these, or unset the variable to download libtorch")
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Writes a python3 that prints a text and ends with an exit code.
    fn answering(folder: &Path, said: &str, code: i32) -> OsString {
        let path = folder.join("python3");
        let script = format!(
            "#!/bin/sh\nprintf '%s' '{said}'\necho 'No package metadata was found for torch' >&2\nexit {code}\n"
        );
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.into_os_string()
    }

    #[test]
    fn the_torch_of_python_is_taken_where_it_fits() {
        let made = tempfile::tempdir().unwrap();
        let torch = made.path().join("torch");
        fs::create_dir_all(torch.join("lib")).unwrap();
        let of = |version: &str, code| {
            let said = format!("{version}\n{}\n", torch.display());
            let python = answering(made.path(), &said, code);
            python_of(python, "LIBTORCH_USE_PYTORCH is set", &made.path().join("links"))
        };
        // Without the library in the usual place torch-sys has to find it.
        assert!(matches!(of("2.9.1", 0).unwrap(), Libtorch::AskPython(_)));
        fs::write(torch.join("lib/libtorch_cpu.so"), "").unwrap();
        for version in ["2.9.0", "2.10.0+cu128", "2.11.0+cu130"] {
            let Libtorch::Python { found, link } = of(version, 0).unwrap() else {
                panic!("{version}")
            };
            assert_eq!((found.version.as_str(), &found.folder), (version, &torch));
            // Another path for each version, so that the bindings are compiled anew.
            assert_eq!(link.file_name().unwrap(), version);
            assert_eq!(fs::canonicalize(&link).unwrap(), fs::canonicalize(&torch).unwrap());
        }
        for version in ["2.8.0+cpu", "2.12.0", "3.0.0"] {
            let said = of(version, 0).unwrap_err().to_string();
            let release = version.split('+').next().unwrap();
            assert!(said.contains(release) && said.contains("2.9 to 2.11"), "{said}");
        }
        let said = of("", 1).unwrap_err().to_string();
        assert!(said.contains("No package metadata was found"), "{said}");
        assert!(python_of("/nowhere/python3".into(), "it is set", made.path()).is_err());
    }
}
