//! Tests of the CSV parser: valid files, each fault, and arbitrary bytes.

use proptest::prelude::*;

use super::*;

fn read_as(mut bytes: &[u8], asked: &Asked) -> Result<Read, Fault> {
    parse(&mut bytes, asked)
}

fn read(bytes: &[u8]) -> Result<Table, Fault> {
    read_as(bytes, &Asked::default()).map(|read| read.table)
}

fn good(text: &str) -> Table {
    read(text.as_bytes()).unwrap()
}

/// Returns place, reason and remedy of a fault.
fn fault(bytes: impl AsRef<[u8]>) -> (String, String) {
    match read(bytes.as_ref()) {
        Err(Fault::Content { place, reason, remedy }) => (format!("{place}{reason}"), remedy),
        other => panic!("{other:?}"),
    }
}

fn reason(bytes: impl AsRef<[u8]>) -> String {
    fault(bytes).0
}

const TWO: [f64; 6] = [1.0, -2.5, 0.0, 0.003, 4.0, 3.0];

#[test]
fn numbers_a_line() {
    let table = good("1,-2.5,0\n3e-3,+4.,3\n");
    assert_eq!((table.cells, table.width, table.rows), (TWO.to_vec(), 3, 2));
    assert_eq!((table.names, table.lines), (vec![], vec![1, 2]));
}

#[test]
fn what_programs_add_changes_nothing() {
    for text in [
        "1,-2.5,0\n3e-3,4,3",
        "1,-2.5,0\r\n3e-3,4,3\r\n",
        "1,-2.5,0\r3e-3,4,3\r",
        "1,-2.5,0\n3e-3,4,3\n\n \r\n\n",
        "\n# a comment\n1,-2.5,0\n\n3e-3,4,3\n",
        "\u{feff}1,-2.5,0\n3e-3,4,3\n",
        " 1 ,\t-2.5, 0\n3e-3,4,3.0\n",
        "\"1\",\"-2.5\",\"0\"\n3e-3, \"4\" ,3\n",
        "a,b,class\n1,-2.5,0\n3e-3,4,3\n",
        "\u{feff}a,b,class\r\n1,-2.5,0\r\n3e-3,4,3\r\n",
        "\"width, cm\",\"say \"\"b\"\"\",class\n1,-2.5,0\n3e-3,4,3\n",
        "0,1,class\n1,-2.5,0\n3e-3,4,3\n",
        "1;-2.5;0\n3e-3;4;3\n",
        "1;-2,5;0\n3e-3;4;3\n",
        "a;b;c\n1;-2,5;0\n0,003;4;3,0\n",
        "1\t-2.5\t0\n3e-3\t4\t3\n",
    ] {
        let table = good(text);
        assert_eq!((table.cells, table.width), (TWO.to_vec(), 3), "{text:?}");
        assert!(table.words.is_empty());
    }
}

#[test]
fn one_feature_will_do() {
    assert_eq!(good("5,1\n").cells, [5.0, 1.0]);
}

#[test]
fn words_and_gaps_are_kept_apart_from_numbers() {
    let table = good("a,b,c\n1,red,?\n,NA,3\n2, blue sky ,4\n");
    assert_eq!(table.names, ["a", "b", "c"]);
    assert_eq!(table.words[&1], ["red", "", "blue sky"]);
    assert_eq!((table.words.len(), table.lines), (1, vec![2, 3, 4]));
    let gaps: Vec<usize> = (0..9).filter(|i| table.cells[*i].is_nan()).collect();
    assert_eq!(gaps, [1, 2, 3, 4, 7]);
}

#[test]
fn a_header_has_no_number() {
    let names = |text: &str| good(text).names;
    assert_eq!(names("a,b\n1,x\n2,y\n"), ["a", "b"]);
    assert!(names("1,x\n2,y\n").is_empty());
    assert!(names("?,x\n2,y\n3,x\n").is_empty(), "x stands again");
    // Only words: names are recognised because they recur nowhere else.
    assert_eq!(names("color,kind\nred,x\nblue,y\n"), ["color", "kind"]);
    assert!(names("red,x\nblue,y\nred,y\n").is_empty());
    assert!(names("red,red\nblue,x\n").is_empty());
    let said = |header| {
        let asked = Asked { header: Some(header), ..Asked::default() };
        read_as(b"1,2\n3,4\n", &asked).unwrap().table
    };
    assert_eq!((said(true).names, said(true).rows), (vec!["1".to_owned(), "2".to_owned()], 1));
    assert_eq!((said(false).names, said(false).rows), (vec![], 2));
}

#[test]
fn a_name_in_a_first_line_of_numbers_is_no_class() {
    assert_eq!(
        reason("150,4,setosa\n5.1,3.5,0\n4.9,3.0,1\n"),
        "line 1, column 3: `setosa` stands above numbers, in a line that holds numbers too"
    );
    assert_eq!(
        reason("5,6,class\n1,2,0\n"),
        "line 1, column 3: `class` stands above numbers, in a line that holds numbers too"
    );
}

#[test]
fn names_that_look_like_gaps() {
    let table = good("\"\",\"RI\",\"Na\",\"type\"\n1,1.5,13,x\n2,1.6,14,y\n");
    assert_eq!(table.names, ["", "RI", "Na", "type"]);
    assert!(good("NA,NA,x\n1,NA,y\n2,3,x\n").names.is_empty(), "a sample with gaps");
    assert_eq!(good("'vote','age'\n1,2\n").names, ["vote", "age"]);
}

#[test]
fn separators_at_the_ends_of_lines() {
    let header = good("a,b,\n1,2\n3,4\n");
    assert_eq!((header.names, header.cells), (vec!["a".into(), "b".into()], vec![1., 2., 3., 4.]));
    let every = good("a,b,\n1,2,\n3,4,\n");
    assert_eq!((every.names, every.cells), (vec!["a".into(), "b".into()], vec![1., 2., 3., 4.]));
    assert_eq!(good("1,2,\n3,4,\n").cells, [1., 2., 3., 4.]);
    assert_eq!(good("a,b,\n1,2,\n3,4,5\n").width, 3, "it holds something");
}

#[test]
fn lines_are_counted_as_an_editor_does() {
    for end in ["\n", "\r\n", "\r"] {
        let place = |text: &str| reason(text.replace('\n', end));
        assert!(place("a,b\n1,2\n3,4\n5\n").starts_with("line 4: "), "{end:?}");
        if end == "\r" {
            // The lines that it ends hold no comments.
            continue;
        }
        assert!(place("# x\n\na,b\n\n1,2\n# y\n5\n").starts_with("line 7: "), "{end:?}");
        let lines = good(&"a,b\n# x\n1,2\n\n3,4\n".replace('\n', end)).lines;
        assert_eq!(lines, [3, 5], "{end:?}");
    }
}

#[test]
fn excel_names_its_separator_in_the_first_line() {
    let table = good("sep=;\r\na;b\r\n1;2,5\r\n");
    assert_eq!((table.cells, table.lines), (vec![1.0, 2.5], vec![3]));
}

#[test]
fn separators_that_are_named() {
    let asked = Asked { separator: Some('|'), ..Asked::default() };
    let found = read_as(b"1|2,5|0\n3|4|1\n", &asked).unwrap();
    assert_eq!((found.table.cells, found.decimal_comma), (vec![1., 2.5, 0., 3., 4., 1.], true));
}

#[test]
fn points_and_commas_in_one_file_are_refused() {
    assert_eq!(
        reason("1.5;2\n1,5;2\n"),
        "line 2, column 1: a comma as decimal point, where other numbers have points"
    );
}

#[test]
fn lines_of_another_length() {
    assert_eq!(reason("1,2,0\n1,0\n"), "line 2: 2 field(s), the lines before have 3");
    assert_eq!(reason("a,b,c\n1,2,3,0\n"), "line 2: 4 field(s), the lines before have 3");
    assert_eq!(reason("1\n2\n"), "line 1: one field, but inputs and a target are needed: `1`");
    assert!(fault("1  2 3\n4 5  6\n").1.contains("runs of spaces"));
    assert!(fault("1 2 3\n4 5 6\n").1.contains("separator = \" \""));
    assert!(fault("1|2\n4|6\n").1.contains("separator = \"|\""));
}

#[test]
fn no_samples() {
    assert_eq!(reason(""), "no samples");
    assert_eq!(reason("\n \n"), "no samples");
    assert_eq!(reason("a,b\n"), "a header and no samples");
}

#[test]
fn first_lines_that_would_pass_for_data() {
    assert_eq!(
        reason("0,1,2,3\n5,6,7,1\n"),
        "line 1: 0, 1, 2, ...: column numbers as pandas writes them, and no sample"
    );
    assert_eq!(good("0,1,2\n5,6,1\n").rows, 2);
    assert_eq!(good("a,b,c,d\n0,1,2,3\n").rows, 1);
    assert_eq!(good(",a,class\n0,6,1\n").names, ["", "a", "class"]);
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
fn quotes_that_never_close_end_with_the_file() {
    let (reason, remedy) = fault("1,0\n\"2,1\n");
    assert_eq!(reason, "line 2: 1 field(s), the lines before have 2");
    assert!(remedy.starts_with("a quote that opens in this line"), "{remedy}");
    assert_eq!(good("1,0\n\"2\"3,1\n").cells, [1.0, 0.0, 23.0, 1.0]);
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
    let Err(Fault::Content { place, reason, .. }) = parse(&mut endless, &Asked::default()) else {
        panic!()
    };
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
    fn nearly_csv_is_read_whole_or_refused(text in "[0-9a.,;\" \r\n\t#-]{0,60}") {
        if let Ok(table) = read(text.as_bytes()) {
            prop_assert!(table.width >= 2 && table.rows >= 1);
            prop_assert_eq!(table.cells.len(), table.width * table.rows);
            prop_assert_eq!(table.lines.len(), table.rows);
            prop_assert!(table.words.values().all(|words| words.len() == table.rows));
            prop_assert!(table.cells.iter().all(|v| !v.is_infinite()));
        }
    }

    #[test]
    fn what_is_written_is_read_back(
        rows in proptest::collection::vec(proptest::collection::vec(-1e6f64..1e6, 4), 1..20),
        separator in 0usize..4
    ) {
        let (separator, point) = [(",", "."), (";", "."), (";", ","), ("\t", ",")][separator];
        // A first line of names, since numbers might happen to count 0, 1, 2, 3.
        let mut text = ["a", "b", "c", "class"].join(separator) + "\n";
        for row in &rows {
            let row: Vec<String> = row.iter().map(|x| format!("{x:?}").replace('.', point)).collect();
            text += &(row.join(separator) + "\n");
        }
        prop_assert_eq!(good(&text).cells, rows.concat());
    }
}
