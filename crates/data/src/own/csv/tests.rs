//! The parser of CSV on good files, on each fault, and on any bytes.

use proptest::prelude::*;

use super::*;

fn read(mut bytes: &[u8]) -> Result<Table, Fault> {
    parse(&mut bytes)
}

fn good(text: &str) -> Table {
    read(text.as_bytes()).unwrap()
}

/// Place and reason, then the remedy.
fn fault(bytes: impl AsRef<[u8]>) -> (String, String) {
    match read(bytes.as_ref()) {
        Err(Fault::Content { place, reason, remedy }) => (format!("{place}{reason}"), remedy),
        other => panic!("{other:?}"),
    }
}

fn reason(bytes: impl AsRef<[u8]>) -> String {
    fault(bytes).0
}

fn two() -> Table {
    Table { values: vec![1.0, -2.5, 0.003, 4.0], labels: vec![0, 3], features: 2 }
}

#[test]
fn numbers_and_the_class_in_the_last_column() {
    assert_eq!(good("1,-2.5,0\n3e-3,+4.,3\n"), two());
}

#[test]
fn what_programs_add_changes_nothing() {
    for text in [
        "1,-2.5,0\n3e-3,4,3",
        "1,-2.5,0\r\n3e-3,4,3\r\n",
        "1,-2.5,0\n3e-3,4,3\n\n \r\n\n",
        "\u{feff}1,-2.5,0\n3e-3,4,3\n",
        " 1 ,\t-2.5, 0\n3e-3,4,3.0\n",
        "\"1\",\"-2.5\",\"0\"\n3e-3, \"4\" ,3\n",
        "a,b,class\n1,-2.5,0\n3e-3,4,3\n",
        "\u{feff}a,b,class\r\n1,-2.5,0\r\n3e-3,4,3\r\n",
        "\"width, cm\",\"say \"\"b\"\"\",class\n1,-2.5,0\n3e-3,4,3\n",
        "0,1,class\n1,-2.5,0\n3e-3,4,3\n",
    ] {
        assert_eq!(good(text), two(), "{text:?}");
    }
}

#[test]
fn one_feature_will_do() {
    assert_eq!(good("5,1\n"), Table { values: vec![5.0], labels: vec![1], features: 1 });
}

#[test]
fn fields_that_are_no_finite_numbers() {
    assert_eq!(reason("1,2,0\n1,,1\n"), "line 2, column 2: an empty field");
    assert_eq!(reason("1,2,0\n1,NaN,1\n"), "line 2, column 2: `NaN` is not a finite number");
    assert_eq!(reason("inf,2,0\n"), "line 1, column 1: `inf` is not a finite number");
    assert_eq!(reason("1,1e999,0\n"), "line 1, column 2: `1e999` is not a finite number");
    assert_eq!(
        fault("1,2,0\n1,2,cat\n"),
        (
            "line 2, column 3: `cat` is not a number".to_owned(),
            "replace names by numbers, classes by 0, 1, 2 and so on".to_owned()
        )
    );
    assert_eq!(
        fault("1;2;0\n3;4;1\n"),
        (
            "line 2, column 1: `3;4;1` is not a number".to_owned(),
            "separate the fields by commas".to_owned()
        )
    );
}

#[test]
fn a_gap_in_the_first_line_does_not_make_it_a_header() {
    assert_eq!(reason("1,,0\n1,2,1\n"), "line 1, column 2: an empty field");
    assert_eq!(reason("1,nan,0\n1,2,1\n"), "line 1, column 2: `nan` is not a finite number");
}

#[test]
fn lines_of_another_length() {
    assert_eq!(reason("1,2,0\n1,0\n"), "line 2: 2 field(s), the lines before have 3");
    assert_eq!(reason("a,b,c\n1,2,3,0\n"), "line 2: 4 field(s), the lines before have 3");
    assert_eq!(reason("1\n2\n"), "line 1: one field, where inputs and a class are needed");
}

#[test]
fn blank_lines_only_at_the_end() {
    assert_eq!(reason("1,0\n\n2,1\n"), "line 2: a blank line between the samples");
    assert_eq!(reason("\n1,0\n"), "line 1: a blank line between the samples");
}

#[test]
fn no_samples() {
    assert_eq!(reason(""), "no samples");
    assert_eq!(reason("\n \n"), "no samples");
    assert_eq!(reason("a,b\n"), "a header and no samples");
}

#[test]
fn classes() {
    assert_eq!(reason("1,0\n1,1.5\n"), "line 2, column 2: class 1.5 is not a whole number");
    assert_eq!(reason("1,-1\n"), "line 1, column 2: class -1 is negative");
    assert_eq!(reason("1,100000\n"), "line 1, column 2: class 100000 is above 99999, the largest");
}

#[test]
fn first_lines_that_would_pass_for_data() {
    assert_eq!(
        reason("0,1,2,3\n5,6,7,1\n"),
        "line 1: 0, 1, 2, ...: column numbers as pandas writes them, and no sample"
    );
    assert_eq!(good("0,1,2\n5,6,1\n").labels, [2, 1]);
    assert_eq!(good("a,b,c,d\n0,1,2,3\n").labels, [3]);
    assert_eq!(
        reason(",a,class\n0,6,1\n"),
        "line 1, column 1: a column without a name, as an index of rows that pandas or R writes"
    );
    assert_eq!(
        reason("\"\",\"a\",\"class\"\n0,6,1\n"),
        "line 1, column 1: a column without a name, as an index of rows that pandas or R writes"
    );
}

#[test]
fn other_formats() {
    assert_eq!(
        reason(b"\x89PNG\r\n\x1a\n\0\0"),
        "line 1: not UTF-8 text (it looks like a PNG image)"
    );
    assert_eq!(
        reason(b"\xff\xfe1\0,\x000\0"),
        "line 1: not UTF-8 text (it looks like UTF-16 text)"
    );
    assert_eq!(reason(b"1,0\n1,\xe9\n"), "line 2: not UTF-8 text");
}

#[test]
fn quotes_that_never_close_are_text() {
    assert_eq!(reason("1,0\n\"2,1\n"), "line 2, column 1: `\\\"2` is not a number");
    assert_eq!(reason("1,0\n\"2\"3,1\n"), "line 2, column 1: `\\\"2\\\"3` is not a number");
}

#[test]
fn a_line_without_end_is_given_up() {
    struct Endless;
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            buffer.fill(b'1');
            Ok(buffer.len())
        }
    }
    let mut endless = std::io::BufReader::with_capacity(1 << 20, Endless);
    let Err(Fault::Content { place, reason, .. }) = parse(&mut endless) else { panic!() };
    assert_eq!((place, reason.as_str()), (Place::Line(1), "longer than 64 MiB"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..200)
    ) {
        let _ = read(&bytes);
    }

    #[test]
    fn nearly_csv_is_read_whole_or_refused(text in "[0-9a.,\" \r\n-]{0,60}") {
        if let Ok(table) = read(text.as_bytes()) {
            prop_assert!(table.features >= 1 && !table.labels.is_empty());
            prop_assert_eq!(table.values.len(), table.labels.len() * table.features);
            prop_assert!(table.values.iter().all(|v| v.is_finite()));
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        rows in proptest::collection::vec(
            (proptest::collection::vec(-1e6f64..1e6, 3), 0i64..50), 1..20)
    ) {
        // A first line of names, since numbers may happen to count 0, 1, 2, 3.
        let mut text = "a,b,c,class\n".to_owned();
        for (values, class) in &rows {
            text += &format!("{},{},{},{class}\n", values[0], values[1], values[2]);
        }
        let table = good(&text);
        prop_assert_eq!(table.values, rows.iter().flat_map(|r| r.0.clone()).collect::<Vec<_>>());
        prop_assert_eq!(table.labels, rows.iter().map(|r| r.1).collect::<Vec<_>>());
    }
}
