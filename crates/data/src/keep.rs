//! Receivers of the bytes of a file as they are read.

/// Takes the bytes of a file, piece by piece.
pub(crate) trait Keep {
    /// Takes the bytes at this offset (in bytes).
    fn at(&mut self, offset: u64, bytes: &[u8]);
}

/// Discards the bytes.
pub(crate) struct Nothing;

impl Keep for Nothing {
    fn at(&mut self, _: u64, _: &[u8]) {}
}

impl Keep for Vec<u8> {
    fn at(&mut self, offset: u64, bytes: &[u8]) {
        let (start, end) = (offset as usize, offset as usize + bytes.len());
        self.resize(self.len().max(end), 0);
        self[start..end].copy_from_slice(bytes);
    }
}
