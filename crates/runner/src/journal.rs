//! The journal's writer: one file a sweep process, one record a line, each
//! appended with a single write and synced, so that what was finished is never
//! lost and a torn line can only be the last.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
        let stamp: String = start.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        Self::create_named(dir, &format!("{stamp}-{}-{}", host(), std::process::id()))
    }

    /// Creates `journal/<name>.jsonl`, which no other process may write to.
    ///
    /// # Errors
    /// Those of creating the folder or the file.
    pub fn create_named(dir: &ReportDir, name: &str) -> io::Result<Self> {
        let folder = dir.journal();
        let fail = |path: &Path, e: io::Error| {
            let message =
                format!("cannot write to {}: {e}; check disk and permissions", path.display());
            io::Error::new(e.kind(), message)
        };
        fs::create_dir_all(&folder).map_err(|e| fail(&folder, e))?;
        let path = folder.join(format!("{name}.jsonl"));
        let file = open(&path).map_err(|e| fail(&path, e))?;
        // The entry too, where the file system lets a folder be synced.
        let _ = File::open(&folder).and_then(|f| f.sync_all());
        Ok(JournalWriter { file, path })
    }

    /// Makes the file anew where somebody removed it: what was written is still
    /// in our hands.
    fn put_back(&mut self) -> io::Result<()> {
        if self.file.metadata()?.nlink() > 0 && self.path.exists() {
            return Ok(());
        }
        let mut written = Vec::new();
        self.file.seek(SeekFrom::Start(0))?;
        self.file.read_to_end(&mut written)?;
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = open(&self.path)?;
        file.write_all(&written)?;
        file.sync_data()?;
        self.file = file;
        let path = self.path.display();
        crate::text::say!("warning: {path} was removed; it is there again, with all its records");
        Ok(())
    }

    /// Appends one record and waits until it is on the disk.
    ///
    /// # Errors
    /// A disk that is full or gone, with the file's name. Half a line is taken
    /// back where the disk allows.
    pub fn append(&mut self, record: &RunRecord) -> io::Result<()> {
        self.put_back()?;
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

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new().create_new(true).append(true).read(true).open(path)
}

/// Moves the journals, the checkpoints of unfinished runs and kept weights
/// into `journal/old-<n>/`; nothing is deleted.
///
/// # Errors
/// Those of making the folder and renaming.
pub fn put_aside(dir: &ReportDir) -> io::Result<Option<PathBuf>> {
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
            fs::create_dir_all(dir.weights()).unwrap();
            let old = put_aside(&dir).unwrap().unwrap();
            assert_eq!(old, dir.journal().join(format!("old-{round}")));
            assert_eq!(fs::read_to_string(old.join("a.jsonl")).unwrap(), format!("{round}\n"));
            assert!(old.join("checkpoints/run").is_dir() && !dir.checkpoints().exists());
            assert!(old.join("weights").is_dir() && !dir.weights().exists());
        }
        // Without a journal, too.
        fs::remove_dir_all(dir.journal()).unwrap();
        fs::create_dir_all(dir.checkpoints()).unwrap();
        assert!(put_aside(&dir).unwrap().is_some() && !dir.checkpoints().exists());
    }
}
