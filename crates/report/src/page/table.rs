//! A table as data, so that HTML and Markdown show the same.

use crate::escape;

/// A table with a heading row.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// File name of its CSV without extension, `[a-z-]`; empty: it has none.
    pub name: &'static str,
    /// What it holds, for those who do not see the heading above it.
    pub caption: String,
    /// Names of the columns; those of numbers are set to the right.
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
    /// Whether rows can be chosen by its values.
    pub choice: bool,
    /// Whether its numbers have units of their own, row by row.
    pub mixed: bool,
}

/// One value of a table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// As shown; free of control characters, not yet escaped for its place.
    pub text: String,
    /// The number behind the text, for sorting.
    pub sort: Option<f64>,
    /// Place in the plan, for a swatch of colour.
    pub series: Option<usize>,
    /// Set in bold.
    pub strong: bool,
    /// What the number behind the text is, where the text has other values too; else
    /// empty.
    pub first: &'static str,
    /// The other values in the text, each in a column of its own of the CSV.
    pub parts: Vec<Part>,
}

/// One of the further values in a cell's text: `97.91% ± 0.05` is a `mean`, which is
/// the cell's `sort`, and a `standard deviation`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// None where this cell has none, unlike others of its column.
    pub value: Option<Value>,
}

/// The part that qualifies the number: a column without any has no room for it.
pub(crate) const QUALIFIER: &str = "qualifier";

/// What a part of a cell holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number, in the unit of the cell's first.
    Number(f64),
    /// A word that changes what the number says: `at least`.
    Word(&'static str),
}

impl Cell {
    /// Any text, also one from a file.
    pub fn text(text: impl AsRef<str>) -> Self {
        Cell { text: escape::line(text.as_ref()), ..Cell::default() }
    }

    /// A number with its text; an empty one is a dash.
    pub fn number(value: Option<f64>, text: impl FnOnce(f64) -> String) -> Self {
        let text = value.map_or_else(|| "\u{2013}".to_owned(), text);
        Cell { text, sort: value, ..Cell::default() }
    }

    /// A count.
    pub fn count(n: usize) -> Self {
        Cell::number(Some(n as f64), |_| crate::number::count(n as u64))
    }

    /// A label with the swatch of its colour.
    pub fn label(label: &str, series: usize) -> Self {
        Cell { series: Some(series), ..Cell::text(label) }
    }

    /// In bold.
    pub fn strong(self, strong: bool) -> Self {
        Cell { strong, ..self }
    }

    /// With a second number; both named.
    pub fn parts(self, first: &'static str, second: &'static str, value: Option<f64>) -> Self {
        Cell { first, ..self }.part(second, value.map(Value::Number))
    }

    /// With the whole that a count is a part of.
    pub fn of(self, whole: usize) -> Self {
        self.part("of", Some(Value::Number(whole as f64)))
    }

    /// With a word that changes what the number says, `at least` or `over`; empty: none.
    pub fn qualified(self, word: &'static str) -> Self {
        self.part(QUALIFIER, Some(Value::Word(word)).filter(|_| !word.is_empty()))
    }

    /// With the unit of the number, in a column whose units differ from row to row.
    pub fn unit(self, unit: &'static str) -> Self {
        self.part("unit", Some(Value::Word(unit)))
    }

    fn part(mut self, name: &'static str, value: Option<Value>) -> Self {
        self.parts.push(Part { name, value });
        self
    }
}

impl Table {
    /// A table with these columns; a leading `#` marks one of numbers.
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

    /// The table with a file name for its CSV and a caption.
    pub fn named(self, name: &'static str, caption: &str) -> Self {
        Table { name, caption: caption.to_owned(), ..self }
    }

    /// The table with columns of few values, by which rows can be chosen.
    pub fn choices(mut self, names: &[&str]) -> Self {
        for head in &mut self.head {
            head.choice |= names.contains(&head.name.as_str());
        }
        self
    }

    /// The table with columns whose numbers differ in unit from row to row.
    pub fn mixed(mut self, names: &[&str]) -> Self {
        for head in &mut self.head {
            head.mixed |= names.contains(&head.name.as_str());
        }
        self
    }

    /// Places in the plan of the labels that a row is about, ascending.
    pub fn series_of(row: &[Cell]) -> Vec<usize> {
        let mut series: Vec<usize> = row.iter().filter_map(|cell| cell.series).collect();
        series.sort_unstable();
        series.dedup();
        series
    }

    /// The table without the column of this name.
    pub fn without(mut self, name: &str) -> Self {
        if let Some(at) = self.head.iter().position(|h| h.name == name) {
            self.head.remove(at);
            self.rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
        self
    }

    /// The table without columns in which every row says the same nothing.
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
