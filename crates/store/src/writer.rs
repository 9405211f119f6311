//! The journal's writer: one file for each sweep process, one record a line. Each record is
//! appended with a single write and synced, so that finished runs are never lost and only the last
//! line can be torn.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::atomic;
use crate::journal_line;
use crate::layout::ReportDir;
use spec::record::RunRecord;

/// Appends records to one file of the journal.
#[derive(Debug)]
pub struct JournalWriter {
    file: File,
    path: PathBuf,
}

impl JournalWriter {
    /// Creates `journal/<start>-<host>-<pid>.jsonl`. If that file exists, as when one stage follows
    /// another in the same process, a number is appended to the name. `start` is the time of the
    /// start.
    ///
    /// # Errors
    /// The folder or the file cannot be created.
    pub fn create(dir: &ReportDir, start: &str) -> io::Result<Self> {
        let stamp: String = start.chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        let name = format!("{stamp}-{}-{}", host_name(), std::process::id());
        let mut named = name.clone();
        let mut number = 1;
        while dir.journal().join(format!("{named}.jsonl")).exists() {
            number += 1;
            named = format!("{name}-{number}");
        }
        Self::create_named(dir, &named)
    }

    /// Creates `journal/<name>.jsonl`, which no other process may write to.
    ///
    /// # Errors
    /// The folder or the file cannot be created.
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
        atomic::sync_folder(&folder);
        Ok(JournalWriter { file, path })
    }

    /// Rewrites the file from the open handle if somebody removed it, and returns whether that was
    /// necessary.
    fn restore(&mut self) -> io::Result<bool> {
        if self.file.metadata()?.nlink() > 0 && self.path.exists() {
            return Ok(false);
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
        Ok(true)
    }

    /// Returns the path of the journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one record and waits until it is on the disk. Returns true if somebody had removed
    /// the file since the last record; it is then restored with all its records.
    ///
    /// # Errors
    /// The disk is full or gone; the message names the file. A partial line is removed where the
    /// disk allows.
    pub fn append(&mut self, record: &RunRecord) -> io::Result<bool> {
        let restored = self.restore()?;
        let line = journal_line::write(record)?;
        let whole = self.file.metadata().map(|m| m.len());
        let written = self.file.write_all(&line).and_then(|()| self.file.sync_data());
        written.map(|()| restored).map_err(|e| {
            if let Ok(whole) = whole {
                let _ = self.file.set_len(whole);
            }
            let remedy =
                "its records are kept: make room, then run the same command again to resume";
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

/// Returns the host's name in at most 32 letters, digits and hyphens, which suit a file name.
pub fn host_name() -> String {
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect()
}
