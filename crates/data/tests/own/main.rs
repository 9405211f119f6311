//! Tests of own data from files to arrays: each format, the splits, the scalings, and every way in
//! which files can be refused.

mod formats;
mod refused;
mod support;
mod text;
mod understood;

use std::fs;
use std::io::Read;
use std::path::Path;

use data::{DataError, check_spec, inspect, load_spec};
use flate2::read::GzDecoder;
use spec::DatasetName;
use spec::dataset::DatasetSpec;
use spec::own_data::{OwnData, OwnKind, OwnRequest, Scaling};

use support::{SIX, committed, csv_refused, f4, folder, idx, load, npy, packed, refused, request};

#[test]
fn csv_with_the_default_split_and_scaling() {
    let dir = folder(&[("x.csv", SIX.as_bytes())]);
    let (own, data) = load(&request(OwnKind::Csv, &["x.csv"]), dir.path());
    assert_eq!((own.test, own.train_len, own.test_len), (1, 5, 1), "a fifth, rounded down");
    assert_eq!((own.scaling, own.features, own.classes), (Scaling::Features, 2, 3));
    assert_eq!(data.train.labels, [0, 1, 0, 2, 0]);
    assert_eq!(data.test.labels, [1]);
    // Of 1 to 5: mean 3, standard deviation sqrt(2); the other column has ten times that.
    let d = 2f64.sqrt();
    let expected: Vec<f32> =
        [-2.0, -1.0, 0.0, 1.0, 2.0].iter().flat_map(|v| [(v / d) as f32; 2]).collect();
    assert_eq!(data.train.inputs, expected);
    assert_eq!(data.test.inputs, [(3.0 / d) as f32; 2]);
}

#[test]
fn the_test_split_is_counted_from_the_end() {
    let dir = folder(&[("x.csv", SIX.as_bytes())]);
    let mut request = request(OwnKind::Csv, &["x.csv"]);
    request.scaling = Some(Scaling::None);
    request.test = Some(5);
    let (own, data) = load(&request, dir.path());
    assert_eq!((own.test, own.train_len, own.test_len), (5, 1, 5));
    assert_eq!((data.train.inputs, data.train.labels), (vec![1.0, 10.0].into(), vec![0]));
    assert_eq!(data.test.inputs, [2.0, 20.0, 3.0, 30.0, 4.0, 40.0, 5.0, 50.0, 6.0, 60.0]);
    assert_eq!(data.test.labels, [1, 0, 2, 0, 1]);
    let remedy =
        "leave at least one sample for training and one for the test, or give a `test_path`";
    for n in [0, 6, 7, u64::MAX] {
        request.test = Some(n);
        assert_eq!(
            refused(&request, &dir),
            format!("x.csv: 6 sample(s), of which {n} are to be the test split; remedy: {remedy}")
        );
    }
    assert_eq!(
        csv_refused("1,1\n"),
        "x.csv: only class 1 occurs; remedy: give data with at least two classes"
    );
    // At least one, even of two samples.
    let dir = folder(&[("x.csv", b"1,1\n2,0\n")]);
    assert_eq!(inspect(&self::request(OwnKind::Csv, &["x.csv"]), dir.path()).unwrap().data.test, 1);
}

#[test]
fn a_test_split_of_its_own() {
    let test = "9,30,3\n0,30,0\n";
    let dir = folder(&[("x.csv", SIX.as_bytes()), ("t.csv", test.as_bytes())]);
    let request = request(OwnKind::Csv, &["x.csv", "", "t.csv"]);
    let (own, data) = load(&request, dir.path());
    assert_eq!((own.test, own.train_len, own.test_len), (0, 6, 2));
    assert_eq!(own.classes, 4, "of both files");
    assert_eq!(data.test.labels, [3, 0]);
    // Scaled by the statistics of x.csv: 1 to 6 have mean 3.5 and variance 35/12.
    let d = (35.0f64 / 12.0).sqrt();
    let close = |a: f32, b: f64| (f64::from(a) - b).abs() < 1e-6;
    assert!(close(data.test.inputs[0], 5.5 / d), "{:?}", data.test.inputs);
    assert!(close(data.test.inputs[1], -0.5 / d), "{:?}", data.test.inputs);

    let both = OwnRequest { test: Some(1), ..request.clone() };
    assert_eq!(
        refused(&both, &dir),
        "x.csv: both `test` and `test_path` are given; remedy: leave one of them out"
    );
    fs::write(dir.path().join("t.csv"), "1,0\n").unwrap();
    assert_eq!(
        refused(&request, &dir),
        "t.csv: 1 features, the samples of x.csv have 2; remedy: give both splits the same features"
    );
}

#[test]
fn npy_in_two_and_more_dimensions() {
    let x = f4(&[1.0, 5.0, 3.0, 5.0, 2.0, 5.0]);
    let dir = folder(&[
        ("x.npy", &npy("<f4", "(3, 2)", &x)),
        ("cube.npy", &npy("<f4", "(3, 2, 1)", &x)),
        ("y.npy", &npy("|u1", "(3,)", &[0, 1, 1])),
    ]);
    let (own, data) = load(&request(OwnKind::Npy, &["x.npy", "y.npy"]), dir.path());
    assert_eq!((own.scaling, own.features, own.classes), (Scaling::Features, 2, 2));
    assert_eq!(data.train.inputs, [-1.0, 0.0, 1.0, 0.0], "what never varies is 0");
    assert_eq!((data.test.inputs, data.test.labels), (vec![0.0, 0.0].into(), vec![1]));

    let (own, data) = load(&request(OwnKind::Npy, &["cube.npy", "y.npy"]), dir.path());
    assert_eq!((own.scaling, own.features), (Scaling::Global, 2));
    // 1, 5, 3, 5: mean 3.5, variance 11/4.
    let d = (11.0f64 / 4.0).sqrt();
    let expected: Vec<f32> = [-2.5, 1.5, -0.5, 1.5].map(|v| (v / d) as f32).to_vec();
    assert_eq!(data.train.inputs, expected);
}

#[test]
fn npy_with_a_test_split_of_its_own() {
    let dir = folder(&[
        ("x.npy", &npy("|u1", "(2, 2)", &[1, 2, 3, 4])),
        ("y.npy", &npy("<i4", "(2,)", &[0, 0, 0, 0, 1, 0, 0, 0])),
        ("tx.npy", &npy("<f4", "(1, 2)", &f4(&[0.5, -0.5]))),
        ("ty.npy", &npy("<f4", "(1,)", &f4(&[2.0]))),
    ]);
    let mut request = request(OwnKind::Npy, &["x.npy", "y.npy", "tx.npy", "ty.npy"]);
    request.scaling = Some(Scaling::None);
    let (own, data) = load(&request, dir.path());
    assert_eq!((own.train_len, own.test_len, own.classes), (2, 1, 3));
    assert_eq!(data.train.inputs, [1.0, 2.0, 3.0, 4.0]);
    assert_eq!((data.test.inputs, data.test.labels), (vec![0.5, -0.5].into(), vec![2]));
}

#[test]
fn idx_bytes_are_divided_by_255() {
    let dir = folder(&[
        ("x.idx", &idx(&[3, 1, 2], &[0, 51, 102, 255, 0, 0])),
        ("y.idx", &idx(&[3], &[0, 1, 0])),
    ]);
    let mut request = request(OwnKind::Idx, &["x.idx", "y.idx"]);
    assert_eq!(inspect(&request, dir.path()).unwrap().data.scaling, Scaling::Global);
    request.scaling = Some(Scaling::None);
    let (_, data) = load(&request, dir.path());
    assert_eq!(data.train.inputs, [0.0, 0.2, 0.4, 1.0]);
}

#[test]
fn gzip_gives_the_same_samples_and_another_checksum() {
    let x = idx(&[4, 2], &[1, 2, 3, 4, 5, 6, 7, 9]);
    let y = idx(&[4], &[0, 1, 2, 0]);
    let a = npy("|u1", "(4, 2)", &[1, 2, 3, 4, 5, 6, 7, 9]);
    let b = npy("|u1", "(4,)", &[0, 1, 2, 0]);
    let csv = SIX.as_bytes();
    let plain = folder(&[("x", &x), ("y", &y), ("a", &a), ("b", &b), ("c", csv)]);
    let gz = folder(&[
        ("x", &packed(&x)),
        ("y", &packed(&y)),
        ("a", &packed(&a)),
        ("b", &packed(&b)),
        ("c", &packed(csv)),
    ]);
    for request in [
        request(OwnKind::Idx, &["x", "y"]),
        request(OwnKind::Npy, &["a", "b"]),
        request(OwnKind::Csv, &["c"]),
    ] {
        let (one, first) = load(&request, plain.path());
        let (two, second) = load(&request, gz.path());
        assert_eq!((first.train, first.test), (second.train, second.test));
        assert_ne!(one.checksum, two.checksum);
        assert_eq!(OwnData { checksum: one.checksum.clone(), ..two }, one);
    }
}

#[test]
fn paths_are_relative_to_the_root_or_absolute() {
    let dir = folder(&[]);
    fs::create_dir(dir.path().join("data")).unwrap();
    fs::write(dir.path().join("data/x.csv"), SIX).unwrap();
    let relative = request(OwnKind::Csv, &["data/x.csv"]);
    let path = dir.path().join("data/x.csv");
    let absolute = request(OwnKind::Csv, &[path.to_str().unwrap()]);
    let (a, _) = load(&relative, dir.path());
    let (b, _) = load(&absolute, Path::new("nowhere"));
    assert_eq!(a.checksum, b.checksum);
    assert_eq!(
        inspect(&relative, Path::new("nowhere")).unwrap_err().to_string(),
        "data/x.csv: no such file; remedy: check the path; relative paths start at nowhere, the folder that holds data/"
    );
}

#[test]
fn the_digits_as_a_csv() {
    let packed = fs::read(committed().join("digits/digits.csv.gz")).unwrap();
    let mut text = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut text).unwrap();
    let dir = folder(&[("digits.csv", &text), ("digits.csv.gz", &packed)]);
    for name in ["digits.csv", "digits.csv.gz"] {
        let request = OwnRequest {
            test: Some(360),
            scaling: Some(Scaling::None),
            ..request(OwnKind::Csv, &[name])
        };
        let (own, data) = load(&request, dir.path());
        assert_eq!((own.features, own.classes), (64, 10));
        assert_eq!((own.train_len, own.test_len), (1437, 360));
        // The same samples as the built-in dataset, whose pixels are divided by 16.
        let built_in = load_spec(&DatasetName::Digits.into(), &committed(), dir.path()).unwrap();
        assert_eq!(data.train.labels, built_in.train.labels);
        assert_eq!(data.test.labels, built_in.test.labels);
        let sixteenths: Vec<f32> = data.test.inputs.iter().map(|v| v / 16.0).collect();
        assert_eq!(built_in.test.inputs, sixteenths);
    }
    let own = inspect(&request(OwnKind::Csv, &["digits.csv"]), dir.path()).unwrap().data;
    assert_eq!((own.train_len, own.test_len, own.scaling), (1438, 359, Scaling::Features));
}

#[test]
fn mnist_as_idx() {
    let root = committed().join("..");
    let request = request(
        OwnKind::Idx,
        &["data/mnist/t10k-images-idx3-ubyte.gz", "data/mnist/t10k-labels-idx1-ubyte.gz"],
    );
    let (own, data) = load(&request, &root);
    assert_eq!((own.features, own.classes, own.scaling), (784, 10, Scaling::Global));
    assert_eq!((own.train_len, own.test_len), (8000, 2000));
    assert_eq!(data.train.labels[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let n = data.train.inputs.len() as f64;
    let mean = data.train.inputs.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let square = data.train.inputs.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n;
    assert!(mean.abs() < 1e-6 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
}

#[test]
fn built_in_datasets_go_the_old_way() {
    let digits = DatasetSpec::from(DatasetName::Digits);
    let nowhere = Path::new("nowhere");
    check_spec(&digits, &committed(), nowhere).unwrap();
    let data = load_spec(&digits, &committed(), nowhere).unwrap();
    assert_eq!((data.name, data.digest), (digits.clone(), DatasetName::Digits.digest()));
    let error = check_spec(&digits, nowhere, &committed()).unwrap_err();
    assert!(matches!(error, DataError::Missing { .. }), "{error}");
}
