//! The history: a folder of nights, one Parquet file each, which never change once written.

use std::fs;
use std::path::{Path, PathBuf};

use crate::night::Night;
use report::error::ReportError;

/// Adds a night to the folder and returns the path of its file. An existing night stays unchanged.
///
/// # Errors
/// The file cannot be written.
pub fn append(folder: &Path, night: &Night) -> Result<PathBuf, ReportError> {
    let path = folder.join(file_name(night));
    if !path.exists() {
        night.write(&path)?;
    }
    Ok(path)
}

/// Returns the file name of a night: `20261124T021500Z-1a2b3c4d.parquet`. Names sort by time, and
/// two machines with a common history write different files.
fn file_name(night: &Night) -> String {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    let commit = night.facts.commit.as_deref().map(|c| plain(c.get(..8).unwrap_or(c)));
    format!("{}-{}.parquet", plain(&night.facts.started), commit.unwrap_or("nogit".to_owned()))
}

/// Reads all nights of the folder, the oldest first; empty without a folder. An unreadable file is
/// skipped with a warning.
///
/// # Errors
/// The folder exists but cannot be read.
pub fn read(folder: &Path, warnings: &mut Vec<String>) -> Result<Vec<Night>, ReportError> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(folder).map_err(ReportError::io("read", folder))?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "parquet"))
        // Remains of an interrupted write_atomic.
        .filter(|p| !p.file_name().is_some_and(|n| n.to_string_lossy().starts_with('.')))
        .collect();
    files.sort();
    let mut nights = Vec::new();
    for file in files {
        match Night::read(&file) {
            Ok(night) => nights.push(night),
            Err(ReportError::Kept { path, what, reason }) => warnings.push(format!(
                "{} is left out of the history, since it is not {what}: {reason}; restore it from a copy, or remove it",
                path.display()
            )),
            Err(e) => warnings.push(format!("a night of the history is skipped: {e}")),
        }
    }
    nights.sort_by(|a, b| a.facts.started.cmp(&b.facts.started));
    Ok(nights)
}
