//! Memory that matrix products and plain loops share.

/// A matrix within an arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// Index of its first element in the arena.
    pub(crate) at: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// True if memory holds its transpose, `[columns, rows]`.
    pub(crate) transposed: bool,
}

impl View {
    /// Creates a row-major matrix `[rows, columns]` that begins at element `at`.
    pub(crate) fn new(at: usize, rows: usize, columns: usize) -> Self {
        View { at, rows, columns, transposed: false }
    }

    /// Returns the transpose over the same memory.
    pub(crate) fn transpose(self) -> Self {
        View { rows: self.columns, columns: self.rows, transposed: !self.transposed, ..self }
    }

    /// Returns the distances in memory, in elements, to the next column and to the next row.
    #[cfg(feature = "flex")]
    pub(crate) fn strides(&self) -> (isize, isize) {
        if self.transposed { (self.rows as isize, 1) } else { (1, self.columns as isize) }
    }

    /// Returns the number of elements.
    pub(crate) fn len(&self) -> usize {
        self.rows * self.columns
    }
}

/// One buffer of float32 numbers and the matrices within it.
pub(crate) trait Arena {
    /// Creates a buffer of `numbers` zeros. Matrices are addressed by their index in `views`;
    /// products may use `threads` threads.
    fn new(numbers: usize, views: &[View], threads: usize) -> Self;

    /// Returns the whole buffer.
    fn values(&mut self) -> &mut [f32];

    /// Writes the product of the matrices `a` and `b` to the matrix `out`.
    fn product(&mut self, out: usize, a: usize, b: usize);
}
