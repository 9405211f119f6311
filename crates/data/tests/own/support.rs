//! Small files of each format, and their inspection, loading and refusal.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use data::{Dataset, check_spec, inspect, load_spec};
use flate2::Compression;
use flate2::write::GzEncoder;
use spec::dataset::DatasetSpec;
use spec::own_data::{OwnData, OwnFiles, OwnKind, OwnRequest};
use tempfile::TempDir;

/// Two features, three classes, six samples.
pub const SIX: &str = "a,b,class\n1,10,0\n2,20,1\n3,30,0\n4,40,2\n5,50,0\n6,60,1\n";

/// The repository's `data/`.
pub fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data")
}

/// A folder with these files.
pub fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, contents) in files {
        fs::write(dir.path().join(name), contents).unwrap();
    }
    dir
}

/// Compresses bytes with gzip.
pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// An NPY file of version 1 in NumPy's layout.
pub fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let mut text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    [b"\x93NUMPY\x01\0", &(text.len() as u16).to_le_bytes()[..], text.as_bytes(), data].concat()
}

/// Data of type `<f4`.
pub fn f4(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// An IDX file of unsigned bytes.
pub fn idx(shape: &[u32], data: &[u8]) -> Vec<u8> {
    let dimensions: Vec<u8> = shape.iter().flat_map(|n| n.to_be_bytes()).collect();
    [&[0, 0, 8, shape.len() as u8][..], &dimensions, data].concat()
}

/// A request for `path`, `labels`, `test_path`, `test_labels`; "" for none.
pub fn request(kind: OwnKind, paths: &[&str]) -> OwnRequest {
    let path = |i: usize| paths.get(i).filter(|p| !p.is_empty()).map(|&p| p.to_owned());
    let files = OwnFiles {
        test_path: path(2),
        test_labels: path(3),
        ..OwnFiles::new(kind, path(0).unwrap_or_default(), path(1).as_deref())
    };
    OwnRequest::new(files)
}

/// The dataset as a plan refers to it.
pub fn spec(own: &OwnData) -> DatasetSpec {
    DatasetSpec::Own(Box::new(own.clone()))
}

/// Inspects, checks and loads own data; inspection and loading must agree.
pub fn load(request: &OwnRequest, root: &Path) -> (OwnData, Dataset) {
    let own = inspect(request, root).unwrap().data;
    let nowhere = Path::new("nowhere");
    check_spec(&spec(&own), nowhere, root).unwrap();
    let data = load_spec(&spec(&own), nowhere, root).unwrap();
    assert_eq!(data.name, spec(&own));
    assert_eq!(data.digest, own.checksum);
    assert_eq!(
        [data.features, data.classes, data.train.len(), data.test.len()].map(|n| n as u64),
        [own.features, own.classes, own.train_len, own.test_len]
    );
    assert_eq!(data.train.inputs.len(), data.train.len() * data.features);
    assert_eq!(data.test.inputs.len(), data.test.len() * data.features);
    (own, data)
}

/// The message of a refused inspection.
pub fn refused(request: &OwnRequest, dir: &TempDir) -> String {
    let text = inspect(request, dir.path()).unwrap_err().to_string();
    assert!(!text.contains('\n') && text.contains("; remedy: "), "{text}");
    text
}

/// The message of a refused CSV file named `x.csv`.
pub fn csv_refused(text: &str) -> String {
    refused(&request(OwnKind::Csv, &["x.csv"]), &folder(&[("x.csv", text.as_bytes())]))
}
