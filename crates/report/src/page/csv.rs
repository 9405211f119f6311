//! Tables as CSV (RFC 4180): numbers unrounded, and no text that a spreadsheet would take for a
//! formula. The script of the page writes the same bytes from the attributes that `table_html`
//! sets.

use crate::page::table::{Cell, QUALIFIER, Table, Value};

/// Returns a table as CSV: UTF-8, CRLF, with a heading row.
pub fn csv(table: &Table) -> String {
    let mut out = String::new();
    let columns: Vec<Column> = (0..table.head.len()).map(|c| Column::of(table, c)).collect();
    line(&mut out, columns.iter().flat_map(|c| c.heads.iter().map(|head| field(&text(head)))));
    for row in &table.rows {
        line(&mut out, row.iter().zip(&columns).flat_map(|(cell, column)| column.fields(cell)));
    }
    out
}

fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    out.push_str(&fields.collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
}

/// The columns of the CSV that one column of a table gives.
pub(crate) struct Column {
    /// Its heading, then one for each further value in its cells.
    pub(crate) heads: Vec<String>,
    numeric: bool,
    parts: Vec<&'static str>,
}

impl Column {
    pub(crate) fn of(table: &Table, at: usize) -> Self {
        let head = &table.head[at];
        let unit = unit(table, at).map_or(String::new(), |unit| format!(" [{unit}]"));
        // `mean ± sd` in one cell of the page becomes two columns here.
        let name = head.name.strip_suffix(", mean \u{b1} sd").unwrap_or(&head.name);
        let cells = || table.rows.iter().map(|row| &row[at]).filter(|_| head.numeric);
        let first = cells().map(|cell| cell.first).find(|first| !first.is_empty());
        let mut heads = vec![match first {
            Some(first) => format!("{name}, {first}{unit}"),
            None => format!("{}{unit}", head.name),
        }];
        // A qualifier that no cell has needs no column.
        let further = cells().flat_map(|cell| &cell.parts);
        let further = further.filter(|p| p.value.is_some() || p.name != QUALIFIER);
        let mut parts: Vec<(&'static str, bool)> = Vec::new();
        for part in further {
            let word = matches!(part.value, Some(Value::Word(_)));
            match parts.iter_mut().find(|(name, _)| *name == part.name) {
                Some((_, words)) => *words |= word,
                None => parts.push((part.name, word)),
            }
        }
        heads.extend(parts.iter().map(|(part, words)| {
            format!("{name}, {part}{}", if *words { "" } else { unit.as_str() })
        }));
        let parts = parts.into_iter().map(|(name, _)| name).collect();
        Column { heads, numeric: head.numeric, parts }
    }

    /// Returns the text of a cell below each further heading; `None` where it has no value.
    pub(crate) fn more(&self, cell: &Cell) -> Vec<Option<String>> {
        let value = |name: &&'static str| {
            let part = cell.parts.iter().find(|part| part.name == *name)?;
            Some(match part.value? {
                Value::Number(value) => number(value),
                Value::Word(word) => word.to_owned(),
            })
        };
        self.parts.iter().map(value).collect()
    }

    fn fields(&self, cell: &Cell) -> Vec<String> {
        let first = match cell.sort {
            Some(value) if self.numeric => number(value),
            // A dash in a column of numbers means no value.
            _ if cell.text == "\u{2013}" => String::new(),
            _ => field(&text(&cell.text)),
        };
        let more = self.more(cell).into_iter().map(Option::unwrap_or_default);
        [first].into_iter().chain(more).collect()
    }
}

/// Returns a number for CSV and the page's attributes: the shortest text that reads back to the
/// same bits; `inf`, `-inf`, `NaN`.
pub(crate) fn number(value: f64) -> String {
    // An empty sum is minus zero.
    if value == 0.0 { "0".to_owned() } else { value.to_string() }
}

/// The unit of a column's plain numbers, inferred from the texts of its cells; `None` without one.
fn unit(table: &Table, at: usize) -> Option<&'static str> {
    let head = &table.head[at];
    (head.numeric && !head.mixed).then_some(())?;
    let cells = table.rows.iter().map(|row| &row[at]);
    cells.filter(|cell| cell.sort.is_some_and(|v| v != 0.0)).find_map(|cell| {
        let text = cell.parts.iter().fold(cell.text.as_str(), |text, part| match part.value {
            Some(Value::Word(word)) => text.strip_prefix(word).unwrap_or(text).trim_start(),
            _ => text,
        });
        let is_time = [" s", " min", " ms", " \u{b5}s"].iter().any(|unit| text.ends_with(unit));
        match text {
            text if text.contains('%') => Some("fraction"),
            text if is_time && text.starts_with(|c: char| c.is_ascii_digit()) => Some("s"),
            _ => None,
        }
    })
}

/// Returns text that no spreadsheet evaluates: an apostrophe precedes a leading character that
/// would begin a formula, full-width forms included.
fn text(text: &str) -> String {
    let formula = |c: char| "=+-@\t\r\u{ff1d}\u{ff0b}\u{ff0d}\u{ff20}".contains(c);
    if text.starts_with(formula) { format!("'{text}") } else { text.to_owned() }
}

/// Quotes a field if RFC 4180 requires it.
fn field(text: &str) -> String {
    if text.contains(['"', ',', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_whole_and_text_has_no_power() {
        let mut table = Table::new(&["Label", "#Accuracy", "#Time", "#Never"]);
        let accuracy = |mean: Option<f64>, sd| {
            Cell::number(mean, |m| format!("{:.2}%", m * 100.0)).parts(
                "mean",
                "standard deviation",
                sd,
            )
        };
        table.rows.push(vec![
            Cell::text("=1+1"),
            accuracy(Some(0.979_141_6), Some(0.000_51)),
            Cell::number(Some(125.25), |_| "2 min 05 s".to_owned()),
            Cell::number(Some(f64::INFINITY), |_| "never".to_owned()),
        ]);
        table.rows.push(vec![
            Cell::text("a \"b\", c"),
            accuracy(None, None),
            Cell::number(Some(0.0), |_| "0 s".to_owned()),
            Cell { text: "-".to_owned(), ..Cell::default() },
        ]);
        assert_eq!(
            csv(&table),
            "Label,\"Accuracy, mean [fraction]\",\"Accuracy, standard deviation [fraction]\",Time [s],Never\r\n\
             '=1+1,0.9791416,0.00051,125.25,inf\r\n\
             \"a \"\"b\"\", c\",,,0,'-\r\n"
        );
    }

    #[test]
    fn times_are_in_seconds_whatever_their_size() {
        for (value, shown) in [(0.0042, "4.2 ms"), (4.2e-6, "4.2 \u{b5}s"), (300.0, "5 min 00 s")] {
            let mut table = Table::new(&["#Time"]);
            table.rows.push(vec![Cell::number(Some(value), |_| shown.to_owned())]);
            assert_eq!(csv(&table), format!("Time [s]\r\n{value}\r\n"));
        }
    }

    #[test]
    fn every_start_of_a_formula_is_met() {
        for start in ["=", "+", "-", "@", "\t", "\r", "\u{ff1d}"] {
            assert_eq!(text(&format!("{start}x")), format!("'{start}x"));
        }
        assert_eq!(text("x=1"), "x=1");
        assert_eq!(text(""), "");
    }
}
