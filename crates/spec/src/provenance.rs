//! Where a result comes from: the sources, the toolchain and the command line.

use serde::{Deserialize, Serialize};

/// The program that ran a sweep, in every record it wrote. What computed the
/// result stands beside it, in [`crate::record::Environment`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Commit of the working tree; null outside of git.
    pub git_commit: Option<String>,
    /// Whether tracked or untracked sources differ from the commit.
    pub git_dirty: Option<bool>,
    /// BLAKE3 of diff and untracked sources when dirty.
    pub diff_hash: Option<String>,
    /// BLAKE3 of `Cargo.lock`.
    pub cargo_lock_hash: Option<String>,
    /// Compiler that built `sweep`.
    pub rustc: String,
    /// Operating system and architecture.
    pub os: String,
    /// The command line, program name first; paths relative to the repository.
    pub argv: Vec<String>,
}
