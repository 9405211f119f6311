//! Tests of NPZ archives: output of NumPy, each fault, and arbitrary bytes.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::scale::Values;
use super::*;

const STORED: &[u8] = include_bytes!("../../../tests/fixtures/stored.npz");
const DEFLATED: &[u8] = include_bytes!("../../../tests/fixtures/deflated.npz");

/// An array of unsigned bytes in the format of `numpy.save`.
fn array(shape: &str, data: &[u8]) -> Vec<u8> {
    let text = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n");
    let length = (text.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), data].concat()
}

/// An archive of these members, compressed.
fn archive(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in members {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn open(bytes: &[u8]) -> Result<Archive<Cursor<&[u8]>>, Fault> {
    Archive::new(Cursor::new(bytes), bytes.len() as u64)
}

fn reason<T>(result: Result<T, Fault>) -> String {
    match result {
        Err(Fault::Content { place: Place::File, reason, .. }) => reason,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("read"),
    }
}

#[test]
fn what_numpy_wrote() {
    let mut stored = open(STORED).unwrap();
    assert_eq!(stored.names(), ["x_train", "y_train"]);
    let member = |name: &str, shape: &[u64], dtype: &str| Member {
        name: name.to_owned(),
        shape: shape.to_vec(),
        dtype: dtype.to_owned(),
    };
    assert_eq!(
        stored.members().unwrap(),
        [member("x_train", &[3, 2, 2], "float32"), member("y_train", &[3], "int64")]
    );
    let quarters: Vec<f32> = (0..12u8).map(|i| f32::from(i) / 4.0).collect();
    let x = stored.inputs("x_train").unwrap();
    assert_eq!((x.samples, x.features, x.values), (3, 4, Values::F32(quarters.clone())));
    assert_eq!(stored.labels("y_train").unwrap(), [Column::Numbers(vec![2.0, 0.0, 1.0])]);

    let mut deflated = open(DEFLATED).unwrap();
    assert_eq!(
        deflated.members().unwrap(),
        [member("X", &[3, 4], "float32"), member("y", &[3], "str")]
    );
    // Arrays can be read in any order, and twice.
    let words = ["b", "", "a"].map(str::to_owned).to_vec();
    assert_eq!(deflated.labels("y").unwrap(), [Column::Words(words)]);
    for _ in 0..2 {
        assert_eq!(deflated.inputs("X").unwrap().values, Values::F32(quarters.clone()));
    }
}

#[test]
fn an_archive_on_disk_is_hashed() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("x.npz"), DEFLATED).unwrap();
    let (mut archive, hash) = Archive::open("x.npz", dir.path()).unwrap();
    assert_eq!(hash, source::sha256("x.npz", dir.path()).unwrap());
    assert_eq!(archive.inputs("X").unwrap().samples, 3);
    std::fs::write(dir.path().join("x.npz"), b"1,2,3").unwrap();
    assert_eq!(
        Archive::open("x.npz", dir.path()).unwrap_err().to_string(),
        "x.npz: not an NPZ archive; remedy: write it with `numpy.savez`, or correct `kind`"
    );
}

#[test]
fn names_that_are_not_there() {
    let mut two = open(STORED).unwrap();
    let expected = "no array `y`: it holds `x_train`, `y_train`";
    assert_eq!(reason(two.labels("y")), expected);
    let one = array("(1,)", &[1]);
    let names: Vec<String> = (0..20).map(|i| format!("{i}.npy")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|n| (&n[..], &one[..])).collect();
    let many = archive(&members);
    assert_eq!(
        reason(open(&many).unwrap().inputs("x")),
        "no array `x`: it holds `0`, `1`, `2`, `3`, `4`, `5`, `6`, `7`, `8`, `9`, `10`, `11`, 8 more"
    );
    let other = archive(&[("a.csv", b"1,2"), ("b/", b"")]);
    let expected = "an archive without arrays: it holds `a.csv`, `b/`";
    assert_eq!(reason(open(&other)), expected);
    assert_eq!(reason(open(&archive(&[]))), "an archive without arrays: it holds nothing");
    let names: Vec<String> = (0..=MOST_MEMBERS).map(|i| format!("{i}.npy")).collect();
    let members: Vec<(&str, &[u8])> = names.iter().map(|n| (&n[..], &b""[..])).collect();
    assert_eq!(reason(open(&archive(&members))), "1001 members, at most 1000 are read");
}

#[test]
fn archives_that_are_not_sound() {
    assert_eq!(reason(open(b"")), "not an NPZ archive");
    assert_eq!(
        reason(open(b"\x93NUMPY\x01\0v\0{")),
        "not an NPZ archive (it looks like a NumPy array: kind \"npy\")"
    );
    assert_eq!(
        reason(open(&STORED[..STORED.len() - 30])),
        "not a sound zip archive (it ends early)"
    );
    // Two members with one name: the second is renamed in both of its headers.
    let mut twice = archive(&[("x.npy", &array("(1,)", &[1])), ("y.npy", &array("(1,)", &[1]))]);
    while let Some(at) = twice.windows(5).position(|w| w == b"y.npy") {
        twice[at] = b'x';
    }
    assert_eq!(reason(open(&twice)), "two members have one name");
    // Bit 0 of the flags means encrypted; then method 93, which is zstd.
    let sound = archive(&[("x.npy", &array("(1,)", &[1]))]);
    let central = sound.windows(4).position(|w| w == b"PK\x01\x02").unwrap();
    let mut encrypted = sound.clone();
    encrypted[6] |= 1;
    encrypted[central + 8] |= 1;
    assert_eq!(reason(open(&encrypted).unwrap().inputs("x")), "array `x`: encrypted");
    let mut method = sound.clone();
    (method[8], method[central + 10]) = (93, 93);
    assert_eq!(
        reason(open(&method).unwrap().inputs("x")),
        "array `x`: compressed by another method than deflate"
    );
    // A wrong checksum.
    let mut sum = sound.clone();
    sum[central + 16] ^= 1;
    let text = reason(open(&sum).unwrap().inputs("x"));
    assert!(text.starts_with("array `x`: not a sound zip archive (Invalid checksum"), "{text}");
}

#[test]
fn faults_of_an_array_have_its_name_and_place() {
    let mut two = open(DEFLATED).unwrap();
    assert_eq!(reason(two.inputs("y")), "array `y`: inputs that are texts");
    let torn = archive(&[("x.npy", &array("(3,)", &[1, 2]))]);
    assert_eq!(
        reason(open(&torn).unwrap().inputs("x")),
        "array `x`: the file ends after 2 of 3 elements"
    );
    let infinite = archive(&[("y.npy", &{
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), }";
        let length = (text.len() as u16).to_le_bytes();
        [b"\x93NUMPY\x01\0", &length[..], text.as_bytes(), &f32::INFINITY.to_le_bytes()].concat()
    })]);
    assert_eq!(
        reason(open(&infinite).unwrap().labels("y")),
        "array `y`: sample 0 (from 0): inf is not a finite number"
    );
}

#[test]
fn bombs_are_refused() {
    let size = (64 << 20) + 1;
    let claimed = archive(&[("x.npy", &array(&format!("({size},)"), &vec![0; size]))]);
    let text = reason(open(&claimed).unwrap().inputs("x"));
    assert!(text.starts_with(&format!("array `x`: the header claims {size} bytes, the file has ")));
    // A member that claims less is cut at its claim.
    let longer = archive(&[("x.npy", &array("(5,)", &vec![0; size]))]);
    assert_eq!(
        reason(open(&longer).unwrap().inputs("x")),
        "array `x`: bytes follow the 5 elements of the header"
    );
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_without_panic(
        data in proptest::collection::vec(any::<u8>(), 0..200),
        at in 0usize..586, byte: u8, cut in 0usize..586,
    ) {
        let all = |bytes: &[u8]| {
            if let Ok(mut archive) = open(bytes) {
                let _ = archive.members();
                for name in archive.names() {
                    let _ = (archive.inputs(&name), archive.labels(&name));
                }
            }
        };
        all(&data);
        all(&[b"PK\x03\x04", &data[..]].concat());
        for sound in [STORED, DEFLATED] {
            let mut changed = sound.to_vec();
            let n = changed.len();
            changed[at % n] = byte;
            all(&changed);
            all(&sound[..cut % n]);
            all(&[&sound[..cut % n], &data, &sound[cut % n..]].concat());
        }
    }
}
