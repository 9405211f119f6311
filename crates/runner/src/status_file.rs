//! The folder `running/`, in which a running sweep writes its status and finds requests to
//! end. Files work across hosts that share a disk, without a port.

use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use store::atomic::{Durability, Writers, replace_with};
use store::layout::ReportDir;
use store::status::SweepStatus;

use crate::sweep_progress::SweepProgress;

/// Interval at which the file is rewritten.
const EVERY: Duration = Duration::from_secs(1);

fn status_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("sweep.json")
}

fn cancel_file(dir: &ReportDir) -> PathBuf {
    dir.running().join("cancel")
}

/// Status file of a running sweep; removed on drop.
pub struct StatusFile {
    dir: ReportDir,
    last: Option<Instant>,
    file: PathBuf,
    every: Duration,
    /// Serializes the status into the bytes of the file.
    bytes: Box<dyn Fn(SweepStatus) -> serde_json::Result<Vec<u8>>>,
    /// Whether requests to end are addressed to this sweep.
    ends: bool,
}

impl StatusFile {
    /// Creates the status of a sweep that holds the folder's lock. Removes the status and the
    /// request to end that an earlier sweep may have left.
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

    /// Creates the status of a part of a sweep that another process has started and ends: the
    /// file `name` in the folder `running`, rewritten at the interval `every`.
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

    /// Writes the status if the interval has passed. Failures are ignored: only `status` needs
    /// the file.
    pub fn tell(&mut self, live: &SweepProgress) {
        if self.last.is_none_or(|at| at.elapsed() >= self.every) {
            self.last = Some(Instant::now());
            let bytes = (self.bytes)(live.status()).unwrap_or_default();
            let write = |file: &mut fs::File| file.write_all(&bytes);
            let _ = replace_with(&self.file, Durability::News, Writers::One, write);
        }
    }

    /// Returns whether another shell has asked this sweep to end.
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
        // Succeeds for the last part that writes there.
        let _ = fs::remove_dir(self.dir.running());
    }
}

/// Reads the last status of a running or killed sweep; `None` if there is none.
pub fn read(dir: &ReportDir) -> Option<SweepStatus> {
    serde_json::from_slice(&fs::read(status_file(dir)).ok()?).ok()
}

/// Asks the running sweep to end.
///
/// # Errors
/// The request cannot be written.
pub fn ask_to_end(dir: &ReportDir) -> io::Result<()> {
    fs::create_dir_all(dir.running())?;
    fs::write(cancel_file(dir), b"")
}

/// Withdraws a request to end.
pub fn forget_request(dir: &ReportDir) {
    let _ = fs::remove_file(cancel_file(dir));
    let _ = fs::remove_dir(dir.running());
}
