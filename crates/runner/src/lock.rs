//! One sweep at a time in a report folder.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};

use store::layout::ReportDir;

use crate::error::{Context as _, bad_input};

/// Held until dropped; the operating system frees it when the process dies, so
/// that no lock is ever stale.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Lets processes that are started from now on hold it too: what one of them does
    /// on our behalf is then done, or not, before anybody else begins, even if we die.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn pass_on(&self) -> std::io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.file, rustix::io::FdFlags::empty())?)
    }

    /// Ends what [`Lock::pass_on`] began: a browser that is started later does not hold it.
    ///
    /// # Errors
    /// Those of the system call.
    pub fn keep(&self) -> std::io::Result<()> {
        Ok(rustix::io::fcntl_setfd(&self.file, rustix::io::FdFlags::CLOEXEC)?)
    }
}

/// Who writes to the folder now, as the lock says; none if nobody does.
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

/// Takes the folder's lock.
///
/// # Errors
/// Bad input, saying who holds it and since when.
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
    // `status` looks at the lock for a moment: that is no sweep.
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
