//! The provenance of a result: the sources, the toolchain and the command line.

use serde::{Deserialize, Serialize};

/// The program that ran a sweep, stored in every record that it wrote. The hardware and backend
/// that computed the result are in [`crate::record::Environment`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Commit of the working tree; null outside of git.
    pub git_commit: Option<String>,
    /// Whether tracked or untracked sources differ from the commit; null outside of git.
    pub git_dirty: Option<bool>,
    /// BLAKE3 of the diff and the untracked sources; null if nothing differs.
    pub diff_hash: Option<String>,
    /// BLAKE3 of `Cargo.lock`.
    pub cargo_lock_hash: Option<String>,
    /// Compiler that built `sweep`.
    pub rustc: String,
    /// Operating system and architecture.
    pub os: String,
    /// The command line, program name first, with paths relative to the repository.
    pub argv: Vec<String>,
}
