//! Tests of fetching files for which only the publisher's MD5 is known, from servers on the
//! loopback interface.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use data_encoding::HEXLOWER;
use flate2::Compression;
use flate2::write::GzEncoder;
use md5::{Digest, Md5};
use spec::dataset::{Checksum, Member};

use super::*;

const ARCHIVE: &str = "a.tar.gz";
const MEMBERS: [Member; 2] =
    [Member { name: "d/one.bin", bytes: 3 }, Member { name: "d/two.bin", bytes: 5 }];

pub(super) fn leak(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(super) fn md5(bytes: &[u8]) -> &'static str {
    leak(HEXLOWER.encode(&Md5::digest(bytes)))
}

/// A table of these files.
pub(super) fn table(files: Vec<DataFile>) -> Table {
    Table { dataset: DatasetName::Cifar10, files: Box::leak(files.into_boxed_slice()) }
}

/// A file of `bytes` bytes, unpacked, whose compressed form is `packed`.
fn plain(name: &'static str, packed: &[u8], bytes: u64) -> DataFile {
    DataFile { name, checksum: Checksum::Md5(md5(packed)), bytes, members: &[] }
}

/// An archive whose MD5 is right.
fn archive(packed: &[u8]) -> Table {
    let checksum = Checksum::Md5(md5(packed));
    table(vec![DataFile { name: ARCHIVE, checksum, bytes: 8, members: &MEMBERS }])
}

/// Starts a server that calls `reply` with the path and the connection, and returns its URL.
pub(super) fn serve(reply: impl Fn(&str, &TcpStream) -> io::Result<()> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().map_or(String::new(), |l| l.unwrap_or_default());
            while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
            let path = request.split_whitespace().nth(1).unwrap_or_default().to_owned();
            // The client hangs up on what it refuses, so a failed write is no failure here.
            let _ = reply(&path, &stream);
        }
    });
    url
}

pub(super) fn send(mut out: &TcpStream, body: &[u8]) -> io::Result<()> {
    let length = body.len();
    write!(out, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n")?;
    out.write_all(body)
}

fn redirect(mut out: &TcpStream, to: &str) -> io::Result<()> {
    write!(
        out,
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
}

/// The real agent without a proxy, and with a shorter timeout.
fn agent(body: Duration) -> Agent {
    config().proxy(None).timeout_recv_body(Some(body)).build().into()
}

pub(super) fn fetch_into(dir: &Path, table: Table, url: &str) -> Result<Vec<Fetched>, FetchError> {
    fetch_from(&agent(Duration::from_secs(60)), &[url], table, dir, &mut |_, _, _| ())
}

/// Returns the error for `body` served as the one file of `table`; checks that nothing is left.
pub(super) fn refused(table: Table, body: Vec<u8>) -> String {
    let dir = tempfile::tempdir().unwrap();
    let url = serve(move |_, out| send(out, &body));
    let text = fetch_into(dir.path(), table, &url).unwrap_err().to_string();
    assert_eq!(fs::read_dir(dir.path().join("cifar10")).unwrap().count(), 0, "{text}");
    assert!(text.contains(&url), "{text}");
    text
}

#[test]
fn a_good_file_is_kept_and_its_raw_form_will_not_do() {
    let body = packed(b"hello");
    let table = table(vec![plain("a.gz", &body, 5)]);
    let dir = tempfile::tempdir().unwrap();
    let url = serve(move |_, out| send(out, &body));
    assert!(matches!(fetch_into(dir.path(), table, &url).unwrap()[..], [Fetched::New { .. }]));
    assert_eq!(table.read(0, dir.path()).unwrap().1, b"hello");
    let again = fetch_into(dir.path(), table, &url).unwrap();
    assert_eq!(again, [Fetched::Kept("a.gz")]);

    // The checksum of the uncompressed bytes is not published.
    let folder = dir.path().join("cifar10");
    fs::remove_file(folder.join("a.gz")).unwrap();
    fs::write(folder.join("a"), b"hello").unwrap();
    let error = table.check(&table.files[0], dir.path()).unwrap_err();
    assert!(matches!(error, DataError::Missing { raw: None, .. }), "{error}");
    let text = error.to_string();
    assert!(text.ends_with("a.gz: no such file; remedy: `cargo xtask fetch cifar10`"), "{text}");
}

#[test]
fn faults_of_a_file_are_distinguished() {
    let genuine = packed(b"hello");
    let of = |files: Vec<DataFile>, body: &[u8]| refused(table(files), body.to_vec());
    let file = || plain("a.gz", &genuine, 5);
    let cut = of(vec![file()], &genuine[..genuine.len() - 4]);
    assert!(cut.contains("truncated: 5 of 5 bytes"), "{cut}");
    let short = of(vec![file()], &packed(b"hell"));
    assert!(short.contains("truncated: 4 of 5 bytes"), "{short}");
    let altered = of(vec![file()], &packed(b"jello"));
    assert!(altered.contains("altered: MD5 of the compressed file is "), "{altered}");
    let no_gzip = of(vec![file()], b"<html>no such page</html>");
    assert!(no_gzip.contains("not a sound gzip file"), "{no_gzip}");
    let other = packed(b"other");
    let swapped = of(vec![file(), plain("b.gz", &other, 5)], &other);
    assert!(swapped.contains("holds the contents of b.gz"), "{swapped}");
    // The right contents, compressed differently: not the published file.
    let mut again = GzEncoder::new(Vec::new(), Compression::none());
    again.write_all(b"hello").unwrap();
    let again = of(vec![file()], &again.finish().unwrap());
    assert!(again.contains("altered: MD5"), "{again}");
}

#[test]
fn a_redirect_is_followed_and_its_body_checked() {
    let body = packed(b"hello");
    let table = table(vec![plain("a.gz", &body, 5)]);
    let there = serve(move |path, out| {
        if path == "/elsewhere/a.gz" { send(out, &body) } else { send(out, b"not this one") }
    });
    let here = {
        let to = format!("{there}/elsewhere/a.gz");
        serve(move |_, out| redirect(out, &to))
    };
    let dir = tempfile::tempdir().unwrap();
    fetch_into(dir.path(), table, &here).unwrap();
    assert_eq!(table.read(0, dir.path()).unwrap().1, b"hello");
    let astray = serve(move |_, out| redirect(out, &format!("{there}/captive-portal")));
    let dir = tempfile::tempdir().unwrap();
    let text = fetch_into(dir.path(), table, &astray).unwrap_err().to_string();
    assert!(text.contains("not a sound gzip file"), "{text}");
}

#[test]
fn redirects_in_a_circle_end() {
    let table = table(vec![plain("a.gz", &packed(b"hello"), 5)]);
    let dir = tempfile::tempdir().unwrap();
    let url = serve(|_, out| redirect(out, "/round/and/round"));
    let text = fetch_into(dir.path(), table, &url).unwrap_err().to_string();
    assert!(text.contains("redirect"), "{text}");
}

#[test]
fn a_server_that_dawdles_is_given_up() {
    let body = packed(b"hello");
    let table = table(vec![plain("a.gz", &body, 5)]);
    let url = serve(move |_, mut out| {
        write!(out, "HTTP/1.1 200 OK\r\nContent-Length: 25\r\nConnection: close\r\n\r\n")?;
        loop {
            out.write_all(b"x")?;
            thread::sleep(Duration::from_millis(200));
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let agent = agent(Duration::from_millis(500));
    let text = fetch_from(&agent, &[url], table, dir.path(), &mut |_, _, _| ()).unwrap_err();
    assert!(text.to_string().contains("timeout"), "{text}");
    assert_eq!(fs::read_dir(dir.path().join("cifar10")).unwrap().count(), 0);
}

/// An entry of a tar archive, with its path verbatim.
fn entry(kind: tar::EntryType, path: &str, size: u64, body: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_old();
    header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
    header.set_size(size);
    header.set_mode(0o644);
    header.set_entry_type(kind);
    if kind.is_symlink() || kind.is_hard_link() {
        header.as_mut_bytes()[157..157 + 11].copy_from_slice(b"/etc/passwd");
    }
    header.set_cksum();
    let mut out = header.as_bytes().to_vec();
    out.extend_from_slice(body);
    out.resize(out.len().next_multiple_of(512), 0);
    out
}

fn file(path: &str, body: &[u8]) -> Vec<u8> {
    entry(tar::EntryType::Regular, path, body.len() as u64, body)
}

/// The archive of these entries, with the two empty blocks at its end.
fn tar_gz(entries: &[Vec<u8>]) -> Vec<u8> {
    packed(&[entries.concat(), vec![0; 1024]].concat())
}

#[test]
fn the_members_of_an_archive_are_read_in_the_order_of_the_table() {
    let body = tar_gz(&[
        entry(tar::EntryType::Directory, "d/", 0, b""),
        file("d/readme.html", b"<p>"),
        file("d/two.bin", b"22222"),
        file("d/one.bin", b"111"),
    ]);
    let table = archive(&body);
    let dir = tempfile::tempdir().unwrap();
    let url = serve(move |_, out| send(out, &body));
    fetch_into(dir.path(), table, &url).unwrap();
    assert_eq!(table.read(0, dir.path()).unwrap().1, b"11122222");
    table.check(&table.files[0], dir.path()).unwrap();
    // It stays packed: the folder has no other file.
    assert_eq!(fs::read_dir(dir.path().join("cifar10")).unwrap().count(), 1);
}

#[test]
fn a_hostile_archive_is_refused_though_its_checksum_is_right() {
    use tar::EntryType;
    let good = || vec![file("d/one.bin", b"111"), file("d/two.bin", b"22222")];
    let with = |first: Vec<u8>| tar_gz(&[vec![first], good()].concat());
    let big = vec![0; (16 << 10) + 1];
    let many: Vec<Vec<u8>> = (0..80).map(|i| file(&format!("x{i}"), b"")).collect();
    let cases: Vec<(Vec<u8>, &str)> = vec![
        (with(file("/etc/cron.d/x", b"x")), "the path `/etc/cron.d/x` leads out of it"),
        (with(file("d/../../x", b"x")), "the path `d/../../x` leads out of it"),
        (with(file("..", b"x")), "the path `..` leads out of it"),
        (with(file("..\\x", b"x")), "leads out of it"),
        (with(entry(EntryType::Symlink, "d/l", 0, b"")), "`d/l` is a link or no plain file"),
        (with(entry(EntryType::Link, "d/l", 0, b"")), "`d/l` is a link or no plain file"),
        (with(entry(EntryType::Symlink, "d/one.bin", 0, b"")), "is a link or no plain file"),
        (with(entry(EntryType::Char, "d/null", 0, b"")), "is a link or no plain file"),
        (with(file("d/huge", &big)), "`d/huge` of 16385 bytes does not belong to it"),
        (with(entry(EntryType::Regular, "d/huge", 1 << 32, b"")), "does not belong to it"),
        (with(file("d/one.bin", b"1111")), "`d/one.bin` has 4 bytes, not 3"),
        (with(file("d/one.bin", b"111")), "it holds `d/one.bin` twice"),
        (tar_gz(&good()[..1]), "it lacks `d/two.bin`"),
        (tar_gz(&[]), "it lacks `d/one.bin`"),
        (tar_gz(&[many, good()].concat()), "more entries than the genuine one can have"),
        (packed(&entry(EntryType::Regular, "d/one.bin", 3, b"")), "it ends within `d/one.bin`"),
        (packed(&[0xff; 1024]), "it cannot be read"),
        (packed(&[good().concat(), vec![0; 1 << 21]].concat()), "longer than the genuine one"),
    ];
    for (body, words) in cases {
        let text = refused(archive(&body), body);
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn what_follows_an_archive_is_refused() {
    let mut body = tar_gz(&[file("d/one.bin", b"111"), file("d/two.bin", b"22222")]);
    body.extend(b"more");
    let text = refused(archive(&body), body);
    assert!(text.contains("bytes follow the end"), "{text}");
}

#[test]
fn an_altered_archive_is_never_unpacked() {
    let genuine = tar_gz(&[file("d/one.bin", b"111"), file("d/two.bin", b"22222")]);
    let other = tar_gz(&[file("d/one.bin", b"112"), file("d/two.bin", b"22222")]);
    let text = refused(archive(&genuine), other);
    assert!(text.contains("altered: MD5 of the compressed file"), "{text}");
    let text = refused(archive(&genuine), genuine[..genuine.len() / 2].to_vec());
    assert!(text.contains("truncated"), "{text}");
}
