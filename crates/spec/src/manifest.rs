//! `manifest.json`: what ran, so that a report says where it came from.

use serde::{Deserialize, Serialize};

use crate::record::Environment;

/// Provenance of the last sweep into a report folder. Paths are relative to
/// the repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file's form.
    pub v: u32,
    /// The experiment's name.
    pub experiment: String,
    /// The sweep file.
    pub file: String,
    /// The command line, program name first.
    pub argv: Vec<String>,
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
    /// What the workers computed on; null when nothing was trained.
    pub environment: Option<Environment>,
    /// Device slots used.
    pub slots: Vec<String>,
    /// Logical processors.
    pub cpus: u64,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// End, RFC 3339 in UTC.
    pub ended: String,
    /// Runs trained by this sweep.
    pub trained: u64,
    /// Runs reused from earlier sweeps.
    pub cached: u64,
    /// Name of the host, only if asked for.
    pub host: Option<String>,
}
