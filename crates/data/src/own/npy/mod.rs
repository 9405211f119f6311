//! NumPy arrays: inputs `[n, ...]`, flattened to a row a sample, and labels
//! `[n]`. Format versions 1 and 2, C order, little-endian numbers.

mod header;

use std::io::{BufRead, ErrorKind};

use spec::own_data::Scaling;

use self::header::{Dtype, Header};
use super::error::{Fault, Place};
use super::labels;
use super::scale::{Inputs, Values};

const CHUNK: usize = 64 * 1024;

/// Reads inputs; `room` is the length of the file in bytes.
pub(super) fn inputs(reader: &mut dyn BufRead, room: u64) -> Result<Inputs, Fault> {
    let Header { dtype, shape } = header::read(reader)?;
    let Some((&samples, rest)) = shape.split_first() else {
        let remedy = "write an array with a row a sample";
        return Err(Fault::new(Place::File, "one number and no array", remedy));
    };
    let count = elements(&shape)?;
    if count == 0 {
        let what = if samples == 0 { "no samples" } else { "samples without numbers" };
        let reason = format!("{what}: shape {}", shown(&shape));
        return Err(Fault::new(Place::File, reason, "write an array with a row a sample"));
    }
    let features = count / samples as usize;
    let data = Data { count, room };
    let finite = |index: usize, finite: bool, value: f64| {
        if finite {
            return Ok(());
        }
        let place = Place::Value { sample: index / features, feature: index % features };
        let reason = format!("{value} is not a finite number");
        Err(Fault::new(place, reason, "replace it, or leave the sample out"))
    };
    let values = match dtype {
        Dtype::U1 => Values::U8(data.read(reader, |_, [b]| Ok(b))?),
        Dtype::Bool => Values::U8(data.read(reader, |_, [b]| Ok(u8::from(b != 0)))?),
        Dtype::I1 => Values::F32(data.read(reader, |_, b| Ok(f32::from(i8::from_le_bytes(b))))?),
        Dtype::I2 => Values::F32(data.read(reader, |_, b| Ok(f32::from(i16::from_le_bytes(b))))?),
        Dtype::I4 => Values::F64(data.read(reader, |_, b| Ok(f64::from(i32::from_le_bytes(b))))?),
        Dtype::I8 => Values::F64(data.read(reader, |_, b| Ok(i64::from_le_bytes(b) as f64))?),
        Dtype::F4 => Values::F32(data.read(reader, |i, b| {
            let value = f32::from_le_bytes(b);
            finite(i, value.is_finite(), value.into()).map(|()| value)
        })?),
        Dtype::F8 => Values::F64(data.read(reader, |i, b| {
            let value = f64::from_le_bytes(b);
            finite(i, value.is_finite(), value).map(|()| value)
        })?),
    };
    let scaling = if rest.len() == 1 { Scaling::Features } else { Scaling::Global };
    Ok(Inputs { values, unit: 1.0, samples: samples as usize, features, scaling })
}

/// Reads labels; `room` is the length of the file in bytes.
pub(super) fn labels(reader: &mut dyn BufRead, room: u64) -> Result<Vec<i64>, Fault> {
    let Header { dtype, shape } = header::read(reader)?;
    if shape.len() != 1 {
        let remedy = match shape[..] {
            [_, 1] => "write `y.ravel()`",
            [_, _] => "if these are one-hot rows, write `y.argmax(axis=1)`",
            _ => "write one class a sample",
        };
        let reason = format!("labels of shape {}, where one dimension is needed", shown(&shape));
        return Err(Fault::new(Place::File, reason, remedy));
    }
    let data = Data { count: elements(&shape)?, room };
    let named = |index: usize, class: Result<i64, String>| {
        class.map_err(|reason| Fault::new(Place::Sample(index), reason, labels::REMEDY))
    };
    let whole = |index, value: i64| named(index, labels::class(value));
    let float = |index, value: f64| named(index, labels::class_of_float(value));
    match dtype {
        Dtype::U1 => data.read(reader, |i, [b]| whole(i, b.into())),
        Dtype::Bool => data.read(reader, |i, [b]| whole(i, (b != 0).into())),
        Dtype::I1 => data.read(reader, |i, b| whole(i, i8::from_le_bytes(b).into())),
        Dtype::I2 => data.read(reader, |i, b| whole(i, i16::from_le_bytes(b).into())),
        Dtype::I4 => data.read(reader, |i, b| whole(i, i32::from_le_bytes(b).into())),
        Dtype::I8 => data.read(reader, |i, b| whole(i, i64::from_le_bytes(b))),
        Dtype::F4 => data.read(reader, |i, b| float(i, f32::from_le_bytes(b).into())),
        Dtype::F8 => data.read(reader, |i, b| float(i, f64::from_le_bytes(b))),
    }
}

/// Number of elements, if it can be addressed.
fn elements(shape: &[u64]) -> Result<usize, Fault> {
    let product = if shape.contains(&0) {
        Some(0)
    } else {
        shape.iter().try_fold(1u64, |a, &b| a.checked_mul(b))
    };
    // Far past any file that is read, and room for eight bytes an element.
    product.filter(|&n| n <= 1 << 48).and_then(|n| usize::try_from(n).ok()).ok_or_else(|| {
        let reason = format!("shape {} is larger than any file", shown(shape));
        Fault::new(Place::File, reason, "write it again with `numpy.save`")
    })
}

/// The shape as Python writes it.
fn shown(shape: &[u64]) -> String {
    match shape {
        [one] => format!("({one},)"),
        many => {
            let parts: Vec<String> = many.iter().map(u64::to_string).collect();
            format!("({})", parts.join(", "))
        }
    }
}

/// The data behind a header.
struct Data {
    count: usize,
    room: u64,
}

impl Data {
    /// Every element of `N` bytes through `convert`, which is told its index.
    /// No more is set aside than the file is long.
    fn read<const N: usize, T>(
        &self,
        reader: &mut dyn BufRead,
        mut convert: impl FnMut(usize, [u8; N]) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let fits = usize::try_from(self.room / N as u64).unwrap_or(usize::MAX);
        let mut out = Vec::with_capacity(self.count.min(fits));
        let mut buffer = vec![0; CHUNK];
        while out.len() < self.count {
            let wanted = ((self.count - out.len()) * N).min(CHUNK);
            let got = read_full(reader, &mut buffer[..wanted])?;
            for &element in buffer[..got].as_chunks::<N>().0 {
                out.push(convert(out.len(), element)?);
            }
            if got < wanted {
                let reason =
                    format!("the file ends after {} of {} numbers", out.len(), self.count,);
                return Err(Fault::new(Place::File, reason, "write or copy it again"));
            }
        }
        if read_full(reader, &mut buffer[..1])? > 0 {
            let reason = format!("bytes follow the {} numbers of the header", self.count);
            return Err(Fault::new(Place::File, reason, "write one array a file"));
        }
        Ok(out)
    }
}

/// Fills the buffer as far as the file goes; the bytes read.
fn read_full(reader: &mut dyn BufRead, buffer: &mut [u8]) -> Result<usize, Fault> {
    let mut done = 0;
    while done < buffer.len() {
        match reader.read(&mut buffer[done..]) {
            Ok(0) => break,
            Ok(n) => done += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(done)
}

#[cfg(test)]
mod tests;
