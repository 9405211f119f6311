//! Unpacking of selected entries of a zip archive, such as a wheel. Archives that could write
//! outside of the target folder are rejected.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use zip::ZipArchive;

/// Largest unpacked size of an entry, in bytes. The largest library of the CUDA wheels has about
/// 1.1 GB; a zip bomb would have far more.
const MAX_ENTRY: u64 = 4 << 30;

/// Unpacks every file for which `select` returns a path, relative to `into`; returns their
/// number.
///
/// # Errors
/// An entry, selected or not, has an absolute path or `..`, or is a link; an entry is too large;
/// the archive is damaged.
pub(crate) fn unpack(
    archive: &Path,
    into: &Path,
    select: impl Fn(&str) -> Option<PathBuf>,
) -> Result<u64> {
    let file = File::open(archive).with_context(|| format!("cannot open {}", archive.display()))?;
    let mut zip = ZipArchive::new(io::BufReader::new(file))
        .with_context(|| format!("{} is not a complete zip archive", archive.display()))?;
    let mut count = 0;
    for index in 0..zip.len() {
        let mut entry = zip.by_index(index)?;
        let name = entry.name().to_owned();
        ensure!(is_plain(&name), "the entry `{name}` has an absolute path or `..` and is rejected");
        ensure!(!entry.is_symlink(), "the entry `{name}` is a link and is rejected");
        if entry.is_dir() {
            continue;
        }
        let Some(place) = select(&name) else { continue };
        ensure!(
            entry.size() <= MAX_ENTRY,
            "the entry `{name}` has {} bytes, which is too large, and is rejected",
            entry.size()
        );
        let target = into.join(&place);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut output = File::create_new(&target).with_context(|| {
            format!("cannot write {} (two entries with one path?)", target.display())
        })?;
        let expected = entry.size();
        let written = io::copy(&mut entry, &mut output)
            .with_context(|| format!("the entry `{name}` is damaged"))?;
        if written != expected {
            bail!("the entry `{name}` has {written} bytes, but the archive lists {expected}");
        }
        count += 1;
    }
    Ok(count)
}

/// Returns whether a path is relative and without `..`.
fn is_plain(name: &str) -> bool {
    !name.contains('\\')
        && !name.contains('\0')
        && Path::new(name)
            .components()
            .all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::write::{SimpleFileOptions, ZipWriter};

    use super::*;

    fn make(folder: &Path, build: impl FnOnce(&mut ZipWriter<File>)) -> PathBuf {
        let path = folder.join("x.zip");
        let mut writer = ZipWriter::new(File::create(&path).unwrap());
        build(&mut writer);
        writer.finish().unwrap();
        path
    }

    fn stored() -> SimpleFileOptions {
        SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)
    }

    #[test]
    fn chosen_files_land_where_they_are_sent() {
        let folder = tempfile::tempdir().unwrap();
        let path = make(folder.path(), |zip| {
            for name in ["a/x.h", "a/y.py"] {
                zip.start_file(name, stored()).unwrap();
                zip.write_all(name.as_bytes()).unwrap();
            }
        });
        let into = folder.path().join("out");
        let count =
            unpack(&path, &into, |n| n.ends_with(".h").then(|| PathBuf::from("include/x.h")))
                .unwrap();
        assert_eq!(count, 1);
        assert_eq!(fs::read_to_string(into.join("include/x.h")).unwrap(), "a/x.h");
        assert!(!into.join("a").exists());
    }

    #[test]
    fn paths_that_lead_out_and_links_are_refused() {
        for name in ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil"] {
            let folder = tempfile::tempdir().unwrap();
            let path = make(folder.path(), |zip| {
                zip.start_file(name, stored()).unwrap();
                zip.write_all(b"x").unwrap();
            });
            let message = unpack(&path, folder.path(), |_| None).unwrap_err().to_string();
            assert!(message.contains("rejected"), "{name}: {message}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path =
            make(folder.path(), |zip| zip.add_symlink("a/link", "/etc/passwd", stored()).unwrap());
        let message = unpack(&path, folder.path(), |_| None).unwrap_err().to_string();
        assert!(message.contains("is a link"), "{message}");
    }

    #[test]
    fn a_truncated_archive_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = make(folder.path(), |zip| {
            zip.start_file("a", stored()).unwrap();
            zip.write_all(&[7; 1000]).unwrap();
        });
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let message = unpack(&path, folder.path(), |_| None).unwrap_err().to_string();
        assert!(message.contains("not a complete zip archive"), "{message}");
    }
}
