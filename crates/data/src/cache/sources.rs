//! Hash of the files that a cached dataset was made from: BLAKE3 of their bytes on disk.
//!
//! Verifying the files' own checksums requires every byte unpacked. If the packed bytes are those
//! that passed before, the unpacked ones are too, and hashing the packed bytes is much cheaper.

use std::io;
use std::path::{Path, PathBuf};

use spec::dataset::DatasetSpec;

use crate::source::regular;

/// Hashes names, lengths and bytes of all files of the dataset. `None` if it has no files or one
/// cannot be read; reading the dataset then reports the error.
pub(super) fn hash(dataset: &DatasetSpec, data_dir: &Path, root: &Path) -> Option<[u8; 32]> {
    let files = files(dataset, data_dir, root)?;
    let mut all = blake3::Hasher::new();
    for (name, path) in files {
        let (len, hash) = file(&path).ok()?;
        all.update(name.as_bytes()).update(b"\0").update(&len.to_le_bytes()).update(&hash);
    }
    Some(all.finalize().into())
}

/// Returns name and path of each file that reading the dataset would open.
fn files(dataset: &DatasetSpec, data_dir: &Path, root: &Path) -> Option<Vec<(String, PathBuf)>> {
    match dataset {
        DatasetSpec::Builtin(name) => {
            let folder = data_dir.join(name.name());
            let files = name.info().files.iter().map(|file| {
                let packed = folder.join(file.name);
                let raw = file.name.trim_end_matches(".gz");
                if packed.exists() {
                    (file.name.to_owned(), packed)
                } else {
                    (raw.to_owned(), folder.join(raw))
                }
            });
            Some(files.collect())
        }
        DatasetSpec::Own(own) => {
            let roles = own.files.roles().into_iter();
            Some(roles.map(|(role, file)| (role.to_owned(), root.join(file))).collect())
        }
        DatasetSpec::Function(_) => None,
    }
}

/// Returns length in bytes and hash of a file.
fn file(path: &Path) -> io::Result<(u64, [u8; 32])> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(regular(path)?)?;
    Ok((hasher.count(), hasher.finalize().into()))
}
