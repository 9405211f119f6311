//! Protection against archive bombs: small compressed files that expand to any size.

use std::fmt;
use std::io::{self, ErrorKind, Read};

/// Decompressed bytes up to which any compression ratio is accepted.
pub(super) const HARMLESS: u64 = 64 << 20;

/// Maximum number of decompressed bytes per compressed byte beyond [`HARMLESS`].
pub(super) const MOST_RATIO: u64 = 400;

/// Whether `decompressed` bytes from `compressed` ones are no archive bomb.
pub(super) fn plausible(decompressed: u64, compressed: u64) -> bool {
    decompressed <= HARMLESS || decompressed / MOST_RATIO <= compressed
}

/// Message for decompressed bytes that are not [`plausible`].
pub(super) const BOMB: &str = "looks like an archive bomb: over 400 bytes from each compressed one";

/// Error inside an [`io::Error`] for decompressed bytes that are not [`plausible`].
#[derive(Debug)]
struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BOMB)
    }
}

impl std::error::Error for Bomb {}

/// A reader that may decompress.
pub(super) trait Packed: Read {
    /// Returns the number of compressed bytes that the bytes read so far came from, or an upper
    /// bound; `None` if nothing is compressed.
    fn packed(&self) -> Option<u64>;
}

/// Reader that fails beyond a number of bytes, or at an implausible compression ratio.
pub(super) struct Guarded<R> {
    pub(super) inner: R,
    limit: u64,
    done: u64,
}

impl<R: Packed> Guarded<R> {
    pub(super) fn new(inner: R, limit: u64) -> Self {
        Guarded { inner, limit, done: 0 }
    }
}

impl<R: Packed> Read for Guarded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.done += n as u64;
        if self.done > self.limit {
            return Err(ErrorKind::FileTooLarge.into());
        }
        if self.inner.packed().is_some_and(|packed| !plausible(self.done, packed)) {
            return Err(io::Error::other(Bomb));
        }
        Ok(n)
    }
}

/// Whether the error was raised by [`Guarded`].
pub(super) fn is_guards(error: &io::Error) -> bool {
    error.kind() == ErrorKind::FileTooLarge || error.get_ref().is_some_and(|e| e.is::<Bomb>())
}
