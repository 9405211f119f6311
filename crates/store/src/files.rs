//! Reading the JSON files of a report folder, and writing derived files so
//! that a reader never sees half of one.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::de::DeserializeOwned;
use spec::layout::ReportDir;
use spec::plan::{PLAN_VERSION, Plan};

use crate::error::StoreError;

/// Writes `bytes` under a temporary name beside `path`, syncs and renames, so
/// that a reader never sees half of a file. Makes the folder if need be.
///
/// # Errors
/// Those of making the folder, writing and renaming, with the path; the
/// temporary file is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(StoreError::io("make the folder", folder))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // The process id keeps two reports at once from writing into one file.
    let temporary = folder.join(format!(".{name}.{}.tmp", std::process::id()));
    let write = || {
        let mut file = fs::File::create(&temporary)?;
        file.write_all(bytes)?;
        file.sync_data()?;
        fs::rename(&temporary, path)?;
        // The entry too, where the file system lets a folder be synced.
        let _ = fs::File::open(folder).and_then(|f| f.sync_all());
        Ok(())
    };
    write().map_err(|e| {
        let _ = fs::remove_file(&temporary);
        StoreError::io("write", path)(e)
    })
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
