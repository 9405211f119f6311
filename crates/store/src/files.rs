//! Reading of JSON files in a report folder, and atomic writing of derived files.

use std::fs;
use std::path::Path;

use crate::layout::ReportDir;
use serde::de::DeserializeOwned;
use spec::plan::{PLAN_VERSION, Plan};

use crate::atomic;
use crate::error::StoreError;

/// Writes `bytes` to `path` with [`atomic::replace`].
///
/// # Errors
/// Those of [`atomic::replace`], with the path.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    atomic::replace(path, bytes).map_err(StoreError::io("write", path))
}

/// Reads all bytes of a file. The type is checked first, because opening a pipe would wait for its
/// writer.
///
/// # Errors
/// The system's error with the path, also if `path` is a pipe or a device.
pub fn read(path: &Path) -> Result<Vec<u8>, StoreError> {
    let special = |seen: &fs::Metadata| !seen.is_file() && !seen.is_dir();
    let read = fs::metadata(path).and_then(|seen| match special(&seen) {
        true => Err(std::io::Error::other("a pipe or a device, not a file")),
        false => fs::read(path),
    });
    read.map_err(StoreError::io("read", path))
}

/// Reads a JSON file.
///
/// # Errors
/// The file cannot be read, or does not have the form of `T`.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let bytes = read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| StoreError::Json { path: path.into(), reason: e.to_string() })
}

/// Reads `plan.json`.
///
/// # Errors
/// The file cannot be read, or was written by a newer program.
pub fn plan(dir: &ReportDir) -> Result<Plan, StoreError> {
    let plan: Plan = json(&dir.plan())?;
    if plan.v > PLAN_VERSION {
        let reason = format!("version {} is newer than this program's {PLAN_VERSION}", plan.v);
        return Err(StoreError::Json { path: dir.plan(), reason });
    }
    Ok(plan)
}
