//! Fetching from a test server on the loopback interface.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

use super::*;

const LABELS: &str = "t10k-labels-idx1-ubyte.gz";

/// Fault of the server in one file; every other file is served unaltered.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// Stops in the middle of the body that it announced.
    Torn,
    /// A shorter body, announced as such.
    Truncated,
    /// One byte of the body changed.
    Altered,
    /// 404.
    Missing,
    /// Announces more than the file can be.
    Huge,
    /// Sends more than the file can be, without announcing a length.
    Endless,
    /// The training labels have the contents of the test labels.
    Swapped,
}

impl Fault {
    /// The file that has the fault.
    fn file(self) -> &'static str {
        if self == Fault::Swapped { "train-labels-idx1-ubyte.gz" } else { LABELS }
    }
}

struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/mnist")
}

fn serve(fault: Fault) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mnist", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&requests);
    thread::spawn(move || {
        for stream in listener.incoming() {
            // The client hangs up on what it refuses, so a failed write is no failure here.
            let _ = reply(stream.unwrap(), fault, &seen);
        }
    });
    Server { url, requests }
}

fn reply(stream: TcpStream, fault: Fault, seen: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or(Ok(String::new()))?;
    while lines.next().is_some_and(|line| line.is_ok_and(|line| !line.is_empty())) {}
    let name = request
        .split_whitespace()
        .nth(1)
        .and_then(|p| p.strip_prefix("/mnist/"))
        .unwrap_or("")
        .to_owned();
    seen.lock().unwrap().push(name.clone());
    let fault = if name == fault.file() { fault } else { Fault::None };
    let mut body = match fault {
        Fault::Swapped => fs::read(committed().join(LABELS))?,
        _ => fs::read(committed().join(&name))?,
    };
    let mut announced = body.len() as u64;
    match fault {
        Fault::None | Fault::Swapped | Fault::Endless => {}
        Fault::Torn => body.truncate(body.len() / 2),
        Fault::Truncated => {
            body.truncate(body.len() / 2);
            announced = body.len() as u64;
        }
        Fault::Altered => {
            let middle = body.len() / 2;
            body[middle] ^= 1;
        }
        Fault::Missing => body = b"no such thing".to_vec(),
        Fault::Huge => announced = 1 << 40,
    }
    let mut out = &stream;
    match fault {
        Fault::Missing => write!(
            out,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\nConnection: close\r\n\r\n"
        )?,
        Fault::Endless => {
            write!(out, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            loop {
                out.write_all(&body)?;
            }
        }
        _ => write!(
            out,
            "HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n"
        )?,
    }
    out.write_all(&body)
}

/// The real agent without a proxy, which could not reach the loopback interface.
fn agent() -> Agent {
    config().proxy(None).build().into()
}

fn fetch_mnist(dir: &Path, servers: &[&Server]) -> Result<Vec<Fetched>, FetchError> {
    // A proxy could not reach the loopback interface.
    let agent: Agent = Agent::config_builder()
        .proxy(None)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into();
    let mirrors: Vec<&str> = servers.iter().map(|s| s.url.as_str()).collect();
    fetch_from(&agent, &mirrors, DatasetName::Mnist.into(), dir, &mut |_, _, _| ())
}

/// Names left in the folder, sorted.
fn left(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir.join("mnist")).unwrap();
    let mut names: Vec<String> =
        entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_good_server_fills_the_folder_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Fault::None);
    let mut last = (0, None);
    let agent = agent();
    let fetched = fetch_from(
        &agent,
        &[&server.url],
        DatasetName::Mnist.into(),
        dir.path(),
        &mut |file, done, total| {
            if file == LABELS {
                last = (done, total);
            }
        },
    )
    .unwrap();
    assert!(fetched.iter().all(|f| matches!(f, Fetched::New { .. })), "{fetched:?}");
    assert_eq!(last, (4517, Some(4517)));
    crate::check(DatasetName::Mnist, dir.path()).unwrap();
    assert_eq!(left(dir.path()).len(), 4);

    let again = fetch_mnist(dir.path(), &[&server]).unwrap();
    assert!(again.iter().all(|f| matches!(f, Fetched::Kept(_))), "{again:?}");
    assert_eq!(server.requests.lock().unwrap().len(), 4);
}

#[test]
fn only_what_is_wrong_is_brought() {
    let dir = tempfile::tempdir().unwrap();
    let server = serve(Fault::None);
    fetch_mnist(dir.path(), &[&server]).unwrap();
    fs::write(dir.path().join("mnist").join(LABELS), b"spoiled").unwrap();
    server.requests.lock().unwrap().clear();
    fetch_mnist(dir.path(), &[&server]).unwrap();
    assert_eq!(*server.requests.lock().unwrap(), [LABELS]);
    crate::check(DatasetName::Mnist, dir.path()).unwrap();
}

#[test]
fn each_fault_is_reported_and_leaves_nothing_behind() {
    for (fault, words) in [
        (Fault::Torn, "Peer disconnected"),
        (Fault::Truncated, "truncated"),
        (Fault::Altered, "not a sound gzip file"),
        (Fault::Missing, "404"),
        (Fault::Huge, "the server offers 1099511627776 bytes"),
        (Fault::Endless, "more than 14114 bytes"),
        (Fault::Swapped, "holds the contents of t10k-labels-idx1-ubyte.gz"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let server = serve(fault);
        let error = fetch_mnist(dir.path(), &[&server]).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains(words) && text.contains(&server.url) && text.contains("remedy"),
            "{text}"
        );
        // Only the files that were fetched before it remain.
        let position =
            DatasetName::Mnist.info().files.iter().position(|f| f.name == fault.file()).unwrap();
        assert_eq!(left(dir.path()).len(), position, "{text}");
    }
}

#[test]
fn a_file_in_place_survives_a_failed_fetch() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("mnist")).unwrap();
    let path = dir.path().join("mnist").join(LABELS);
    fs::write(&path, b"old").unwrap();
    fetch_mnist(dir.path(), &[&serve(Fault::Altered)]).unwrap_err();
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[test]
fn the_next_mirror_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (bad, good) = (serve(Fault::Missing), serve(Fault::None));
    let fetched = fetch_mnist(dir.path(), &[&bad, &good]).unwrap();
    let from = |file: &str| {
        fetched.iter().find_map(|f| match f {
            Fetched::New { file: name, url, .. } if *name == file => {
                Some(url.starts_with(&good.url))
            }
            _ => None,
        })
    };
    assert_eq!(from(LABELS), Some(true));
    assert_eq!(from("train-labels-idx1-ubyte.gz"), Some(false));
}

#[test]
fn nobody_there() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let gone = Server { url, requests: Arc::default() };
    assert!(matches!(fetch_mnist(dir.path(), &[&gone]), Err(FetchError::AllFailed { .. })));
}

#[test]
fn a_server_without_tls_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let plain = serve(Fault::None);
    let claimed =
        Server { url: plain.url.replace("http://", "https://"), requests: plain.requests };
    let error = fetch_mnist(dir.path(), &[&claimed]).unwrap_err();
    assert!(matches!(error, FetchError::AllFailed { .. }), "{error}");
    assert_eq!(left(dir.path()).len(), 0);
}

#[test]
fn a_dataset_without_mirrors_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let error = fetch(DatasetName::Digits, dir.path(), &mut |_, _, _| ()).unwrap_err();
    assert!(matches!(error, FetchError::NoMirror(DataError::Missing { .. })), "{error}");
}
