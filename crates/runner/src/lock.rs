//! The lock that admits one sweep at a time to a report folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};

use store::layout::ReportDir;

use crate::error::{Context as _, bad_input};

/// Lock of a report folder, held until it is dropped. The operating system frees it when the
/// process dies, so that no lock is ever stale.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Lets child processes that are started from now on inherit the lock: their work for this
    /// process then ends before another sweep begins, even if this process dies.
    ///
    /// # Errors
    /// The system call fails.
    pub fn pass_on(&self) -> std::io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.file, rustix::io::FdFlags::empty())?)
    }

    /// Ends the inheritance that [`Lock::pass_on`] began, so that a browser that is started later
    /// does not hold the lock.
    ///
    /// # Errors
    /// The system call fails.
    pub fn keep(&self) -> std::io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.file, rustix::io::FdFlags::CLOEXEC)?)
    }
}

/// Returns the holder of the lock, `process 12 on host since <time>`; `None` if nobody holds it.
pub fn holder(dir: &ReportDir) -> Option<String> {
    // Opening a pipe would wait for its writer.
    let path = dir.lock();
    let mut file = path.is_file().then(|| File::open(path).ok())??;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder).ok()?;
            Some(holder)
        }
        _ => None,
    }
}

/// Acquires the lock of a folder, which is created if needed. `started` is the time that the
/// lock shows.
///
/// # Errors
/// Bad input: another sweep holds the lock; the message names it and since when.
pub fn acquire(dir: &ReportDir, started: &str) -> crate::Result<Lock> {
    let path = dir.lock();
    fs::create_dir_all(dir.path())
        .with_context(|| format!("cannot create {}", dir.path().display()))?;
    if path.exists() && !path.is_file() {
        return Err(bad_input(format!(
            "{} is a folder, a pipe or a device, not the lock of this folder\n  move it away",
            path.display()
        )));
    }
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .with_context(|| format!("cannot write to {}", path.display()))?;
    // `status` holds the lock for a moment, which is no sweep.
    let mut taken = file.try_lock();
    for _ in 0..10 {
        if !matches!(taken, Err(TryLockError::WouldBlock)) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
        taken = file.try_lock();
    }
    match taken {
        Ok(()) => {
            file.set_len(0)?;
            file.rewind()?;
            write!(
                file,
                "process {} on {} since {started}",
                std::process::id(),
                store::writer::host_name()
            )?;
            file.sync_data()?;
            Ok(Lock { file })
        }
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            Err(bad_input(format!(
                "another sweep is writing to {}: {holder}\n  wait for it to end, or end it: cargo xtask cancel {}",
                dir.path().display(),
                dir.path().display()
            )))
        }
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}
