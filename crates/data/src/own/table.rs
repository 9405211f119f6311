//! A table as read from a file, before its columns are divided into inputs and targets.

use std::collections::BTreeMap;

use super::error::Place;

/// Cells of a table, whatever format they came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Names of the columns; empty if the file has none.
    pub(super) names: Vec<String>,
    /// Number of columns, at least 1.
    pub(super) width: usize,
    /// Number of rows, without the header.
    pub(super) rows: usize,
    /// `rows * width` numbers, one row after another. They are finite, or NaN if the cell is
    /// missing or its column holds words.
    pub(super) cells: Vec<f64>,
    /// Columns with words, by index: one text per row, empty if the cell is missing.
    pub(super) words: BTreeMap<usize, Vec<String>>,
    /// Line in the file of each row, from 1; empty for formats without lines.
    pub(super) lines: Vec<u64>,
}

impl Table {
    /// Returns the place of a cell; `row` and `column` from 0.
    pub(super) fn place(&self, row: usize, column: usize) -> Place {
        match self.lines.get(row) {
            Some(line) => Place::Field { line: *line as usize, column: column + 1 },
            None => Place::Value { sample: row, feature: column },
        }
    }

    /// Keeps the rows that are marked `true`.
    pub(super) fn retain(&mut self, keep: &[bool]) {
        let mut to = 0;
        for row in (0..self.rows).filter(|row| keep[*row]) {
            let from = row * self.width;
            self.cells.copy_within(from..from + self.width, to * self.width);
            to += 1;
        }
        self.cells.truncate(to * self.width);
        for words in self.words.values_mut() {
            let mut marks = keep.iter();
            words.retain(|_| *marks.next().unwrap_or(&false));
        }
        let mut marks = keep.iter();
        self.lines.retain(|_| *marks.next().unwrap_or(&false));
        self.rows = to;
    }
}

/// One column of labels or targets, one value per sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// Finite numbers; NaN if missing. Whole numbers up to 2^53 in magnitude are exact.
    Numbers(Vec<f64>),
    /// Texts; empty if missing.
    Words(Vec<String>),
}

impl Column {
    /// Returns the number of samples.
    pub(super) fn len(&self) -> usize {
        match self {
            Column::Numbers(v) => v.len(),
            Column::Words(v) => v.len(),
        }
    }
}
