//! Comma-separated numbers, one sample a line, the class in the last column.
//!
//! Numbers may stand in quotes and between spaces; lines end as on any system;
//! a byte order mark is skipped. A first line in which a field is not a number
//! is a header.

use std::io::{BufRead, Read};

use super::error::{Fault, Place, looks_like, shown};
use super::labels;

/// Longest line in bytes: room for millions of features, and an end to a file
/// that has no lines.
const LONGEST_LINE: usize = 64 << 20;

/// The samples of a CSV file.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    /// `labels.len() * features` finite numbers, one sample after another.
    pub(super) values: Vec<f64>,
    /// Classes.
    pub(super) labels: Vec<i64>,
    /// Columns without the class.
    pub(super) features: usize,
}

/// Reads a CSV file to its end.
pub(super) fn parse(reader: &mut dyn BufRead) -> Result<Table, Fault> {
    let mut table = Table { values: Vec::new(), labels: Vec::new(), features: 0 };
    let mut bytes = Vec::new();
    let (mut number, mut blank) = (0, None);
    // Fields of a line, once a line has said it.
    let mut width = None;
    while line(reader, &mut bytes, number + 1)? {
        number += 1;
        let text = text(&bytes, number)?;
        if text.trim().is_empty() {
            blank = blank.or(Some(number));
            continue;
        }
        if let Some(line) = blank {
            let reason = "a blank line between the samples";
            return Err(Fault::new(Place::Line(line), reason, "remove it"));
        }
        if number == 1 {
            first_line(text)?;
            if is_header(text) {
                width = Some(Fields::of(text).count());
                continue;
            }
        }
        let found = sample(&mut table, text, number)?;
        let expected = *width.get_or_insert(found);
        if found != expected {
            let reason = format!("{found} field(s), the lines before have {expected}");
            let remedy = "give every line the same number of fields";
            return Err(Fault::new(Place::Line(number), reason, remedy));
        }
    }
    if table.labels.is_empty() {
        let reason = if width.is_some() { "a header and no samples" } else { "no samples" };
        return Err(Fault::new(Place::File, reason, "write a sample a line"));
    }
    table.features = width.unwrap_or(1) - 1;
    Ok(table)
}

/// The next line with its end, or false at the end of the file.
fn line(reader: &mut dyn BufRead, bytes: &mut Vec<u8>, number: usize) -> Result<bool, Fault> {
    bytes.clear();
    let read = reader.take(LONGEST_LINE as u64 + 1).read_until(b'\n', bytes)?;
    if read > LONGEST_LINE {
        let reason = format!("longer than {} MiB", LONGEST_LINE >> 20);
        return Err(Fault::new(Place::Line(number), reason, "write a sample a line"));
    }
    Ok(read > 0)
}

/// The line as text, without its end and a byte order mark.
fn text(bytes: &[u8], number: usize) -> Result<&str, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !bytes.contains(&0) => {
            let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
            Ok(text.trim_end_matches(['\n', '\r']))
        }
        _ => {
            let start = if number == 1 { bytes } else { &[] };
            let reason = format!("not UTF-8 text{}", looks_like(start));
            let remedy = "save it as CSV in UTF-8, or name its `kind`";
            Err(Fault::new(Place::Line(number), reason, remedy))
        }
    }
}

/// Two first lines that pandas writes, and that would pass for data in silence.
fn first_line(text: &str) -> Result<(), Fault> {
    let count = Fields::of(text).count();
    if count > 3 && Fields::of(text).enumerate().all(|(i, field)| field == i.to_string()) {
        let reason = "0, 1, 2, ...: column numbers as pandas writes them, and no sample";
        let remedy = "write it with `header=False`, or put a line of names above";
        return Err(Fault::new(Place::Line(1), reason, remedy));
    }
    if is_header(text) && count > 1 && Fields::of(text).next().is_some_and(str::is_empty) {
        let reason = "a column without a name, as an index of rows that pandas or R writes";
        let remedy = "write it with `index=False` (R: `row.names=FALSE`), or name the column";
        return Err(Fault::new(Place::Field { line: 1, column: 1 }, reason, remedy));
    }
    Ok(())
}

/// Empty fields alone do not make a header: a sample with a gap would vanish.
fn is_header(text: &str) -> bool {
    Fields::of(text).any(|field| !field.is_empty() && field.parse::<f64>().is_err())
}

/// Appends the sample of a line; its number of fields.
fn sample(table: &mut Table, text: &str, line: usize) -> Result<usize, Fault> {
    let mut count = 0;
    let mut class = 0.0;
    for field in Fields::of(text) {
        if count > 0 {
            table.values.push(class);
        }
        count += 1;
        class = value(field).map_err(|(reason, remedy)| {
            Fault::new(Place::Field { line, column: count }, reason, remedy)
        })?;
    }
    if count < 2 {
        let reason = "one field, where inputs and a class are needed";
        let remedy = "separate the fields by commas, with the class in the last";
        return Err(Fault::new(Place::Line(line), reason, remedy));
    }
    let class = labels::class_of_float(class).map_err(|reason| {
        Fault::new(Place::Field { line, column: count }, reason, labels::REMEDY)
    })?;
    table.labels.push(class);
    Ok(count)
}

/// A finite number, or reason and remedy.
fn value(field: &str) -> Result<f64, (String, &'static str)> {
    if field.is_empty() {
        return Err(("an empty field".to_owned(), "fill it in, or leave the sample out"));
    }
    match field.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        Ok(_) => {
            let reason = format!("`{}` is not a finite number", shown(field));
            Err((reason, "fill it in, or leave the sample out"))
        }
        Err(_) => {
            let reason = format!("`{}` is not a number", shown(field));
            Err((
                reason,
                if field.contains([';', '\t', ' ']) {
                    "separate the fields by commas"
                } else {
                    "replace names by numbers, classes by 0, 1, 2 and so on"
                },
            ))
        }
    }
}

/// The fields of a line, without spaces and quotes around them.
struct Fields<'a> {
    rest: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn of(line: &'a str) -> Self {
        Fields { rest: Some(line) }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let rest = self.rest?;
        if let Some(quoted) = rest.trim_start().strip_prefix('"')
            && let Some(end) = closing_quote(quoted)
            && let after = quoted[end + 1..].trim_start()
            && (after.is_empty() || after.starts_with(','))
        {
            self.rest = after.strip_prefix(',');
            return Some(quoted[..end].trim());
        }
        let (field, rest) = match rest.split_once(',') {
            Some((field, rest)) => (field, Some(rest)),
            None => (rest, None),
        };
        self.rest = rest;
        Some(field.trim())
    }
}

/// Where the quotes end; a doubled quote stands for one and ends nothing.
fn closing_quote(text: &str) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + text[from..].find('"')?;
        if !text[at + 1..].starts_with('"') {
            return Some(at);
        }
        from = at + 2;
    }
}

#[cfg(test)]
mod tests;
