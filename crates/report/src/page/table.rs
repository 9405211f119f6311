//! Tables as data, so that HTML, Markdown and CSV show the same.

use crate::escape;

/// A table with a heading row.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// File name of its CSV without extension, `[a-z-]`; empty for a table without CSV.
    pub name: &'static str,
    /// Content of the table, for screen readers.
    pub caption: String,
    /// Names of the columns; columns of numbers are aligned to the right.
    pub head: Vec<Head>,
    /// Rows as wide as the head.
    pub rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Head {
    /// Its name.
    pub name: String,
    /// Whether it holds numbers.
    pub numeric: bool,
    /// Whether rows can be filtered by its values.
    pub choice: bool,
    /// Whether the unit of its numbers differs from row to row.
    pub mixed: bool,
}

/// One value of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// The text shown; free of control characters, not yet escaped for HTML or Markdown.
    pub text: String,
    /// The number behind the text, for sorting.
    pub sort: Option<f64>,
    /// Index of a label in the plan, for its colour; `None` in cells that are no label.
    pub series: Option<usize>,
    /// Whether the text is in bold.
    pub strong: bool,
    /// Name of the number behind the text if the text has other values too; else empty.
    pub first: &'static str,
    /// The other values in the text, each in its own column of the CSV.
    pub parts: Vec<Part>,
}

/// One of the further values in a cell's text: `97.91% ± 0.05` is a `mean`, the cell's `sort`, and
/// a `standard deviation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Name of the value.
    pub name: &'static str,
    /// The value; `None` if other cells of the column have one and this cell has not.
    pub value: Option<Value>,
}

/// Name of the part that qualifies a number; a column without qualifiers omits it in the CSV.
pub(crate) const QUALIFIER: &str = "qualifier";

/// The value of a part of a cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number, in the unit of the cell's first number.
    Number(f64),
    /// A word that changes the meaning of the number: `at least`.
    Word(&'static str),
}

impl Cell {
    /// Returns a cell of text, which may come from a file.
    pub fn text(text: impl AsRef<str>) -> Self {
        Cell { text: escape::line(text.as_ref()), ..Cell::default() }
    }

    /// Returns a cell of a number with its text; a dash for `None`.
    pub fn number(value: Option<f64>, text: impl FnOnce(f64) -> String) -> Self {
        let text = value.map_or_else(|| "\u{2013}".to_owned(), text);
        Cell { text, sort: value, ..Cell::default() }
    }

    /// Returns a cell of a count.
    pub fn count(n: usize) -> Self {
        Cell::number(Some(n as f64), |_| crate::number::count(n as u64))
    }

    /// Returns a cell of a label with a swatch of its colour; `series` is its index in the plan.
    pub fn label(label: &str, series: usize) -> Self {
        Cell { series: Some(series), ..Cell::text(label) }
    }

    /// Sets whether the text is in bold.
    pub fn strong(self, strong: bool) -> Self {
        Cell { strong, ..self }
    }

    /// Adds a second number; `first` and `second` name both.
    pub fn parts(self, first: &'static str, second: &'static str, value: Option<f64>) -> Self {
        Cell { first, ..self }.part(second, value.map(Value::Number))
    }

    /// Adds the total of which a count is a part.
    pub fn of(self, whole: usize) -> Self {
        self.part("of", Some(Value::Number(whole as f64)))
    }

    /// Adds a word that changes the meaning of the number, `at least` or `over`; empty for none.
    pub fn qualified(self, word: &'static str) -> Self {
        self.part(QUALIFIER, Some(Value::Word(word)).filter(|_| !word.is_empty()))
    }

    /// Adds the unit of the number, in a column whose units differ from row to row.
    pub fn unit(self, unit: &'static str) -> Self {
        self.part("unit", Some(Value::Word(unit)))
    }

    fn part(mut self, name: &'static str, value: Option<Value>) -> Self {
        self.parts.push(Part { name, value });
        self
    }
}

impl Table {
    /// Returns a table with these columns and no rows; a leading `#` marks a column of numbers.
    pub fn new(head: &[&str]) -> Self {
        let column = |name: &&str| match name.strip_prefix('#') {
            Some(name) => {
                Head { name: name.to_owned(), numeric: true, choice: false, mixed: false }
            }
            None => Head { name: (*name).to_owned(), numeric: false, choice: false, mixed: false },
        };
        Table {
            name: "",
            caption: String::new(),
            head: head.iter().map(column).collect(),
            rows: Vec::new(),
        }
    }

    /// Returns the table with a file name for its CSV and a caption.
    pub fn named(self, name: &'static str, caption: &str) -> Self {
        Table { name, caption: caption.to_owned(), ..self }
    }

    /// Returns the table with these columns as filters, for columns of few values.
    pub fn choices(mut self, names: &[&str]) -> Self {
        for head in &mut self.head {
            head.choice |= names.contains(&head.name.as_str());
        }
        self
    }

    /// Returns the table with these columns as columns of mixed units.
    pub fn mixed(mut self, names: &[&str]) -> Self {
        for head in &mut self.head {
            head.mixed |= names.contains(&head.name.as_str());
        }
        self
    }

    /// Returns the indices in the plan of the labels in a row, ascending.
    pub fn series_of(row: &[Cell]) -> Vec<usize> {
        let mut series: Vec<usize> = row.iter().filter_map(|cell| cell.series).collect();
        series.sort_unstable();
        series.dedup();
        series
    }

    /// Returns the table without the column of this name.
    pub fn without(mut self, name: &str) -> Self {
        if let Some(at) = self.head.iter().position(|h| h.name == name) {
            self.head.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        self
    }

    /// Returns the table without columns whose cells are all empty or dashes.
    pub fn without_empty(mut self) -> Self {
        let empty =
            |c: usize| self.rows.iter().all(|r| r[c].text.is_empty() || r[c].text == "\u{2013}");
        let keep: Vec<bool> =
            (0..self.head.len()).map(|c| self.rows.is_empty() || !empty(c)).collect();
        let mut kept = keep.iter();
        self.head.retain(|_| *kept.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut kept = keep.iter();
            row.retain(|_| *kept.next().unwrap_or(&true));
        }
        self
    }
}
