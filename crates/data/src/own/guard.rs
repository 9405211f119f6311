//! Archive bombs: a small compressed file can hold any amount.

use std::fmt;
use std::io::{self, ErrorKind, Read};

/// Decompressed bytes up to which any ratio is taken.
pub(super) const HARMLESS: u64 = 64 << 20;

/// Most decompressed bytes a compressed byte past [`HARMLESS`].
pub(super) const MOST_RATIO: u64 = 400;

/// Tells whether `decompressed` bytes are no bomb where they come from `compressed` ones.
pub(super) fn plausible(decompressed: u64, compressed: u64) -> bool {
    decompressed <= HARMLESS || decompressed / MOST_RATIO <= compressed
}

/// The message on more decompressed bytes than are [`plausible`].
pub(super) const BOMB: &str = "looks like an archive bomb: over 400 bytes from each compressed one";

/// More decompressed bytes than are [`plausible`]; inside an [`io::Error`].
#[derive(Debug)]
struct Bomb;

impl fmt::Display for Bomb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(BOMB)
    }
}

impl std::error::Error for Bomb {}

/// Bytes that may come out of a compressed stream.
pub(super) trait Packed: Read {
    /// Compressed bytes that what was read came from, or as many as it can have
    /// come from; None where nothing is compressed.
    fn packed(&self) -> Option<u64>;
}

/// Fails past a number of bytes, and where few compressed bytes become too many.
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

/// Whether the error is of [`Guarded`].
pub(super) fn is_guards(error: &io::Error) -> bool {
    error.kind() == ErrorKind::FileTooLarge || error.get_ref().is_some_and(|e| e.is::<Bomb>())
}
