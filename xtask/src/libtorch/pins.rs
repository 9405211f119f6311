//! The wheels libtorch is made from, with fixed tags and pinned SHA-256: a set for each
//! version that can be brought.
//!
//! The hashes are of the files themselves; pip compares them while it
//! downloads, and `wheels` once more before anything is unpacked. What a CUDA
//! libtorch has is what the metadata of torch requires on Linux x86_64, less
//! what only Python uses, as triton.

mod cuda12;
mod cuda13;

use anyhow::{Context as _, Result};

/// Python tag of the torch wheel. Nothing of Python is used, so any would do.
pub(crate) const PYTHON_VERSION: &str = "3.11";
/// ABI tag that belongs to [`PYTHON_VERSION`].
pub(crate) const ABI: &str = "cp311";
/// Platform tags that the pinned wheels carry.
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
    /// Project name as pip takes it.
    pub(crate) project: &'static str,
    /// Exact version.
    pub(crate) version: &'static str,
    /// SHA-256 of the file, 64 hexadecimal characters.
    pub(crate) sha256: &'static str,
    /// Folder in the wheel that holds shared libraries.
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

/// A version of libtorch and what it is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Set {
    /// As in `2.9.0`.
    pub(crate) version: &'static str,
    /// The CUDA it is built with, in words.
    pub(crate) cuda: &'static str,
    /// Enough to link and compute on the CPU; torch itself is the first.
    pub(crate) cpu: &'static [Wheel],
    /// What a CUDA libtorch has besides.
    pub(crate) cuda_only: &'static [Wheel],
    /// Of the CPU wheels only these libraries are kept for the CPU alone.
    pub(crate) cpu_libraries: &'static [&'static str],
    /// How much is downloaded and kept, in words, for the CPU.
    pub(crate) cpu_size: &'static str,
    /// The same with CUDA.
    pub(crate) cuda_size: &'static str,
}

/// Every set; the first is brought where none is asked for.
pub(crate) const SETS: [Set; 2] = [cuda12::SET, cuda13::SET];

/// The environment variable that asks for another version: `2.11`.
pub(crate) const VERSION_VARIABLE: &str = "SWEEP_LIBTORCH_VERSION";

/// Finds the set that the environment asks for.
///
/// # Errors
/// It asks for a version that cannot be brought.
pub(crate) fn asked_for() -> Result<Set> {
    match std::env::var(VERSION_VARIABLE) {
        Ok(asked) if !asked.is_empty() => {
            of_version(&asked).with_context(|| format!("{VERSION_VARIABLE} is {asked}"))
        }
        _ => Ok(SETS[0]),
    }
}

/// Finds the set of a version: `2.11` or `2.11.0`.
///
/// # Errors
/// There is none.
pub(crate) fn of_version(asked: &str) -> Result<Set> {
    let fits = |set: &&Set| set.version == asked || set.version.strip_suffix(".0") == Some(asked);
    let all = || SETS.map(|set| set.version).join(" and ");
    SETS.iter()
        .find(fits)
        .copied()
        .with_context(|| format!("libtorch {asked} cannot be brought; {} can", all()))
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
        assert!(said.contains("2.9.0 and 2.11.0 can"), "{said}");
    }
}
