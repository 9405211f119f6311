//! Reading the JSON files of a report folder, and writing derived files so
//! that a reader never sees half of one.

use std::fs;
use std::io::Write;
use std::path::Path;

use serde::de::DeserializeOwned;
use spec::layout::ReportDir;
use spec::manifest::Manifest;
use spec::plan::{PLAN_VERSION, Plan};

use crate::error::ReportError;
use crate::repeats::Repeats;

/// Writes `bytes` under a temporary name beside `path`, syncs and renames, so
/// that a reader never sees half of a file. Makes the folder if need be.
///
/// # Errors
/// Those of making the folder, writing and renaming, with the path; the
/// temporary file is removed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(ReportError::io("make the folder", folder))?;
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
        ReportError::io("write", path)(e)
    })
}

/// All bytes of a file. Looks before it opens: opening a pipe would wait for its writer.
///
/// # Errors
/// Those of the system, with the path; what stands there is no file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ReportError> {
    let special = |seen: &fs::Metadata| !seen.is_file() && !seen.is_dir();
    let read = fs::metadata(path).and_then(|seen| match special(&seen) {
        true => Err(std::io::Error::other("a pipe or a device, not a file")),
        false => fs::read(path),
    });
    read.map_err(ReportError::io("read", path))
}

pub(crate) fn json<T: DeserializeOwned>(path: &Path) -> Result<T, ReportError> {
    let bytes = read(path)?;
    serde_json::from_slice(&bytes)
        .map_err(|e| ReportError::Json { path: path.into(), reason: e.to_string() })
}

/// `plan.json`.
///
/// # Errors
/// It cannot be read, or was written by a newer program.
pub fn plan(dir: &ReportDir) -> Result<Plan, ReportError> {
    let plan: Plan = json(&dir.plan())?;
    if plan.v > PLAN_VERSION {
        let reason = format!("version {} is newer than this program's {PLAN_VERSION}", plan.v);
        return Err(ReportError::Json { path: dir.plan(), reason });
    }
    Ok(plan)
}

/// Writes `repeats.json`, and removes that of an earlier report where there are none.
pub(crate) fn write_repeats(dir: &ReportDir, repeats: &Repeats) -> Result<(), ReportError> {
    let path = dir.repeats();
    if !repeats.is_empty() {
        let failed =
            |e: serde_json::Error| ReportError::Json { path: path.clone(), reason: e.to_string() };
        return write_atomic(&path, &serde_json::to_vec_pretty(repeats).map_err(failed)?);
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
pub(crate) fn manifest(dir: &ReportDir, warnings: &mut Vec<String>) -> Option<Manifest> {
    if !dir.manifest().exists() {
        return None;
    }
    json(&dir.manifest()).map_err(|e| warnings.push(format!("provenance left out: {e}"))).ok()
}
