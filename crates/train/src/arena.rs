//! Memory that matrix products and plain loops share.

/// A matrix within an arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct View {
    /// Number of its first element in the arena.
    pub(crate) at: usize,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// It stands there as its transpose, `[columns, rows]`.
    pub(crate) transposed: bool,
}

impl View {
    /// A row-major matrix.
    pub(crate) fn new(at: usize, rows: usize, columns: usize) -> Self {
        View { at, rows, columns, transposed: false }
    }

    /// The same numbers as the transpose.
    pub(crate) fn transpose(self) -> Self {
        View { rows: self.columns, columns: self.rows, transposed: !self.transposed, ..self }
    }

    /// Steps in memory to the next column and to the next row.
    #[cfg(feature = "flex")]
    pub(crate) fn strides(&self) -> (isize, isize) {
        if self.transposed { (self.rows as isize, 1) } else { (1, self.columns as isize) }
    }

    /// Elements.
    pub(crate) fn len(&self) -> usize {
        self.rows * self.columns
    }
}

/// One buffer of numbers with the matrices that lie in it.
pub(crate) trait Arena {
    /// `numbers` zeros; matrices are spoken of by their position in `views`. Products
    /// may take `threads` threads.
    fn new(numbers: usize, views: &[View], threads: usize) -> Self;

    /// All numbers.
    fn values(&mut self) -> &mut [f32];

    /// Matrix `out` <- matrix `a` times matrix `b`.
    fn product(&mut self, out: usize, a: usize, b: usize);
}
