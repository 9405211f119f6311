//! Labels from an array, one column per number of a target.

use std::io::BufRead;

use half::f16;

use super::super::error::{Fault, Place};
use super::super::table::Column;
use super::dtype::Kind;
use super::elements::Elements;
use super::{Array, elements, little, shown};

/// Maximum number of columns of labels.
const MOST_COLUMNS: u64 = 1000;

/// Maximum number of numbers, at eight bytes each.
const MOST_NUMBERS: usize = 1 << 30;

/// Maximum number of texts, at 24 bytes plus their characters each.
const MOST_TEXTS: usize = 1 << 26;

/// Largest number up to which a 64-bit float holds every whole number exactly.
const EXACT: u64 = 1 << 53;

/// Reads the columns of the array; `room` is the length of the file in bytes.
pub(super) fn read(
    array: &Array,
    reader: &mut dyn BufRead,
    room: u64,
) -> Result<Vec<Column>, Fault> {
    let Array { dtype, shape, fortran } = array;
    let (samples, width) = match shape[..] {
        [n] => (n, 1),
        [n, k @ 1..=MOST_COLUMNS] => (n, k),
        _ => return Err(refused(shape)),
    };
    let count = elements(shape)?;
    let texts = matches!(dtype.kind, Kind::Unicode(_) | Kind::Bytes(_));
    let most = if texts { MOST_TEXTS } else { MOST_NUMBERS };
    if count > most {
        let reason = format!("{count} labels, at most {most} are read");
        return Err(Fault::new(Place::File, reason, "use fewer samples"));
    }
    let (samples, width) = (samples as usize, width as usize);
    let elements = Elements { count, room };
    let n = Columns { elements, samples, width, fortran: *fortran };
    let big = dtype.big;
    let numbers = match dtype.kind {
        Kind::F2 => n.numbers(reader, |b| float(f16::from_le_bytes(little(b, big)).into())),
        Kind::F4 => n.numbers(reader, |b| float(f32::from_le_bytes(little(b, big)).into())),
        Kind::F8 => n.numbers(reader, |b| float(f64::from_le_bytes(little(b, big)))),
        Kind::U1 => n.numbers(reader, |[b]| Ok(b.into())),
        Kind::Bool => n.numbers(reader, |[b]| Ok(f64::from(u8::from(b != 0)))),
        Kind::I1 => n.numbers(reader, |b| Ok(i8::from_le_bytes(b).into())),
        Kind::I2 => n.numbers(reader, |b| Ok(i16::from_le_bytes(little(b, big)).into())),
        Kind::I4 => n.numbers(reader, |b| Ok(i32::from_le_bytes(little(b, big)).into())),
        Kind::U2 => n.numbers(reader, |b| Ok(u16::from_le_bytes(little(b, big)).into())),
        Kind::U4 => n.numbers(reader, |b| Ok(u32::from_le_bytes(little(b, big)).into())),
        Kind::I8 => n.numbers(reader, |b| {
            let value = i64::from_le_bytes(little(b, big));
            exact(value.unsigned_abs(), value.is_negative())
        }),
        Kind::U8 => n.numbers(reader, |b| exact(u64::from_le_bytes(little(b, big)), false)),
        Kind::Unicode(length) => return n.texts(reader, 4 * length, &|b| unicode(b, big)),
        Kind::Bytes(length) => return n.texts(reader, length, &utf8),
    };
    Ok(numbers?.into_iter().map(Column::Numbers).collect())
}

fn refused(shape: &[u64]) -> Fault {
    let (reason, remedy) = match *shape {
        [_, k] if k > MOST_COLUMNS => (
            format!("labels of {k} columns, at most {MOST_COLUMNS} are read"),
            "check that inputs and labels are not swapped; of one-hot rows write `y.argmax(axis=1)`",
        ),
        [] => ("one number and no labels".to_owned(), "write a label a sample"),
        _ => (
            format!("labels of shape {}, where one or two dimensions are read", shown(shape)),
            "write `y.reshape(len(y), -1)`, or check that inputs and labels are not swapped",
        ),
    };
    Fault::new(Place::File, reason, remedy)
}

/// Checks a floating-point label; NaN is a missing one.
fn float(value: f64) -> Result<f64, String> {
    if value.is_infinite() {
        return Err(format!("{value} is not a finite number"));
    }
    Ok(value)
}

/// Converts a whole number to a label.
fn exact(size: u64, negative: bool) -> Result<f64, String> {
    let sign = if negative { "-" } else { "" };
    if size > EXACT {
        return Err(format!("{sign}{size} is beyond 2^53, up to which whole numbers are exact"));
    }
    Ok(if negative { -(size as f64) } else { size as f64 })
}

/// Decodes a text of four-byte characters, which NumPy pads with zeros.
fn unicode(bytes: &[u8], big: bool) -> Result<String, String> {
    let code = |&b: &[u8; 4]| u32::from_le_bytes(little(b, big));
    let codes = bytes.as_chunks::<4>().0;
    let end = codes.iter().rposition(|b| code(b) != 0).map_or(0, |last| last + 1);
    let character = |b| {
        let code = code(b);
        char::from_u32(code).ok_or_else(|| format!("{code:#x} is no character"))
    };
    codes[..end].iter().map(character).collect()
}

/// Decodes a text of UTF-8 bytes, which NumPy pads with zeros.
fn utf8(bytes: &[u8]) -> Result<String, String> {
    let end = bytes.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
    let text = str::from_utf8(&bytes[..end]).map_err(|_| "not UTF-8 text".to_owned())?;
    Ok(text.to_owned())
}

/// An array of one or two dimensions.
struct Columns {
    elements: Elements,
    samples: usize,
    width: usize,
    fortran: bool,
}

impl Columns {
    fn numbers<const N: usize>(
        &self,
        reader: &mut dyn BufRead,
        convert: impl Fn([u8; N]) -> Result<f64, String>,
    ) -> Result<Vec<Vec<f64>>, Fault> {
        let mut out = self.empty(N);
        self.elements.each(reader, |index, b| {
            out[self.column(index)].push(convert(b).map_err(|e| self.fault(index, e))?);
            Ok(())
        })?;
        Ok(out)
    }

    fn texts(
        &self,
        reader: &mut dyn BufRead,
        size: usize,
        convert: &dyn Fn(&[u8]) -> Result<String, String>,
    ) -> Result<Vec<Column>, Fault> {
        let mut out = self.empty(size);
        self.elements.blocks(reader, size, |first, bytes| {
            for (i, text) in bytes.chunks_exact(size).enumerate() {
                let index = first + i;
                out[self.column(index)].push(convert(text).map_err(|e| self.fault(index, e))?);
            }
            Ok(())
        })?;
        Ok(out.into_iter().map(Column::Words).collect())
    }

    /// Makes empty columns with the capacity for what the file can hold.
    fn empty<T>(&self, size: usize) -> Vec<Vec<T>> {
        let capacity = self.elements.capacity(size) / self.width;
        (0..self.width).map(|_| Vec::with_capacity(capacity)).collect()
    }

    /// Returns the column of an element; within each column the samples are in order.
    fn column(&self, index: usize) -> usize {
        if self.fortran { index / self.samples } else { index % self.width }
    }

    fn fault(&self, index: usize, reason: String) -> Fault {
        let column = self.column(index);
        let sample = if self.fortran { index % self.samples } else { index / self.width };
        let place = match self.width {
            1 => Place::Sample(sample),
            _ => Place::Value { sample, feature: column },
        };
        let remedy = "write classes as 0, 1, 2 and so on, targets as finite numbers, names as text";
        Fault::new(place, reason, remedy)
    }
}
