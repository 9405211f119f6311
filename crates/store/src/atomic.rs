//! Files and folders that a reader finds whole or not at all: written under a temporary
//! name beside their place, and renamed.
//!
//! The one policy of the project: what must outlive a power cut is synced before the rename,
//! and the folder's entry after it, where the file system lets a folder be synced
//! ([`Durability::Kept`]). News that the next second replaces is renamed without a sync
//! ([`Durability::News`]).

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The events that a file must survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The file outlives the process and a power cut: it is synced.
    Kept,
    /// The file outlives the process alone: nothing waits for the disk.
    News,
}

/// The number of processes that may write a file of this name at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writers {
    /// One, so that its temporary file has one name, and what a killed writer left is
    /// written over by the next.
    One,
    /// Several: the temporary name holds the process id, and the last rename counts.
    Several,
}

/// Puts a file at `path`, whose bytes `write` writes; makes the folder where it is missing.
///
/// # Errors
/// Those of making the folder, of `write`, of syncing and of renaming; the old file is then
/// as it was, and the temporary one is removed.
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

/// Puts `bytes` at `path`, kept, for any number of writers; makes the folder where it is
/// missing.
///
/// # Errors
/// Those of [`replace_with`].
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    replace_with(path, Durability::Kept, Writers::Several, |file| file.write_all(bytes))
}

/// Copies a file, kept, for any number of writers; makes the folder where it is missing.
/// The copy has the permissions `mode` where they are given, else those of a new file.
///
/// # Errors
/// Those of reading `from` and of [`replace_with`].
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

/// Puts a folder at `path`, which `fill` fills under a temporary name; there must be nothing
/// at `path` yet. For one writer: what a killed one left is removed first. Files that `fill`
/// writes by [`write_synced`] are on the disk before the folder has its name.
///
/// # Errors
/// Those of `fill`, of making the folder and of renaming; the temporary folder is removed.
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

/// Writes a new file, or over an old one, and waits until it is on the disk.
///
/// # Errors
/// Those of creating, writing and syncing.
pub fn write_synced(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Makes the renames in a folder last. Not every file system can: files are then whole all
/// the same, and only a power cut can undo a rename.
pub fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        let _ = folder.sync_all();
    }
}

/// Returns the folder that holds `path`, `.` for a bare name.
pub fn parent(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// `.<name>.tmp` or `.<name>.<process id>.tmp`: hidden, and no name that a reader looks for.
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
