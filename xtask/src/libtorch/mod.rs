//! Finds a libtorch that fits tch 0.22, or brings 2.9.0, for which it is written.
//!
//! In this order: the user's own (`LIBTORCH`, `LIBTORCH_USE_PYTORCH`); an
//! archive of the user's choice (`LIBTORCH_URL` with `LIBTORCH_SHA256`); the
//! cache `.libtorch/`, filled by pip from the wheels that [`pins`] names.

pub(crate) mod archive;
mod cache;
mod own;
mod pins;
mod unpack;
mod wheels;

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) use self::own::python as of_python;

use anyhow::{Context as _, Result};
use torch_version::PythonTorch;

use self::pins::Set;

/// What a person can do when nothing worked.
const REMEDY: &str = "\
One of these helps:
  - install pip (`apt install python3-pip`) and run the command again;
  - set LIBTORCH to the folder of an unpacked libtorch 2.9 to 2.11 (the one with include/ and lib/);
  - set LIBTORCH_USE_PYTORCH=1 where `python3 -c 'import torch'` finds torch 2.9 to 2.11;
  - set LIBTORCH_URL and LIBTORCH_SHA256 to a zip archive of libtorch 2.9.0 (https:// or file://);
  - train without libtorch: add `--device flex`.";

/// Which libtorch: without or with its CUDA libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Computes on the CPU alone; 490 MB on disk.
    Cpu,
    /// With CUDA and its libraries; 6.2 GB.
    Cuda,
}

impl Kind {
    /// Folder name in the cache.
    fn folder(self, set: &Set) -> String {
        let what = match self {
            Kind::Cpu => "cpu",
            Kind::Cuda => "cuda",
        };
        format!("{}-{what}", set.version)
    }
}

/// A libtorch that the build can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Libtorch {
    /// The user's environment already says where it is; in words.
    FromEnvironment(String),
    /// The torch of the Python on the PATH.
    Python {
        found: PythonTorch,
        /// A link to its folder that is named by its version. The bindings are compiled anew
        /// where LIBTORCH changes, and so where another version was installed in the place of
        /// one, whose structures are others.
        link: PathBuf,
    },
    /// The same, where only torch-sys can find its libraries; in words.
    AskPython(String),
    /// A folder with `include/` and `lib/`.
    Folder(PathBuf),
}

impl Libtorch {
    /// Tells a cargo command where libtorch is.
    pub(crate) fn apply(&self, command: &mut Command) {
        let folder = match self {
            Libtorch::FromEnvironment(_) | Libtorch::AskPython(_) => None,
            Libtorch::Python { link: folder, .. } | Libtorch::Folder(folder) => Some(folder),
        };
        if let Some(folder) = folder {
            command.env("LIBTORCH", folder).env_remove("LIBTORCH_USE_PYTORCH");
        }
        if matches!(self, Libtorch::AskPython(_)) {
            command.env("LIBTORCH_USE_PYTORCH", "1");
        }
        if !matches!(self, Libtorch::Folder(_)) {
            // Its version has been judged; torch-sys would take one alone.
            command.env("LIBTORCH_BYPASS_VERSION_CHECK", "1");
        }
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Libtorch::FromEnvironment(what) | Libtorch::AskPython(what) => what.clone(),
            Libtorch::Python { found, .. } => {
                format!("torch {} of python3: {}", found.version, found.folder.display())
            }
            Libtorch::Folder(folder) => folder.display().to_string(),
        }
    }
}

/// Finds or brings a libtorch of this kind.
///
/// # Errors
/// When the user's own is not usable, or when nothing can be brought; the
/// message says what to do.
pub(crate) fn provision(root: &Path, kind: Kind) -> Result<Libtorch> {
    let base = cache_dir(root)?;
    if let Some(own) = own::from_environment(root, &base)? {
        return Ok(own);
    }
    if let Some((url, sha256)) = archive::requested()? {
        return archive::provision(&base, &url, &sha256)
            .map(Libtorch::Folder)
            .with_context(|| REMEDY.to_owned());
    }
    bring(&base, kind, &pins::asked_for()?)
}

/// Brings a version (`2.11`) for the CPU, whatever the environment asks for.
///
/// # Errors
/// There is no such version, or it cannot be brought.
pub(crate) fn of_version(root: &Path, version: &str) -> Result<Libtorch> {
    bring(&cache_dir(root)?, Kind::Cpu, &pins::of_version(version)?)
}

fn bring(base: &Path, kind: Kind, set: &Set) -> Result<Libtorch> {
    cache::get_or_make(base, &kind.folder(set), |staging| wheels::bring(kind, set, staging))
        .map(Libtorch::Folder)
        .map_err(|error| anyhow::anyhow!("libtorch could not be brought: {error:#}\n{REMEDY}"))
}

/// `SWEEP_LIBTORCH_DIR`, else `.libtorch` in the repository.
fn cache_dir(root: &Path) -> Result<PathBuf> {
    match std::env::var_os("SWEEP_LIBTORCH_DIR").filter(|v| !v.is_empty()) {
        Some(dir) => Ok(std::path::absolute(dir)?),
        None => Ok(root.join(".libtorch")),
    }
}
