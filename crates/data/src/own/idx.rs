//! IDX arrays, as MNIST and similar datasets use them: two zero bytes, a type code, the number of
//! dimensions, each length as a big-endian 32-bit integer, then the data, big-endian and row-major.
//! Source: <http://yann.lecun.com/exdb/mnist/>, "the IDX file format".

use std::io::BufRead;

use spec::own_data::Scaling;

use super::array::{Array, Dtype, Kind, read_full};
use super::error::{Fault, Place, looks_like};
use super::scale::{Inputs, Values};
use super::table::Column;

/// Divisor of unsigned bytes: the value of white.
const WHITE: f64 = 255.0;

/// Reads inputs; `room` is the length of the file in bytes.
pub(super) fn inputs(reader: &mut dyn BufRead, room: u64) -> Result<Inputs, Fault> {
    let array = header(reader)?;
    let rows = array.rows(reader, room)?;
    let bytes = matches!(rows.values, Values::U8(_));
    // Unsigned bytes are pixels; other numbers in two dimensions are a table with unlike columns.
    let scaling =
        if array.shape.len() == 2 && !bytes { Scaling::Features } else { Scaling::Global };
    Ok(Inputs {
        values: rows.values,
        unit: if bytes { WHITE } else { 1.0 },
        samples: rows.samples,
        features: rows.features,
        scaling,
    })
}

/// Reads the columns of an array of labels; `room` is the length of the file in bytes.
pub(super) fn labels(reader: &mut dyn BufRead, room: u64) -> Result<Vec<Column>, Fault> {
    header(reader)?.columns(reader, room)
}

/// Reads the header, up to the data.
fn header(reader: &mut dyn BufRead) -> Result<Array, Fault> {
    let mut start = [0; 4];
    let n = read_full(reader, &mut start)?;
    let kind = match start {
        [0, 0, code, 1..=255] if n == 4 => kind(code),
        _ => None,
    };
    let Some(kind) = kind else {
        let hint = if start.starts_with(&[0, 0]) { String::new() } else { looks_like(&start[..n]) };
        let mut reason = format!("not an IDX file{hint}");
        if n == 4 {
            reason += &format!(": it begins with {start:02x?}, not two zeros, a type, a rank");
        }
        return Err(Fault::new(Place::File, reason, "write one IDX array, or correct `kind`"));
    };
    let mut lengths = vec![0; 4 * usize::from(start[3])];
    if read_full(reader, &mut lengths)? < lengths.len() {
        let reason = "the file ends within its header";
        return Err(Fault::new(Place::File, reason, "write or copy it again"));
    }
    let shape = lengths.as_chunks::<4>().0.iter().map(|&b| u32::from_be_bytes(b).into()).collect();
    Ok(Array { dtype: Dtype { kind, big: true }, shape, fortran: false })
}

fn kind(code: u8) -> Option<Kind> {
    Some(match code {
        0x08 => Kind::U1,
        0x09 => Kind::I1,
        0x0b => Kind::I2,
        0x0c => Kind::I4,
        0x0d => Kind::F4,
        0x0e => Kind::F8,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A file of this type and shape.
    fn of(code: u8, shape: &[u32], data: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 0, code, shape.len() as u8];
        bytes.extend(shape.iter().flat_map(|n| n.to_be_bytes()));
        bytes.extend(data);
        bytes
    }

    /// A file of unsigned bytes that count 0, 1, 2 and so on.
    fn file(shape: &[u32]) -> Vec<u8> {
        let data: Vec<u8> = (0..shape.iter().product::<u32>()).map(|i| i as u8).collect();
        of(8, shape, &data)
    }

    fn bytes<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
        values.into_iter().flatten().collect()
    }

    fn x(bytes: &[u8]) -> Result<Inputs, Fault> {
        inputs(&mut &bytes[..], bytes.len() as u64)
    }

    fn y(bytes: &[u8]) -> Result<Vec<Column>, Fault> {
        labels(&mut &bytes[..], bytes.len() as u64)
    }

    /// Place and reason.
    fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
        match result {
            Err(Fault::Content { place, reason, .. }) => format!("{place}{reason}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dimensions_are_flattened() {
        let deep = [&[6][..], &[1; 253], &[2]].concat();
        for (shape, features) in
            [(&[6][..], 1), (&[6, 2], 2), (&[6, 2, 3], 6), (&[6, 1, 2, 3], 6), (&deep, 2)]
        {
            let found = x(&file(shape)).unwrap();
            assert_eq!((found.samples, found.features, found.unit), (6, features, 255.0));
            assert_eq!(found.scaling, Scaling::Global);
            assert_eq!(found.values, Values::U8((0..6 * features as u8).collect()));
        }
    }

    #[test]
    fn every_type_is_read_as_big_endian() {
        let f32s = [0.5f32, -1e30];
        let cases = [
            (0x08, vec![7, 255], Values::U8(vec![7, 255])),
            (0x09, vec![0x80, 5], Values::F32(vec![-128.0, 5.0])),
            (0x0b, bytes([-2i16, 300].map(i16::to_be_bytes)), Values::F32(vec![-2.0, 300.0])),
            (
                0x0c,
                bytes([-2i32, 1 << 30].map(i32::to_be_bytes)),
                Values::F64(vec![-2.0, 1073741824.0]),
            ),
            (0x0d, bytes(f32s.map(f32::to_be_bytes)), Values::F32(f32s.to_vec())),
            (0x0e, bytes([0.1f64, -1e300].map(f64::to_be_bytes)), Values::F64(vec![0.1, -1e300])),
        ];
        for (code, data, expected) in cases {
            let found = x(&of(code, &[1, 2], &data)).unwrap();
            let pixels = code == 8;
            assert_eq!(found.unit, if pixels { 255.0 } else { 1.0 });
            let scaling = if pixels { Scaling::Global } else { Scaling::Features };
            assert_eq!(found.scaling, scaling);
            let as_f64: Vec<f64> = match &expected {
                Values::U8(v) => v.iter().map(|&v| v.into()).collect(),
                Values::F32(v) => v.iter().map(|&v| v.into()).collect(),
                Values::F64(v) => v.clone(),
            };
            assert_eq!(found.values, expected);
            assert_eq!(y(&of(code, &[2], &data)).unwrap(), [Column::Numbers(as_f64)]);
        }
    }

    #[test]
    fn labels_have_one_or_two_dimensions() {
        let column = |values: &[f64]| Column::Numbers(values.to_vec());
        assert_eq!(y(&file(&[3])).unwrap(), [column(&[0.0, 1.0, 2.0])]);
        // Eight numbers per sample, as in QMNIST.
        let data = bytes((0..16i32).map(|i| (i * 1000).to_be_bytes()));
        let found = y(&of(0x0c, &[2, 8], &data)).unwrap();
        assert_eq!(found.len(), 8);
        assert_eq!(found[7], column(&[7000.0, 15000.0]));
        assert_eq!(
            reason(y(&file(&[3, 2, 1]))),
            "labels of shape (3, 2, 1), where one or two dimensions are read"
        );
    }

    #[test]
    fn faults() {
        assert_eq!(reason(x(&file(&[0, 2]))), "no samples: shape (0, 2)");
        assert_eq!(reason(x(&file(&[2, 0]))), "samples without numbers: shape (2, 0)");
        let whole = file(&[2, 3]);
        assert_eq!(reason(x(&whole[..whole.len() - 1])), "the file ends after 5 of 6 elements");
        assert_eq!(
            reason(x(&[&whole[..], &[1]].concat())),
            "bytes follow the 6 elements of the header"
        );
        assert_eq!(reason(x(&whole[..9])), "the file ends within its header");
        assert_eq!(reason(x(&whole[..3])), "not an IDX file");
        assert_eq!(
            reason(x(b"\x89PNG\r\n\x1a\n")),
            "not an IDX file (it looks like a PNG image): it begins with [89, 50, 4e, 47], not two zeros, a type, a rank"
        );
        for start in [[0, 0, 0x0a, 1], [0, 0, 8, 0], [0, 1, 8, 1]] {
            assert!(reason(x(&[&start[..], &[0; 9]].concat())).starts_with("not an IDX file: "));
        }
        let nan = bytes([1.0f32, f32::NAN].map(f32::to_be_bytes));
        assert_eq!(
            reason(x(&of(0x0d, &[1, 2], &nan))),
            "sample 0, feature 1 (both from 0): NaN is not a finite number"
        );
    }

    #[test]
    fn a_header_that_promises_too_much_allocates_nothing() {
        assert_eq!(
            reason(x(&of(8, &[u32::MAX, 1000], &[1; 9]))),
            "the header claims 4294967295000 bytes, the file has 21"
        );
        assert_eq!(
            reason(x(&of(0x0e, &[u32::MAX, u32::MAX], &[1; 8]))),
            "shape (4294967295, 4294967295) is larger than any file"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(
            code in 7u8..16, rank in 0u8..6,
            bytes in proptest::collection::vec(prop_oneof![Just(0u8), Just(1), Just(2), Just(255)], 0..60)
        ) {
            let bytes = [&[0, 0, code, rank][..], &bytes].concat();
            if let Ok(found) = x(&bytes) {
                prop_assert!(found.samples > 0 && found.features > 0);
            }
            let _ = y(&bytes);
        }
    }
}
