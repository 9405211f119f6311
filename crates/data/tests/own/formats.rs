//! Archives, Parquet files and arrays of several columns as datasets.

use std::io::{Cursor, Write as _};
use std::path::Path;

use data::inspect;
use spec::own_data::{OwnFiles, OwnKind, OwnRequest, Scaling};
use spec::reading::{Arrays, Asked, ColumnRef, Missing, Share, SplitSpec};
use zip::write::SimpleFileOptions;

use crate::support::{f4, folder, idx, load, npy, refused, request};

/// An archive of these arrays.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in arrays {
        archive.start_file(format!("{name}.npy"), SimpleFileOptions::default()).unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn x(rows: usize) -> Vec<u8> {
    let values: Vec<f32> = (0..2 * rows).map(|i| i as f32).collect();
    npy("<f4", &format!("({rows}, 2)"), &f4(&values))
}

fn y(classes: &[u8]) -> Vec<u8> {
    npy("|u1", &format!("({},)", classes.len()), classes)
}

fn plain(request: OwnRequest) -> OwnRequest {
    OwnRequest { scaling: Some(Scaling::None), ..request }
}

fn label(place: i64) -> Asked {
    Asked { label: Some(ColumnRef::Place(place)), ..Asked::default() }
}

#[test]
fn an_archive_whose_names_tell_the_parts() {
    let bytes = npz(&[
        ("x_train", x(5)),
        ("y_train", y(&[0, 1, 2, 0, 1])),
        ("x_val", x(2)),
        ("y_val", y(&[2, 1])),
        ("x_test", x(3)),
        ("y_test", y(&[1, 0, 2])),
    ]);
    let dir = folder(&[("a.npz", &bytes)]);
    let request = plain(request(OwnKind::Npz, &["a.npz"]));
    let (own, data) = load(&request, dir.path());
    assert_eq!((own.train_len, own.validation, own.test_len, own.test), (7, 2, 3, 0));
    assert_eq!(data.train.labels, [0, 1, 2, 0, 1, 2, 1]);
    assert_eq!(data.test.inputs, [0., 1., 2., 3., 4., 5.]);
    assert!(own.reading.unwrap().understood.is_some());
    let described = inspect(&request, dir.path()).unwrap().described;
    assert_eq!(
        (described.target.as_str(), described.split.as_str()),
        ("the array `y_train`", "parts of their own")
    );
    let twice = OwnRequest { validation: 1, ..request.clone() };
    assert!(refused(&twice, &dir).contains("`validation` asks for another"));
    let split = SplitSpec {
        test: Share::Part(0.2),
        validation: Share::Count(0),
        stratified: None,
        split_seed: 0,
    };
    let split = OwnRequest { split: Some(split), ..request };
    assert!(refused(&split, &dir).contains("`split` asks for another"));
}

#[test]
fn arrays_are_named_where_their_names_tell_nothing() {
    let bytes = npz(&[("pixels", x(5)), ("kind", y(&[0, 1, 1, 0, 1])), ("mask", y(&[0]))]);
    let dir = folder(&[("a.npz", &bytes)]);
    let request = plain(request(OwnKind::Npz, &["a.npz"]));
    assert_eq!(
        refused(&request, &dir),
        "a.npz: which arrays are inputs and labels is not clear: `pixels` (5x2 float32), \
         `kind` (5 uint8), `mask` (1 uint8); remedy: name them: \
         `arrays = { inputs = \"...\", labels = \"...\" }`"
    );
    let arrays = |labels: &str| Arrays {
        inputs: "pixels".to_owned(),
        labels: labels.to_owned(),
        ..Arrays::default()
    };
    let named = |labels: &str| {
        let files = OwnFiles { arrays: Some(arrays(labels)), ..request.files.clone() };
        OwnRequest { files, ..request.clone() }
    };
    let (own, data) = load(&named("kind"), dir.path());
    assert_eq!((own.train_len, data.test.labels), (4, vec![1]));
    assert!(refused(&named("kinds"), &dir).contains("no array `kinds`: it holds"));
    assert_eq!(
        refused(&named("mask"), &dir),
        "a.npz: 1 labels for the 5 samples of a.npz; remedy: give the labels of these inputs"
    );
}

#[test]
fn archives_that_numpy_wrote() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let (own, _) = load(&request(OwnKind::Npz, &["stored.npz"]), &fixtures);
    assert_eq!((own.features, own.classes), (4, 3));
}

#[test]
fn a_class_among_several_columns_of_labels() {
    // The columns of QMNIST: the class, the source, and six more.
    let row = |i: u32| [i % 3 + 1, 9, 9, i, 0, 0, 0, 0];
    let labels: Vec<u8> = (0..6).flat_map(row).flat_map(|v| v.to_be_bytes()).collect();
    let labels = [&[0, 0, 0x0c, 2, 0, 0, 0, 6, 0, 0, 0, 8][..], &labels].concat();
    let inputs: Vec<u8> = (0..12).collect();
    let dir = folder(&[("x", &idx(&[6, 2], &inputs)), ("y", &labels)]);
    let request = request(OwnKind::Idx, &["x", "y"]);
    assert_eq!(
        refused(&request, &dir),
        "y: labels of 8 columns; remedy: say which column is the class: `label = 1` (for one-hot \
         vectors save `y.argmax(axis=1)`), or write `target = [1, 2]` for real values"
    );
    let first = OwnRequest { asked: label(1), ..request.clone() };
    let (own, data) = load(&first, dir.path());
    assert_eq!((own.classes, data.train.labels), (3, vec![0, 1, 2, 0, 1]));
    let described = inspect(&first, dir.path()).unwrap().described;
    assert_eq!(described.target, "column 1 of 8 of the labels");
    // Another column is another run.
    let second = OwnRequest { asked: label(4), ..request.clone() };
    let understood = |r: &OwnRequest| {
        let own = inspect(r, dir.path()).unwrap().data;
        own.reading.and_then(|reading| reading.understood).unwrap()
    };
    assert_ne!(understood(&first), understood(&second));
    let ninth = OwnRequest { asked: label(9), ..request };
    assert!(
        refused(&ninth, &dir).contains("column 9 is named as the target, but there are 8 columns")
    );
}

#[test]
fn a_missing_label_is_named_in_its_own_file() {
    let labels = f4(&[0.0, f32::NAN, 1.0, 1.0]);
    let dir = folder(&[("x.npy", &x(4)), ("y.npy", &npy("<f4", "(4,)", &labels))]);
    assert_eq!(
        refused(&request(OwnKind::Npy, &["x.npy", "y.npy"]), &dir),
        "y.npy: sample 1 (from 0): the target is missing; remedy: fill it in, or leave the sample out"
    );
}

#[test]
fn labels_that_are_texts() {
    let texts: Vec<u8> = ["b", "a", "c", "a"]
        .iter()
        .flat_map(|t| (t.chars().next().unwrap() as u32).to_le_bytes())
        .collect();
    let dir = folder(&[("x.npy", &x(4)), ("y.npy", &npy("<U1", "(4,)", &texts))]);
    let (own, data) = load(&request(OwnKind::Npy, &["x.npy", "y.npy"]), dir.path());
    assert_eq!((own.classes, data.train.labels, data.test.labels), (3, vec![1, 0, 2], vec![0]));
}

#[test]
fn a_table_in_parquet() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    let name = |n: &str| ColumnRef::Name(n.to_owned());
    let asked = Asked {
        label: Some(name("small")),
        categorical: vec![name("word"), name("truth")],
        leave_out: vec![name("price")],
        missing: Some(Missing::Mean),
        ..Asked::default()
    };
    let snappy = OwnRequest { asked, ..request(OwnKind::Parquet, &["snappy.parquet"]) };
    let (own, data) = load(&snappy, &fixtures);
    assert_eq!((own.classes, own.train_len, own.test_len), (5, 80, 20));
    // whole, float, double and half; three words; false and true.
    assert_eq!((own.features, data.features), (9, 9));
    let described = inspect(&snappy, &fixtures).unwrap().described;
    assert!(described.filled > 0 && described.notes.iter().any(|n| n == "1 column is not read."));
    let number = OwnRequest { asked: label(1), ..snappy.clone() };
    let text = inspect(&number, &fixtures).unwrap_err().to_string();
    assert!(text.contains("a column of Parquet is named by a number"), "{text}");
    let wrong = Asked { leave_out: vec![name("prise")], ..snappy.asked.clone() };
    let wrong = OwnRequest { asked: wrong, ..snappy };
    let text = inspect(&wrong, &fixtures).unwrap_err().to_string();
    assert!(
        text.contains("`leave_out` names `prise`, which is no column; remedy: there are: whole"),
        "{text}"
    );
}
