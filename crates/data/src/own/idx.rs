//! IDX arrays of unsigned bytes as MNIST has them: images of one to four
//! dimensions, the first of them the samples, and labels of one.

use std::io::BufRead;

use spec::own_data::Scaling;

use super::error::{Fault, Place, looks_like};
use super::scale::{Inputs, Values};
use super::table::Column;
use crate::idx;

/// White: bytes are divided by it.
const UNIT: f64 = 255.0;

/// Reads inputs; `room` is the length of the file in bytes.
pub(super) fn inputs(reader: &mut dyn BufRead, room: u64) -> Result<Inputs, Fault> {
    let (shape, values) = array(reader, room)?;
    let [samples, rest @ ..] = &shape[..] else {
        return Err(rank(&shape, "one to four"));
    };
    if rest.len() > 3 {
        return Err(rank(&shape, "one to four"));
    }
    if values.is_empty() {
        let what = if *samples == 0 { "no samples" } else { "samples without numbers" };
        let reason = format!("{what}: dimensions {shape:?}");
        return Err(Fault::new(Place::File, reason, "write an array with a row a sample"));
    }
    let samples = *samples as usize;
    let features = values.len() / samples;
    Ok(Inputs {
        values: Values::U8(values),
        unit: UNIT,
        samples,
        features,
        scaling: Scaling::Global,
    })
}

/// Reads labels; `room` is the length of the file in bytes.
pub(super) fn labels(reader: &mut dyn BufRead, room: u64) -> Result<Vec<Column>, Fault> {
    let (shape, values) = array(reader, room)?;
    if shape.len() != 1 {
        return Err(rank(&shape, "one"));
    }
    Ok(vec![Column::Numbers(values.into_iter().map(f64::from).collect())])
}

/// Dimensions and data of the whole file.
fn array(reader: &mut dyn BufRead, room: u64) -> Result<(Vec<u32>, Vec<u8>), Fault> {
    let wrong = |bytes: &[u8], error: idx::IdxError| {
        let hint = looks_like(bytes);
        let remedy = "write one IDX array of unsigned bytes, or correct `kind`";
        Fault::new(Place::File, format!("{error}{hint}"), remedy)
    };
    // The header first: a large file of another format is not read for nothing.
    let start = reader.fill_buf()?;
    if start.len() >= 4
        && let Err(error @ idx::IdxError::Format { .. }) = idx::shape(start)
    {
        return Err(wrong(start, error));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(room).unwrap_or(0));
    reader.read_to_end(&mut bytes)?;
    let shape = idx::shape(&bytes).map_err(|e| wrong(&[], e))?;
    idx::parse(&bytes, &shape).map_err(|e| wrong(&[], e))?;
    bytes.drain(..4 + 4 * shape.len());
    Ok((shape, bytes))
}

fn rank(shape: &[u32], wanted: &str) -> Fault {
    let reason = format!("an array of {} dimension(s), where {wanted} are read", shape.len());
    Fault::new(Place::File, reason, "check that inputs and labels are not swapped")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An IDX file of unsigned bytes that count 0, 1, 2 and so on.
    fn file(shape: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0, 0, 8, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend((0..shape.iter().product()).map(|i| i as u8));
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Inputs, Fault> {
        inputs(&mut &bytes[..], bytes.len() as u64)
    }

    fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
        match result {
            Err(Fault::Content { place: Place::File, reason, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_to_four_dimensions_are_flattened() {
        for (shape, features) in [(&[6][..], 1), (&[6, 2], 2), (&[6, 2, 3], 6), (&[6, 1, 2, 3], 6)]
        {
            let found = read(&file(shape)).unwrap();
            assert_eq!((found.samples, found.features, found.unit), (6, features, 255.0));
            let expected = (0..6 * features as u8).collect();
            assert_eq!(found.values, Values::U8(expected));
        }
    }

    #[test]
    fn labels_have_one_dimension() {
        let read = |bytes: Vec<u8>| labels(&mut &bytes[..], bytes.len() as u64);
        assert_eq!(read(file(&[3])).unwrap(), [Column::Numbers(vec![0.0, 1.0, 2.0])]);
        assert_eq!(reason(read(file(&[3, 2]))), "an array of 2 dimension(s), where one are read");
    }

    #[test]
    fn faults() {
        assert_eq!(
            reason(read(&file(&[1, 1, 1, 1, 1]))),
            "an array of 5 dimension(s), where one to four are read"
        );
        assert_eq!(reason(read(&[0, 0, 8, 0])), "IDX data: 0 bytes, the dimensions ask for 1",);
        assert_eq!(reason(read(&file(&[0, 2]))), "no samples: dimensions [0, 2]");
        assert_eq!(reason(read(&file(&[2, 0]))), "samples without numbers: dimensions [2, 0]");
        let whole = file(&[2, 3]);
        assert_eq!(
            reason(read(&whole[..whole.len() - 1])),
            "IDX data: 5 bytes, the dimensions ask for 6"
        );
        assert_eq!(
            reason(read(&[&whole[..], &[1]].concat())),
            "IDX data: 7 bytes, the dimensions ask for 6"
        );
        assert_eq!(reason(read(&whole[..9])), "IDX header: 9 bytes, 12 are needed");
        assert_eq!(
            reason(read(b"\x89PNG\r\n\x1a\n")),
            "not an IDX file of unsigned bytes: it begins with [89, 50, 4e, 47], not 00 00 08 (it looks like a PNG image)"
        );
        // Signed 32-bit integers.
        assert_eq!(
            reason(read(&[0, 0, 0x0c, 1, 0, 0, 0, 0])),
            "not an IDX file of unsigned bytes: it begins with [00, 00, 0c, 01], not 00 00 08"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(
            rank in 0u8..6, bytes in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(255)], 0..40)
        ) {
            let bytes = [&[0, 0, 8, rank][..], &bytes].concat();
            let _ = read(&bytes);
            let _ = labels(&mut &bytes[..], bytes.len() as u64);
        }
    }
}
