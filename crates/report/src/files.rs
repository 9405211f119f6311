//! Derived JSON files of a report folder.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use store::StoreError;
pub(crate) use store::files::{json, plan, write_atomic};
use store::layout::ReportDir;
use store::manifest::Manifest;

use crate::error::ReportError;
use crate::repeats::Repeats;
use crate::superseded::Superseded;

/// Writes `repeats.json`, or removes that of an earlier report if there are no repeats.
pub(crate) fn write_repeats(dir: &ReportDir, repeats: &Repeats) -> Result<(), ReportError> {
    write_or_remove(dir.repeats(), Some(repeats).filter(|repeats| !repeats.is_empty()))
}

/// Reads `repeats.json`, which does not exist if no run was computed twice; an unreadable one
/// becomes a warning.
pub(crate) fn repeats(dir: &ReportDir, warnings: &mut Vec<String>) -> Repeats {
    of_default(&dir.repeats(), "runs computed more than once are", warnings)
}

/// Writes `superseded.json`, or removes that of an earlier report if nothing was superseded.
pub(crate) fn write_superseded(dir: &ReportDir, cost: &Superseded) -> Result<(), ReportError> {
    write_or_remove(dir.superseded(), Some(cost).filter(|cost| !cost.is_empty()))
}

/// Reads `superseded.json`, which does not exist if replaced decisions cost nothing; an unreadable
/// one becomes a warning.
pub(crate) fn superseded(dir: &ReportDir, warnings: &mut Vec<String>) -> Superseded {
    of_default(&dir.superseded(), "the cost of replaced decisions is", warnings)
}

/// Writes a value as JSON, or removes the file if there is no value.
fn write_or_remove<T: Serialize>(path: PathBuf, value: Option<&T>) -> Result<(), ReportError> {
    if let Some(value) = value {
        let failed =
            |e: serde_json::Error| StoreError::Json { path: path.clone(), reason: e.to_string() };
        return Ok(write_atomic(&path, &serde_json::to_vec_pretty(value).map_err(failed)?)?);
    }
    match fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(ReportError::io("remove", path)(e))
        }
        _ => Ok(()),
    }
}

/// Reads a file that may be missing.
fn of_default<T: DeserializeOwned + Default>(
    path: &Path,
    what: &str,
    warnings: &mut Vec<String>,
) -> T {
    if !path.exists() {
        return T::default();
    }
    let read = json(path);
    read.map_err(|e| warnings.push(format!("{what} left out: {e}"))).unwrap_or_default()
}

/// Reads `manifest.json`; a missing one gives `None`, an unreadable one also a warning.
pub fn manifest(dir: &ReportDir, warnings: &mut Vec<String>) -> Option<Manifest> {
    if !dir.manifest().exists() {
        return None;
    }
    json(&dir.manifest()).map_err(|e| warnings.push(format!("provenance left out: {e}"))).ok()
}
