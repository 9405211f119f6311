//! Tests of Parquet files: output of other programs, each fault, and arbitrary bytes.

use std::io::Cursor;
use std::time::Instant;

use proptest::prelude::*;

use super::*;

const SNAPPY: &[u8] = include_bytes!("../../../tests/fixtures/snappy.parquet");
const GZIP: &[u8] = include_bytes!("../../../tests/fixtures/gzip.parquet");
const LZ4: &[u8] = include_bytes!("../../../tests/fixtures/lz4.parquet");
const POLARS: &[u8] = include_bytes!("../../../tests/fixtures/polars.parquet");
const BROTLI: &[u8] = include_bytes!("../../../tests/fixtures/brotli.parquet");
const REFUSED: &[u8] = include_bytes!("../../../tests/fixtures/refused.parquet");

fn of(bytes: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Table, Fault> {
    read(&mut Cursor::new(bytes), bytes.len() as u64, wanted)
}

fn all(bytes: &[u8]) -> Result<Table, Fault> {
    of(bytes, &|_| true)
}

/// Returns place and reason of a fault.
fn reason(result: Result<Table, Fault>) -> String {
    match result {
        Err(Fault::Content { place, reason, .. }) => format!("{place}{reason}"),
        other => panic!("{other:?}"),
    }
}

/// The number that `own_fixtures.py` writes to a column; `None` if it is missing.
fn number(name: &str, i: usize) -> Option<f64> {
    let x = i as f64;
    match name {
        "whole" => (i % 7 != 3).then_some(x * x * 1000.0 - 5000.0),
        "small" => Some((i % 5 + 200) as f64),
        "float" => (i != 9).then_some(x / 8.0),
        "double" => (i % 11 != 5).then_some(-x / 4.0),
        "truth" => (i % 13 != 6).then_some(f64::from(u8::from(i.is_multiple_of(3)))),
        "price" => Some((x * 25.0 - 100.0) / 100.0),
        "half" => Some(x / 2.0),
        other => panic!("{other}"),
    }
}

fn word(i: usize) -> &'static str {
    if i % 10 == 9 { "" } else { ["red", "green", "bl\u{fc}", ""][i % 4] }
}

fn check(bytes: &[u8], names: &[&str]) {
    let table = all(bytes).unwrap();
    assert_eq!(table.names, names);
    assert_eq!((table.width, table.rows), (names.len(), 100));
    assert_eq!(table.cells.len(), 100 * names.len());
    for (column, name) in names.iter().enumerate() {
        let cells: Vec<f64> = (0..100).map(|row| table.cells[row * table.width + column]).collect();
        if ["word", "kind"].contains(name) {
            assert!(cells.iter().all(|cell| cell.is_nan()));
            assert_eq!(table.words[&column], (0..100).map(word).collect::<Vec<_>>());
            continue;
        }
        assert!(!table.words.contains_key(&column));
        for (row, cell) in cells.into_iter().enumerate() {
            let cell = (!cell.is_nan()).then_some(cell);
            assert_eq!(cell, number(name, row), "row {row} of {name}");
        }
    }
}

#[test]
fn what_other_programs_wrote() {
    let names = ["whole", "small", "float", "double", "truth", "word", "price", "half"];
    check(SNAPPY, &names);
    check(GZIP, &names);
    check(LZ4, &["whole", "word"]);
    check(POLARS, &["whole", "small", "float", "double", "truth", "word", "kind"]);
}

#[test]
fn columns_that_are_not_read_may_be_left_out() {
    for (name, what) in [
        ("day", "dates or times"),
        ("moment", "dates or times"),
        ("list", "lists or records"),
        ("record", "lists or records"),
        ("raw", "raw bytes"),
    ] {
        let expected = format!("column `{name}` holds {what}");
        assert_eq!(reason(of(REFUSED, &|column| column == name)), expected);
    }
    assert_eq!(reason(all(REFUSED)), "column `day` holds dates or times");
    let table = of(REFUSED, &|name| ["plain", "last"].contains(&name)).unwrap();
    assert_eq!(table.names, ["plain", "last"]);
    assert_eq!(table.cells[..3], [1.0, 3.5, 2.0]);
    assert!(table.cells[3].is_nan());
    assert_eq!(reason(of(REFUSED, &|_| false)), "no columns");
}

#[test]
fn a_file_on_disk_is_hashed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.parquet"), POLARS).unwrap();
    let (found, hash) = table("x.parquet", dir.path(), &|name| name == "small").unwrap();
    assert_eq!((found.rows, found.cells[4]), (100, 204.0));
    assert_eq!(hash, source::sha256("x.parquet", dir.path()).unwrap());
    std::fs::write(dir.path().join("x.parquet"), b"a,b\n1,2\n").unwrap();
    assert_eq!(
        table("x.parquet", dir.path(), &|_| true).unwrap_err().to_string(),
        "x.parquet: not a Parquet file; remedy: write it with `to_parquet`, or correct `kind`"
    );
}

#[test]
fn files_that_are_not_sound() {
    assert_eq!(reason(all(b"")), "not a Parquet file");
    assert_eq!(
        reason(all(b"PK\x03\x04\0\0\0\0\0\0\0\0\0\0")),
        "not a Parquet file (it looks like a zip archive such as .npz or .xlsx)"
    );
    for n in [4, 11, 12, 100, SNAPPY.len() - 1] {
        assert_eq!(reason(all(&SNAPPY[..n])), "not a sound Parquet file (it ends early)", "{n}");
    }
    assert_eq!(reason(all(b"PARE\0\0\0\0\0\0\0\0PARE")), "encrypted");
    assert_eq!(reason(all(BROTLI)), "column `whole`: compressed by Brotli");
}

/// Encodes a number as Thrift's compact protocol does.
fn int(value: i64) -> Vec<u8> {
    let mut left = (value << 1 ^ value >> 63) as u64;
    let mut out = Vec::new();
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
    out
}

/// Header and bytes of an uncompressed page of version 1 or of a dictionary.
fn page(kind: i64, values: i64, encoding: i64, size: i64, bytes: &[u8]) -> Vec<u8> {
    let inner = if kind == 2 { 0x4c } else { 0x2c };
    [
        &[0x15][..],
        &int(kind),
        &[0x15],
        &int(size),
        &[0x15],
        &int(bytes.len() as i64),
        &[inner, 0x15],
        &int(values),
        &[0x15],
        &int(encoding),
        &[0x15, 6, 0x15, 6, 0, 0],
        bytes,
    ]
    .concat()
}

/// A file of one required column of this type and codec.
fn file(physical: i64, codec: i64, rows: i64, pages: &[u8]) -> Vec<u8> {
    let text: &[u8] = if physical == 6 { &[0x25, 0] } else { &[] };
    let footer = [
        &[0x15, 2, 0x19, 0x2c, 0x48, 1, b'r', 0x15, 2, 0, 0x15][..],
        &int(physical),
        &[0x25, 0, 0x18, 1, b'a'],
        text,
        &[0, 0x16],
        &int(rows),
        &[0x19, 0x1c, 0x19, 0x1c, 0x3c, 0x45],
        &int(codec),
        &[0x16],
        &int(rows),
        &[0x26],
        &int(pages.len() as i64),
        &[0x26],
        &int(4),
        &[0, 0, 0x26],
        &int(rows),
        &[0, 0],
    ]
    .concat();
    let size = (footer.len() as u32).to_le_bytes();
    [&MAGIC, pages, &footer, &size, &MAGIC].concat()
}

#[test]
fn cells_that_are_no_finite_numbers() {
    let floats = [1.5f64, f64::INFINITY].map(f64::to_le_bytes).concat();
    assert_eq!(all(&file(5, 0, 1, &page(0, 1, 0, 8, &floats[..8]))).unwrap().cells, [1.5]);
    assert_eq!(
        reason(all(&file(5, 0, 2, &page(0, 2, 0, 16, &floats)))),
        "sample 1, feature 0 (both from 0): inf is not a finite number"
    );
    let whole = ((1i64 << 53) + 1).to_le_bytes();
    assert_eq!(
        reason(all(&file(2, 0, 1, &page(0, 1, 0, 8, &whole)))),
        "sample 0, feature 0 (both from 0): a whole number beyond 2^53, up to which all are exact"
    );
    let text = [&1u32.to_le_bytes()[..], &[0xff]].concat();
    assert_eq!(
        reason(all(&file(6, 0, 1, &page(0, 1, 0, 5, &text)))),
        "column `a`: a text that is not UTF-8"
    );
}

#[test]
fn pages_that_contradict_the_metadata() {
    let one = 7i32.to_le_bytes();
    for (pages, expected) in [
        (vec![], "the header of a page is damaged"),
        (page(0, 1, 0, 5, &one), "a page is not soundly compressed"),
        (page(0, 2, 0, 4, &one), "more values than rows"),
        (page(0, 1, 0, 3, &one[..3]), "a page ends early"),
        (page(0, 1, 4, 4, &one), "encoding 4 of its values is not read"),
        (page(0, 1, 8, 2, &[0, 2]), "a dictionary that is not there"),
        (
            [page(2, 1, 0, 4, &one), page(0, 1, 8, 3, &[1, 2, 1])].concat(),
            "an index outside of the dictionary",
        ),
        (page(9, 1, 0, 4, &one), "a page of an unknown kind"),
    ] {
        assert_eq!(reason(all(&file(1, 0, 1, &pages))), format!("column `a`: {expected}"));
    }
    let whole = file(1, 0, 1, &page(0, 1, 0, 4, &one));
    assert_eq!(all(&whole).unwrap().cells, [7.0]);
}

#[test]
fn files_that_promise_too_much_are_refused_at_once() {
    let begun = Instant::now();
    // Ten billion rows from a single run.
    let rows = 10_000_000_000;
    let run =
        [page(2, 1, 0, 4, &[7, 0, 0, 0]), page(0, rows, 8, 6, &[0, 0xfe, 0xff, 0xff, 0xff, 0xf])];
    let text = reason(all(&file(1, 0, rows, &run.concat())));
    assert!(text.starts_with("10000000000 rows of 1 columns are claimed in 1"), "{text}");
    assert!(reason(all(&file(1, 0, i64::MAX, &[]))).contains("are claimed"));
    // A page that claims two billion bytes, and one whose Snappy header does.
    for codec in [0, 1, 2, 5, 6, 7] {
        let text = reason(all(&file(1, codec, 1, &page(0, 1, 0, i32::MAX.into(), &[0xff; 9]))));
        assert_eq!(text, format!("column `a`: {BOMB}"));
        let text = reason(all(&file(1, codec, 1, &page(0, 1, 0, 4, &[0xff, 0xff, 0xff, 0xff, 7]))));
        assert_eq!(text, "column `a`: a page is not soundly compressed");
    }
    // A text of one MiB in every row.
    let text = [&(1u32 << 20).to_le_bytes()[..], &vec![b'x'; 1 << 20]].concat();
    let dictionary = page(2, 1, 0, text.len() as i64, &text);
    let run = page(0, 1 << 20, 8, 5, &[0, 0x80, 0x80, 0x80, 1]);
    let bomb = file(6, 0, 1 << 20, &[dictionary, run].concat());
    assert_eq!(reason(all(&bomb)), format!("column `a`: {BOMB}"));
    assert!(begun.elapsed().as_secs() < 5);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(
        data in proptest::collection::vec(any::<u8>(), 0..60), physical in 0i64..8,
        codec in 0i64..8, rows in 0i64..30, encoding in 0i64..10, kind in 0i64..4,
    ) {
        let _ = all(&data);
        let pages = page(kind, rows, encoding, data.len() as i64, &data);
        let dictionary = page(2, 2, 0, data.len() as i64, &data);
        for pages in [&data, &pages, &[dictionary, pages.clone()].concat()] {
            if let Ok(table) = all(&file(physical, codec, rows, pages)) {
                prop_assert_eq!(table.cells.len(), rows as usize);
            }
        }
    }

    #[test]
    fn a_changed_byte_is_read_or_refused_without_panic(at in any::<u16>(), byte: u8, cut in any::<u16>()) {
        for sound in [SNAPPY, GZIP, LZ4, POLARS, REFUSED] {
            let mut changed = sound.to_vec();
            let n = changed.len();
            changed[usize::from(at) % n] = byte;
            if let Ok(table) = all(&changed) {
                prop_assert_eq!(table.cells.len(), table.rows * table.width);
                prop_assert!(table.words.values().all(|words| words.len() == table.rows));
            }
            let cut = usize::from(cut) % n;
            let _ = all(&[&sound[..cut], &sound[cut + 1..]].concat());
        }
    }
}
