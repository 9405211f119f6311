//! A table as a file has it, before its columns are divided into inputs and targets.

use std::collections::BTreeMap;

use super::error::Place;

/// Cells of a table, whatever format they came from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    /// Names of the columns; empty where the file has none.
    pub(super) names: Vec<String>,
    /// Number of columns, at least 1.
    pub(super) width: usize,
    /// Number of rows, the header left out.
    pub(super) rows: usize,
    /// `rows * width` numbers, one row after another; finite, or NaN where the cell
    /// is missing and in columns of words.
    pub(super) cells: Vec<f64>,
    /// The columns that hold anything but numbers, by index: a text a row, empty where
    /// the cell is missing.
    pub(super) words: BTreeMap<usize, Vec<String>>,
    /// The line in the file of each row, from 1; empty where a file has no lines.
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

    /// Keeps the rows that are marked.
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

/// One column of labels or targets as a file has it, a value a sample.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Column {
    /// Finite numbers; NaN where one is missing. Whole numbers up to 2^53 in size are exact.
    Numbers(Vec<f64>),
    /// Texts; empty where one is missing.
    Words(Vec<String>),
}

impl Column {
    /// Number of samples.
    pub(super) fn len(&self) -> usize {
        match self {
            Column::Numbers(v) => v.len(),
            Column::Words(v) => v.len(),
        }
    }
}
