//! Parquet files of flat columns: truth values, numbers, decimals and texts, in every encoding in
//! use, compressed by Snappy, gzip, LZ4 or Zstandard. Sizes that a file claims are never trusted
//! for an allocation.
//! Source: <https://parquet.apache.org/docs/file-format/>.

mod bits;
mod codec;
mod column;
mod footer;
mod pages;
mod thrift;
mod values;

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use self::column::{Column, Meaning, Physical};
use self::footer::{Footer, Group};
use self::pages::{Batch, Budget, Pages};
use self::values::{Form, Values};
use super::error::{Fault, OwnError, Place, looks_like, shown};
use super::guard::{BOMB, HARMLESS, MOST_RATIO, plausible};
use super::source::{self, LARGEST, Whole};
use super::table::Table;

const MAGIC: [u8; 4] = *b"PAR1";

/// Magic of a file whose footer is encrypted.
const ENCRYPTED: [u8; 4] = *b"PARE";

/// Maximum size of the metadata in bytes.
const LONGEST: u64 = 64 << 20;

/// Maximum number of cells, at eight bytes each.
const MOST_CELLS: u64 = LARGEST / 8;

/// Number of cells that any file may have, whatever its length.
const HARMLESS_CELLS: u64 = 8 << 20;

/// Maximum number of cells beyond [`HARMLESS_CELLS`] per byte of the file.
const CELLS_A_BYTE: u64 = 400;

/// Maximum bytes of texts beyond [`HARMLESS`] per byte of the file.
const TEXTS_A_BYTE: u64 = 100;

const REMEDY: &str = "write it again, compressed by Snappy or Zstandard";

/// Reads the columns of `file`, relative to `root`, whose names are `wanted`, in the order of the
/// file. Returns also the SHA-256 of the bytes on disk in hexadecimal.
pub(super) fn table(
    file: &str,
    root: &Path,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(Table, String), OwnError> {
    let Whole { mut raw, len, hash } = Whole::open(file, root)?;
    let table = read(&mut raw, len, wanted).map_err(|fault| source::error(file, fault))?;
    Ok((table, hash))
}

/// Reads the wanted columns of a file of `len` bytes.
fn read(
    reader: &mut (impl Read + Seek),
    len: u64,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Table, Fault> {
    let Footer { rows, columns, groups } = footer(reader, len)?;
    let columns: Vec<Column> = columns.into_iter().filter(|c| wanted(&c.name)).collect();
    let mut forms = Vec::new();
    for column in &columns {
        let (physical, meaning) = column.form.map_err(|what| {
            let reason = format!("column `{}` holds {what}", shown(&column.name));
            fault(reason, "write numbers, truth values or texts, or leave the column out")
        })?;
        forms.push(Form { physical, meaning });
    }
    let width = columns.len();
    if width == 0 || rows == 0 {
        let what = if width == 0 { "columns" } else { "rows" };
        return Err(fault(format!("no {what}"), "write a row a sample"));
    }
    let cells = rows.saturating_mul(width as u64);
    if cells > HARMLESS_CELLS && cells / CELLS_A_BYTE > len {
        let reason = format!("{rows} rows of {width} columns are claimed in {len} bytes");
        return Err(fault(reason, "write it again, or as CSV"));
    }
    if cells > MOST_CELLS {
        let reason = format!("{cells} cells, at most {MOST_CELLS} are read");
        return Err(fault(reason, "use fewer rows, or leave columns out"));
    }
    let mut reading = Reading {
        budget: Budget {
            pages: HARMLESS + MOST_RATIO * len,
            texts: LARGEST.min(HARMLESS + TEXTS_A_BYTE * len),
        },
        table: Table {
            names: columns.iter().map(|column| column.name.clone()).collect(),
            width,
            ..Table::default()
        },
        forms,
        columns,
    };
    for group in groups {
        reading.group(reader, len, &group)?;
    }
    Ok(reading.table)
}

/// Reads the metadata at the end of the file.
fn footer(reader: &mut (impl Read + Seek), len: u64) -> Result<Footer, Fault> {
    let start = bytes(reader, 0, len.min(8))?;
    if start.get(..4) != Some(&MAGIC) && start.get(..4) != Some(&ENCRYPTED) {
        let reason = format!("not a Parquet file{}", looks_like(&start));
        return Err(fault(reason, "write it with `to_parquet`, or correct `kind`"));
    }
    let cut = || unsound("it ends early");
    let end = bytes(reader, len.checked_sub(8).filter(|at| *at >= 4).ok_or_else(cut)?, 8)?;
    let (size, magic) = end.split_first_chunk::<4>().ok_or_else(cut)?;
    if magic == ENCRYPTED {
        return Err(fault("encrypted", "write it without encryption"));
    }
    let size = u64::from(u32::from_le_bytes(*size));
    if magic != MAGIC || size > len - 12 {
        return Err(cut());
    }
    if size > LONGEST {
        let reason = format!("metadata of {size} bytes, at most {LONGEST} are read");
        return Err(fault(reason, "write fewer columns, or larger row groups"));
    }
    footer::read(&bytes(reader, len - 8 - size, size)?).map_err(|reason| unsound(&reason))
}

/// State of reading a file.
struct Reading {
    columns: Vec<Column>,
    forms: Vec<Form>,
    budget: Budget,
    table: Table,
}

impl Reading {
    /// Appends the rows of a row group.
    fn group(
        &mut self,
        reader: &mut (impl Read + Seek),
        len: u64,
        group: &Group,
    ) -> Result<(), Fault> {
        // The sum over all groups was bounded before.
        let rows = group.rows as usize;
        self.table.cells.resize((self.table.rows + rows) * self.table.width, f64::NAN);
        for index in 0..self.columns.len() {
            let column = &self.columns[index];
            let named = |reason: String| {
                let reason = format!("column `{}`: {reason}", shown(&column.name));
                fault(reason, REMEDY)
            };
            let chunk = group.chunks[column.chunk];
            let end = chunk.start.checked_add(chunk.len).filter(|end| *end <= len);
            if chunk.values != group.rows || end.is_none() {
                return Err(named("the metadata contradict themselves".to_owned()));
            }
            let bytes = bytes(reader, chunk.start, chunk.len)?;
            let form = self.forms[index];
            let mut pages = Pages::new(form, column.optional, chunk.codec, rows, &bytes);
            while let Some(batch) = pages.next(&mut self.budget).map_err(named)? {
                put(&mut self.table, form, index, batch)?;
            }
        }
        self.table.rows += rows;
        Ok(())
    }
}

/// Stores the values of a page in a column.
fn put(table: &mut Table, form: Form, column: usize, batch: Batch) -> Result<(), Fault> {
    let there = |i: usize| batch.levels.as_ref().is_none_or(|levels| levels[i] == 1);
    match batch.values {
        Values::Words(words) => {
            let mut words = words.into_iter();
            let out = table.words.entry(column).or_default();
            for i in 0..batch.rows {
                let word = if there(i) { words.next() } else { None };
                out.push(word.unwrap_or_default());
            }
        }
        Values::Numbers(numbers) => {
            let mut numbers = numbers.into_iter();
            for i in 0..batch.rows {
                let Some(number) = (if there(i) { numbers.next() } else { None }) else { continue };
                let row = table.rows + batch.first + i;
                if number.is_infinite() {
                    return Err(infinite(
                        form,
                        number,
                        Place::Value { sample: row, feature: column },
                    ));
                }
                table.cells[row * table.width + column] = number;
            }
        }
    }
    Ok(())
}

fn infinite(form: Form, number: f64, place: Place) -> Fault {
    let float = matches!(form.physical, Physical::F32 | Physical::F64);
    if float || form.meaning == Meaning::Half {
        let remedy = "replace it, or leave the row out";
        return Fault::new(place, format!("{number} is not a finite number"), remedy);
    }
    let reason = "a whole number beyond 2^53, up to which all are exact";
    Fault::new(place, reason, "write the column as floats or as texts, or leave it out")
}

/// Reads bytes of the file; it is an error if it ends before.
fn bytes(reader: &mut (impl Read + Seek), start: u64, len: u64) -> Result<Vec<u8>, Fault> {
    reader.seek(SeekFrom::Start(start))?;
    let mut out = Vec::with_capacity(usize::try_from(len).unwrap_or(0));
    reader.by_ref().take(len).read_to_end(&mut out)?;
    if out.len() as u64 == len { Ok(out) } else { Err(unsound("it ends early")) }
}

fn fault(reason: impl Into<String>, remedy: &str) -> Fault {
    Fault::new(Place::File, reason, remedy)
}

fn unsound(reason: &str) -> Fault {
    fault(format!("not a sound Parquet file ({reason})"), "write or copy it again")
}

#[cfg(test)]
mod tests;
