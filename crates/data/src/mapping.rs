//! Memory that all processes of a machine may share: a file mapped read-only, or read-only pages of
//! this process.
//!
//! Mapping a file is `unsafe` because Rust cannot know that nobody changes the file. Nobody does:
//! the cache writes a file under a temporary name, renames it when it is complete and never opens
//! it for writing again. A replacement is another file, and the old one lives until its last
//! mapping ends. Pages are mapped without write permission, so that a write through a stray pointer
//! ends the process instead of altering another worker's data. Anyone who overwrites or truncates a
//! cached file in place crashes the runs that use it.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;

use memmap2::{Mmap, MmapMut, MmapOptions};

/// Maps the whole file read-only and loads its pages at once.
pub(crate) fn of_file(file: &File) -> io::Result<Mmap> {
    // SAFETY: see the top of this file.
    unsafe { MmapOptions::new().populate().map(file) }
}

/// Copies these bytes to read-only pages of this process.
pub(crate) fn of_bytes(bytes: &[u8]) -> io::Result<Mmap> {
    let mut pages = MmapMut::map_anon(bytes.len())?;
    pages.copy_from_slice(bytes);
    pages.make_read_only()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_mapped_file_outlives_its_name() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"0123456789").unwrap();
        let mapped = of_file(&File::open(file.path()).unwrap()).unwrap();
        drop(file);
        assert_eq!(&mapped[..], b"0123456789");
    }

    #[test]
    fn pages_of_bytes_hold_them() {
        let bytes: Vec<u8> = (0..10_000u32).map(|i| i as u8).collect();
        assert_eq!(of_bytes(&bytes).unwrap()[..], bytes);
    }
}
