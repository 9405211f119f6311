//! A libtorch that works with tch 0.22: an existing one, or a download of 2.9.0.
//!
//! Searched in this order: the user's own (`LIBTORCH`, `LIBTORCH_USE_PYTORCH`); an
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

/// Advice for the user if no libtorch was found.
const REMEDY: &str = "\
Choose one of these:
  - install pip (`apt install python3-pip`) and run the command again;
  - set LIBTORCH to the folder of an unpacked libtorch 2.9 to 2.11 (the one with include/ and lib/);
  - set LIBTORCH_USE_PYTORCH=1 where `python3 -c 'import torch'` finds torch 2.9 to 2.11;
  - set LIBTORCH_URL and LIBTORCH_SHA256 to a zip archive of libtorch 2.9.0 (https:// or file://);
  - train without libtorch: add `--device flex`.";

/// The kind of libtorch: without or with its CUDA libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// CPU only; 490 MB on disk.
    Cpu,
    /// CUDA with its libraries; 6.2 GB on disk.
    Cuda,
}

impl Kind {
    /// Returns the folder name in the cache.
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
    /// One that the user's environment already names; the description for messages.
    FromEnvironment(String),
    /// The torch of the Python on the PATH.
    Python {
        found: PythonTorch,
        /// A link to its folder, named by its version. The bindings are compiled again if
        /// LIBTORCH changes, and so also if another version is installed in the same folder.
        link: PathBuf,
    },
    /// The same, if only torch-sys can find its libraries; the description for messages.
    AskPython(String),
    /// A folder with `include/` and `lib/`.
    Folder(PathBuf),
}

impl Libtorch {
    /// Sets the environment of a cargo command so that it finds this libtorch.
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
            // The version has been checked; torch-sys would accept only one.
            command.env("LIBTORCH_BYPASS_VERSION_CHECK", "1");
        }
    }

    /// Returns a description in one line.
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

/// Finds or downloads a libtorch of this kind.
///
/// # Errors
/// The user's own libtorch is unusable, or none can be downloaded; the message has the
/// remedies.
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

/// Downloads a version (`2.11`) for the CPU, whatever the environment requests.
///
/// # Errors
/// The version is unknown, or cannot be downloaded.
pub(crate) fn of_version(root: &Path, version: &str) -> Result<Libtorch> {
    bring(&cache_dir(root)?, Kind::Cpu, &pins::of_version(version)?)
}

fn bring(base: &Path, kind: Kind, set: &Set) -> Result<Libtorch> {
    cache::get_or_make(base, &kind.folder(set), |staging| wheels::bring(kind, set, staging))
        .map(Libtorch::Folder)
        .map_err(|error| anyhow::anyhow!("libtorch could not be downloaded: {error:#}\n{REMEDY}"))
}

/// Returns the cache folder: `SWEEP_LIBTORCH_DIR`, or else `.libtorch` in the repository.
fn cache_dir(root: &Path) -> Result<PathBuf> {
    match std::env::var_os("SWEEP_LIBTORCH_DIR").filter(|v| !v.is_empty()) {
        Some(dir) => Ok(std::path::absolute(dir)?),
        None => Ok(root.join(".libtorch")),
    }
}
