//! Tests of labels: each type and shape, and each fault.

use super::*;

#[test]
fn labels_that_are_texts() {
    assert_eq!(y(TEXTS).unwrap(), [words(&["ab", ""]), words(&["\u{fc}", "c\u{4e2d}"])]);
    assert_eq!(y(BYTES).unwrap(), [words(&["cat", "", "ox"])]);
    let big: Vec<u8> = "h\u{e9}\0".chars().flat_map(|c| (c as u32).to_be_bytes()).collect();
    assert_eq!(y(&file(">U3", "(1,)", &big)).unwrap(), [words(&["h\u{e9}"])]);
    assert_eq!(
        reason(y(&file("<U1", "(2,)", &[65, 0, 0, 0, 0, 0xd8, 0, 0]))),
        "sample 1 (from 0): 0xd800 is no character"
    );
    assert_eq!(reason(y(&file("|S1", "(1,)", &[0xff]))), "sample 0 (from 0): not UTF-8 text");
    assert_eq!(reason(x(BYTES)), "inputs that are texts");
}

#[test]
fn every_type_of_labels() {
    let read = |descr, data: Vec<u8>, expected: [f64; 2]| {
        assert_eq!(y(&file(descr, "(2,)", &data)).unwrap(), [numbers(&expected)], "{descr}");
    };
    read("|u1", vec![0, 255], [0.0, 255.0]);
    read("|b1", vec![0, 2], [0.0, 1.0]);
    read("|i1", vec![0x80, 127], [-128.0, 127.0]);
    read("<i2", bytes([-3i16, 300].map(i16::to_le_bytes)), [-3.0, 300.0]);
    read("<u2", bytes([3u16, 65_535].map(u16::to_le_bytes)), [3.0, 65_535.0]);
    read("<i4", bytes([-3i32, 99_999].map(i32::to_le_bytes)), [-3.0, 99_999.0]);
    read("<u4", bytes([3, u32::MAX].map(u32::to_le_bytes)), [3.0, u32::MAX.into()]);
    let most = 2f64.powi(53);
    read("<i8", bytes([1i64 << 53, -(1 << 53)].map(i64::to_le_bytes)), [most, -most]);
    read("<u8", bytes([0u64, 1 << 53].map(u64::to_le_bytes)), [0.0, most]);
    read("<f2", vec![0, 0x3c, 0, 0xc0], [1.0, -2.0]);
    read("<f4", bytes([3.5f32, 0.0].map(f32::to_le_bytes)), [3.5, 0.0]);
    read("<f8", bytes([0.1f64, -7.0].map(f64::to_le_bytes)), [0.1, -7.0]);
}

#[test]
fn two_dimensions_are_columns() {
    let data = [1, 2, 3, 4, 5, 6];
    assert_eq!(
        y(&file("|u1", "(3, 2)", &data)).unwrap(),
        [numbers(&[1.0, 3.0, 5.0]), numbers(&[2.0, 4.0, 6.0])]
    );
    assert_eq!(y(&file("|u1", "(2, 1)", &data[..2])).unwrap(), [numbers(&[1.0, 2.0])]);
    assert_eq!(y(&file("|u1", "(0,)", &[])).unwrap(), [numbers(&[])]);
    for (shape, expected) in [
        ("()", "one number and no labels"),
        ("(2, 0)", "labels of shape (2, 0), where one or two dimensions are read"),
        ("(2, 1, 1)", "labels of shape (2, 1, 1), where one or two dimensions are read"),
        ("(1, 1001)", "labels of 1001 columns, at most 1000 are read"),
        ("(1073741825,)", "1073741825 labels, at most 1073741824 are read"),
    ] {
        assert_eq!(reason(y(&file("|u1", shape, &data))), expected);
    }
    let shape = "(67108865,)";
    let expected = "67108865 labels, at most 67108864 are read";
    assert_eq!(reason(y(&file("|S1", shape, &data))), expected);
}

#[test]
fn labels_may_be_missing_but_not_infinite_or_inexact() {
    let data = bytes([1.0f32, f32::NAN].map(f32::to_le_bytes));
    let found = y(&file("<f4", "(2,)", &data)).unwrap();
    assert!(matches!(&found[..], [Column::Numbers(v)] if v[0] == 1.0 && v[1].is_nan()));
    let data = bytes([0.5f32, f32::NEG_INFINITY].map(f32::to_le_bytes));
    assert_eq!(
        reason(y(&file("<f4", "(2,)", &data))),
        "sample 1 (from 0): -inf is not a finite number"
    );
    assert_eq!(
        reason(y(&file("<f4", "(1, 2)", &data))),
        "sample 0, feature 1 (both from 0): -inf is not a finite number"
    );
    let large = (1i64 << 53) + 1;
    for (descr, value, shown) in [
        ("<i8", large.to_le_bytes(), "9007199254740993"),
        (">i8", (-large).to_be_bytes(), "-9007199254740993"),
        ("<i8", i64::MIN.to_le_bytes(), "-9223372036854775808"),
        ("<u8", u64::MAX.to_le_bytes(), "18446744073709551615"),
    ] {
        assert_eq!(
            reason(y(&file(descr, "(1,)", &value))),
            format!(
                "sample 0 (from 0): {shown} is beyond 2^53, up to which whole numbers are exact"
            )
        );
    }
}
