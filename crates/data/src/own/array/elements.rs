//! Reading of consecutive elements of one size up to the end of a file.

use std::io::{BufRead, ErrorKind};

use super::super::error::{Fault, Place};
use super::super::guard::plausible;

const CHUNK: usize = 64 * 1024;

/// Maximum number of elements: far beyond any file that is read, and small enough for sizes at
/// eight bytes per element.
const MOST: u64 = 1 << 48;

/// The elements that a header announces.
pub(super) struct Elements {
    /// Number of elements.
    pub(super) count: usize,
    /// Length of the file on disk in bytes; the file may be compressed.
    pub(super) room: u64,
}

impl Elements {
    /// Passes every element of `N` bytes to `each`, with its index. The file must end after the
    /// last.
    pub(super) fn each<const N: usize>(
        &self,
        reader: &mut dyn BufRead,
        mut each: impl FnMut(usize, [u8; N]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.blocks(reader, N, |first, bytes| {
            let elements = bytes.as_chunks::<N>().0;
            elements.iter().enumerate().try_for_each(|(i, &element)| each(first + i, element))
        })
    }

    /// Converts every element of `N` bytes with `convert`.
    pub(super) fn read<const N: usize, T>(
        &self,
        reader: &mut dyn BufRead,
        mut convert: impl FnMut(usize, [u8; N]) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut out = Vec::with_capacity(self.capacity(N));
        self.each(reader, |index, element| {
            out.push(convert(index, element)?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Passes blocks of whole elements of `size` bytes (at least 1) to `block`, with the index of
    /// the first element. The file must end after the last.
    pub(super) fn blocks(
        &self,
        reader: &mut dyn BufRead,
        size: usize,
        mut block: impl FnMut(usize, &[u8]) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        self.check(size)?;
        let a_chunk = (CHUNK / size).max(1);
        let mut buffer = vec![0; a_chunk.min(self.count.max(1)) * size];
        let mut done = 0;
        while done < self.count {
            let wanted = (self.count - done).min(a_chunk) * size;
            let got = read_full(reader, &mut buffer[..wanted])?;
            let whole = got / size;
            block(done, &buffer[..whole * size])?;
            done += whole;
            if got < wanted {
                let reason = format!("the file ends after {done} of {} elements", self.count);
                return Err(Fault::new(Place::File, reason, "write or copy it again"));
            }
        }
        if read_full(reader, &mut buffer[..1])? > 0 {
            let reason = format!("bytes follow the {} elements of the header", self.count);
            return Err(Fault::new(Place::File, reason, "write one array a file"));
        }
        Ok(())
    }

    /// Returns the number of elements of `size` bytes to allocate for, never more than the file's
    /// length allows.
    pub(super) fn capacity(&self, size: usize) -> usize {
        self.count.min(usize::try_from(self.room / size as u64).unwrap_or(usize::MAX))
    }

    /// Refuses sizes that no file of this length can hold.
    fn check(&self, size: usize) -> Result<(), Fault> {
        let claimed = (self.count as u64).saturating_mul(size as u64);
        if plausible(claimed, self.room) {
            return Ok(());
        }
        let reason = format!("the header claims {claimed} bytes, the file has {}", self.room);
        Err(Fault::new(Place::File, reason, "write or copy it again, not compressed"))
    }
}

/// Returns the number of elements of an array of this shape; `None` if it cannot be addressed.
pub(super) fn product(shape: &[u64]) -> Option<usize> {
    let product = if shape.contains(&0) {
        Some(0)
    } else {
        shape.iter().try_fold(1u64, |a, &b| a.checked_mul(b))
    };
    product.filter(|&n| n <= MOST).and_then(|n| usize::try_from(n).ok())
}

/// Fills the buffer until the file ends and returns the number of bytes read.
pub(in super::super) fn read_full(
    reader: &mut dyn BufRead,
    buffer: &mut [u8],
) -> Result<usize, Fault> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(count: usize, bytes: &[u8]) -> Result<Vec<u16>, Fault> {
        let elements = Elements { count, room: bytes.len() as u64 };
        elements.read(&mut &bytes[..], |_, b| Ok(u16::from_le_bytes(b)))
    }

    fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
        match result {
            Err(Fault::Content { reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn elements_come_in_order_over_many_chunks() {
        let values: Vec<u16> = (0..2 * CHUNK).map(|i| i as u16).collect();
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(read(values.len(), &bytes).unwrap(), values);
        assert!(read(0, &[]).unwrap().is_empty());
    }

    #[test]
    fn another_length_is_refused() {
        assert_eq!(reason(read(3, &[0; 5])), "the file ends after 2 of 3 elements");
        assert_eq!(reason(read(2, &[0; 5])), "bytes follow the 2 elements of the header");
        assert_eq!(
            reason(read(1 << 40, &[0; 5])),
            "the header claims 2199023255552 bytes, the file has 5"
        );
    }

    #[test]
    fn shapes_that_cannot_be_addressed_have_no_product() {
        assert_eq!(product(&[]), Some(1));
        assert_eq!(product(&[2, 3]), Some(6));
        assert_eq!(product(&[u64::MAX, 0]), Some(0));
        assert_eq!(product(&[u64::MAX, 2]), None);
        assert_eq!(product(&[1 << 49]), None);
    }
}
