//! The user's own texts: tokens, parts and refusals.

use data::{inspect, load_spec};
use spec::dataset::DatasetSpec;
use spec::own_data::{OwnFiles, OwnKind, OwnRequest, Vocabulary};

use crate::support::{committed, folder, packed};

fn request(path: &str) -> OwnRequest {
    OwnRequest::new(OwnFiles::new(OwnKind::Text, path, None))
}

#[test]
fn a_text_is_cut_where_it_stands() {
    let text = "abcabcabcabcabcabcab\u{e9}z";
    let dir = folder(&[("t.txt", text.as_bytes()), ("t.gz", &packed(text.as_bytes()))]);
    for file in ["t.txt", "t.gz"] {
        let request = OwnRequest { validation: 4, test: Some(3), ..request(file) };
        let found = inspect(&request, dir.path()).unwrap();
        let own = &found.data;
        assert_eq!((own.classes, own.features, own.targets), (5, 1, 0));
        assert_eq!((own.train_len, own.validation, own.test_len), (19, 4, 3));
        assert_eq!(
            found.described.line(file),
            format!(
                "{file}: 22 characters of 5 kinds; target: the next character; 15 training, 4 validation, 3 test; \
                     test the last 3 characters, validation the last 4 characters"
            )
        );
        let spec = DatasetSpec::Own(Box::new(own.clone()));
        let loaded = load_spec(&spec, dir.path(), dir.path()).unwrap();
        assert_eq!((loaded.features, loaded.classes), (1, 5));
        assert_eq!(loaded.train.inputs[..4], [0.0, 1.0, 2.0, 0.0]);
        // The order of code points: a, b, c, z, \u{e9}.
        assert_eq!(*loaded.test.inputs, [1.0, 4.0, 3.0]);
    }
}

#[test]
fn a_tenth_is_the_test_split_unless_something_is_said() {
    let dir = folder(&[("t.txt", "ab".repeat(50).as_bytes())]);
    let lengths = |request: &OwnRequest| {
        let own = inspect(request, dir.path()).unwrap().data;
        (own.train_len, own.test_len)
    };
    assert_eq!(lengths(&request("t.txt")), (90, 10));
    assert_eq!(lengths(&OwnRequest { test: Some(0), ..request("t.txt") }), (100, 0));
}

#[test]
fn files_of_their_own_share_one_vocabulary() {
    let dir = folder(&[("a.txt", b"abab"), ("v.txt", b"bd"), ("t.txt", b"ca")]);
    let mut request = request("a.txt");
    request.files.test_path = Some("t.txt".to_owned());
    request.files.validation_path = Some("v.txt".to_owned());
    let own = inspect(&request, dir.path()).unwrap().data;
    assert_eq!((own.classes, own.train_len, own.validation, own.test_len), (4, 6, 2, 2));
    let spec = DatasetSpec::Own(Box::new(own));
    let loaded = load_spec(&spec, dir.path(), dir.path()).unwrap();
    assert_eq!(*loaded.train.inputs, [0.0, 1.0, 0.0, 1.0, 1.0, 3.0]);
    assert_eq!(*loaded.test.inputs, [2.0, 0.0]);
}

#[test]
fn bytes_need_no_encoding() {
    let dir = folder(&[("t.bin", b"\xff\x00\xfe\x01\x02\x03\x04\x05\x06\x07")]);
    let mut request = request("t.bin");
    request.files.vocabulary = Some(Vocabulary::Byte);
    let own = inspect(&request, dir.path()).unwrap().data;
    assert_eq!((own.classes, own.train_len, own.test_len), (256, 9, 1));
}

#[test]
fn what_is_no_text_is_refused_with_place_and_remedy() {
    let many: String = (0..25_000u32).filter_map(|i| char::from_u32(0x4e00 + i)).collect();
    let files: [(&str, &[u8]); 4] = [
        ("latin.txt", b"one\ntwo\n\xe9"),
        ("empty.txt", b""),
        ("many.txt", many.as_bytes()),
        ("a.txt", b"abc"),
    ];
    let dir = folder(&files);
    let error = |request: OwnRequest| inspect(&request, dir.path()).unwrap_err().to_string();
    assert_eq!(
        error(request("latin.txt")),
        "latin.txt: line 3: no UTF-8 after byte 8; remedy: save it as UTF-8, or give vocabulary = \"byte\""
    );
    assert_eq!(
        error(request("empty.txt")),
        "empty.txt: the file is empty; remedy: write the data to it, or give another path"
    );
    assert_eq!(
        error(request("many.txt")),
        "many.txt: 25000 different characters, at most 20000 can be tokens; remedy: give vocabulary = \"byte\""
    );
    assert_eq!(
        error(OwnRequest { test: Some(3), ..request("a.txt") }),
        "a.txt: 3 tokens, of which test = 3 leaves none; remedy: lower `test`"
    );
}

#[test]
fn another_text_is_no_longer_the_plans() {
    let dir = folder(&[("t.txt", "ab".repeat(50).as_bytes())]);
    let own = inspect(&request("t.txt"), dir.path()).unwrap().data;
    std::fs::write(dir.path().join("t.txt"), "ba".repeat(50)).unwrap();
    let spec = DatasetSpec::Own(Box::new(own));
    let error = load_spec(&spec, dir.path(), dir.path()).unwrap_err().to_string();
    assert!(error.contains("the data changed since the plan was made"), "{error}");
}

/// Known passages of the committed text, and its sizes.
#[test]
fn moby_dick_is_read_as_characters() {
    let name = spec::DatasetName::MobyDick;
    let loaded = data::load(name, &committed()).unwrap();
    let info = name.info();
    assert_eq!(loaded.train.inputs.len() as u64, info.train_len);
    assert_eq!(loaded.test.inputs.len() as u64, info.test_len);
    let most =
        loaded.train.inputs.iter().chain(loaded.test.inputs.iter()).fold(0f32, |a, &b| a.max(b));
    assert_eq!((loaded.classes, most), (83, 82.0));
    // The text begins with "CHAPTER 1. Loomings.\n\n"; the newline is token 0, the blank 1.
    assert_eq!(loaded.train.inputs[20..22], [0.0, 0.0]);
    assert_eq!(loaded.train.inputs[7], 1.0);
}
