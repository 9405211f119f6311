//! Loading the committed datasets, and refusing every way in which a file can be wrong.

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use data::{DataError, check, load};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use spec::DatasetName;
use tempfile::TempDir;

const LABELS: &str = "t10k-labels-idx1-ubyte.gz";

/// The first and the last sample of diabetes, standardised.
const FIRST: [f32; 10] = [
    0.770730, 1.070259, 1.349983, 0.457360, -0.937838, -0.742337, -0.902507, -0.053979, 0.428043,
    -0.360260,
];
const LAST: [f32; 10] = [
    -0.953723, -0.934353, -1.5623, -1.720068, 1.762485, 0.582613, 3.569028, -0.810749, -0.085886,
    0.078598,
];
/// Their scaled targets.
const TARGETS: [f32; 2] = [-0.004714, -1.239801];

/// The repository's `data/`.
fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// A copy of the committed files of a dataset that a test may modify.
fn copy(name: DatasetName) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(name.name())).unwrap();
    for file in name.info().files {
        fs::copy(
            committed().join(name.name()).join(file.name),
            dir.path().join(name.name()).join(file.name),
        )
        .unwrap();
    }
    dir
}

fn unpacked(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    GzDecoder::new(fs::File::open(path).unwrap()).read_to_end(&mut bytes).unwrap();
    bytes
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Returns the error after `spoil` has modified the labels of the test split; `check` and `load`
/// must both report it.
fn spoiled(spoil: impl FnOnce(&Path)) -> DataError {
    let dir = copy(DatasetName::Mnist);
    spoil(&dir.path().join("mnist").join(LABELS));
    let error = load(DatasetName::Mnist, dir.path()).unwrap_err();
    assert_eq!(check(DatasetName::Mnist, dir.path()).unwrap_err().to_string(), error.to_string());
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    error
}

#[test]
fn mnist_is_read_and_scaled() {
    let data = load(DatasetName::Mnist, &committed()).unwrap();
    assert_eq!((data.features, data.classes), (784, 10));
    assert_eq!((data.train.len(), data.test.len()), (60_000, 10_000));
    assert_eq!((data.train.inputs.len(), data.test.inputs.len()), (60_000 * 784, 10_000 * 784));
    assert_eq!(data.digest, DatasetName::Mnist.digest());
    // The well-known first labels of each split.
    assert_eq!(data.train.labels[..10], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(data.test.labels[..10], [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    // Black is (0 - 0.1307) / 0.3081, white is (1 - 0.1307) / 0.3081.
    let low = data.train.inputs.iter().fold(f32::MAX, |a, &b| a.min(b));
    let high = data.train.inputs.iter().fold(f32::MIN, |a, &b| a.max(b));
    assert!((low + 0.424_213).abs() < 1e-6 && (high - 2.821_487).abs() < 1e-6, "{low} {high}");
    // Scaled by the training split's own mean and deviation, rounded to four digits.
    let n = data.train.inputs.len() as f64;
    let mean = data.train.inputs.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let deviation = (data.train.inputs.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / n
        - mean * mean)
        .sqrt();
    assert!(mean.abs() < 2e-4 && (deviation - 1.0).abs() < 2e-4, "{mean} {deviation}");
}

#[test]
fn digits_are_read_and_split() {
    let data = load(DatasetName::Digits, &committed()).unwrap();
    assert_eq!((data.features, data.classes), (64, 10));
    assert_eq!((data.train.len(), data.test.len()), (1437, 360));
    assert_eq!((data.train.inputs.len(), data.test.inputs.len()), (1437 * 64, 360 * 64));
    assert_eq!(data.train.labels[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert_eq!(data.train.inputs[..6], [0.0, 0.0, 5.0 / 16.0, 13.0 / 16.0, 9.0 / 16.0, 1.0 / 16.0]);
    // The last line of the file is the last test sample, an 8.
    assert_eq!(data.test.labels.last(), Some(&8));
    assert!(
        data.train.inputs.iter().chain(data.test.inputs.iter()).all(|v| (0.0..=1.0).contains(v))
    );
}

#[test]
fn diabetes_is_standardised_by_the_training_split() {
    let data = load(DatasetName::Diabetes, &committed()).unwrap();
    assert_eq!((data.train.len(), data.test.len()), (354, 88));
    assert_eq!((data.features, data.classes), (10, 0));
    assert!(data.train.labels.is_empty() && data.test.labels.is_empty());
    for (columns, values) in [(10, &data.train.inputs[..]), (1, &data.train.values)] {
        for column in 0..columns {
            let of_column: Vec<f64> =
                values.iter().skip(column).step_by(columns).map(|&v| f64::from(v)).collect();
            let n = of_column.len() as f64;
            let mean = of_column.iter().sum::<f64>() / n;
            let variance = of_column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            assert_eq!(n, 354.0);
            assert!(mean.abs() < 1e-6 && (variance - 1.0).abs() < 1e-6, "{mean} {variance}");
        }
    }
    // NumPy: (x - x[:354].mean(0)) / x[:354].std(0) of the raw files, first and last lines.
    let close = |found: f32, expected: f32| assert!((found - expected).abs() < 1e-5, "{found}");
    FIRST.iter().zip(data.train.inputs.iter()).for_each(|(e, f)| close(*f, *e));
    LAST.iter().zip(&data.test.inputs[870..]).for_each(|(e, f)| close(*f, *e));
    close(data.train.values[0], TARGETS[0]);
    close(data.test.values[87], TARGETS[1]);
}

#[test]
fn generated_data_needs_no_file_and_keeps_its_numbers() {
    let empty = tempfile::tempdir().unwrap();
    let parity = load(DatasetName::SparseParity, empty.path()).unwrap();
    assert_eq!((parity.train.len(), parity.test.len(), parity.features), (50_000, 5_000, 50));
    let samples = parity.train.inputs.chunks(50).zip(&parity.train.labels);
    for (bits, label) in samples {
        assert!(bits.iter().all(|bit| bit.abs() == 1.0));
        // The product of the three is 1 where an odd number of them are.
        assert_eq!(bits[..3].iter().product::<f32>() > 0.0, *label == 1);
    }
    let ones = parity.train.labels.iter().sum::<i64>();
    assert!((24_500..25_500).contains(&ones), "{ones}");
    let student = load(DatasetName::TeacherStudent, empty.path()).unwrap();
    assert_eq!((student.train.len(), student.test.len(), student.features), (10_000, 2_000, 20));
    let values = || student.train.values.iter().map(|&v| f64::from(v));
    let (mean, squares) = (values().sum::<f64>() / 1e4, values().map(|v| v * v).sum::<f64>() / 1e4);
    assert!(mean.abs() < 1e-6 && (squares - 1.0).abs() < 1e-6, "{mean} {squares}");
    // A change of these numbers makes another dataset, which needs another name.
    let digest = |data: &data::Dataset| {
        let mut hash = blake3::Hasher::new();
        for part in [&data.train, &data.test] {
            part.inputs.iter().chain(&part.values).for_each(|v| {
                hash.update(&v.to_le_bytes());
            });
        }
        hash.finalize().to_hex()[..16].to_owned()
    };
    assert_eq!([digest(&parity), digest(&student)], ["832092fbf5e51f0d", "7fa06ef76a5e22b1"]);
    assert_ne!(parity.digest, student.digest);
}

#[test]
fn what_is_to_be_fetched_names_that_as_the_remedy() {
    let empty = tempfile::tempdir().unwrap();
    for name in [DatasetName::FashionMnist, DatasetName::Kmnist, DatasetName::Cifar10] {
        let text = load(name, empty.path()).unwrap_err().to_string();
        let remedy = format!("no such file; remedy: `cargo xtask fetch {name}`");
        assert!(text.ends_with(&remedy), "{text}");
    }
}

#[test]
fn the_committed_files_check() {
    for name in DatasetName::ALL.iter().filter(|name| name.info().is_committed()) {
        check(*name, &committed()).unwrap();
    }
}

#[test]
fn the_raw_file_beside_it_will_do() {
    let dir = copy(DatasetName::Digits);
    let path = dir.path().join("digits/digits.csv.gz");
    fs::write(dir.path().join("digits/digits.csv"), unpacked(&path)).unwrap();
    fs::remove_file(&path).unwrap();
    assert_eq!(
        load(DatasetName::Digits, dir.path()).unwrap(),
        load(DatasetName::Digits, &committed()).unwrap()
    );
    check(DatasetName::Digits, dir.path()).unwrap();
}

#[test]
fn a_spoiled_raw_file_is_refused_too() {
    let dir = copy(DatasetName::Digits);
    let path = dir.path().join("digits/digits.csv.gz");
    let raw = dir.path().join("digits/digits.csv");
    let mut bytes = unpacked(&path);
    fs::remove_file(&path).unwrap();
    bytes[0] ^= 1;
    fs::write(&raw, &bytes).unwrap();
    assert!(matches!(load(DatasetName::Digits, dir.path()), Err(DataError::Altered { .. })));
    fs::write(&raw, &bytes[1..]).unwrap();
    assert!(matches!(
        load(DatasetName::Digits, dir.path()),
        Err(DataError::Truncated { found: 264_711, .. })
    ));
    bytes.push(b'\n');
    fs::write(&raw, &bytes).unwrap();
    assert!(matches!(
        load(DatasetName::Digits, dir.path()),
        Err(DataError::TooLong { expected: 264_712, .. })
    ));
}

#[test]
fn a_missing_file_names_the_remedy() {
    let error = spoiled(|path| fs::remove_file(path).unwrap());
    assert!(matches!(error, DataError::Missing { .. }));
    let text = error.to_string();
    for part in [
        LABELS,
        "no such file",
        "t10k-labels-idx1-ubyte without",
        "cargo xtask fetch mnist",
        "git checkout",
    ] {
        assert!(text.contains(part), "{text}");
    }
    let empty = tempfile::tempdir().unwrap();
    let text = load(DatasetName::Digits, empty.path()).unwrap_err().to_string();
    assert!(text.contains("git checkout") && !text.contains("fetch"), "{text}");
}

#[test]
fn a_truncated_file() {
    // The compressed file ends early: in its data, and in its checksum.
    for cut in [1000, 4] {
        let error = spoiled(|path| {
            let bytes = fs::read(path).unwrap();
            fs::write(path, &bytes[..bytes.len() - cut]).unwrap();
        });
        let DataError::Truncated { found, expected, .. } = error else { panic!("{error}") };
        assert!(found <= expected && expected == 10_008, "{found}");
    }
    // A valid gzip file with too few bytes.
    let error = spoiled(|path| fs::write(path, packed(&unpacked(path)[..9000])).unwrap());
    assert!(matches!(error, DataError::Truncated { found: 9000, .. }), "{error}");
    let error = spoiled(|path| fs::write(path, b"").unwrap());
    assert!(matches!(error, DataError::Truncated { found: 0, .. }), "{error}");
}

#[test]
fn an_altered_file() {
    let error = spoiled(|path| {
        let mut bytes = unpacked(path);
        bytes[5000] = (bytes[5000] + 1) % 10;
        fs::write(path, packed(&bytes)).unwrap();
    });
    let DataError::Altered { found, expected, .. } = &error else { panic!("{error}") };
    assert!(found != expected && found.len() == 64, "{error}");
}

#[test]
fn swapped_files_are_named() {
    // Swaps with a longer file, with a shorter one, and both.
    let swap = |a: &'static str, b: &'static str| {
        let dir = copy(DatasetName::Mnist);
        let folder = dir.path().join("mnist");
        fs::rename(folder.join(a), folder.join("x")).unwrap();
        fs::rename(folder.join(b), folder.join(a)).unwrap();
        fs::rename(folder.join("x"), folder.join(b)).unwrap();
        load(DatasetName::Mnist, dir.path()).unwrap_err()
    };
    let [train_images, train_labels, test_images, _] =
        DatasetName::Mnist.info().files.iter().map(|f| f.name).collect::<Vec<_>>()[..]
    else {
        panic!("four files")
    };
    for (a, b) in
        [(train_images, test_images), (train_labels, LABELS), (train_images, train_labels)]
    {
        let error = swap(a, b);
        assert!(
            matches!(&error, DataError::Swapped { path, actual, .. } if path.ends_with(a) && *actual == b),
            "{error}"
        );
    }
    // The longer file in place of the shorter one.
    let error = spoiled(|path| {
        fs::copy(path.with_file_name(train_images), path).unwrap();
    });
    assert!(
        matches!(error, DataError::Swapped { actual, .. } if actual == train_images),
        "{error}"
    );
}

#[test]
fn damage_and_other_formats() {
    let error = spoiled(|path| fs::write(path, unpacked(path)).unwrap());
    assert!(matches!(error, DataError::Gzip { .. }), "{error}");
    let error = spoiled(|path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle..middle + 64].fill(0xff);
        fs::write(path, bytes).unwrap();
    });
    assert!(matches!(error, DataError::Gzip { .. }), "{error}");
}

#[test]
fn bytes_after_the_stream() {
    for tail in [&b"x"[..], &packed(b"a second member")] {
        let error = spoiled(|path| {
            let mut bytes = fs::read(path).unwrap();
            bytes.extend_from_slice(tail);
            fs::write(path, bytes).unwrap();
        });
        assert!(matches!(error, DataError::TrailingBytes { .. }), "{error}");
    }
}

#[test]
fn a_gzip_bomb_is_not_unpacked() {
    // 128 MiB of zeros in half a megabyte: reading stops one buffer after the longest file.
    let error = spoiled(|path| {
        let mut encoder = GzEncoder::new(fs::File::create(path).unwrap(), Compression::fast());
        let zeros = vec![0; 1 << 20];
        for _ in 0..128 {
            encoder.write_all(&zeros).unwrap();
        }
        encoder.finish().unwrap();
    });
    assert!(matches!(error, DataError::TooLong { expected: 10_008, .. }), "{error}");
}

#[test]
fn a_folder_in_the_files_place() {
    let error = spoiled(|path| {
        fs::remove_file(path).unwrap();
        fs::create_dir(path).unwrap();
    });
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}
