//! NumPy arrays as `numpy.save` writes them, format versions 1 to 3.

mod header;

use std::io::BufRead;

use spec::own_data::Scaling;

pub(super) use self::header::read as header;
use super::error::Fault;
use super::scale::Inputs;
use super::table::Column;

/// Reads inputs; `room` is the length of the file in bytes.
pub(super) fn inputs(reader: &mut dyn BufRead, room: u64) -> Result<Inputs, Fault> {
    let array = header(reader)?;
    let rows = array.rows(reader, room)?;
    let scaling = if array.shape.len() == 2 { Scaling::Features } else { Scaling::Global };
    Ok(Inputs {
        values: rows.values,
        unit: 1.0,
        samples: rows.samples,
        features: rows.features,
        scaling,
    })
}

/// Reads the columns of an array of labels; `room` is the length of the file in bytes.
pub(super) fn labels(reader: &mut dyn BufRead, room: u64) -> Result<Vec<Column>, Fault> {
    header(reader)?.columns(reader, room)
}

#[cfg(test)]
mod tests;
