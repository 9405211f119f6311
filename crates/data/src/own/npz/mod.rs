//! Archives of NumPy arrays, as `numpy.savez` and `numpy.savez_compressed` write them.

mod roles;

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use zip::result::ZipError;
use zip::{CompressionMethod, ZipArchive};

pub(super) use self::roles::{Roles, roles};
use super::error::{Fault, OwnError, Place, looks_like, shown};
use super::guard::{Guarded, Packed, is_guards};
use super::npy;
use super::scale::Inputs;
use super::source::{self, LARGEST, Whole};
use super::table::Column;

/// Maximum number of members of an archive.
const MOST_MEMBERS: usize = 1000;

/// Maximum number of names in a message.
const MOST_SHOWN: usize = 12;

const CHUNK: usize = 128 * 1024;

/// File extension of members that are arrays.
const ENDING: &str = ".npy";

/// An array in an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) name: String,
    /// Length of each dimension.
    pub(super) shape: Vec<u64>,
    /// NumPy name of the element type, such as `float32`.
    pub(super) dtype: String,
}

/// An open NPZ archive.
#[derive(Debug)]
pub(super) struct Archive<R> {
    zip: ZipArchive<R>,
    /// Name and index of each array.
    arrays: Vec<(String, usize)>,
    /// Length of the archive on disk in bytes.
    len: u64,
}

impl Archive<BufReader<File>> {
    /// Opens `file`, relative to `root`, and returns also the SHA-256 of its bytes on disk in
    /// hexadecimal.
    pub(super) fn open(file: &str, root: &Path) -> Result<(Self, String), OwnError> {
        let Whole { raw, len, hash } = Whole::open(file, root)?;
        let reader = BufReader::with_capacity(CHUNK, raw);
        let archive = Archive::new(reader, len).map_err(|fault| source::error(file, fault))?;
        Ok((archive, hash))
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Opens an archive of `len` bytes.
    pub(super) fn new(mut reader: R, len: u64) -> Result<Self, Fault> {
        let mut start = Vec::new();
        reader.by_ref().take(8).read_to_end(&mut start)?;
        let listed = listed(&mut reader, len)?;
        reader.rewind()?;
        let zip = match ZipArchive::new(reader) {
            Ok(zip) => zip,
            Err(ZipError::Io(e)) if e.kind() != ErrorKind::UnexpectedEof => return Err(e.into()),
            Err(_) if start.starts_with(b"PK") => return Err(unsound("it ends early")),
            Err(_) => {
                let reason = format!("not an NPZ archive{}", looks_like(&start));
                return Err(file(reason, "write it with `numpy.savez`, or correct `kind`"));
            }
        };
        if listed.is_some_and(|listed| listed != zip.len()) {
            return Err(file("two members have one name", "write it again with `numpy.savez`"));
        }
        if zip.len() > MOST_MEMBERS {
            let reason = format!("{} members, at most {MOST_MEMBERS} are read", zip.len());
            return Err(file(reason, "write fewer arrays into an archive"));
        }
        let names: Vec<String> = zip.file_names().map(str::to_owned).collect();
        let arrays: Vec<(String, usize)> = names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| Some((name.strip_suffix(ENDING)?.to_owned(), index)))
            .collect();
        if arrays.is_empty() {
            let reason = format!("an archive without arrays: it holds {}", list(&names));
            return Err(file(reason, "write it with `numpy.savez`"));
        }
        Ok(Archive { zip, arrays, len })
    }

    /// Returns the names of the arrays in the order of the archive.
    pub(super) fn names(&self) -> Vec<String> {
        self.arrays.iter().map(|(name, _)| name.clone()).collect()
    }

    /// Returns every array with the shape and type in its header.
    pub(super) fn members(&mut self) -> Result<Vec<Member>, Fault> {
        let names = self.names();
        let member = |name: String| {
            let (shape, dtype) = match self.read(&name, |reader, _| npy::header(reader)) {
                Ok(array) => (array.shape, array.dtype.to_string()),
                // Objects and records are listed too, since the other arrays may do without them.
                Err(Fault::Content { .. }) => (Vec::new(), "not read".to_owned()),
                Err(error) => return Err(error),
            };
            Ok(Member { name, shape, dtype })
        };
        names.into_iter().map(member).collect()
    }

    /// Reads an array as inputs.
    pub(super) fn inputs(&mut self, name: &str) -> Result<Inputs, Fault> {
        self.read(name, |reader, room| npy::inputs(reader, room))
    }

    /// Reads the columns of an array of labels.
    pub(super) fn labels(&mut self, name: &str) -> Result<Vec<Column>, Fault> {
        self.read(name, |reader, room| npy::labels(reader, room))
    }

    /// Reads an array with `parse`, which receives its bytes and their number on disk.
    fn read<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&mut BufReader<Guarded<Packing<'_, R>>>, u64) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let Some((_, index)) = self.arrays.iter().find(|(known, _)| known == name) else {
            let there = list(&self.names());
            let reason = format!("no array `{}`: it holds {there}", shown(name));
            return Err(file(reason, "name one of these"));
        };
        let inner = self.zip.by_index(*index).map_err(|e| within(name, opening(e)))?;
        if !matches!(inner.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(within(name, otherwise_compressed()));
        }
        let packed = inner.compressed_size().min(self.len);
        if inner.size() > LARGEST {
            return Err(Fault::Io(ErrorKind::FileTooLarge.into()));
        }
        let packing = Packing { inner, packed };
        let mut reader = BufReader::with_capacity(CHUNK, Guarded::new(packing, LARGEST));
        parse(&mut reader, packed).map_err(|fault| within(name, fault))
    }
}

/// A member that may be compressed.
struct Packing<'a, R: Read> {
    inner: zip::read::ZipFile<'a, R>,
    packed: u64,
}

impl<R: Read> Read for Packing<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

impl<R: Read> Packed for Packing<'_, R> {
    fn packed(&self) -> Option<u64> {
        (self.inner.compression() != CompressionMethod::Stored).then_some(self.packed)
    }
}

fn file(reason: impl Into<String>, remedy: &str) -> Fault {
    Fault::new(Place::File, reason, remedy)
}

/// Returns the number of members that the end of an archive lists, since the reader keeps only one
/// member of each name. `None` if the number is stored elsewhere, as in very large archives.
fn listed(reader: &mut (impl Read + Seek), len: u64) -> io::Result<Option<usize>> {
    const END: usize = 22;
    let Some(at) = len.checked_sub(END as u64) else { return Ok(None) };
    reader.seek(SeekFrom::Start(at))?;
    let mut end = [0; END];
    reader.read_exact(&mut end)?;
    let count = u16::from_le_bytes([end[10], end[11]]);
    let plain = end.starts_with(b"PK\x05\x06") && count != u16::MAX;
    Ok(plain.then_some(usize::from(count)))
}

fn unsound(reason: &str) -> Fault {
    file(format!("not a sound zip archive ({reason})"), "write or copy it again")
}

/// Converts the error of opening a member.
fn opening(error: ZipError) -> Fault {
    match error {
        ZipError::Io(e) if e.kind() != ErrorKind::UnexpectedEof => Fault::Io(e),
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            file("encrypted", "write it without a password")
        }
        ZipError::CompressionMethodNotSupported(_) => otherwise_compressed(),
        other => unsound(&other.to_string()),
    }
}

fn otherwise_compressed() -> Fault {
    let remedy = "write it with `numpy.savez_compressed`";
    file("compressed by another method than deflate", remedy)
}

/// Adds the name of the array to a fault.
fn within(name: &str, fault: Fault) -> Fault {
    let (reason, remedy) = match fault {
        Fault::Content { place, reason, remedy } => (format!("{place}{reason}"), remedy),
        Fault::Io(e) if is_guards(&e) => return Fault::Io(e),
        // Errors of the decoder and of the checksum.
        Fault::Io(e) => match e.kind() {
            ErrorKind::InvalidData
            | ErrorKind::InvalidInput
            | ErrorKind::UnexpectedEof
            | ErrorKind::Other => {
                let Fault::Content { reason, remedy, .. } = unsound(&e.to_string()) else {
                    return Fault::Io(e);
                };
                (reason, remedy)
            }
            _ => return Fault::Io(e),
        },
    };
    Fault::new(Place::File, format!("array `{}`: {reason}", shown(name)), remedy)
}

/// Lists names for a message.
fn list(names: &[String]) -> String {
    let mut text: Vec<String> =
        names.iter().take(MOST_SHOWN).map(|name| format!("`{}`", shown(name))).collect();
    match names.len() {
        0 => return "nothing".to_owned(),
        n if n > MOST_SHOWN => text.push(format!("{} more", n - MOST_SHOWN)),
        _ => {}
    }
    text.join(", ")
}

#[cfg(test)]
mod tests;
