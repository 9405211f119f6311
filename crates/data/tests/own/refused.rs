//! Every way in which own files can be refused, and the message of each.

use std::fs;
use std::path::Path;

use data::{DataError, OwnError, check_spec, inspect, load_spec};
use spec::own_data::{OwnData, OwnKind, OwnRequest, Scaling};

use crate::support::{SIX, csv_refused, folder, idx, load, npy, packed, refused, request, spec};

#[test]
fn changed_files_are_refused() {
    let x = npy("|u1", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let y = npy("|u1", "(3,)", &[0, 1, 1]);
    let other = npy("|u1", "(3,)", &[0, 1, 0]);
    let dir = folder(&[("x.npy", &x), ("y.npy", &y)]);
    let (own, _) = load(&request(OwnKind::Npy, &["x.npy", "y.npy"]), dir.path());
    // Changed labels, a file that is no longer in its format, swapped files.
    for (a, b) in [(&x, &other), (&b"junk".to_vec(), &y), (&y, &x)] {
        fs::write(dir.path().join("x.npy"), a).unwrap();
        fs::write(dir.path().join("y.npy"), b).unwrap();
        let nowhere = Path::new("nowhere");
        for error in [
            load_spec(&spec(&own), nowhere, dir.path()).unwrap_err(),
            check_spec(&spec(&own), nowhere, dir.path()).unwrap_err(),
        ] {
            assert!(
                matches!(&error, DataError::Own(OwnError::Changed { files }) if files.len() == 2)
            );
            assert_eq!(
                error.to_string(),
                "x.npy, y.npy: the data in one of these files changed since the plan was made; \
                 remedy: restore the files, or run the sweep with --fresh (or another `name`) to begin anew with the new data"
            );
        }
    }
    fs::remove_file(dir.path().join("y.npy")).unwrap();
    for result in [
        load_spec(&spec(&own), dir.path(), dir.path()).map(drop),
        check_spec(&spec(&own), dir.path(), dir.path()),
    ] {
        assert!(result.unwrap_err().to_string().starts_with("y.npy: no such file; remedy: "));
    }
    // The restored files are accepted again.
    fs::write(dir.path().join("x.npy"), &x).unwrap();
    fs::write(dir.path().join("y.npy"), &y).unwrap();
    load_spec(&spec(&own), dir.path(), dir.path()).unwrap();
}

#[test]
fn a_plan_with_other_sizes_is_refused() {
    let dir = folder(&[("x.csv", SIX.as_bytes())]);
    let (own, _) = load(&request(OwnKind::Csv, &["x.csv"]), dir.path());
    let forged = OwnData { classes: 7, ..own };
    assert_eq!(
        load_spec(&spec(&forged), dir.path(), dir.path()).unwrap_err().to_string(),
        "x.csv: the plan has 5 + 1 samples of 2 features in 7 classes, \
         the file has 5 + 1 samples of 2 features in 3 classes; \
         remedy: run the sweep with --fresh to begin anew"
    );
}

#[test]
fn contents_are_refused_with_file_place_and_remedy() {
    assert_eq!(
        csv_refused("1,2,0\n1,NaN,1\n"),
        "x.csv: line 2, column 2: the value is missing; remedy: missing = \"mean\" beside the path fills gaps, missing = \"drop\" leaves their samples out"
    );
    assert_eq!(
        csv_refused("1,2,0\n1,inf,1\n"),
        "x.csv: line 2, column 2: `inf` is not a finite number; remedy: replace it by a number, or leave the sample out"
    );
    assert_eq!(
        csv_refused("1,2,0\n1,1\n"),
        "x.csv: line 2: 2 field(s), the lines before have 3; remedy: give every line the same number of fields"
    );
    assert_eq!(
        csv_refused("1,0\n2,0\n"),
        "x.csv: only class 0 occurs; remedy: give data with at least two classes"
    );
    assert_eq!(
        csv_refused(""),
        "x.csv: the file is empty; remedy: write the data to it, or give another path"
    );
    assert_eq!(
        csv_refused("a,b\n"),
        "x.csv: a header and no samples; remedy: write a sample a line"
    );
    let large = OwnRequest { scaling: Some(Scaling::None), ..request(OwnKind::Csv, &["x.csv"]) };
    assert_eq!(
        refused(&large, &folder(&[("x.csv", b"1,0\n1e39,1\n")])),
        "x.csv: line 2, column 1: too large for a 32-bit float after scaling `none`; remedy: give the values in another unit"
    );
}

#[test]
fn inputs_and_labels_must_agree() {
    let x = npy("|u1", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let y = npy("|u1", "(2,)", &[0, 1]);
    let dir = folder(&[
        ("x.npy", &x),
        ("y.npy", &y),
        ("x.idx", &idx(&[2, 1], &[1, 2])),
        ("y.idx", &idx(&[1], &[1])),
        ("x.csv", SIX.as_bytes()),
    ]);
    assert_eq!(
        refused(&request(OwnKind::Npy, &["x.npy", "y.npy"]), &dir),
        "y.npy: 2 labels for the 3 samples of x.npy; remedy: give the labels of these inputs"
    );
    assert_eq!(
        refused(&request(OwnKind::Idx, &["x.idx", "y.idx"]), &dir),
        "y.idx: 1 labels for the 2 samples of x.idx; remedy: give the labels of these inputs"
    );
    assert_eq!(
        refused(&request(OwnKind::Npy, &["x.npy"]), &dir),
        "x.npy: no labels are given; remedy: name the file of its labels"
    );
    assert_eq!(
        refused(&request(OwnKind::Csv, &["x.csv", "y.npy"]), &dir),
        "x.csv: a file of labels that has no use; remedy: a CSV has no files of labels, and `test_labels` goes with `test_path`"
    );
}

/// The vectors of a quadratic with a matrix of this shape and these float32 values.
fn quadratic(shape: &str, matrix: &[f32]) -> (tempfile::TempDir, OwnRequest) {
    let bytes: Vec<u8> = matrix.iter().flat_map(|v| v.to_le_bytes()).collect();
    let x = npy("|u1", "(3, 2)", &[1, 2, 3, 4, 5, 6]);
    let dir = folder(&[("x.npy", &x), ("q.npy", &npy("<f4", shape, &bytes))]);
    let mut request = request(OwnKind::Npy, &["x.npy"]);
    request.files.matrix = Some("q.npy".to_owned());
    request.scaling = Some(Scaling::None);
    (dir, request)
}

#[test]
fn a_matrix_must_be_symmetric_and_as_large_as_a_vector() {
    let (dir, request) = quadratic("(2, 2)", &[2.0, 1.0, 1.0, 3.0]);
    let own = inspect(&request, dir.path()).unwrap().data;
    assert_eq!((own.features, own.classes, own.targets, own.train_len), (2, 0, 0, 2));
    let found = data::matrix(&spec(&own), dir.path()).unwrap();
    assert_eq!(found, Some(vec![2.0, 1.0, 1.0, 3.0]));
    // A changed matrix is changed data.
    std::fs::copy(dir.path().join("x.npy"), dir.path().join("q.npy")).unwrap();
    assert!(load_spec(&spec(&own), dir.path(), dir.path()).is_err());
    let (dir, request) = quadratic("(2, 2)", &[2.0, 1.5, 1.0, 3.0]);
    assert_eq!(
        refused(&request, &dir),
        "q.npy: the matrix is not symmetric: 1 in row 2, column 1, and 1.5 in row 1, column 2; remedy: give (A + A^T) / 2, which has the same quadratic form"
    );
    // Vectors are not scaled unless that is requested.
    let (dir, mut plain) = quadratic("(2, 2)", &[2.0, 1.0, 1.0, 3.0]);
    plain.scaling = None;
    assert_eq!(inspect(&plain, dir.path()).unwrap().data.scaling, Scaling::None);
    let huge = npy("<f8", "(2, 2)", &[1e300, 0.0, 0.0, 1.0].map(f64::to_le_bytes).concat());
    fs::write(dir.path().join("q.npy"), huge).unwrap();
    assert!(refused(&plain, &dir).contains("row 1, column 1 of the matrix is 1"));
    let (dir, request) = quadratic("(3, 2)", &[1.0; 6]);
    assert_eq!(
        refused(&request, &dir),
        "q.npy: a matrix of 3 x 2 for samples of 2 numbers; remedy: give a matrix of 2 x 2"
    );
}

#[test]
fn other_formats_are_named() {
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let dir = folder(&[("x.png", png), ("x.csv", SIX.as_bytes())]);
    assert_eq!(
        refused(&request(OwnKind::Npy, &["x.png", "x.png"]), &dir),
        "x.png: not an NPY file (it looks like a PNG image); remedy: write one array with `numpy.save`, or correct `kind`"
    );
    assert_eq!(
        refused(&request(OwnKind::Idx, &["x.png", "x.png"]), &dir),
        "x.png: not an IDX file (it looks like a PNG image): it begins with [89, 50, 4e, 47], not two zeros, a type, a rank; remedy: write one IDX array, or correct `kind`"
    );
    assert_eq!(
        refused(&request(OwnKind::Csv, &["x.png"]), &dir),
        "x.png: line 1: not UTF-8 text (it looks like a PNG image); remedy: save it as CSV in UTF-8, or name its `kind`"
    );
}

#[test]
fn what_is_no_readable_file() {
    let dir = folder(&[("cut.csv.gz", &packed(SIX.as_bytes())[..30])]);
    assert_eq!(
        refused(&request(OwnKind::Csv, &["."]), &dir),
        ".: a folder, not a file; remedy: give the path of the file itself"
    );
    assert_eq!(
        refused(&request(OwnKind::Csv, &["cut.csv.gz"]), &dir),
        "cut.csv.gz: not a sound gzip file (it ends early); remedy: compress or copy it again"
    );
    let sparse = fs::File::create(dir.path().join("large.csv")).unwrap();
    sparse.set_len((8 << 30) + 1).unwrap();
    assert_eq!(
        refused(&request(OwnKind::Csv, &["large.csv"]), &dir),
        "large.csv: longer than 8 GiB (after decompression), the most that is read; remedy: use fewer samples, or a smaller number type"
    );
    let odd = refused(&request(OwnKind::Csv, &["a\0b"]), &dir);
    assert!(odd.contains("; remedy: check the file's permissions"), "{odd}");
}

#[cfg(unix)]
#[test]
fn pipes_and_devices_are_not_waited_for() {
    let text = refused(&request(OwnKind::Csv, &["/dev/zero"]), &folder(&[]));
    assert_eq!(
        text,
        "/dev/zero: a pipe or a device, not a file; remedy: give the path of the file itself"
    );
}
