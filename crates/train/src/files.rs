//! Files that survive a kill at any moment: written in full and synced before
//! they take the name that a reader looks for.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Writes a new file, or over an old one, and waits until it is on the disk.
///
/// # Errors
/// Those of creating, writing and syncing.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Puts `bytes` at `path`: a reader finds the old file or the new one whole,
/// whatever happens to the process. Makes the folder if need be.
///
/// # Errors
/// Those of making the folder, writing and renaming; the old file is then
/// untouched and the temporary one removed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder)?;
    // One name for every attempt, so that a killed one leaves nothing behind
    // that the next does not write over.
    let temporary = folder.join(hidden(path));
    write_synced(&temporary, bytes).and_then(|()| fs::rename(&temporary, path)).inspect_err(
        |_| {
            let _ = fs::remove_file(&temporary);
        },
    )?;
    sync_folder(folder);
    Ok(())
}

/// Makes renames in a folder last. Not every file system can: then the files
/// are whole all the same, and only a power cut can undo a rename.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// The folder that holds `path`.
pub(crate) fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `.<name>.tmp`: where `<name>` is put together.
fn hidden(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".tmp");
    PathBuf::from(name)
}
