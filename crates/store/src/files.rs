//! Reading the JSON files of a report folder, and writing derived files so that a reader
//! never sees half of one.

use std::fs;
use std::path::Path;

use crate::layout::ReportDir;
use serde::de::DeserializeOwned;
use spec::plan::{PLAN_VERSION, Plan};

use crate::atomic;
use crate::error::StoreError;

/// Puts `bytes` at `path` by [`atomic::replace`].
///
/// # Errors
/// Those of [`atomic::replace`], with the path.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    atomic::replace(path, bytes).map_err(StoreError::io("write", path))
}

/// All bytes of a file. Looks before it opens: opening a pipe would wait for its writer.
///
/// # Errors
/// Those of the system, with the path; what stands there is no file.
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
/// The file cannot be read or has another form.
pub fn json<T: DeserializeOwned>(path: &Path) -> Result<T, StoreError> {
    let bytes = read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| StoreError::Json { path: path.into(), reason: e.to_string() })
}

/// `plan.json`.
///
/// # Errors
/// It cannot be read, or was written by a newer program.
pub fn plan(dir: &ReportDir) -> Result<Plan, StoreError> {
    let plan: Plan = json(&dir.plan())?;
    if plan.v > PLAN_VERSION {
        let reason = format!("version {} is newer than this program's {PLAN_VERSION}", plan.v);
        return Err(StoreError::Json { path: dir.plan(), reason });
    }
    Ok(plan)
}
