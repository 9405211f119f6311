//! Reading of one dataset file: bounded, decompressed, checked.
//!
//! Whatever the file claims, at most the declared number of bytes is kept. What follows is hashed
//! in a fixed buffer, up to the length of the dataset's longest file, only to tell which file it
//! is. A file known by the MD5 of its compressed bytes is decompressed only after that matches.

use std::fs::{File, Metadata};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use flate2::bufread::GzDecoder;
use md5::Md5;
use sha2::{Digest, Sha256};
use spec::DatasetName;
use spec::dataset::{Checksum, Container, DataFile};

use crate::archive;
use crate::error::DataError;
pub(crate) use crate::keep::{Keep, Nothing};

const CHUNK: usize = 128 * 1024;

/// The files of a dataset; tests substitute other files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Table {
    pub(crate) dataset: DatasetName,
    pub(crate) files: &'static [DataFile],
}

impl From<DatasetName> for Table {
    fn from(dataset: DatasetName) -> Self {
        Table { dataset, files: dataset.info().files }
    }
}

impl Table {
    /// Returns the path and the uncompressed, verified bytes of a file under `data_dir/<dataset>/`.
    /// The bytes of an archive are those of its members, in the order of the table.
    pub(crate) fn read(
        self,
        index: usize,
        data_dir: &Path,
    ) -> Result<(PathBuf, Vec<u8>), DataError> {
        let mut bytes = Vec::with_capacity(self.files[index].bytes as usize);
        let path = self.verify(&self.files[index], data_dir, &mut bytes)?;
        Ok((path, bytes))
    }

    /// Verifies a file without keeping its bytes.
    pub(crate) fn check(self, file: &'static DataFile, data_dir: &Path) -> Result<(), DataError> {
        self.verify(file, data_dir, &mut Nothing).map(drop)
    }

    /// Verifies the compressed file, or else the raw file beside it. `keep` receives at most
    /// `file.bytes` bytes before the verification ends.
    fn verify(
        self,
        file: &'static DataFile,
        data_dir: &Path,
        keep: &mut dyn Keep,
    ) -> Result<PathBuf, DataError> {
        let dataset = self.dataset;
        let path = data_dir.join(dataset.name()).join(file.name);
        if path.exists() {
            return self.verify_at(file, &path, keep).map(|()| path);
        }
        let raw = file.raw().map(|name| path.with_file_name(name));
        match raw {
            Some(raw) if raw.exists() => {
                let seen = self.digest(&mut open(&raw)?, file, &raw, keep)?;
                self.judge(file, &raw, &seen).map(|()| raw)
            }
            raw => {
                let name = raw.and_then(|r| Some(r.file_name()?.to_string_lossy().into_owned()));
                Err(DataError::Missing { dataset, path, raw: name })
            }
        }
    }

    /// Verifies the compressed file at `path` as `file` of the dataset.
    pub(crate) fn verify_at(
        self,
        file: &'static DataFile,
        path: &Path,
        keep: &mut dyn Keep,
    ) -> Result<(), DataError> {
        if let Checksum::Md5(expected) = file.checksum {
            let found = md5(path)?;
            if found != expected {
                return Err(self.explain(file, path, found));
            }
        }
        match file.container() {
            Container::Gzip => self.verify_gzip(file, path, keep),
            Container::Zip => self.verify_zip(file, path, keep),
            Container::Plain => {
                let seen = self.digest(&mut open(path)?, file, path, keep)?;
                self.judge(file, path, &seen)
            }
        }
    }

    fn verify_zip(
        self,
        file: &'static DataFile,
        path: &Path,
        keep: &mut dyn Keep,
    ) -> Result<(), DataError> {
        let bad = |reason: String| DataError::Archive {
            dataset: self.dataset,
            path: path.to_owned(),
            reason,
        };
        let mut archive = zip::ZipArchive::new(open(path)?)
            .map_err(|e| bad(format!("it cannot be read: {e}")))?;
        let [member] = file.members else { return Err(bad("it has no known member".to_owned())) };
        let mut reader = archive
            .by_name(member.name)
            .map_err(|e| bad(format!("its member `{}`: {e}", member.name)))?;
        let seen = self.digest(&mut reader, file, path, keep).map_err(|error| match error {
            DataError::Gzip { reason, .. } => bad(format!("its member is damaged: {reason}")),
            other => other,
        })?;
        self.judge(file, path, &seen)
    }

    fn verify_gzip(
        self,
        file: &'static DataFile,
        path: &Path,
        keep: &mut dyn Keep,
    ) -> Result<(), DataError> {
        let dataset = self.dataset;
        let mut decoder = GzDecoder::new(open(path)?);
        if file.members.is_empty() {
            let seen = self.digest(&mut decoder, file, path, keep)?;
            self.judge(file, path, &seen)?;
        } else {
            archive::read(&mut decoder, file, keep).map_err(|reason| DataError::Archive {
                dataset,
                path: path.to_owned(),
                reason,
            })?;
        }
        let mut rest = decoder.into_inner();
        match rest.fill_buf() {
            Ok([]) => Ok(()),
            Ok(_) => Err(DataError::TrailingBytes { dataset, path: path.to_owned() }),
            Err(reason) => Err(DataError::Io { path: path.to_owned(), reason }),
        }
    }

    /// Finds why the MD5 of a file differs from the expected one, as far as possible.
    fn explain(self, file: &'static DataFile, path: &Path, found: String) -> DataError {
        let dataset = self.dataset;
        let other = self.files.iter().find(|f| f.checksum.hex() == found);
        if let Some(other) = other {
            return DataError::Swapped { dataset, path: path.to_owned(), actual: other.name };
        }
        let unpacked = open(path)
            .and_then(|opened| self.digest(&mut GzDecoder::new(opened), file, path, &mut Nothing));
        match unpacked {
            Err(error) => error,
            Ok(seen) if seen.bytes < file.bytes => DataError::Truncated {
                dataset,
                path: path.to_owned(),
                found: seen.bytes,
                expected: file.bytes,
            },
            Ok(_) => self.altered(file, path, found),
        }
    }

    fn altered(self, file: &'static DataFile, path: &Path, found: String) -> DataError {
        DataError::Altered {
            dataset: self.dataset,
            path: path.to_owned(),
            of: file.checksum.of(),
            found,
            expected: file.checksum.hex(),
        }
    }

    /// Hashes a stream in a fixed buffer, passing on the first `file.bytes` bytes.
    fn digest(
        self,
        reader: &mut dyn Read,
        file: &DataFile,
        path: &Path,
        keep: &mut dyn Keep,
    ) -> Result<Seen, DataError> {
        let longest = self.files.iter().map(archive::longest).max().unwrap_or(file.bytes);
        let (mut hash, mut md5) = (Sha256::new(), Md5::new());
        let by_md5 = matches!(file.checksum, Checksum::Md5OfContents(_));
        let mut buffer = vec![0; CHUNK];
        let mut bytes = 0u64;
        while bytes <= longest {
            let n = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(n) => n,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.classify(error, file, path, bytes)),
            };
            match by_md5 {
                true => md5.update(&buffer[..n]),
                false => hash.update(&buffer[..n]),
            }
            let wanted = file.bytes.saturating_sub(bytes).min(n as u64) as usize;
            if wanted > 0 {
                keep.at(bytes, &buffer[..wanted]);
            }
            bytes += n as u64;
        }
        let digest = match by_md5 {
            true => HEXLOWER.encode(&md5.finalize()),
            false => HEXLOWER.encode(&hash.finalize()),
        };
        Ok(Seen { bytes, digest })
    }

    /// Converts an error of the file or of the decoder.
    fn classify(self, error: io::Error, file: &DataFile, path: &Path, found: u64) -> DataError {
        let (dataset, path) = (self.dataset, path.to_owned());
        match error.kind() {
            ErrorKind::UnexpectedEof => {
                DataError::Truncated { dataset, path, found, expected: file.bytes }
            }
            ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                DataError::Gzip { dataset, path, reason: error.to_string() }
            }
            _ => DataError::Io { path, reason: error },
        }
    }

    /// Checks that the bytes seen are those of the genuine file. If the file is known by its MD5,
    /// only the length remains to be checked.
    fn judge(self, file: &'static DataFile, path: &Path, seen: &Seen) -> Result<(), DataError> {
        let same = |f: &DataFile| match f.checksum {
            Checksum::Sha256(hex) | Checksum::Md5OfContents(hex) => {
                f.bytes == seen.bytes && hex == seen.digest
            }
            Checksum::Md5(_) => false,
        };
        if same(file) || matches!(file.checksum, Checksum::Md5(_)) && seen.bytes == file.bytes {
            return Ok(());
        }
        let dataset = self.dataset;
        if let Some(other) = self.files.iter().find(|f| same(f)) {
            return Err(DataError::Swapped { dataset, path: path.to_owned(), actual: other.name });
        }
        let (path, expected) = (path.to_owned(), file.bytes);
        Err(match seen.bytes.cmp(&expected) {
            std::cmp::Ordering::Less => {
                DataError::Truncated { dataset, path, found: seen.bytes, expected }
            }
            std::cmp::Ordering::Greater => DataError::TooLong { dataset, path, expected },
            std::cmp::Ordering::Equal => self.altered(file, &path, seen.digest.clone()),
        })
    }
}

/// Length and digest of what a file holds.
struct Seen {
    /// Uncompressed length in bytes, counted until it exceeds the dataset's longest file.
    bytes: u64,
    /// Hexadecimal digest: MD5 if the file is known by the MD5 of its contents, else SHA-256.
    digest: String,
}

/// Opens a file for reading. Checks its kind first: opening a pipe would wait for its writer, and
/// reading from a device need not end.
///
/// # Errors
/// Those of the system; `InvalidInput` for a folder, pipe or device, with a message naming it.
pub(crate) fn regular(path: &Path) -> io::Result<File> {
    is_regular(&std::fs::metadata(path)?)?;
    File::open(path)
}

/// Checks that something on disk is a regular file.
///
/// # Errors
/// `InvalidInput` for a folder, pipe or device, with a message naming it.
pub(crate) fn is_regular(seen: &Metadata) -> io::Result<()> {
    match (seen.is_file(), seen.is_dir()) {
        (true, _) => Ok(()),
        (_, true) => Err(io::Error::new(ErrorKind::InvalidInput, "a folder, not a file")),
        _ => Err(io::Error::new(ErrorKind::InvalidInput, "a pipe or a device, not a file")),
    }
}

fn open(path: &Path) -> Result<BufReader<File>, DataError> {
    regular(path)
        .map(|file| BufReader::with_capacity(CHUNK, file))
        .map_err(|reason| DataError::Io { path: path.to_owned(), reason })
}

/// Returns the MD5 of a file's bytes on disk.
fn md5(path: &Path) -> Result<String, DataError> {
    let mut reader = open(path)?;
    let mut hash = Md5::new();
    loop {
        let n = match reader.fill_buf() {
            Ok([]) => return Ok(HEXLOWER.encode(&hash.finalize())),
            Ok(bytes) => {
                hash.update(bytes);
                bytes.len()
            }
            Err(reason) if reason.kind() == ErrorKind::Interrupted => continue,
            Err(reason) => return Err(DataError::Io { path: path.to_owned(), reason }),
        };
        reader.consume(n);
    }
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
        let mut kept = Vec::new();
        let verdict = Table::from(dataset).verify_at(labels, bomb.path(), &mut kept);
        assert!(matches!(verdict, Err(DataError::TooLong { .. })));
        assert_eq!(kept.len() as u64, labels.bytes);
    }

    #[test]
    fn the_bytes_are_those_of_the_file() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data");
        let (_, bytes) = Table::from(DatasetName::Mnist).read(3, &folder).unwrap();
        assert_eq!(bytes[..10], [0, 0, 8, 1, 0, 0, 0x27, 0x10, 7, 2]);
        assert_eq!((bytes.len(), bytes.capacity()), (10_008, 10_008));
    }
}
