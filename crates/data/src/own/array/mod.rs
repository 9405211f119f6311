//! Arrays of any rank that follow a header: inputs `[n, ...]`, flattened to one row per sample, and
//! labels `[n]` or `[n, k]`, in either order of axes and of bytes.

mod dtype;
mod elements;
mod labels;
mod layout;

use std::io::BufRead;

use half::f16;

pub(super) use self::dtype::{Dtype, Kind};
pub(super) use self::elements::read_full;
use self::elements::{Elements, product};
use self::layout::Layout;
use super::error::{Fault, Place};
use super::scale::Values;
use super::table::Column;

/// The header of an array.
#[derive(Debug, PartialEq)]
pub(super) struct Array {
    pub(super) dtype: Dtype,
    /// Length of each dimension.
    pub(super) shape: Vec<u64>,
    /// Whether the first index varies fastest; otherwise the last one does.
    pub(super) fortran: bool,
}

/// Values of inputs, one sample after another.
pub(super) struct Rows {
    pub(super) values: Values,
    pub(super) samples: usize,
    pub(super) features: usize,
}

impl Array {
    /// Reads the array as inputs; `room` is the length of the file in bytes.
    pub(super) fn rows(&self, reader: &mut dyn BufRead, room: u64) -> Result<Rows, Fault> {
        let remedy = "write an array with a row a sample";
        let Some(samples) = self.shape.first() else {
            return Err(Fault::new(Place::File, "one number and no array", remedy));
        };
        let count = elements(&self.shape)?;
        if count == 0 {
            let what = if *samples == 0 { "no samples" } else { "samples without numbers" };
            let reason = format!("{what}: shape {}", shown(&self.shape));
            return Err(Fault::new(Place::File, reason, remedy));
        }
        let layout = Layout::new(&self.shape, self.fortran);
        let elements = Elements { count, room };
        let numbers = Numbers { elements, layout, big: self.dtype.big };
        let values = numbers.values(reader, self.dtype)?;
        let Layout { samples, features, .. } = numbers.layout;
        Ok(Rows { values, samples, features })
    }

    /// Reads the array as labels, one column per number of a target; `room` is the length of the
    /// file in bytes.
    pub(super) fn columns(
        &self,
        reader: &mut dyn BufRead,
        room: u64,
    ) -> Result<Vec<Column>, Fault> {
        labels::read(self, reader, room)
    }
}

/// Numeric elements that follow a header.
struct Numbers {
    elements: Elements,
    layout: Layout,
    big: bool,
}

impl Numbers {
    fn values(&self, reader: &mut dyn BufRead, dtype: Dtype) -> Result<Values, Fault> {
        Ok(match dtype.kind {
            Kind::U1 => Values::U8(self.exact(reader, |[b]| b)?),
            Kind::Bool => Values::U8(self.exact(reader, |[b]| u8::from(b != 0))?),
            Kind::I1 => Values::F32(self.exact(reader, |b| i8::from_le_bytes(b).into())?),
            Kind::I2 => Values::F32(self.exact(reader, |b| i16::from_le_bytes(b).into())?),
            Kind::U2 => Values::F32(self.exact(reader, |b| u16::from_le_bytes(b).into())?),
            Kind::I4 => Values::F64(self.exact(reader, |b| i32::from_le_bytes(b).into())?),
            Kind::U4 => Values::F64(self.exact(reader, |b| u32::from_le_bytes(b).into())?),
            Kind::I8 => Values::F64(self.exact(reader, |b| i64::from_le_bytes(b) as f64)?),
            Kind::U8 => Values::F64(self.exact(reader, |b| u64::from_le_bytes(b) as f64)?),
            Kind::F2 => Values::F32(self.finite(reader, |b| f16::from_le_bytes(b).to_f32())?),
            Kind::F4 => Values::F32(self.finite(reader, f32::from_le_bytes)?),
            Kind::F8 => Values::F64(self.finite(reader, f64::from_le_bytes)?),
            Kind::Unicode(_) | Kind::Bytes(_) => {
                let remedy = "inputs are numbers: write them as such, and texts as labels only";
                return Err(Fault::new(Place::File, "inputs that are texts", remedy));
            }
        })
    }

    /// Reads rows of a type that holds only finite numbers.
    fn exact<const N: usize, T: Copy>(
        &self,
        reader: &mut dyn BufRead,
        convert: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Fault> {
        let values = self.elements.read(reader, |_, b| Ok(convert(little(b, self.big))))?;
        Ok(self.layout.rows(values))
    }

    /// Reads rows of a type that can also hold numbers that are not finite, which are refused.
    fn finite<const N: usize, T: Copy + Into<f64>>(
        &self,
        reader: &mut dyn BufRead,
        convert: impl Fn([u8; N]) -> T,
    ) -> Result<Vec<T>, Fault> {
        let values = self.elements.read(reader, |index, b| {
            let value = convert(little(b, self.big));
            let wide: f64 = value.into();
            if wide.is_finite() {
                return Ok(value);
            }
            let (sample, feature) = self.layout.place(index);
            let reason = format!("{wide} is not a finite number");
            let remedy = "replace it, or leave the sample out";
            Err(Fault::new(Place::Value { sample, feature }, reason, remedy))
        })?;
        Ok(self.layout.rows(values))
    }
}

/// Returns the bytes of a number in little-endian order.
fn little<const N: usize>(mut bytes: [u8; N], big: bool) -> [u8; N] {
    if big {
        bytes.reverse();
    }
    bytes
}

/// Returns the number of elements, or a fault if it cannot be addressed.
fn elements(shape: &[u64]) -> Result<usize, Fault> {
    product(shape).ok_or_else(|| {
        let reason = format!("shape {} is larger than any file", shown(shape));
        Fault::new(Place::File, reason, "write it again, with a row a sample")
    })
}

/// Formats a shape as Python does.
pub(super) fn shown(shape: &[u64]) -> String {
    match shape {
        [one] => format!("({one},)"),
        many => {
            let parts: Vec<String> = many.iter().map(u64::to_string).collect();
            format!("({})", parts.join(", "))
        }
    }
}
