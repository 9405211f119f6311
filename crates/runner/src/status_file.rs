//! The folder `running/`: a running sweep tells there what it does, and is
//! told there to end. Files, so that it works across hosts that share a disk
//! and needs no port.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use store::atomic::{Durability, Writers, replace_with};
use store::layout::ReportDir;
use store::status::SweepStatus;

use crate::sweep_progress::SweepProgress;

/// How often the file is written anew.
const EVERY: Duration = Duration::from_secs(1);

fn status_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("sweep.json")
}

fn cancel_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("cancel")
}

/// Held by a running sweep; its file goes when it is dropped.
pub struct StatusFile {
    dir: ReportDir,
    last: Option<Instant>,
    file: PathBuf,
    every: Duration,
    /// The bytes of the file.
    bytes: Box<dyn Fn(SweepStatus) -> serde_json::Result<Vec<u8>>>,
    /// True where requests to end are for it.
    ends: bool,
}

impl StatusFile {
    /// Begins. To be called as soon as the folder's lock is held: what an
    /// earlier sweep left, its last word or a request to it, is forgotten.
    pub fn new(dir: &ReportDir) -> Self {
        let _ = fs::remove_file(status_file(dir));
        let _ = fs::remove_file(cancel_file(dir));
        StatusFile {
            dir: dir.clone(),
            last: None,
            file: status_file(dir),
            every: EVERY,
            bytes: Box::new(|status| serde_json::to_vec_pretty(&status)),
            ends: true,
        }
    }

    /// The beacon of a part of a sweep that somebody else has started and ends: it writes a
    /// file of its own in the folder `running`, `every` so often.
    pub fn of_part(
        dir: &ReportDir,
        name: &str,
        every: Duration,
        bytes: impl Fn(SweepStatus) -> serde_json::Result<Vec<u8>> + 'static,
    ) -> Self {
        let file = dir.running().join(name);
        let bytes = Box::new(bytes);
        StatusFile { dir: dir.clone(), last: None, file, every, bytes, ends: false }
    }

    /// Writes what is going on, once a second; a file that cannot be written
    /// costs `status` its answer and nothing else.
    pub fn tell(&mut self, live: &SweepProgress) {
        if self.last.is_none_or(|at| at.elapsed() >= self.every) {
            self.last = Some(Instant::now());
            let bytes = (self.bytes)(live.status()).unwrap_or_default();
            let write = |file: &mut fs::File| file.write_all(&bytes);
            let _ = replace_with(&self.file, Durability::News, Writers::One, write);
        }
    }

    /// Returns whether another shell asked for the end.
    pub fn end_asked(&self) -> bool {
        self.ends && cancel_file(&self.dir).exists()
    }
}

impl Drop for StatusFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.file);
        if self.ends {
            let _ = fs::remove_file(cancel_file(&self.dir));
        }
        // Gone with the last that writes there.
        let _ = fs::remove_dir(self.dir.running());
    }
}

/// The last word of a running or killed sweep.
pub fn read(dir: &ReportDir) -> Option<SweepStatus> {
    serde_json::from_slice(&fs::read(status_file(dir)).ok()?).ok()
}

/// Asks the running sweep to end.
///
/// # Errors
/// Those of writing the request.
pub fn ask_to_end(dir: &ReportDir) -> io::Result<()> {
    fs::create_dir_all(dir.running())?;
    fs::write(cancel_file(dir), b"")
}

/// Takes a request back that nobody heard.
pub fn forget_request(dir: &ReportDir) {
    let _ = fs::remove_file(cancel_file(dir));
    let _ = fs::remove_dir(dir.running());
}
