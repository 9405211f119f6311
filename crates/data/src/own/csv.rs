//! Tables as text: the dialect of a file, and its cells.
//!
//! Fields are separated by commas, semicolons or tabs, and may be quoted or surrounded by spaces.
//! Any line ending is accepted. A byte order mark, blank lines and lines that begin with `#` are
//! skipped. A first line without any number is a header.

mod dialect;
mod fields;

use std::io::BufRead;

use csv::ByteRecord;
use spec::reading::Asked;

use self::dialect::Dialect;
use self::fields::{Cell, cell};
use super::error::{Fault, Place, looks_like, shown};
use super::source::LARGEST;
use super::table::Table;

/// Longest line in bytes: enough for a million fields, and a bound for files without lines.
const LONGEST_LINE: usize = 64 << 20;

/// Maximum number of columns; a file with more is transposed, or not a table.
const MOST_COLUMNS: usize = 500_000;

/// A table and the dialect it was read in.
#[derive(Debug, PartialEq)]
pub(super) struct Read {
    pub(super) table: Table,
    /// Separator of the fields.
    pub(super) separator: u8,
    /// Whether numbers have a decimal comma.
    pub(super) decimal_comma: bool,
    /// Number of comment lines after the first line.
    pub(super) comments: u64,
}

/// Reads a file to its end and parses it.
pub(super) fn parse(reader: &mut dyn BufRead, asked: &Asked) -> Result<Read, Fault> {
    let bytes = bytes(reader)?;
    let text = text(&bytes)?;
    let dialect = Dialect::of(text, asked)?;
    let width = dialect.width;
    if width > MOST_COLUMNS {
        let reason = format!("{width} columns, at most {MOST_COLUMNS} are read");
        return Err(Fault::new(Place::File, reason, "write a sample a line, or an array as .npy"));
    }
    let mut table = Table { width, names: dialect.names.clone(), ..Table::default() };
    for column in dialect.columns.iter().enumerate().filter(|(_, c)| c.words > 0) {
        table.words.insert(column.0, Vec::new());
    }
    let cells = dialect.rows.saturating_mul(width as u64);
    if cells.saturating_mul(8) > LARGEST {
        return Err(std::io::Error::from(std::io::ErrorKind::FileTooLarge).into());
    }
    table.cells.reserve_exact(cells as usize);
    dialect.each(text, |line, record| {
        row(&mut table, &dialect, line, record);
        Ok(())
    })?;
    if table.rows == 0 {
        let reason = if table.names.is_empty() { "no samples" } else { "a header and no samples" };
        return Err(Fault::new(Place::File, reason, "write a sample a line"));
    }
    let Dialect { separator, decimal_comma, comments, .. } = dialect;
    Ok(Read { table, separator, decimal_comma, comments })
}

/// Appends a sample. The dialect has checked every field before.
fn row(table: &mut Table, dialect: &Dialect, line: u64, record: &ByteRecord) {
    for (column, field) in record.iter().take(table.width).enumerate() {
        let number = match cell(field, dialect.decimal_comma) {
            Cell::Number(x) => x,
            Cell::Missing | Cell::Word => f64::NAN,
        };
        if let Some(words) = table.words.get_mut(&column) {
            words.push(fields::word(field).unwrap_or_default());
        }
        table.cells.push(number);
    }
    table.lines.push(line);
    table.rows += 1;
}

/// Reads the whole file; refuses one that is not text, because it has a zero byte or an endless
/// line.
fn bytes(reader: &mut dyn BufRead) -> Result<Vec<u8>, Fault> {
    let mut out: Vec<u8> = Vec::new();
    let mut line = 0;
    loop {
        let piece = match reader.fill_buf() {
            Ok([]) => return Ok(out),
            Ok(piece) => piece,
            Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(e) => return Err(e.into()),
        };
        if piece.contains(&0) {
            out.extend_from_slice(piece);
            let nothing = out.iter().position(|b| *b == 0).unwrap_or(0);
            let text = std::str::from_utf8(&out).err().map_or(nothing, |e| e.valid_up_to());
            return Err(not_text(&out, text.min(nothing)));
        }
        match piece.iter().rposition(|b| matches!(b, b'\n' | b'\r')) {
            Some(at) => line = piece.len() - at,
            None => line += piece.len(),
        }
        if line > LONGEST_LINE {
            let number = out.iter().filter(|b| **b == b'\n').count() + 1;
            let reason = format!("longer than {} MiB", LONGEST_LINE >> 20);
            return Err(Fault::new(Place::Line(number), reason, "write a sample a line"));
        }
        out.extend_from_slice(piece);
        let n = piece.len();
        reader.consume(n);
    }
}

/// Returns the text without its byte order mark.
fn text(bytes: &[u8]) -> Result<&str, Fault> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.trim_start_matches('\u{feff}')),
        Err(error) => Err(not_text(bytes, error.valid_up_to())),
    }
}

/// Returns the fault of bytes that are not text from `at` on.
fn not_text(bytes: &[u8], at: usize) -> Fault {
    let line = bytes[..at].iter().filter(|b| **b == b'\n').count() + 1;
    let what =
        if bytes.get(at) == Some(&0) { "a byte 0, which no text holds" } else { "not UTF-8 text" };
    let reason = format!("{what}{}", looks_like(bytes));
    Fault::new(Place::Line(line), reason, "save it as CSV in UTF-8, or name its `kind`")
}

/// Returns the fault of an input field that is not a number; `name` is that of its column.
pub(super) fn not_a_number(field: &str, place: Place, name: Option<&String>) -> Fault {
    let infinite = field.parse::<f64>().is_ok_and(|x| !x.is_finite());
    let what = if infinite { "not a finite number" } else { "not a number" };
    let column = match place {
        Place::Field { column, .. } => column,
        Place::Value { feature, .. } => feature + 1,
        _ => 1,
    };
    let column = match name {
        Some(name) if !name.is_empty() => format!("\"{}\"", shown(name)),
        _ => column.to_string(),
    };
    let remedy = if infinite {
        "replace it by a number, or leave the sample out".to_owned()
    } else {
        format!(
            "`leave_out = [{column}]`, `categorical = [{column}]`, or `label = {column}` if it is the class"
        )
    };
    Fault::new(place, format!("`{}` is {what}", shown(field)), remedy)
}

#[cfg(test)]
mod tests;
