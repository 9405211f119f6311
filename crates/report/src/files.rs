//! The derived JSON files of a report folder.

use std::fs;

use store::StoreError;
pub(crate) use store::files::{json, plan, write_atomic};
use store::layout::ReportDir;
use store::manifest::Manifest;

use crate::error::ReportError;
use crate::repeats::Repeats;

/// Writes `repeats.json`, and removes that of an earlier report where there are none.
pub(crate) fn write_repeats(dir: &ReportDir, repeats: &Repeats) -> Result<(), ReportError> {
    let path = dir.repeats();
    if !repeats.is_empty() {
        let failed =
            |e: serde_json::Error| StoreError::Json { path: path.clone(), reason: e.to_string() };
        return Ok(write_atomic(&path, &serde_json::to_vec_pretty(repeats).map_err(failed)?)?);
    }
    match fs::remove_file(&path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            Err(ReportError::io("remove", path)(e))
        }
        _ => Ok(()),
    }
}

/// `repeats.json`; there is none where no run was computed twice, and an
/// unreadable one is a warning.
pub(crate) fn repeats(dir: &ReportDir, warnings: &mut Vec<String>) -> Repeats {
    if !dir.repeats().exists() {
        return Repeats::default();
    }
    let read = json(&dir.repeats());
    read.map_err(|e| warnings.push(format!("runs computed more than once are left out: {e}")))
        .unwrap_or_default()
}

/// `manifest.json`; a missing or unreadable one is a warning, never an error.
pub fn manifest(dir: &ReportDir, warnings: &mut Vec<String>) -> Option<Manifest> {
    if !dir.manifest().exists() {
        return None;
    }
    json(&dir.manifest()).map_err(|e| warnings.push(format!("provenance left out: {e}"))).ok()
}
