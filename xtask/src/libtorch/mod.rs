//! Finds or brings libtorch 2.9.0, the version that tch 0.22 wants.
//!
//! In this order: the user's own (`LIBTORCH`, `LIBTORCH_USE_PYTORCH`); an
//! archive of the user's choice (`LIBTORCH_URL` with `LIBTORCH_SHA256`); the
//! cache `.libtorch/`, filled by pip from the wheels that [`pins`] names.

mod archive;
mod cache;
mod pins;
mod unpack;
mod wheels;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

/// The version every path and pin here is about.
const VERSION: &str = "2.9.0";

/// What a person can do when nothing worked.
const REMEDY: &str = "\
One of these helps:
  - install pip (`apt install python3-pip`) and run the command again;
  - set LIBTORCH to the folder of an unpacked libtorch 2.9.0 (the one with include/ and lib/);
  - set LIBTORCH_USE_PYTORCH=1 where `python3 -c 'import torch'` finds torch 2.9.0;
  - set LIBTORCH_URL and LIBTORCH_SHA256 to a zip archive of libtorch 2.9.0 (https:// or file://);
  - train without libtorch: add `--device flex`.";

/// Which libtorch: without or with its CUDA libraries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Computes on the CPU alone; 490 MB on disk.
    Cpu,
    /// With CUDA 12.8 and its libraries; 6.2 GB.
    Cuda,
}

impl Kind {
    /// Folder name in the cache.
    fn folder(self) -> String {
        match self {
            Kind::Cpu => format!("{VERSION}-cpu"),
            Kind::Cuda => format!("{VERSION}-cuda"),
        }
    }
}

/// A libtorch that the build can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Libtorch {
    /// The user's environment already says where it is.
    FromEnvironment(String),
    /// A folder with `include/` and `lib/`.
    Folder(PathBuf),
}

impl Libtorch {
    /// Tells a cargo command where libtorch is.
    pub(crate) fn apply(&self, command: &mut Command) {
        if let Libtorch::Folder(folder) = self {
            command.env("LIBTORCH", folder).env_remove("LIBTORCH_USE_PYTORCH");
        }
    }

    /// One line for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Libtorch::FromEnvironment(what) => what.clone(),
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
    if let Some(own) = from_environment(root, &base)? {
        return Ok(own);
    }
    if let Some((url, sha256)) = archive::requested()? {
        return archive::provision(&base, &url, &sha256)
            .map(Libtorch::Folder)
            .with_context(|| REMEDY.to_owned());
    }
    cache::get_or_make(&base, &kind.folder(), |staging| wheels::bring(kind, staging))
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

/// The user's own libtorch. A `LIBTORCH` that names a folder of our cache is
/// no choice of the user's (`.cargo/config.toml` sets it): what it names is
/// checked and mended like a cache that is absent.
fn from_environment(root: &Path, base: &Path) -> Result<Option<Libtorch>> {
    let set = |name: &str| std::env::var_os(name).filter(|v| !v.is_empty());
    if set("LIBTORCH_USE_PYTORCH").is_some() {
        return Ok(Some(Libtorch::FromEnvironment(
            "LIBTORCH_USE_PYTORCH: the torch of python3".to_owned(),
        )));
    }
    let Some(folder) = set("LIBTORCH").map(PathBuf::from) else { return Ok(None) };
    if folder.starts_with(base) || folder.starts_with(root.join(".libtorch")) {
        return Ok(None);
    }
    let library = folder.join("lib/libtorch_cpu.so");
    if !library.exists() {
        bail!(
            "LIBTORCH is set to {}, but {} does not exist; set it to the folder that has include/ and lib/, or unset it to have libtorch brought",
            folder.display(),
            library.display()
        );
    }
    Ok(Some(Libtorch::FromEnvironment(format!("LIBTORCH: {}", folder.display()))))
}
