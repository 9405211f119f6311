//! Reading a file of own data in one pass: bounded, decompressed where it is
//! gzip, and hashed as it lies on disk.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::error::{Fault, OwnError, Place};

/// Most bytes of a file, on disk and decompressed.
pub(super) const LARGEST: u64 = 8 << 30;

const CHUNK: usize = 128 * 1024;

/// Decompressed bytes up to which any ratio is taken.
const HARMLESS: u64 = 64 << 20;

/// Most decompressed bytes a compressed byte past [`HARMLESS`].
const MOST_RATIO: u64 = 400;

/// Whether `decompressed` bytes are no bomb where they come from `compressed` ones.
pub(super) fn plausible(decompressed: u64, compressed: u64) -> bool {
    decompressed <= HARMLESS || decompressed / MOST_RATIO <= compressed
}

/// First bytes of a gzip stream. None of the formats begins with them, so that
/// the contents say whether a file is compressed, whatever its name.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// An open file.
pub(super) struct Source {
    file: String,
    len: u64,
    reader: BufReader<Bounded<Layers>>,
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
            Layers::Gzip(Box::new(MultiGzDecoder::new(raw)))
        } else {
            Layers::Plain(raw)
        };
        let bounded = Bounded { inner: layers, left: limit };
        let reader = BufReader::with_capacity(CHUNK, bounded);
        Ok(Source { file: file.to_owned(), len, reader })
    }

    /// Bytes on disk.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// The decompressed bytes.
    pub(super) fn reader(&mut self) -> &mut dyn BufRead {
        &mut self.reader
    }

    /// Reads to the end; SHA-256 of the bytes on disk, hex.
    pub(super) fn finish(mut self) -> Result<String, OwnError> {
        if let Err(error) = drain(&mut self.reader) {
            return Err(self.error(error.into()));
        }
        let mut raw = match self.reader.into_inner().inner {
            Layers::Plain(raw) => raw,
            Layers::Gzip(decoder) => decoder.into_inner(),
        };
        drain(&mut raw).map_err(|reason| io_error(&self.file, reason))?;
        Ok(raw.into_inner().hex())
    }

    /// A parser's finding with the file's name.
    pub(super) fn error(&self, fault: Fault) -> OwnError {
        let file = self.file.clone();
        match fault {
            Fault::Content { place, reason, remedy } => {
                OwnError::Content { file, place, reason, remedy }
            }
            Fault::Io(e) if e.kind() == ErrorKind::FileTooLarge => OwnError::TooLarge { file },
            Fault::Io(e) => match (&self.reader.get_ref().inner, e.kind()) {
                (Layers::Gzip(_), ErrorKind::UnexpectedEof) => {
                    OwnError::Gzip { file, reason: "it ends early".to_owned() }
                }
                (Layers::Gzip(_), ErrorKind::InvalidInput | ErrorKind::InvalidData) => {
                    OwnError::Gzip { file, reason: e.to_string() }
                }
                _ => OwnError::Io { file, reason: e },
            },
        }
    }
}

/// SHA-256 of a file as it lies on disk, hex, in constant memory.
pub(super) fn sha256(file: &str, root: &Path) -> Result<String, OwnError> {
    let (raw, _) = open(file, root, LARGEST)?;
    let mut raw = BufReader::with_capacity(CHUNK, raw);
    drain(&mut raw).map_err(|reason| io_error(file, reason))?;
    Ok(raw.into_inner().hex())
}

/// The file and its length in bytes. Looks before it opens: opening a pipe
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

fn io_error(file: &str, reason: io::Error) -> OwnError {
    OwnError::Io { file: file.to_owned(), reason }
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

/// Hashes what is read through it.
struct Hashing {
    inner: File,
    hash: Sha256,
}

impl Hashing {
    fn hex(self) -> String {
        self.hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(&buffer[..n]);
        Ok(n)
    }
}

enum Layers {
    Plain(BufReader<Hashing>),
    Gzip(Box<MultiGzDecoder<BufReader<Hashing>>>),
}

impl Read for Layers {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Layers::Plain(inner) => inner.read(buffer),
            Layers::Gzip(inner) => inner.read(buffer),
        }
    }
}

/// Fails past a number of bytes: a small gzip file can hold any amount.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => return Err(ErrorKind::FileTooLarge.into()),
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
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
}
