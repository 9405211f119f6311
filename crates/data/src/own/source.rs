//! Reading of a file of own data in one pass: bounded, decompressed if it is gzip, and hashed as it
//! is on disk.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Seek};
use std::path::Path;

use data_encoding::HEXLOWER;
use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

pub(super) use super::error::LARGEST;
use super::error::{Fault, OwnError, Place};
use super::guard::{Guarded, Packed, is_guards};

const CHUNK: usize = 128 * 1024;

/// First bytes of a gzip stream. No supported format begins with them, so that compression is
/// recognised by the contents, whatever the file's name.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An open file.
pub(super) struct Source {
    file: String,
    len: u64,
    reader: BufReader<Guarded<Layers>>,
}

impl Source {
    /// Opens `file`, relative to `root`.
    pub(super) fn open(file: &str, root: &Path) -> Result<Self, OwnError> {
        Self::with_limit(file, root, LARGEST)
    }

    fn with_limit(file: &str, root: &Path, limit: u64) -> Result<Self, OwnError> {
        let (raw, len) = open(file, root, limit)?;
        let mut raw = BufReader::with_capacity(CHUNK, raw);
        let start = raw.fill_buf().map_err(|reason| io_error(file, reason))?;
        let layers = if start.starts_with(&GZIP) {
            Layers::Gzip(Box::new(MultiGzDecoder::new(Counted { inner: raw, consumed: 0 })))
        } else {
            Layers::Plain(raw)
        };
        let reader = BufReader::with_capacity(CHUNK, Guarded::new(layers, limit));
        Ok(Source { file: file.to_owned(), len, reader })
    }

    /// Returns the file's length on disk in bytes.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Returns a reader of the decompressed bytes.
    pub(super) fn reader(&mut self) -> &mut dyn BufRead {
        &mut self.reader
    }

    /// Reads to the end and returns the SHA-256 of the bytes on disk in hexadecimal.
    pub(super) fn finish(mut self) -> Result<String, OwnError> {
        if let Err(error) = drain(&mut self.reader) {
            return Err(self.error(error.into()));
        }
        let mut raw = match self.reader.into_inner().inner {
            Layers::Plain(raw) => raw,
            Layers::Gzip(decoder) => decoder.into_inner().inner,
        };
        drain(&mut raw).map_err(|reason| io_error(&self.file, reason))?;
        Ok(HEXLOWER.encode(&raw.into_inner().hash.finalize()))
    }

    /// Adds the file's name to a parser's fault.
    pub(super) fn error(&self, fault: Fault) -> OwnError {
        let file = self.file.clone();
        match (&self.reader.get_ref().inner, fault) {
            (Layers::Gzip(_), Fault::Io(e)) if !is_guards(&e) => match e.kind() {
                ErrorKind::UnexpectedEof => {
                    OwnError::Gzip { file, reason: "it ends early".to_owned() }
                }
                ErrorKind::InvalidInput | ErrorKind::InvalidData => {
                    OwnError::Gzip { file, reason: e.to_string() }
                }
                _ => io_error(&file, e),
            },
            (_, fault) => error(&file, fault),
        }
    }
}

/// Adds the file's name to the fault of a file that is not compressed as a whole.
pub(super) fn error(file: &str, fault: Fault) -> OwnError {
    match fault {
        Fault::Content { place, reason, remedy } => {
            OwnError::Content { file: file.to_owned(), place, reason, remedy }
        }
        Fault::Io(e) => io_error(file, e),
    }
}

/// A file that is read with random access.
pub(super) struct Whole {
    /// The open file, positioned at its start.
    pub(super) raw: File,
    /// Bytes on disk.
    pub(super) len: u64,
    /// SHA-256 of the bytes on disk, hexadecimal.
    pub(super) hash: String,
}

impl Whole {
    /// Opens `file`, relative to `root`, and hashes it first.
    pub(super) fn open(file: &str, root: &Path) -> Result<Self, OwnError> {
        let (raw, len) = open(file, root, LARGEST)?;
        let mut raw = BufReader::with_capacity(CHUNK, raw);
        drain(&mut raw).map_err(|reason| io_error(file, reason))?;
        let Hashing { mut inner, hash } = raw.into_inner();
        inner.rewind().map_err(|reason| io_error(file, reason))?;
        Ok(Whole { raw: inner, len, hash: HEXLOWER.encode(&hash.finalize()) })
    }
}

/// Returns the SHA-256 of a file's bytes on disk in hexadecimal, using constant memory.
pub(super) fn sha256(file: &str, root: &Path) -> Result<String, OwnError> {
    let (raw, _) = open(file, root, LARGEST)?;
    let mut raw = BufReader::with_capacity(CHUNK, raw);
    drain(&mut raw).map_err(|reason| io_error(file, reason))?;
    Ok(HEXLOWER.encode(&raw.into_inner().hash.finalize()))
}

/// Opens a file and returns its length in bytes. Checks its kind first, because opening a pipe
/// would wait for its writer.
fn open(file: &str, root: &Path, limit: u64) -> Result<(Hashing, u64), OwnError> {
    let path = root.join(file);
    let failed = |e: io::Error| match e.kind() {
        ErrorKind::NotFound => OwnError::Missing { file: file.to_owned(), root: root.to_owned() },
        _ => io_error(file, e),
    };
    let seen = fs::metadata(&path).map_err(failed)?;
    if !seen.is_file() {
        let what = if seen.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(OwnError::NotAFile { file: file.to_owned(), what });
    }
    if seen.len() > limit {
        return Err(OwnError::TooLarge { file: file.to_owned() });
    }
    if seen.len() == 0 {
        return Err(OwnError::Content {
            file: file.to_owned(),
            place: Place::File,
            reason: "the file is empty".to_owned(),
            remedy: "write the data to it, or give another path".to_owned(),
        });
    }
    let inner = File::open(&path).map_err(failed)?;
    Ok((Hashing { inner, hash: Sha256::new() }, seen.len()))
}

/// Adds the file's name to an error of reading.
fn io_error(file: &str, reason: io::Error) -> OwnError {
    let file = file.to_owned();
    if reason.kind() == ErrorKind::FileTooLarge {
        return OwnError::TooLarge { file };
    }
    if is_guards(&reason) {
        let (reason, remedy) = (reason.to_string(), "decompress it first".to_owned());
        return OwnError::Content { file, place: Place::File, reason, remedy };
    }
    OwnError::Io { file, reason }
}

fn drain(reader: &mut impl BufRead) -> io::Result<()> {
    loop {
        match reader.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(bytes) => {
                let n = bytes.len();
                reader.consume(n);
            }
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
}

/// Hashes the bytes that are read through it.
struct Hashing {
    inner: File,
    hash: Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

/// Counts the bytes that are consumed.
struct Counted<R> {
    inner: R,
    consumed: u64,
}

impl<R: BufRead> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.consumed += n as u64;
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Counted<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.inner.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.consumed += n as u64;
        self.inner.consume(n);
    }
}

enum Layers {
    Plain(BufReader<Hashing>),
    Gzip(Box<MultiGzDecoder<Counted<BufReader<Hashing>>>>),
}

impl Read for Layers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Layers::Plain(inner) => inner.read(buffer),
            Layers::Gzip(inner) => inner.read(buffer),
        }
    }
}

impl Packed for Layers {
    fn packed(&self) -> Option<u64> {
        match self {
            Layers::Plain(_) => None,
            Layers::Gzip(inner) => Some(inner.get_ref().consumed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::super::guard::HARMLESS;
    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// All decompressed bytes, and the hash of those on disk.
    fn read(contents: &[u8], limit: u64) -> Result<(Vec<u8>, String), OwnError> {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("x"), contents).unwrap();
        let mut source = Source::with_limit("x", dir.path(), limit)?;
        let mut bytes = Vec::new();
        if let Err(e) = source.reader().read_to_end(&mut bytes) {
            return Err(source.error(e.into()));
        }
        let hash = source.finish()?;
        assert_eq!(hash, sha256("x", dir.path()).unwrap());
        Ok((bytes, hash))
    }

    #[test]
    fn the_hash_is_that_of_the_bytes_on_disk() {
        // sha256sum of "abc".
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(read(b"abc", 3).unwrap(), (b"abc".to_vec(), known.to_owned()));
        let (bytes, hash) = read(&packed(b"abc"), 100).unwrap();
        assert_eq!(bytes, b"abc");
        assert_ne!(hash, known);
    }

    #[test]
    fn what_no_parser_read_is_hashed_too() {
        let dir = tempfile::tempdir().unwrap();
        for contents in [vec![7; 3 * CHUNK], packed(&vec![7; 3 * CHUNK])] {
            fs::write(dir.path().join("x"), &contents).unwrap();
            let source = Source::open("x", dir.path()).unwrap();
            assert_eq!(source.finish().unwrap(), sha256("x", dir.path()).unwrap());
        }
    }

    #[test]
    fn gzip_members_are_joined_and_damage_is_named() {
        let two = [packed(b"ab"), packed(b"c")].concat();
        assert_eq!(read(&two, 100).unwrap().0, b"abc");
        let whole = packed(b"abcdefgh");
        let cut = read(&whole[..whole.len() - 4], 100).unwrap_err().to_string();
        assert_eq!(
            cut,
            "x: not a sound gzip file (it ends early); remedy: compress or copy it again"
        );
        let tail = read(&[&whole[..], b"tail of another sort"].concat(), 100).unwrap_err();
        assert!(matches!(tail, OwnError::Gzip { .. }), "{tail}");
    }

    #[test]
    fn size_is_bounded_on_disk_and_decompressed() {
        assert!(matches!(read(b"abcd", 3), Err(OwnError::TooLarge { .. })));
        let bomb = packed(&vec![0; 1 << 20]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(read(&bomb, 100_000), Err(OwnError::TooLarge { .. })));
    }
    #[test]
    fn bombs_are_refused_soon() {
        let file = (HARMLESS + 1) as usize;
        let zeros = packed(&vec![0; file]);
        let text = read(&zeros, LARGEST).unwrap_err().to_string();
        assert_eq!(
            text,
            "x: looks like an archive bomb: over 400 bytes from each compressed one; remedy: decompress it first"
        );
        // Several gzip members form one stream.
        let members = packed(&vec![0; file / 16]).repeat(17);
        assert!(read(&members, LARGEST).unwrap_err().to_string().contains("archive bomb"));
        // The same amount is read if it is less compressed, or not at all.
        assert_eq!(read(&packed(&vec![0; HARMLESS as usize]), LARGEST).unwrap().0.len(), file - 1);
        let noise: Vec<u8> = (0..file as u64).map(|i| ((i * i) >> 7) as u8 & 1).collect();
        assert_eq!(read(&packed(&noise), LARGEST).unwrap().0.len(), file);
        assert_eq!(read(&vec![0; file], LARGEST).unwrap().0.len(), file);
    }
}
