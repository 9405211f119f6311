//! The journal's writer: one file a sweep process, one record a line, each
//! appended with a single write and synced, so that what was finished is never
//! lost and a torn line can only be the last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use spec::journal_line;
use spec::layout::ReportDir;
use spec::record::RunRecord;

/// Appends records.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    path: PathBuf,
}

impl JournalWriter {
    /// Creates `journal/<start>-<host>-<pid>.jsonl`.
    ///
    /// # Errors
    /// Those of creating the folder or the file.
    pub fn create(dir: &ReportDir, start: &str) -> io::Result<Self> {
        let folder = dir.journal();
        let fail = |path: &std::path::Path, e: io::Error| {
            let message =
                format!("cannot write to {}: {e}; check disk and permissions", path.display());
            io::Error::new(e.kind(), message)
        };
        fs::create_dir_all(&folder).map_err(|e| fail(&folder, e))?;
        let stamp: String = start.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        let path = folder.join(format!("{stamp}-{}-{}.jsonl", host(), std::process::id()));
        let file = OpenOptions::new()
            .create_new(true)
            .append(true)
            .open(&path)
            .map_err(|e| fail(&path, e))?;
        Ok(JournalWriter { file, path })
    }

    /// Appends one record and waits until it is on the disk.
    ///
    /// # Errors
    /// A disk that is full or gone, with the file's name. Half a line is taken
    /// back where the disk allows.
    pub fn append(&mut self, record: &RunRecord) -> io::Result<()> {
        let line = journal_line::write(record)?;
        let whole = self.file.metadata().map(|m| m.len());
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map_err(|e| {
            if let Ok(whole) = whole {
                let _ = self.file.set_len(whole);
            }
            let remedy =
                "what is in it is kept: make room, then the same command goes on from there";
            io::Error::new(
                e.kind(),
                format!("cannot append to {}: {e}; {remedy}", self.path.display()),
            )
        })
    }
}

/// Moves the journals, and the checkpoints of unfinished runs, into
/// `journal/old-<n>/`; nothing is deleted.
///
/// # Errors
/// Those of making the folder and renaming.
pub fn put_aside(dir: &ReportDir) -> io::Result<Option<PathBuf>> {
    let folder = dir.journal();
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(None) };
    let files: Vec<PathBuf> = entries
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|e| e == "jsonl"))
        .collect();
    if files.is_empty() && !dir.checkpoints().is_dir() {
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
    if dir.checkpoints().is_dir() {
        fs::rename(dir.checkpoints(), old.join("checkpoints"))?;
    }
    Ok(Some(old))
}

/// The host's name in letters that suit a file name.
pub fn host() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn putting_aside_keeps_every_file() {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path());
        assert!(put_aside(&dir).unwrap().is_none());
        for round in 1..=2 {
            fs::create_dir_all(dir.journal()).unwrap();
            fs::write(dir.journal().join("a.jsonl"), format!("{round}\n")).unwrap();
            fs::create_dir_all(dir.checkpoints().join("run")).unwrap();
            let old = put_aside(&dir).unwrap().unwrap();
            assert_eq!(old, dir.journal().join(format!("old-{round}")));
            assert_eq!(fs::read_to_string(old.join("a.jsonl")).unwrap(), format!("{round}\n"));
            assert!(old.join("checkpoints/run").is_dir() && !dir.checkpoints().exists());
        }
    }
}
