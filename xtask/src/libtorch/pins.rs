//! The wheels that libtorch is taken from, with fixed tags and pinned SHA-256: one set for each
//! version that can be downloaded.
//!
//! The hashes are those of the files; pip verifies them during the download, and `wheels`
//! again before unpacking. A CUDA libtorch consists of what the metadata of torch requires on
//! Linux x86_64, without what only Python uses, such as triton.

mod cuda12;
mod cuda13;

use anyhow::{Context as _, Result};

/// Python tag of the torch wheel. Its Python parts are unused, so any tag works.
pub(crate) const PYTHON_VERSION: &str = "3.11";
/// ABI tag that belongs to [`PYTHON_VERSION`].
pub(crate) const ABI: &str = "cp311";
/// Platform tags of the pinned wheels.
pub(crate) const PLATFORMS: [&str; 7] = [
    "manylinux_2_28_x86_64",
    "manylinux_2_27_x86_64",
    "manylinux_2_25_x86_64",
    "manylinux_2_18_x86_64",
    "manylinux2014_x86_64",
    "manylinux2010_x86_64",
    "manylinux1_x86_64",
];

/// One wheel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wheel {
    /// Project name on PyPI.
    pub(crate) project: &'static str,
    /// Exact version.
    pub(crate) version: &'static str,
    /// SHA-256 of the file, 64 hexadecimal characters.
    pub(crate) sha256: &'static str,
    /// Folder of the shared libraries in the wheel.
    pub(crate) libraries: &'static str,
}

const fn wheel(
    project: &'static str,
    version: &'static str,
    sha256: &'static str,
    libraries: &'static str,
) -> Wheel {
    Wheel { project, version, sha256, libraries }
}

/// A version of libtorch and its wheels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    /// Version, such as `2.9.0`.
    pub(crate) version: &'static str,
    /// CUDA version that it is built with, for messages.
    pub(crate) cuda: &'static str,
    /// Wheels that suffice to link and compute on the CPU; the first is torch.
    pub(crate) cpu: &'static [Wheel],
    /// Further wheels of a CUDA libtorch.
    pub(crate) cuda_only: &'static [Wheel],
    /// The libraries of the CPU wheels that a CPU libtorch keeps.
    pub(crate) cpu_libraries: &'static [&'static str],
    /// Size of the download and on disk for the CPU, for messages.
    pub(crate) cpu_size: &'static str,
    /// The same with CUDA.
    pub(crate) cuda_size: &'static str,
}

/// All sets; the first is the default.
pub(crate) const SETS: [Set; 2] = [cuda12::SET, cuda13::SET];

/// Environment variable that requests another version, such as `2.11`.
pub(crate) const VERSION_VARIABLE: &str = "SWEEP_LIBTORCH_VERSION";

/// Returns the set that the environment requests, or the default.
///
/// # Errors
/// The requested version cannot be downloaded.
pub(crate) fn asked_for() -> Result<Set> {
    match std::env::var(VERSION_VARIABLE) {
        Ok(asked) if !asked.is_empty() => {
            of_version(&asked).with_context(|| format!("{VERSION_VARIABLE} is {asked}"))
        }
        _ => Ok(SETS[0]),
    }
}

/// Returns the set of a version: `2.11` or `2.11.0`.
///
/// # Errors
/// The version is unknown.
pub(crate) fn of_version(asked: &str) -> Result<Set> {
    let fits = |set: &&Set| set.version == asked || set.version.strip_suffix(".0") == Some(asked);
    let all = || SETS.map(|set| set.version).join(" or ");
    SETS.iter()
        .find(fits)
        .copied()
        .with_context(|| format!("libtorch {asked} is not available; choose {}", all()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_complete_and_distinct() {
        for set in SETS {
            let all: Vec<&Wheel> = set.cpu.iter().chain(set.cuda_only).collect();
            assert_eq!((all[0].project, all[0].version), ("torch", set.version));
            for wheel in &all {
                let sha256 = wheel.sha256;
                assert_eq!(sha256.len(), 64, "{}", wheel.project);
                assert!(sha256.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)));
                assert!(wheel.libraries.ends_with('/'), "{}", wheel.project);
                let same = |w: &&&Wheel| w.sha256 == sha256 || w.project == wheel.project;
                assert_eq!(all.iter().filter(same).count(), 1);
            }
        }
    }

    #[test]
    fn versions_are_asked_for_with_and_without_their_patch() {
        assert_eq!(of_version("2.11").unwrap().version, "2.11.0");
        assert_eq!(of_version("2.9.0").unwrap().version, "2.9.0");
        let said = of_version("2.10").unwrap_err().to_string();
        assert!(said.contains("2.9.0 or 2.11.0"), "{said}");
    }
}
