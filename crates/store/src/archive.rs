//! Archiving of earlier results, so that a fresh sweep does not resume from them.

use std::fs;
use std::io;
use std::path::PathBuf;

use crate::layout::ReportDir;

/// Moves the journals, the checkpoints of unfinished runs and kept weights into `journal/old-<n>/`
/// and returns that folder, or `None` if there is nothing to move. Nothing is deleted.
///
/// # Errors
/// The folder cannot be created, or a file or folder cannot be renamed.
pub fn archive(dir: &ReportDir) -> io::Result<Option<PathBuf>> {
    let folder = dir.journal();
    let files: Vec<PathBuf> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    let folders = [(dir.checkpoints(), "checkpoints"), (dir.weights(), "weights")];
    if files.is_empty() && !folders.iter().any(|(path, _)| path.is_dir()) {
        return Ok(None);
    }
    let old = (1..)
        .map(|n| folder.join(format!("old-{n}")))
        .find(|p| !p.exists())
        .unwrap_or_else(|| folder.join("old"));
    fs::create_dir_all(&old)?;
    for file in files {
        if let Some(name) = file.file_name() {
            fs::rename(&file, old.join(name))?;
        }
    }
    for (path, name) in folders.iter().filter(|(path, _)| path.is_dir()) {
        fs::rename(path, old.join(name))?;
    }
    Ok(Some(old))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archiving_keeps_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path());
        assert!(archive(&dir).unwrap().is_none());
        for round in 1..=2 {
            fs::create_dir_all(dir.journal()).unwrap();
            fs::write(dir.journal().join("a.jsonl"), format!("{round}\n")).unwrap();
            fs::create_dir_all(dir.checkpoints().join("run")).unwrap();
            fs::create_dir_all(dir.weights()).unwrap();
            let old = archive(&dir).unwrap().unwrap();
            assert_eq!(old, dir.journal().join(format!("old-{round}")));
            assert_eq!(fs::read_to_string(old.join("a.jsonl")).unwrap(), format!("{round}\n"));
            assert!(old.join("checkpoints/run").is_dir() && !dir.checkpoints().exists());
            assert!(old.join("weights").is_dir() && !dir.weights().exists());
        }
        // Checkpoints are archived even without a journal.
        fs::remove_dir_all(dir.journal()).unwrap();
        fs::create_dir_all(dir.checkpoints()).unwrap();
        assert!(archive(&dir).unwrap().is_some() && !dir.checkpoints().exists());
    }
}
