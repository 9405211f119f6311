//! Tests of NumPy arrays: each type, each fault, and arbitrary bytes.

use proptest::prelude::*;

use super::super::scale::Values;
use super::*;

mod labels;

/// More bytes than one read takes.
const CHUNK: usize = 64 * 1024;

/// `numpy.save` of `numpy.array([[1.5, -2], [3, 0.25]], '<f4')`, NumPy 2.4.6.
const SAVED: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }                                                          \n\x00\x00\xc0?\x00\x00\x00\xc0\x00\x00@@\x00\x00\x80>";

/// `numpy.lib.format.write_array(f, numpy.array([2, 0], '<i8'), version=(2, 0))`, NumPy 2.4.6.
const SAVED_2: &[u8] = b"\x93NUMPY\x02\x00t\x00\x00\x00{'descr': '<i8', 'fortran_order': False, 'shape': (2,), }                                                          \n\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00";

/// `numpy.save` of `numpy.asfortranarray(numpy.array([[1.5, -2, 65504], [3, 0.25, -6e-8]],
/// '>f2'))`.
const HALVES: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '>f2', 'fortran_order': True, 'shape': (2, 3), }                                                           \n>\x00B\x00\xc0\x004\x00{\xff\x80\x01";

/// `numpy.save` of `numpy.asfortranarray(numpy.arange(24, dtype='<i2').reshape(2, 3, 4))`.
const BOX: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3, 4), }                                                        \n\x00\x00\x0c\x00\x04\x00\x10\x00\x08\x00\x14\x00\x01\x00\x0d\x00\x05\x00\x11\x00\x09\x00\x15\x00\x02\x00\x0e\x00\x06\x00\x12\x00\n\x00\x16\x00\x03\x00\x0f\x00\x07\x00\x13\x00\x0b\x00\x17\x00";

/// `numpy.save` of `numpy.array([['ab', '\u{fc}'], ['', 'c\u{4e2d}']], '<U2')`.
const TEXTS: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '<U2', 'fortran_order': False, 'shape': (2, 2), }                                                          \na\x00\x00\x00b\x00\x00\x00\xfc\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00c\x00\x00\x00-N\x00\x00";

/// `numpy.save` of `numpy.array([b'cat', b'', b'ox'])`.
const BYTES: &[u8] = b"\x93NUMPY\x01\x00v\x00{'descr': '|S3', 'fortran_order': False, 'shape': (3,), }                                                            \ncat\x00\x00\x00ox\x00";

/// `numpy.lib.format.write_array(f, numpy.array([3, 2**53], '>u8'), version=(3, 0))`.
const SAVED_3: &[u8] = b"\x93NUMPY\x03\x00t\x00\x00\x00{'descr': '>u8', 'fortran_order': False, 'shape': (2,), }                                                          \n\x00\x00\x00\x00\x00\x00\x00\x03\x00 \x00\x00\x00\x00\x00\x00";

/// A file of version 1 in NumPy's layout.
fn file(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    with_header(
        &format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"),
        data,
    )
}

fn with_header(dict: &str, data: &[u8]) -> Vec<u8> {
    let mut text = dict.to_owned();
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), data].concat()
}

fn x(bytes: &[u8]) -> Result<Inputs, Fault> {
    inputs(&mut &bytes[..], bytes.len() as u64)
}

fn y(bytes: &[u8]) -> Result<Vec<Column>, Fault> {
    labels(&mut &bytes[..], bytes.len() as u64)
}

fn numbers(values: &[f64]) -> Column {
    Column::Numbers(values.to_vec())
}

fn words(values: &[&str]) -> Column {
    Column::Words(values.iter().map(|&v| v.to_owned()).collect())
}

/// Returns place and reason of a fault.
fn reason<T: std::fmt::Debug>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Content { place, reason, .. }) => format!("{place}{reason}"),
        other => panic!("{other:?}"),
    }
}

fn bytes<const N: usize>(values: impl IntoIterator<Item = [u8; N]>) -> Vec<u8> {
    values.into_iter().flatten().collect()
}

#[test]
fn what_numpy_wrote() {
    let array = x(SAVED).unwrap();
    assert_eq!((array.samples, array.features, array.unit), (2, 2, 1.0));
    assert_eq!(array.values, Values::F32(vec![1.5, -2.0, 3.0, 0.25]));
    assert_eq!(y(SAVED_2).unwrap(), [numbers(&[2.0, 0.0])]);
    assert_eq!(y(SAVED_3).unwrap(), [numbers(&[3.0, 2f64.powi(53)])]);
    assert_eq!(x(SAVED_3).unwrap().values, Values::F64(vec![3.0, 2f64.powi(53)]));
}

#[test]
fn fortran_order_becomes_row_major() {
    let halves = x(HALVES).unwrap();
    // 2^-24 is the smallest positive half, to which 6e-8 is rounded.
    let least = -(2f32.powi(-24));
    assert_eq!(halves.values, Values::F32(vec![1.5, -2.0, 65504.0, 3.0, 0.25, least]));
    assert_eq!((halves.samples, halves.features), (2, 3));
    let counts = x(BOX).unwrap();
    assert_eq!(counts.values, Values::F32((0..24u8).map(f32::from).collect()));
    assert_eq!((counts.samples, counts.features), (2, 12));
    let columns = y(HALVES).unwrap();
    assert_eq!(columns[0], numbers(&[1.5, 3.0]));
    assert_eq!(columns[2], numbers(&[65504.0, least.into()]));
}

#[test]
fn big_endian_numbers() {
    let read = |descr, data: Vec<u8>| x(&file(descr, "(2,)", &data)).unwrap().values;
    assert_eq!(
        read(">i2", bytes([-2i16, 300].map(i16::to_be_bytes))),
        Values::F32(vec![-2.0, 300.0])
    );
    assert_eq!(
        read(">f4", bytes([0.5f32, -3.0].map(f32::to_be_bytes))),
        Values::F32(vec![0.5, -3.0])
    );
    assert_eq!(
        read(">i8", bytes([-9i64, 1 << 40].map(i64::to_be_bytes))),
        Values::F64(vec![-9.0, (1i64 << 40) as f64])
    );
    assert_eq!(
        y(&file(">f8", "(2,)", &bytes([1.25f64, -0.5].map(f64::to_be_bytes)))).unwrap(),
        [numbers(&[1.25, -0.5])]
    );
}

#[test]
fn every_type_of_inputs() {
    let read = |descr, data: Vec<u8>| x(&file(descr, "(2,)", &data)).unwrap().values;
    assert_eq!(read("|u1", vec![0, 255]), Values::U8(vec![0, 255]));
    assert_eq!(read("|b1", vec![0, 1]), Values::U8(vec![0, 1]));
    assert_eq!(read("|i1", vec![0x80, 127]), Values::F32(vec![-128.0, 127.0]));
    let ends = [i16::MIN, i16::MAX];
    assert_eq!(
        read("<i2", bytes(ends.map(i16::to_le_bytes))),
        Values::F32(ends.map(f32::from).to_vec())
    );
    let ends = [0, u16::MAX];
    assert_eq!(
        read("<u2", bytes(ends.map(u16::to_le_bytes))),
        Values::F32(ends.map(f32::from).to_vec())
    );
    assert_eq!(read("<f2", vec![0, 0x3c, 0, 0xc0]), Values::F32(vec![1.0, -2.0]));
    let ends = [0, u32::MAX];
    assert_eq!(
        read("<u4", bytes(ends.map(u32::to_le_bytes))),
        Values::F64(ends.map(f64::from).to_vec())
    );
    let ends = [i32::MIN, i32::MAX];
    assert_eq!(
        read("<i4", bytes(ends.map(i32::to_le_bytes))),
        Values::F64(ends.map(f64::from).to_vec())
    );
    let large = [-(1i64 << 53), 1 << 53];
    assert_eq!(
        read("<i8", bytes(large.map(i64::to_le_bytes))),
        Values::F64(large.map(|v| v as f64).to_vec())
    );
    let floats = [0.1f64, f64::MAX];
    assert_eq!(read("<f8", bytes(floats.map(f64::to_le_bytes))), Values::F64(floats.to_vec()));
}

#[test]
fn dimensions_are_flattened_and_say_the_default_scaling() {
    for (shape, features, scaling) in [
        ("(2,)", 1, Scaling::Global),
        ("(2, 12)", 12, Scaling::Features),
        ("(2, 3, 4)", 12, Scaling::Global),
        ("(2, 1, 2, 2, 3)", 12, Scaling::Global),
    ] {
        let array = x(&file("|u1", shape, &vec![1; 2 * features])).unwrap();
        assert_eq!((array.samples, array.features), (2, features), "{shape}");
        assert_eq!(array.scaling, scaling, "{shape}");
    }
}

#[test]
fn other_formats_and_versions() {
    assert_eq!(reason(x(b"")), "not an NPY file");
    assert_eq!(reason(x(b"1,2,3\n4,5,6\n")), "not an NPY file");
    assert_eq!(
        reason(x(b"PK\x03\x04\x14\0\0\0\0\0")),
        "not an NPY file (it looks like a zip archive such as .npz or .xlsx)"
    );
    assert_eq!(
        reason(x(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
        "not an NPY file (it looks like a PNG image)"
    );
    let mut fourth = SAVED.to_vec();
    fourth[6] = 4;
    assert_eq!(reason(x(&fourth)), "NPY version 4, only 1 to 3 are read");
}

#[test]
fn types_that_are_not_read() {
    for descr in ["|O", "<c8", "<f16", "|V4", "<M8[D]", ""] {
        let text = reason(x(&file(descr, "(1,)", &[0; 8])));
        assert!(text.starts_with(&format!("dtype `{descr}` (")), "{text}");
        assert!(text.ends_with(") is not read"), "{text}");
    }
    let records = "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }";
    assert_eq!(
        reason(x(&with_header(records, &[0; 4]))),
        "an array of records (a structured dtype)"
    );
}

#[test]
fn headers_that_are_no_headers() {
    assert_eq!(reason(x(&with_header("nonsense", &[]))), "the header `nonsense` is not NumPy's");
    for n in 8..128 {
        assert_eq!(reason(x(&SAVED[..n])), "the file ends within its header", "{n}");
    }
    let huge = [b"\x93NUMPY\x02\0", &[0xff; 4][..], b"{"].concat();
    assert_eq!(reason(x(&huge)), "an NPY 2 header of 4294967295 bytes, at most 65536 are read");
}

#[test]
fn shapes_without_samples_or_numbers() {
    assert_eq!(reason(x(&file("|u1", "()", &[0]))), "one number and no array");
    assert_eq!(reason(x(&file("|u1", "(0, 3)", &[]))), "no samples: shape (0, 3)");
    assert_eq!(reason(x(&file("|u1", "(3, 0)", &[]))), "samples without numbers: shape (3, 0)");
}

#[test]
fn a_header_that_promises_too_much_allocates_nothing() {
    let last = u64::MAX;
    for shape in [format!("({last}, {last})"), format!("({last},)"), "(1048576, 1073741824)".into()]
    {
        let text = reason(x(&file("<f8", &shape, &[0; 8])));
        assert_eq!(text, format!("shape {shape} is larger than any file"));
    }
    assert_eq!(
        reason(x(&file("<f8", &format!("({last}, 0)"), &[]))),
        format!("samples without numbers: shape ({last}, 0)")
    );
    // Within the bounds, but terabytes that the file does not have.
    assert_eq!(
        reason(x(&file("<f8", "(1000000, 1000000)", &[0; 24]))),
        "the header claims 8000000000000 bytes, the file has 152"
    );
}

#[test]
fn data_of_another_length() {
    assert_eq!(reason(x(&SAVED[..SAVED.len() - 1])), "the file ends after 3 of 4 elements");
    assert_eq!(reason(x(&[SAVED, &[0]].concat())), "bytes follow the 4 elements of the header");
}

#[test]
fn inputs_that_are_not_finite() {
    let data = bytes([0.0f32, 1.0, 2.0, f32::NAN].map(f32::to_le_bytes));
    assert_eq!(
        reason(x(&file("<f4", "(2, 2)", &data))),
        "sample 1, feature 1 (both from 0): NaN is not a finite number"
    );
    let data = bytes([0.0f64, 1.0, f64::NEG_INFINITY].map(f64::to_le_bytes));
    assert_eq!(
        reason(x(&file("<f8", "(3, 1)", &data))),
        "sample 2, feature 0 (both from 0): -inf is not a finite number"
    );
}

#[test]
fn inputs_that_are_not_finite_in_fortran_order() {
    let dict = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2, 3), }";
    for at in 0..12 {
        let mut values = [0.0f32; 12];
        values[at] = f32::NAN;
        let (sample, feature) = (at % 2, at / 2 % 2 * 3 + at / 4);
        assert_eq!(
            reason(x(&with_header(dict, &bytes(values.map(f32::to_le_bytes))))),
            format!("sample {sample}, feature {feature} (both from 0): NaN is not a finite number")
        );
    }
}

#[test]
fn arrays_longer_than_a_chunk() {
    let values: Vec<f64> = (0..3 * CHUNK / 8 + 5).map(|i| i as f64).collect();
    let data = bytes(values.iter().map(|v| v.to_le_bytes()));
    let array = x(&file("<f8", &format!("({},)", values.len()), &data)).unwrap();
    assert_eq!(array.values, Values::F64(values));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(
        data in proptest::collection::vec(any::<u8>(), 0..200), cut in 0usize..=144, at in 0usize..144, byte: u8
    ) {
        let _ = x(&data);
        // Any data after a valid header, and a header with one byte changed or its end removed.
        let _ = x(&[&SAVED[..cut], &data].concat());
        let mut changed = SAVED.to_vec();
        changed[at] = byte;
        let _ = (x(&changed), y(&changed));
        for sound in [HALVES, TEXTS, BYTES, SAVED_3] {
            let mut changed = sound.to_vec();
            changed[at.min(sound.len() - 1)] = byte;
            let _ = (x(&changed), y(&changed));
        }
    }

    #[test]
    fn any_shape_is_read_or_refused_without_panic(
        shape in proptest::collection::vec(prop_oneof![0u64..5, any::<u64>()], 0..5),
        data in proptest::collection::vec(any::<u8>(), 0..64)
    ) {
        let tuple = format!("({})", shape.iter().map(|n| format!("{n},")).collect::<String>());
        for (descr, fortran) in [
            ("|u1", false), ("|u1", true), (">i2", true), ("<f4", false), ("<f8", true),
            ("<U2", true), ("|S1", false),
        ] {
            let fortran = if fortran { "True" } else { "False" };
            let bytes = with_header(
                &format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {tuple}, }}"),
                &data,
            );
            if let Ok(array) = x(&bytes) {
                prop_assert_eq!(array.samples as u64, shape[0]);
                prop_assert_eq!(
                    (array.samples * array.features) as u64, shape.iter().product::<u64>()
                );
            }
            if let Ok(columns) = y(&bytes) {
                prop_assert_eq!(columns.len() as u64, shape.get(1).copied().unwrap_or(1));
                prop_assert!(columns.iter().all(|c| c.len() as u64 == shape[0]));
            }
        }
    }
}
