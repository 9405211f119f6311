//! Cache of scaled inputs in a file that the workers of a machine share.
//!
//! The cache never decides a result: loading through it gives the data or the error that reading
//! the dataset would give. To that end the file names its sources by their hash, which is
//! recomputed at every load. If the cache itself fails, the dataset is read as if there were no
//! cache.

mod file;
mod sources;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use spec::dataset::DatasetSpec;

use self::file::{Origin, Unusable};
use crate::error::DataError;
use crate::source::is_regular;
use crate::{Dataset, Part};

/// Name of the cache's folder in the folder of the datasets.
const FOLDER: &str = ".cache";

/// Bytes of inputs below which no file is made.
const WORTH: u64 = 4 << 20;

/// Hash of this crate's sources, since changed code may scale differently.
const CODE: &str = env!("SWEEP_DATA_CODE");

/// Loads the dataset from its cached file, or else calls `read` and caches the result.
pub(crate) fn load(
    dataset: &DatasetSpec,
    data_dir: &Path,
    root: &Path,
    read: impl FnOnce() -> Result<Dataset, DataError>,
) -> Result<Dataset, DataError> {
    load_worth(WORTH, dataset, data_dir, root, read)
}

fn load_worth(
    worth: u64,
    dataset: &DatasetSpec,
    data_dir: &Path,
    root: &Path,
    read: impl FnOnce() -> Result<Dataset, DataError>,
) -> Result<Dataset, DataError> {
    let samples = dataset.train_len().saturating_add(dataset.test_len());
    let bytes = samples.saturating_mul(4).saturating_mul(dataset.features() as u64);
    if bytes < worth || matches!(dataset, DatasetSpec::Function(_)) {
        return read();
    }
    let origin = || {
        let sources = sources::hash(dataset, data_dir, root)?;
        Some(Origin { identity: identity(dataset), sources })
    };
    let Some(made_of) = origin() else { return read() };
    let folder = data_dir.join(FOLDER);
    let path = folder.join(format!("{}.f32", stem(dataset)));
    if let Ok(found) = file::open(&path, dataset, &made_of) {
        return Ok(found);
    }
    // One process makes the file while the others wait, so that they do not all unpack and scale at
    // once. The lock is released when its holder ends.
    let lock = match LockGuard::new(&path.with_extension("lock")) {
        Ok(LockGuard::Mine(lock)) => Ok(lock),
        Ok(LockGuard::Later(lock)) => {
            // Those that waited read the file in parallel, without taking the lock.
            if let Ok(found) = file::open(&path, dataset, &made_of) {
                return Ok(found);
            }
            lock.lock().map(|()| lock)
        }
        Err(error) => Err(error),
    };
    let before = match file::open(&path, dataset, &made_of) {
        Ok(found) => return Ok(found),
        Err(why) => why,
    };
    let data = read()?;
    // Cached only if the sources did not change while they were read.
    if origin() == Some(made_of) {
        let made = lock.and_then(|_held| make(&path, &data, &made_of)).map_err(Unusable::Io);
        match made.and_then(|()| file::open(&path, dataset, &made_of)) {
            Ok(found) => {
                say(&path, &before);
                return Ok(found);
            }
            Err(why) => say(&path, &why),
        }
    }
    let in_pages = |part: Part| Part { inputs: part.inputs.in_pages(), ..part };
    Ok(Dataset { train: in_pages(data.train), test: in_pages(data.test), ..data })
}

/// Hashes everything that determines the arrays: the plan's description of the dataset, and the
/// code.
fn identity(dataset: &DatasetSpec) -> [u8; 32] {
    let text = format!("{dataset:?}\0{}\0{CODE}", dataset.digest());
    blake3::hash(text.as_bytes()).into()
}

/// Returns the name of the file without its extension. The checksum of own data is not part of it,
/// so that changed data replaces its cached file instead of adding another.
fn stem(dataset: &DatasetSpec) -> String {
    let mut named = dataset.clone();
    if let DatasetSpec::Own(own) = &mut named {
        own.checksum.clear();
    }
    let key = blake3::hash(format!("{named:?}").as_bytes()).to_hex();
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = dataset.name().chars().take(32).map(plain).collect();
    format!("{name}-{}", &key[..16])
}

/// Returns the folder of the file and its lock.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Outcome of locking: whether this process is to make the file.
enum LockGuard {
    /// This process is; it holds the lock while the file is open.
    Mine(File),
    /// Another process held the lock and has released it; nobody holds it now.
    Later(File),
}

impl LockGuard {
    fn new(path: &Path) -> io::Result<Self> {
        // Not `create_dir_all`: if the folder of the datasets is missing, it is not created here.
        let made = fs::create_dir(folder(path));
        made.or_else(|e| if e.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(e) })?;
        // Checked before opening, because opening a pipe would wait for its reader.
        if let Ok(seen) = fs::metadata(path) {
            is_regular(&seen).map_err(|e| io::Error::new(e.kind(), format!("its lock is {e}")))?;
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(LockGuard::Mine(file)),
            Err(TryLockError::WouldBlock) => {
                file.lock_shared()?;
                file.unlock()?;
                Ok(LockGuard::Later(file))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Writes the file under a temporary name and renames it. Called by the holder of the lock.
fn make(path: &Path, data: &Dataset, origin: &Origin) -> io::Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    remove_parts(path)?;
    let made = file::write(&part, data, origin).and_then(|()| fs::rename(&part, path));
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made
}

/// Removes temporary files of processes that were killed.
fn remove_parts(path: &Path) -> io::Result<()> {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    for entry in fs::read_dir(folder(path))? {
        let path: PathBuf = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with(&stem) && name.ends_with(".part") {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

/// Prints one line to stderr, unless the file was merely missing. Only time or memory is lost.
fn say(path: &Path, why: &Unusable) {
    let path = path.display();
    match why {
        Unusable::Missing => {}
        Unusable::Outdated => eprintln!("{path}: was of other data or another version; made again"),
        Unusable::Damaged => eprintln!("{path}: was damaged; made again"),
        Unusable::Io(error) => eprintln!(
            "{path}: cannot be shared with other workers ({error}); this one keeps the data to itself"
        ),
    }
}

#[cfg(test)]
mod tests;
