//! Accepted baselines: `reports/baselines/<name>/`, small enough to commit.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::night::Night;
use report::error::ReportError;

/// Record of the acceptance of a baseline: `baseline.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// Format version of this file.
    pub v: u32,
    /// Time of acceptance, RFC 3339 in UTC.
    pub accepted: String,
    /// Reason for the acceptance.
    pub reason: String,
    /// Commit that the runs were trained from; `None` if unknown.
    pub commit: Option<String>,
    /// Whether the sources differed from that commit; `None` if unknown.
    pub dirty: Option<bool>,
    /// Start of the accepted sweep, RFC 3339 in UTC.
    pub night: String,
    /// Number of runs with a result.
    pub runs: usize,
}

/// Current format version of [`Accepted`].
pub const BASELINE_VERSION: u32 = 1;

fn json(dir: &Path) -> PathBuf {
    dir.join("baseline.json")
}

fn parquet(dir: &Path) -> PathBuf {
    dir.join("night.parquet")
}

/// Returns whether a folder contains a baseline, or a part of one.
pub fn is_baseline(dir: &Path) -> bool {
    parquet(dir).exists() || json(dir).exists()
}

/// Writes the baseline of `dir`, replacing an earlier one.
///
/// # Errors
/// A file cannot be written.
pub fn write(dir: &Path, night: &Night, accepted: &Accepted) -> Result<Vec<PathBuf>, ReportError> {
    night.write(&parquet(dir))?;
    let mut text = serde_json::to_vec_pretty(accepted).expect("plain strings and numbers");
    text.push(b'\n');
    store::write_atomic(&json(dir), &text)?;
    Ok(vec![json(dir), parquet(dir)])
}

/// Reads the baseline of `dir`.
///
/// # Errors
/// [`ReportError::HalfBaseline`] if a file is missing, [`ReportError::Kept`] if one is invalid.
pub fn read(dir: &Path) -> Result<(Night, Accepted), ReportError> {
    for (path, other) in [(json(dir), "night.parquet"), (parquet(dir), "baseline.json")] {
        if !path.exists() {
            return Err(ReportError::HalfBaseline { path, other });
        }
    }
    let damaged =
        |reason| ReportError::Kept { path: json(dir), what: "a baseline's record", reason };
    let accepted: Accepted = store::files::json(&json(dir)).map_err(|e| match e {
        store::StoreError::Json { reason, .. } => damaged(reason),
        other => other.into(),
    })?;
    if accepted.v > BASELINE_VERSION {
        let newer =
            format!("version {} is newer than this program's {BASELINE_VERSION}", accepted.v);
        return Err(damaged(newer));
    }
    Ok((Night::read(&parquet(dir))?, accepted))
}
