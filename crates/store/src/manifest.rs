//! `manifest.json`: the provenance of a report.

use serde::{Deserialize, Serialize};

use spec::provenance::Provenance;
use spec::record::Environment;

/// Provenance of the last sweep into a report folder. Paths are relative to the repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this file's form.
    pub v: u32,
    /// Name of the experiment.
    pub experiment: String,
    /// Path of the sweep file.
    pub file: String,
    /// Sources, toolchain and command line, as in every record of the sweep.
    #[serde(flatten)]
    pub provenance: Provenance,
    /// Environment in which the workers computed; null when nothing was trained.
    pub environment: Option<Environment>,
    /// Device slots that were used.
    pub slots: Vec<String>,
    /// Number of logical processors.
    pub cpus: u64,
    /// Start, RFC 3339 in UTC.
    pub started: String,
    /// End, RFC 3339 in UTC.
    pub ended: String,
    /// Number of runs trained by this sweep.
    pub trained: u64,
    /// Number of runs reused from earlier sweeps.
    pub cached: u64,
    /// Name of the host; null unless it was asked for.
    pub host: Option<String>,
}
