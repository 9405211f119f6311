//! Tests of fetching files whose contents have a known checksum: plain files, and zip archives of
//! one member.

use std::io::{Cursor, Write};

use sha2::Sha256;
use spec::dataset::{Checksum, Member};
use zip::write::SimpleFileOptions;

use super::published::{fetch_into, leak, md5, refused, send, serve, table};
use super::*;

const MEMBER: [Member; 1] = [Member { name: "letters", bytes: 5 }];

fn zipped(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file(name, SimpleFileOptions::default()).unwrap();
    archive.write_all(bytes).unwrap();
    archive.finish().unwrap().into_inner()
}

/// A zip archive whose member is `hello`.
fn archive() -> Table {
    let checksum = Checksum::Md5OfContents(md5(b"hello"));
    table(vec![DataFile { name: "letters.zip", checksum, bytes: 5, members: &MEMBER }])
}

/// A plain file that is `hello`.
fn plain() -> Table {
    use sha2::Digest;
    let sha256 = leak(data_encoding::HEXLOWER.encode(&Sha256::digest(b"hello")));
    let checksum = Checksum::Sha256(sha256);
    table(vec![DataFile { name: "letters.txt", checksum, bytes: 5, members: &[] }])
}

#[test]
fn the_contents_are_judged_however_they_are_packed() {
    for (table, body) in [(archive(), zipped("letters", b"hello")), (plain(), b"hello".to_vec())] {
        let dir = tempfile::tempdir().unwrap();
        let url = serve(move |_, out| send(out, &body));
        assert!(matches!(fetch_into(dir.path(), table, &url).unwrap()[..], [Fetched::New { .. }]));
        assert_eq!(table.read(0, dir.path()).unwrap().1, b"hello");
        let kept = fetch_into(dir.path(), table, &url).unwrap();
        assert_eq!(kept, [Fetched::Kept(table.files[0].name)]);
    }
}

#[test]
fn the_member_without_its_archive_will_do() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("cifar10");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("letters"), b"hello").unwrap();
    assert_eq!(archive().read(0, dir.path()).unwrap().1, b"hello");
    fs::write(folder.join("letters"), b"jello").unwrap();
    let error = archive().read(0, dir.path()).unwrap_err().to_string();
    assert!(error.contains("altered: MD5 of the uncompressed bytes is "), "{error}");
    fs::remove_file(folder.join("letters")).unwrap();
    let error = archive().read(0, dir.path()).unwrap_err().to_string();
    assert!(error.contains("letters.zip: no such file (nor letters without"), "{error}");
}

#[test]
fn faults_are_distinguished() {
    let of_archive = |body: Vec<u8>| refused(archive(), body);
    let altered = of_archive(zipped("letters", b"jello"));
    assert!(altered.contains("altered: MD5 of the uncompressed bytes is "), "{altered}");
    let short = of_archive(zipped("letters", b"hell"));
    assert!(short.contains("truncated: 4 of 5 bytes"), "{short}");
    let long = of_archive(zipped("letters", b"hello, and more"));
    assert!(long.contains("longer than 5 bytes"), "{long}");
    let other = of_archive(zipped("numbers", b"hello"));
    assert!(other.contains("its member `letters`: "), "{other}");
    let none = of_archive(b"<html>no such page</html>".to_vec());
    assert!(none.contains("not the archive it should be: it cannot be read"), "{none}");
    // A byte of the compressed data that flips is found by the archive's own check.
    let mut flipped = zipped("letters", b"hello");
    let data = 30 + "letters".len() + 2;
    flipped[data] ^= 0x55;
    let flipped = of_archive(flipped);
    assert!(flipped.contains("its member is damaged: "), "{flipped}");
    let altered = refused(plain(), b"jello".to_vec());
    assert!(altered.contains("altered: SHA-256 of the uncompressed bytes is "), "{altered}");
    let short = refused(plain(), b"hell".to_vec());
    assert!(short.contains("truncated: 4 of 5 bytes"), "{short}");
}
