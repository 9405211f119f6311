//! `manifest.json`: what ran, so that a report says where it came from.

use serde::{Deserialize, Serialize};

use spec::provenance::Provenance;
use spec::record::Environment;

/// What is known of the last sweep into a report folder. Paths are relative to
/// the repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file's form.
    pub v: u32,
    /// The experiment's name.
    pub experiment: String,
    /// The sweep file.
    pub file: String,
    /// Sources, toolchain and command line, as in every record of the sweep.
    #[serde(flatten)]
    pub provenance: Provenance,
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
