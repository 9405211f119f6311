//! Atomic writes: files and folders are written under a temporary name in the same folder and then
//! renamed, so that a reader never sees part of one.
//!
//! The project has one policy: what must survive a power cut is synced before the rename, and the
//! folder's entry after it where the file system allows that ([`Durability::Kept`]). News that is
//! replaced a second later is renamed without a sync ([`Durability::News`]).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The events that a file must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The file survives the process and a power cut: it is synced.
    Kept,
    /// The file survives the process only: nothing waits for the disk.
    News,
}

/// The number of processes that may write a file of this name at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// One: the temporary file has a fixed name, and the next writer overwrites what a killed one
    /// left.
    One,
    /// Several: the temporary name contains the process id, and the last rename wins.
    Several,
}

/// Writes a file to `path` atomically, with bytes from `write`; creates the folder if it is
/// missing.
///
/// # Errors
/// The folder cannot be created, or `write`, syncing or renaming fails. The old file is then
/// unchanged, and the temporary one is removed.
pub fn replace_with(
    path: &Path,
    durability: Durability,
    writers: Writers,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> io::Result<()> {
    let folder = parent(path);
    fs::create_dir_all(folder)?;
    let temporary = folder.join(temporary_name(path, writers));
    let written = || {
        let mut file = File::create(&temporary)?;
        write(&mut file)?;
        if durability == Durability::Kept {
            file.sync_all()?;
        }
        fs::rename(&temporary, path)
    };
    written().inspect_err(|_| drop(fs::remove_file(&temporary)))?;
    if durability == Durability::Kept {
        sync_folder(folder);
    }
    Ok(())
}

/// Writes `bytes` to `path` atomically, as [`Durability::Kept`] with [`Writers::Several`]; creates
/// the folder if it is missing.
///
/// # Errors
/// Those of [`replace_with`].
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, Durability::Kept, Writers::Several, |file| file.write_all(bytes))
}

/// Copies a file atomically, as [`Durability::Kept`] with [`Writers::Several`]; creates the folder
/// if it is missing. `mode` is the copy's Unix permissions; `None` gives it those of a new file.
///
/// # Errors
/// `from` cannot be opened or read, and those of [`replace_with`].
pub fn copy(from: &Path, to: &Path, mode: Option<u32>) -> io::Result<()> {
    let mut source = File::open(from)?;
    replace_with(to, Durability::Kept, Writers::Several, |file| {
        io::copy(&mut source, file)?;
        set_mode(file, mode)
    })
}

#[cfg(unix)]
fn set_mode(file: &File, mode: Option<u32>) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    mode.map_or(Ok(()), |mode| file.set_permissions(fs::Permissions::from_mode(mode)))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: Option<u32>) -> io::Result<()> {
    Ok(())
}

/// Creates a folder at `path` atomically: `fill` fills it under a temporary name. Nothing may exist
/// at `path` yet. Only one process may write; what a killed one left is removed first. Files that
/// `fill` writes with [`write_synced`] are on the disk before the folder gets its name.
///
/// # Errors
/// `fill` fails, or the folder cannot be created or renamed; the temporary folder is removed.
pub fn put_folder<E: From<io::Error>>(
    path: &Path,
    fill: impl FnOnce(&Path) -> Result<(), E>,
) -> Result<(), E> {
    let parent = parent(path);
    let temporary = parent.join(temporary_name(path, Writers::One));
    let filled = || {
        let _ = fs::remove_dir_all(&temporary);
        fs::create_dir_all(&temporary)?;
        fill(&temporary)?;
        sync_folder(&temporary);
        Ok(fs::rename(&temporary, path)?)
    };
    filled().inspect_err(|_: &E| drop(fs::remove_dir_all(&temporary)))?;
    sync_folder(parent);
    Ok(())
}

/// Writes or overwrites a file in place, not atomically, and waits until it is on the disk.
///
/// # Errors
/// Creating, writing or syncing fails.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the renames in a folder durable. Where the file system cannot, files are still whole, and
/// only a power cut can undo a rename.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Returns the folder that contains `path`; `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Returns `.<name>.tmp` or `.<name>.<process id>.tmp`, which is hidden and not read as a result.
fn temporary_name(path: &Path, writers: Writers) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    if writers == Writers::Several {
        name.push(format!(".{}", std::process::id()));
    }
    name.push(".tmp");
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = entries.map(|n| n.into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_writer_that_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/a.json");
        replace(&path, b"old").unwrap();
        for writers in [Writers::One, Writers::Several] {
            let half = replace_with(&path, Durability::Kept, writers, |file| {
                file.write_all(b"ne")?;
                Err(io::Error::other("no space"))
            });
            assert_eq!(half.unwrap_err().to_string(), "no space");
            assert_eq!(fs::read(&path).unwrap(), b"old");
        }
        assert_eq!(names(path.parent().unwrap()), ["a.json"]);
        replace_with(&path, Durability::News, Writers::One, |file| file.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
    }

    #[test]
    fn what_a_killed_single_writer_left_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        fs::write(folder.path().join(temporary_name(&path, Writers::One)), "torn, and longer")
            .unwrap();
        replace_with(&path, Durability::Kept, Writers::One, |file| file.write_all(b"x")).unwrap();
        assert_eq!(
            (fs::read(&path).unwrap(), names(folder.path())),
            (b"x".to_vec(), vec!["a".into()])
        );
    }

    #[test]
    fn a_folder_is_there_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("epoch-3");
        let left = folder.path().join(".epoch-3.tmp");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("of a killed writer"), "").unwrap();
        let failed = put_folder(&path, |half| {
            fs::write(half.join("state"), "1")?;
            Err(io::Error::other("no space"))
        });
        assert!(failed.is_err() && names(folder.path()).is_empty());
        put_folder(&path, |half| write_synced(&half.join("state"), b"1")).unwrap();
        assert_eq!(
            (names(folder.path()), names(&path)),
            (vec!["epoch-3".into()], vec!["state".into()])
        );
    }

    #[test]
    fn a_copy_has_the_permissions_that_are_asked_for() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to/program"));
        fs::write(&from, "bytes").unwrap();
        copy(&from, &to, Some(0o755)).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"bytes");
        assert_eq!(fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o755);
        assert!(copy(&folder.path().join("absent"), &to, None).is_err());
        assert_eq!(fs::read(&to).unwrap(), b"bytes");
    }
}
