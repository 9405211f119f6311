//! The cache folder. An entry is completed under another name, sealed with a list of its files,
//! renamed, and checked against that list before each use.

use std::fs::{self, File};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The seal, with one line `<bytes> <path>` per file. A folder without it, or with a file of
/// another size, is incomplete and is made again.
const SEAL: &str = ".complete";
/// First line of the seal; its number is raised when the layout changes.
const SEAL_VERSION: &str = "libtorch layout 1";

/// Returns the folder `base/name`; if it is missing or incomplete, `make` first fills an empty
/// folder with its files and nothing else.
///
/// # Errors
/// Errors of `make` and of the file system.
pub(crate) fn get_or_make(
    base: &Path,
    name: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let folder = base.join(name);
    if check(&folder).is_ok() {
        return Ok(folder);
    }
    fs::create_dir_all(base).with_context(|| format!("cannot create {}", base.display()))?;
    let _lock = lock(base)?;
    // Another process may have made it while this one waited.
    let Err(reason) = check(&folder) else { return Ok(folder) };
    if folder.exists() {
        eprintln!("xtask: {} is incomplete ({reason}); creating it again", folder.display());
    }
    sweep_out(base)?;

    let staging = base.join(format!("{STAGING}{}", std::process::id()));
    fs::create_dir(&staging)?;
    let made = make(&staging).and_then(|()| seal(&staging));
    if let Err(error) = made {
        // Leftovers only take disk space; the error matters more.
        let _ = fs::remove_dir_all(&staging);
        return Err(error);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    fs::rename(&staging, &folder)?;
    Ok(folder)
}

/// Name prefix of folders that are being made.
const STAGING: &str = ".staging-";

/// Removes leftovers of killed processes. The caller holds the lock, so no living process has
/// a staging folder here.
fn sweep_out(base: &Path) -> Result<()> {
    for entry in fs::read_dir(base)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(STAGING) {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

/// Takes the lock, which is held until the file is dropped, and shows which process it waits
/// for.
fn lock(base: &Path) -> Result<File> {
    let path = base.join(".lock");
    let mut file =
        File::options().read(true).write(true).create(true).truncate(false).open(&path)?;
    if file.try_lock().is_err() {
        let mut holder = String::new();
        file.read_to_string(&mut holder)?;
        eprintln!(
            "xtask: waiting for {}, which is downloading libtorch to {}",
            holder.trim(),
            base.display()
        );
        file.lock().with_context(|| format!("cannot lock {}", path.display()))?;
    }
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "process {}", std::process::id())?;
    Ok(file)
}

/// Writes the seal of a complete folder.
fn seal(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    walk(folder, Path::new(""), &mut files)?;
    files.sort();
    let mut text = format!("{SEAL_VERSION}\n");
    for (path, bytes) in files {
        text.push_str(&format!("{bytes} {path}\n"));
    }
    fs::write(folder.join(SEAL), text)?;
    Ok(())
}

/// Collects every file below `folder/at` as (relative path, bytes). A link counts as the file
/// that it points to.
fn walk(folder: &Path, at: &Path, files: &mut Vec<(String, u64)>) -> Result<()> {
    for entry in fs::read_dir(folder.join(at))? {
        let relative = at.join(entry?.file_name());
        let info = fs::metadata(folder.join(&relative))?;
        if info.is_dir() {
            walk(folder, &relative, files)?;
        } else {
            files.push((relative.to_string_lossy().into_owned(), info.len()));
        }
    }
    Ok(())
}

/// Checks that the folder has every file of its seal in full size.
fn check(folder: &Path) -> Result<(), String> {
    let text = fs::read_to_string(folder.join(SEAL)).map_err(|_| "it has no seal".to_owned())?;
    let mut lines = text.lines();
    if lines.next() != Some(SEAL_VERSION) {
        return Err("it has another layout".to_owned());
    }
    let mut count = 0;
    for line in lines {
        let (bytes, path) = line.split_once(' ').ok_or("its seal is damaged")?;
        let found =
            fs::metadata(folder.join(path)).map_err(|_| format!("{path} is missing"))?.len();
        if bytes.parse() != Ok(found) {
            return Err(format!("{path} has {found} bytes instead of {bytes}"));
        }
        count += 1;
    }
    if count == 0 { Err("its seal is empty".to_owned()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(folder: &Path) -> Result<()> {
        fs::create_dir(folder.join("lib"))?;
        fs::write(folder.join("lib/a.so"), b"12345")?;
        std::os::unix::fs::symlink("a.so", folder.join("lib/b.so"))?;
        Ok(())
    }

    fn must_not(_: &Path) -> Result<()> {
        panic!("the folder is complete and must not be made again")
    }

    #[test]
    fn a_whole_folder_is_used_as_it_is() {
        let base = tempfile::tempdir().unwrap();
        let made = get_or_make(base.path(), "x", fill).unwrap();
        assert_eq!(get_or_make(base.path(), "x", must_not).unwrap(), made);
        assert_eq!(fs::read_to_string(made.join("lib/b.so")).unwrap(), "12345");
    }

    #[test]
    fn a_folder_that_lost_something_is_made_again() {
        let damages: [fn(&Path); 4] = [
            |f| fs::remove_file(f.join(SEAL)).unwrap(),
            |f| fs::write(f.join("lib/a.so"), b"1").unwrap(),
            |f| fs::remove_file(f.join("lib/b.so")).unwrap(),
            |f| fs::write(f.join(SEAL), "libtorch layout 0\n").unwrap(),
        ];
        for damage in damages {
            let base = tempfile::tempdir().unwrap();
            let made = get_or_make(base.path(), "x", fill).unwrap();
            damage(&made);
            assert!(check(&made).is_err());
            get_or_make(base.path(), "x", fill).unwrap();
            assert_eq!(check(&made), Ok(()));
        }
    }

    #[test]
    fn a_failed_make_leaves_nothing_and_can_be_repeated() {
        let base = tempfile::tempdir().unwrap();
        let error = get_or_make(base.path(), "x", |folder| {
            fill(folder)?;
            anyhow::bail!("the network is gone")
        });
        assert_eq!(error.unwrap_err().to_string(), "the network is gone");
        let left: Vec<_> =
            fs::read_dir(base.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left, [".lock"]);
        get_or_make(base.path(), "x", fill).unwrap();
    }

    #[test]
    fn what_a_killed_process_left_is_swept_out() {
        let base = tempfile::tempdir().unwrap();
        fs::create_dir(base.path().join(".staging-1")).unwrap();
        get_or_make(base.path(), "x", fill).unwrap();
        assert!(!base.path().join(".staging-1").exists());
    }

    #[test]
    fn two_at_once_make_it_once() {
        let base = tempfile::tempdir().unwrap();
        let times = std::sync::atomic::AtomicU32::new(0);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    get_or_make(base.path(), "x", |folder| {
                        times.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                        fill(folder)
                    })
                    .unwrap();
                });
            }
        });
        assert_eq!(times.into_inner(), 1);
    }
}
