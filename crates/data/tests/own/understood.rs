//! Interpretation of realistic tables, and its description.

use std::fs;

use data::{Dataset, inspect};
use proptest::prelude::*;
use spec::lint::Lint;
use spec::own_data::{Inspected, OwnFiles, OwnKind, OwnRequest, Scaling};
use spec::reading::{Asked, ColumnRef, Missing, Share, SplitSpec};
use tempfile::TempDir;

use crate::support::{csv_refused, folder, load, refused, request};

/// Twelve flowers of three species, sorted by species, with a header.
const FLOWERS: &str = "length,width,species\n1,5,rosa\n2,5,rosa\n1,6,rosa\n2,6,rosa\n\
    4,1,alba\n5,1,alba\n4,2,alba\n5,2,alba\n8,8,viola\n9,8,viola\n8,9,viola\n9,9,viola\n";

fn csv(text: &str) -> TempDir {
    folder(&[("x.csv", text.as_bytes())])
}

fn asked(text: &str, asked: Asked) -> (Inspected, Dataset) {
    let request =
        OwnRequest { asked, scaling: Some(Scaling::None), ..request(OwnKind::Csv, &["x.csv"]) };
    both(&request, &csv(text))
}

/// Returns the description and the dataset, which is loaded again from the plan alone.
fn both(request: &OwnRequest, dir: &TempDir) -> (Inspected, Dataset) {
    let said = inspect(request, dir.path()).unwrap();
    let (own, data) = load(request, dir.path());
    assert_eq!(own, said.data);
    (said, data)
}

fn name(name: &str) -> ColumnRef {
    ColumnRef::Name(name.to_owned())
}

fn split(test: Share, validation: Share) -> Option<SplitSpec> {
    Some(SplitSpec { test, validation, stratified: None, split_seed: 0 })
}

#[test]
fn a_label_in_front_is_found_by_place_and_by_name() {
    let front = "3,1.5,2\n1,2.5,3\n2,3.5,4\n1,4.5,5\n2,5.5,6\n";
    let place = Asked { label: Some(ColumnRef::Place(1)), ..Asked::default() };
    let (said, data) = asked(front, place);
    let names: Vec<&str> = said.described.classes.iter().map(|c| c.name.as_str()).collect();
    assert_eq!((names, said.data.features), (vec!["1", "2", "3"], 2));
    assert_eq!(data.train.labels, [2, 0, 1, 0]);
    assert_eq!(data.train.inputs, [1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]);
    assert_eq!(said.described.target, "column 1, by `label`");
    // A name in the header suffices, and gives the same run.
    let named = format!("Class,a,b\n{front}");
    let (by_itself, again) = asked(&named, Asked::default());
    assert_eq!(by_itself.described.target, "`Class` (column 1), by its name");
    assert_eq!((again.train, again.test), (data.train, data.test));
    let understood = |said: &Inspected| said.data.reading.as_ref().unwrap().understood.clone();
    assert_eq!(understood(&by_itself), understood(&said));
}

#[test]
fn classes_of_any_kind_are_numbered_in_their_order() {
    for (labels, names) in [
        (["b", "a", "c", "a"], vec!["a", "b", "c"]),
        (["True", "False", "True", "False"], vec!["False", "True"]),
        (["1", "-1", "1", "-1"], vec!["-1", "1"]),
        (["0", "5", "99999", "5"], vec!["0", "5", "99999"]),
        (["2.0", "1", "2", "1"], vec!["1", "2"]),
    ] {
        let text: String = labels.iter().enumerate().map(|(i, l)| format!("{i}.5,{l}\n")).collect();
        let (said, data) = asked(&text, Asked::default());
        let found: Vec<&str> = said.described.classes.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(found, names);
        assert_eq!((data.classes, said.data.classes), (names.len(), names.len() as u64));
    }
}

#[test]
fn what_was_always_read_so_keeps_its_form() {
    let (said, _) = asked("a,b,class\n1,2,0\n3,4,1\n5,6,2\n7,8,1\n", Asked::default());
    assert_eq!((said.data.reading, said.data.validation, said.data.targets), (None, 0, 0));
    // Naming the column that is the default is as plain as not naming it.
    let label = Asked { label: Some(name("class")), ..Asked::default() };
    let (said, _) = asked("a,b,class\n1,2,0\n3,4,1\n5,6,2\n7,8,1\n", label);
    assert_eq!(said.data.reading.unwrap().understood, None);
    for (text, why) in [
        ("a,b,class\n1,2,0\n3,4,1\n5,6,3\n7,8,1\n", "a class that nothing has"),
        ("a,b,class\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n", "words"),
        ("class,a,b\n1,2,0\n0,4,1\n1,6,2\n0,8,1\n", "another column"),
        ("a;b;class\n1;2;0\n3;4;1\n5;6;2\n7;8;1\n", "semicolons"),
    ] {
        let (said, _) = asked(text, Asked::default());
        assert!(said.data.reading.is_some_and(|r| r.understood.is_some()), "{why}");
    }
}

#[test]
fn whole_numbers_are_values_for_a_squared_error() {
    let text = "a,b\n1,10\n2,20\n3,30\n4,40\n5,50\n6,60\n";
    let request = OwnRequest { values: true, ..request(OwnKind::Csv, &["x.csv"]) };
    let (said, data) = both(&request, &csv(text));
    assert_eq!((said.data.classes, said.data.targets, data.classes), (0, 1, 0));
    let scale = &said.described.targets[0];
    assert_eq!((scale.name.as_str(), scale.mean, scale.deviation), ("b", 30.0, 200f64.sqrt()));
    assert_eq!(data.test.values, [(30.0 / 200f64.sqrt()) as f32]);
    let classes = OwnRequest { values: false, ..request };
    assert_eq!(both(&classes, &csv(text)).0.data.classes, 6);
}

#[test]
fn several_targets_are_predicted_at_once() {
    let text = "y1,a,y2\n0,1,5\n2,2,5\n4,3,8\n6,4,8\n8,5,9\n";
    let two = Asked { target: vec![name("y2"), name("y1")], ..Asked::default() };
    let (said, data) = asked(text, two);
    assert_eq!((said.data.targets, said.data.features), (2, 1));
    assert_eq!((data.train.len(), data.train.values.len(), data.train.targets), (4, 8, 2));
    let d = 5f64.sqrt();
    let first: Vec<f32> = [(5.0 - 6.5) / 1.5, (0.0 - 3.0) / d].map(|x: f64| x as f32).to_vec();
    assert_eq!(data.train.values[..2], first);
}

#[test]
fn columns_are_left_out_and_made_categorical() {
    let text = "id,color,size,class\n7,red,1,x\n3,blue,2,y\n9,red,3,x\n1,green,4,y\n2,blue,5,x\n";
    let columns =
        Asked { leave_out: vec![name("id")], categorical: vec![name("color")], ..Asked::default() };
    let (said, data) = asked(text, columns);
    assert_eq!(said.data.features, 4);
    // size, then blue, green, red.
    assert_eq!(data.train.inputs[..8], [1.0, 0.0, 0.0, 1.0, 2.0, 1.0, 0.0, 0.0]);
    assert_eq!(data.test.inputs, [5.0, 1.0, 0.0, 0.0]);
    assert_eq!(
        csv_refused(text),
        "x.csv: line 2, column 2: `red` is not a number; remedy: `leave_out = [\"color\"]`, \
         `categorical = [\"color\"]`, or `label = \"color\"` if it is the class"
    );
}

#[test]
fn a_category_of_the_test_alone_is_none_of_them() {
    let text = "a,c,class\n1,x,0\n2,z,1\n3,x,0\n4,z,1\n5,new,0\n";
    let columns = Asked { categorical: vec![name("c")], ..Asked::default() };
    let (_, data) = asked(text, columns);
    assert_eq!((data.features, data.test.inputs), (3, vec![5.0, 0.0, 0.0].into()));
}

#[test]
fn gaps_are_refused_filled_or_left_out() {
    let text = "a,b,class\n1,?,0\n3,4,1\n,6,0\n5,8,0\n6,NA,0\n";
    assert_eq!(
        csv_refused(text),
        "x.csv: line 2, column 2: the value of `b` is missing; remedy: missing = \"mean\" \
         beside the path fills gaps, missing = \"drop\" leaves their samples out"
    );
    let (said, data) = asked(text, Asked { missing: Some(Missing::Drop), ..Asked::default() });
    assert_eq!((said.described.rows, said.described.dropped), (5, 3));
    assert_eq!((data.train.inputs, data.test.inputs), (vec![3., 4.].into(), vec![5., 8.].into()));
    let (said, data) = asked(text, Asked { missing: Some(Missing::Mean), ..Asked::default() });
    assert_eq!((said.described.rows, said.described.filled), (5, 3));
    // Of the four training samples: a has 1, 3, 5 and b has 4, 6, 8.
    assert_eq!(data.train.inputs, [1., 6., 3., 4., 3., 6., 5., 8.]);
    assert_eq!(data.test.inputs, [6.0, 6.0]);
    let label = "a,class\n1,0\n2,?\n3,1\n4,0\n";
    assert_eq!(
        csv_refused(label),
        "x.csv: line 3: the target is missing; remedy: fill it in, leave the sample out, or write missing = \"drop\""
    );
}

#[test]
fn a_sorted_file_is_refused_in_file_order_and_split_by_contents() {
    let sorted: String = std::iter::once("length,species\n".to_owned())
        .chain((0..60).map(|i| format!("{i}.25,{}\n", ["rosa", "alba", "viola"][i / 20])))
        .collect();
    assert_eq!(
        csv_refused(&sorted),
        "x.csv: every test sample has class `viola`; remedy: the file is sorted, or too small: \
         split it by contents, split = { test = 0.2, validation = 0.2 }"
    );
    let request = OwnRequest {
        split: split(Share::Part(0.2), Share::Count(6)),
        ..request(OwnKind::Csv, &["x.csv"])
    };
    let (said, data) = both(&request, &csv(&sorted));
    assert_eq!(said.described.parts, [42, 6, 12]);
    assert_eq!((data.train.len(), said.data.validation, data.test.len()), (48, 6, 12));
    assert!(said.described.classes.iter().all(|c| c.counts == [14, 2, 4]));
    assert_eq!(
        said.described.split,
        "by contents with seed 0: test 0.2, validation 6, each class in proportion"
    );
    // The order of the rows does not affect what is fed.
    let mut lines: Vec<&str> = sorted.lines().collect();
    lines[1..].reverse();
    let (_, other) = both(&request, &csv(&lines.join("\n")));
    assert_eq!((other.train, other.test), (data.train.clone(), data.test.clone()));
    let seed =
        OwnRequest { split: request.split.map(|s| SplitSpec { split_seed: 1, ..s }), ..request };
    assert_ne!(both(&seed, &csv(&sorted)).1.test, data.test);
}

#[test]
fn statistics_are_of_the_samples_that_are_trained_on() {
    let text = "1,0\n3,1\n100,0\n200,1\n";
    let request = OwnRequest { validation: 1, test: Some(1), ..request(OwnKind::Csv, &["x.csv"]) };
    let (said, data) = both(&request, &csv(text));
    assert_eq!(data.train.inputs, [-1.0, 1.0, 98.0]);
    assert_eq!((said.data.validation, data.test.inputs), (1, vec![198.0].into()));
}

#[test]
fn a_validation_split_of_its_own() {
    let dir = folder(&[
        ("x.csv", b"1,0\n3,1\n5,0\n7,1\n9,0\n"),
        ("v.csv", b"6,1\n8,0\n"),
        ("t.csv", b"2,1\n"),
    ]);
    let files = OwnFiles {
        validation_path: Some("v.csv".to_owned()),
        ..OwnFiles::new(OwnKind::Csv, "x.csv", None)
    };
    let request = OwnRequest { scaling: Some(Scaling::None), ..OwnRequest::new(files.clone()) };
    let (said, data) = both(&request, &dir);
    assert_eq!(data.train.inputs, [1., 3., 5., 7., 6., 8.]);
    assert_eq!((said.data.validation, data.test.inputs), (2, vec![9.0].into()));
    let files = OwnFiles { test_path: Some("t.csv".to_owned()), ..files };
    let request = OwnRequest { files, ..request };
    let (said, data) = both(&request, &dir);
    assert_eq!(data.train.inputs, [1., 3., 5., 7., 9., 6., 8.]);
    assert_eq!((said.data.test, data.test.inputs), (0, vec![2.0].into()));
    fs::write(dir.path().join("t.csv"), "a,class\n2,1\n").unwrap();
    fs::write(dir.path().join("x.csv"), "b,class\n1,0\n2,1\n3,0\n4,1\n5,1\n").unwrap();
    fs::write(dir.path().join("v.csv"), "b,class\n1,0\n2,1\n").unwrap();
    assert_eq!(
        refused(&request, &dir),
        "t.csv: a column is called `a`, and in x.csv it is `b`; remedy: give both files the same columns in one order"
    );
}

#[test]
fn identifiers_and_real_values_are_no_classes() {
    let many: String = (0..60).map(|i| format!("{i}.5,{i}\n")).collect();
    assert_eq!(
        csv_refused(&many),
        "x.csv: 60 different targets in 60 samples, such as `0`: these are identifiers or real values, \
         not classes; remedy: name the column of the class: `label = ...`; for real values write \
         `target = ...` and loss = \"mse\" in [train]"
    );
}

#[test]
fn traps_are_found_where_they_are_and_nowhere_else() {
    let found = |text: &str| -> Vec<(Lint, String)> {
        inspect(&request(OwnKind::Csv, &["x.csv"]), csv(text).path()).unwrap().traps
    };
    let rows = |row: &dyn Fn(usize) -> String| (0..60).map(row).collect::<String>();
    let noise = |i: usize| (i * 7919) % 41;
    let sound = rows(&|i| format!("{},{},{}\n", noise(i), noise(i + 7), i % 3));
    assert_eq!(found(&sound), []);
    let header = |rows: String| format!("a,b,c,class\n{rows}");
    assert_eq!(
        found(&header(rows(&|i| format!("{},7,{},{}\n", noise(i), noise(i + 7), i % 3)))),
        [(Lint::DataConstantColumn, "`b`".to_owned())]
    );
    assert_eq!(
        found(&header(rows(&|i| format!("{i},{},{},{}\n", noise(i), noise(i + 7), i % 3)))),
        [(Lint::DataIndexColumn, "`a`".to_owned())]
    );
    assert_eq!(
        found(&rows(&|i| format!("{},{},{}\n", 842_302 + i * i, noise(i), i % 3))),
        [(Lint::DataIndexColumn, "feature 1".to_owned())]
    );
    assert_eq!(
        found(&rows(&|i| format!("{},{},{}\n", noise(i), 2 * (i % 3) + 5, i % 3))),
        [(Lint::DataCopiedTarget, "feature 2".to_owned())]
    );
    assert_eq!(
        found(FLOWERS),
        [
            (Lint::DataSmallPart, "test has 2".to_owned()),
            (Lint::DataMissingClass, "test lacks `alba`, `rosa`".to_owned()),
        ]
    );
    let later = |i: usize| if i < 480 { i.is_multiple_of(8) } else { !i.is_multiple_of(3) };
    let drift: String =
        (0..600).map(|i| format!("{},{}\n", noise(i), u8::from(later(i)))).collect();
    let what = "88% of the training samples are `0`, and 33% of the test samples";
    assert_eq!(found(&drift), [(Lint::DataUnevenParts, what.to_owned())]);
}

/// A header in only one of the files once made the other be read with another target column.
#[test]
fn files_whose_columns_have_other_roles_are_refused() {
    let dir = folder(&[
        ("x.csv", b"label,p,q\n0,1,5\n1,2,6\n0,3,7\n1,4,8\n"),
        ("t.csv", b"0,1,1\n1,2,0\n"),
    ]);
    let mut request = request(OwnKind::Csv, &["x.csv", "", "t.csv"]);
    assert!(
        refused(&request, &dir)
            .starts_with("t.csv: its columns have other roles than those of x.csv")
    );
    request.asked.label = Some(ColumnRef::Place(1));
    assert_eq!(both(&request, &dir).1.test.labels, [0, 1]);
}

#[test]
fn categories_are_one_in_files_of_numbers_and_of_words() {
    let dir =
        folder(&[("x.csv", b"c,k\n1.0,0\n2.0,1\n1,0\n2,1\n"), ("t.csv", b"c,k\n1.0,1\nx,0\n")]);
    let mut request = request(OwnKind::Csv, &["x.csv", "", "t.csv"]);
    request.asked.categorical = vec![name("c")];
    request.scaling = Some(Scaling::None);
    assert_eq!(both(&request, &dir).1.test.inputs, [1.0, 0.0, 0.0, 0.0]);
}

#[test]
fn inputs_and_parts_that_come_to_nothing() {
    let empty: String =
        (0..20).map(|i| format!("{},{}\n", if i < 16 { "" } else { "a" }, i % 2)).collect();
    let mut request = OwnRequest { test: Some(4), ..request(OwnKind::Csv, &["x.csv"]) };
    request.asked =
        Asked { categorical: vec![name("c")], missing: Some(Missing::Mean), ..Asked::default() };
    assert_eq!(
        refused(&request, &csv(&format!("c,label\n{empty}"))),
        "x.csv: no categorical column has a value in the training samples; remedy: leave other columns as inputs too"
    );
    let few: String = (0..100).map(|i| format!("{i}.5,{}\n", i % 2)).collect();
    let request = OwnRequest {
        split: split(Share::Part(0.004), Share::Part(0.1)),
        ..self::request(OwnKind::Csv, &["x.csv"])
    };
    assert!(refused(&request, &csv(&few)).contains("100 samples, of which 0.004 is less than one"));
}

#[test]
fn lines_that_would_vanish_are_counted_or_refused() {
    let (said, _) = asked("a,k\n1,0\n# two\n2,1\n#3,1\n4,0\n5,1\n", Asked::default());
    assert!(said.described.notes.iter().any(|n| n == "2 lines that begin with # are skipped."));
    let text = csv_refused("a,k\n1,\"x\n2,y\n3,\"\n4,y\n5,z\n");
    assert!(text.starts_with("x.csv: line 2, column 2: a line break within"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    /// The order of the rows in the file does not affect what is fed, whatever they hold.
    #[test]
    fn permuted_rows_are_fed_alike(
        rows in proptest::collection::vec((-50i32..50, 0usize..4, 0usize..3, any::<bool>()), 30..80),
        swap in any::<u64>(), split_seed in 0u64..5, values: bool, stratified: bool
    ) {
        let line = |(number, color, class, gap): &(i32, usize, usize, bool)| {
            let number = if *gap { "?".to_owned() } else { (f64::from(*number) / 7.0).to_string() };
            let target = if values { format!("{}.5", number.len()) } else { format!("k{class}") };
            format!("{number},{},{target}\n", ["red", "blue", "", "sea green"][*color])
        };
        let mut permuted = rows.clone();
        let n = permuted.len();
        for i in 0..n {
            permuted.swap(i, (swap as usize).wrapping_mul(i * i + 7) % n);
        }
        let text = |rows: &[(i32, usize, usize, bool)]| {
            format!("a,color,class\n{}", rows.iter().map(line).collect::<String>())
        };
        let asked = Asked {
            categorical: vec![name("color")],
            missing: Some(Missing::Mean),
            ..Asked::default()
        };
        let split = SplitSpec {
            test: Share::Part(0.25),
            validation: Share::Part(0.25),
            stratified: (stratified && !values).then_some(true),
            split_seed,
        };
        let request = OwnRequest { asked, split: Some(split), ..request(OwnKind::Csv, &["x.csv"]) };
        let fed = |rows: &[(i32, usize, usize, bool)]| {
            let dir = csv(&text(rows));
            inspect(&request, dir.path()).ok().map(|said| {
                let (_, data) = load(&request, dir.path());
                (data.train, data.test, said.described.classes, said.data.reading.unwrap().understood)
            })
        };
        let found = fed(&rows);
        prop_assert!(found.is_some());
        prop_assert_eq!(found, fed(&permuted));
    }
}
