//! Reading one file of a dataset: bounded, decompressed, checked.
//!
//! Whatever the file claims, at most the declared number of bytes is kept; what
//! follows is hashed in a fixed buffer only to say which file it is, and never
//! past the longest file of the dataset.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::GzDecoder;
use sha2::{Digest, Sha256};
use spec::DatasetName;
use spec::dataset::DataFile;

use crate::error::DataError;

const CHUNK: usize = 128 * 1024;

/// The uncompressed, verified bytes of one file under `data_dir/<dataset>/`,
/// and the path they came from.
pub(crate) fn read(
    dataset: DatasetName,
    file: &'static DataFile,
    data_dir: &Path,
) -> Result<(PathBuf, Vec<u8>), DataError> {
    let mut bytes = Vec::with_capacity(file.bytes as usize);
    let path = verify(dataset, file, data_dir, &mut |chunk| bytes.extend_from_slice(chunk))?;
    Ok((path, bytes))
}

/// Verifies one file and keeps nothing of it.
pub(crate) fn check(
    dataset: DatasetName,
    file: &'static DataFile,
    data_dir: &Path,
) -> Result<(), DataError> {
    verify(dataset, file, data_dir, &mut |_| ()).map(drop)
}

/// Opens the `.gz`, or the raw file beside it, and passes at most `file.bytes`
/// bytes to `keep` before the verdict.
fn verify(
    dataset: DatasetName,
    file: &'static DataFile,
    data_dir: &Path,
    keep: &mut dyn FnMut(&[u8]),
) -> Result<PathBuf, DataError> {
    let path = data_dir.join(dataset.name()).join(file.name);
    let raw_name = file.name.trim_end_matches(".gz");
    let raw = path.with_file_name(raw_name);
    if !path.exists() {
        if !raw.exists() {
            return Err(DataError::Missing { dataset, path, raw: raw_name.to_owned() });
        }
        let mut reader = open(&raw)?;
        let seen = digest(&mut reader, dataset, file, &raw, keep)?;
        return judge(dataset, file, &raw, &seen).map(|()| raw);
    }
    verify_gzip(dataset, file, &path, keep)?;
    Ok(path)
}

/// Verifies the gzip file at `path` as `file` of `dataset`.
pub(crate) fn verify_gzip(
    dataset: DatasetName,
    file: &'static DataFile,
    path: &Path,
    keep: &mut dyn FnMut(&[u8]),
) -> Result<(), DataError> {
    let mut decoder = GzDecoder::new(open(path)?);
    let seen = digest(&mut decoder, dataset, file, path, keep)?;
    judge(dataset, file, path, &seen)?;
    let mut rest = decoder.into_inner();
    match rest.fill_buf() {
        Ok([]) => Ok(()),
        Ok(_) => Err(DataError::TrailingBytes { dataset, path: path.to_owned() }),
        Err(source) => Err(DataError::Io { path: path.to_owned(), source }),
    }
}

/// What a file turned out to hold.
struct Seen {
    /// Uncompressed length, counted up to one past the dataset's longest file.
    bytes: u64,
    /// SHA-256 of those bytes, hex.
    sha256: String,
}

fn open(path: &Path) -> Result<BufReader<File>, DataError> {
    File::open(path)
        .map(|file| BufReader::with_capacity(CHUNK, file))
        .map_err(|source| DataError::Io { path: path.to_owned(), source })
}

/// Hashes a stream in a fixed buffer, passing on the first `file.bytes` bytes.
fn digest(
    reader: &mut dyn Read,
    dataset: DatasetName,
    file: &DataFile,
    path: &Path,
    keep: &mut dyn FnMut(&[u8]),
) -> Result<Seen, DataError> {
    let longest = dataset.info().files.iter().map(|f| f.bytes).max().unwrap_or(file.bytes);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0u64;
    while bytes <= longest {
        let n = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(classify(error, dataset, file, path, bytes)),
        };
        hash.update(&buffer[..n]);
        let wanted = file.bytes.saturating_sub(bytes).min(n as u64) as usize;
        if wanted > 0 {
            keep(&buffer[..wanted]);
        }
        bytes += n as u64;
    }
    let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Seen { bytes, sha256 })
}

/// Turns an error of the file or of the decoder into ours.
fn classify(
    error: io::Error,
    dataset: DatasetName,
    file: &DataFile,
    path: &Path,
    found: u64,
) -> DataError {
    let path = path.to_owned();
    match error.kind() {
        ErrorKind::UnexpectedEof => {
            DataError::Truncated { dataset, path, found, expected: file.bytes }
        }
        ErrorKind::InvalidInput | ErrorKind::InvalidData => {
            DataError::Gzip { dataset, path, reason: error.to_string() }
        }
        _ => DataError::Io { path, source: error },
    }
}

/// Says whether what was seen is the file it should be.
fn judge(dataset: DatasetName, file: &DataFile, path: &Path, seen: &Seen) -> Result<(), DataError> {
    if seen.bytes == file.bytes && seen.sha256 == file.sha256 {
        return Ok(());
    }
    let path = path.to_owned();
    if let Some(other) =
        dataset.info().files.iter().find(|f| f.bytes == seen.bytes && f.sha256 == seen.sha256)
    {
        return Err(DataError::Swapped { dataset, path, actual: other.name });
    }
    Err(match seen.bytes.cmp(&file.bytes) {
        std::cmp::Ordering::Less => {
            DataError::Truncated { dataset, path, found: seen.bytes, expected: file.bytes }
        }
        std::cmp::Ordering::Greater => DataError::TooLong { dataset, path, expected: file.bytes },
        std::cmp::Ordering::Equal => {
            DataError::Altered { dataset, path, found: seen.sha256.clone(), expected: file.sha256 }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    #[test]
    fn what_is_kept_of_a_bomb_is_the_declared_length() {
        let dataset = DatasetName::Mnist;
        let labels = &dataset.info().files[3];
        let mut bomb = tempfile::NamedTempFile::new().unwrap();
        let mut encoder = GzEncoder::new(bomb.as_file_mut(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..64 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap();
        let mut kept = 0;
        let verdict =
            verify_gzip(dataset, labels, bomb.path(), &mut |chunk| kept += chunk.len() as u64);
        assert!(matches!(verdict, Err(DataError::TooLong { .. })));
        assert_eq!(kept, labels.bytes);
    }

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let (_, bytes) =
            read(DatasetName::Mnist, &DatasetName::Mnist.info().files[3], &folder).unwrap();
        assert_eq!(bytes[..10], [0, 0, 8, 1, 0, 0, 0x27, 0x10, 7, 2]);
        assert_eq!((bytes.len(), bytes.capacity()), (10_008, 10_008));
    }
}
