//! Scaled inputs in a file, so that the workers of a machine share one copy.
//!
//! The file is a convenience, never a source: what is loaded through it is what
//! reading the dataset would give, or an error that reading would give. Hence it
//! names the files it was made of by their hash, which is taken anew at every
//! loading; and whatever is wrong with the cache itself ends in reading as if
//! there were none.

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

/// Folder below that of the datasets.
const FOLDER: &str = ".cache";

/// Smaller inputs are not worth a file: bytes.
const WORTH: u64 = 4 << 20;

/// Hash of this crate's sources: other code may scale otherwise.
const CODE: &str = env!("SWEEP_DATA_CODE");

/// The dataset from its cached file, or else by `read`, which is then cached.
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
    // One process makes it while the others wait, so that not all of them unpack
    // and scale at once. The lock dies with its holder.
    let lock = match LockGuard::new(&path.with_extension("lock")) {
        Ok(LockGuard::Mine(lock)) => Ok(lock),
        Ok(LockGuard::Later(lock)) => {
            // Those who waited look at it side by side, no longer in turn.
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
    // What was read must be what was hashed.
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

/// What equal arrays follow from: all that a plan says of the dataset, and the code.
fn identity(dataset: &DatasetSpec) -> [u8; 32] {
    let text = format!("{dataset:?}\0{}\0{CODE}", dataset.digest());
    blake3::hash(text.as_bytes()).into()
}

/// Name of the file, without its ending. The checksum of own data is no part of
/// it, so that data which changes replaces its cached file and leaves none behind.
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

/// Where the file and its lock lie.
fn folder(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("."))
}

/// Who makes the file.
enum LockGuard {
    /// This process, while it keeps the lock's file.
    Mine(File),
    /// Another one had the lock and has let it go; nobody holds it now.
    Later(File),
}

impl LockGuard {
    fn new(path: &Path) -> io::Result<Self> {
        // Not the folder of the datasets itself: where there is none, none is wanted.
        let made = fs::create_dir(folder(path));
        made.or_else(|e| if e.kind() == io::ErrorKind::AlreadyExists { Ok(()) } else { Err(e) })?;
        // Looked at before it is opened: opening a pipe would wait for its reader.
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

/// Writes the file under another name and gives it its own. For the holder of the lock.
fn make(path: &Path, data: &Dataset, origin: &Origin) -> io::Result<()> {
    let part = path.with_extension(format!("{}.part", std::process::id()));
    remove_parts(path)?;
    let made = file::write(&part, data, origin).and_then(|()| fs::rename(&part, path));
    if made.is_err() {
        let _ = fs::remove_file(&part);
    }
    made
}

/// Removes what makers that were killed have left.
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

/// One line on standard error: nothing is lost but time or memory.
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
