//! A checkout of a tag that downloads the programs of its release from a local server.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

/// A stand-in for the programs of a release.
const PROGRAM: &str = r#"#!/bin/sh
[ "$1" = --version ] && exit 0
echo "$(basename "$0") $* worker=${SWEEP_WORKER#"$CHECKOUT"/} libraries=$(basename "$(dirname "${LD_LIBRARY_PATH%%:*}")")"
[ "$1" = needs ] || exit 3
echo "$NEEDS"
"#;

/// A stand-in for cargo, which must be called only if the release cannot be used.
const CARGO: &str = "#!/bin/sh\necho 'cargo was called' >&2\nexit 101\n";

const FLEX: &str = r#"{"train":true,"backends":["flex"],"cuda":false}"#;
const TORCH: &str = r#"{"train":true,"backends":["libtorch"],"cuda":false}"#;

/// A checkout of the tag v1, its release and the release's server.
struct Place {
    folder: tempfile::TempDir,
    address: String,
}

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(folder: &Path, args: &[&str]) {
    let who = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
    let done = Command::new("git").current_dir(folder).args(who).args(args).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

fn head(checkout: &Path) -> Vec<u8> {
    let mut git = Command::new("git");
    git.current_dir(checkout).args(["rev-parse", "HEAD"]).output().unwrap().stdout
}

/// Serves the files of a folder; ends with the test's process.
fn serve(folder: PathBuf) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let asked = lines.next().unwrap().unwrap();
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let path = asked.split(' ').nth(1).unwrap().trim_start_matches('/');
            let (status, body) = match fs::read(folder.join(path)) {
                Ok(body) => ("200 OK", body),
                Err(_) => ("404 Not Found", Vec::new()),
            };
            let head = format!(
                "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        }
    });
    address
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let checkout = folder.path().join("checkout");
        fs::create_dir_all(checkout.join("xtask")).unwrap();
        fs::write(checkout.join("README.md"), "one").unwrap();
        fs::write(checkout.join(".gitignore"), "target\n").unwrap();
        git(&checkout, &["init", "--quiet"]);
        git(&checkout, &["add", "."]);
        git(&checkout, &["commit", "--quiet", "-m", "one"]);
        git(&checkout, &["tag", "v1"]);
        script(&folder.path().join("cargo"), CARGO);

        let release = folder.path().join("releases/v1");
        fs::create_dir_all(&release).unwrap();
        fs::write(release.join("COMMIT"), head(&checkout)).unwrap();
        for name in ["sweep", "sweep-report", "sweep-worker-flex", "sweep-worker-torch2.9"] {
            script(&release.join(name), PROGRAM);
            let gzip = Command::new("gzip").arg("-n").arg(release.join(name)).status();
            assert!(gzip.unwrap().success());
        }
        let mut sums = Command::new("sh");
        let sums = sums.args(["-c", "sha256sum *.gz COMMIT"]).current_dir(&release).output();
        fs::write(release.join("SHA256SUMS"), sums.unwrap().stdout).unwrap();
        let address = serve(folder.path().join("releases"));
        Place { folder, address }
    }

    fn checkout(&self) -> PathBuf {
        self.folder.path().join("checkout")
    }

    fn release(&self, file: &str) -> PathBuf {
        self.folder.path().join("releases/v1").join(file)
    }

    /// Runs xtask in the checkout.
    fn xtask(&self, needs: &str, args: &[&str]) -> Output {
        let checkout = self.checkout();
        let cache = self.folder.path().join("libtorch");
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(args)
            .current_dir(&checkout)
            .env("CHECKOUT", &checkout)
            .env("CARGO_MANIFEST_DIR", checkout.join("xtask"))
            .env("CARGO", self.folder.path().join("cargo"))
            .env("CARGO_TARGET_DIR", checkout.join("target"))
            .env("SWEEP_RELEASES", &self.address)
            .env("SWEEP_LIBTORCH_DIR", cache)
            .env("NEEDS", needs)
            .stdin(Stdio::null());
        for name in ["LIBTORCH", "LIBTORCH_USE_PYTORCH", "SWEEP_WORKER", "LD_LIBRARY_PATH"] {
            command.env_remove(name);
        }
        command.output().unwrap()
    }
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn a_checkout_of_a_tag_takes_the_programs_of_its_release() {
    let place = Place::new();
    let output = place.xtask(FLEX, &["sweep", "x.toml", "--device", "flex"]);
    let (out, err) = said(&output);
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    let folder =
        format!("target/released/v1-{}", String::from_utf8_lossy(&head(&place.checkout())[..12]));
    let worker = format!("{folder}/sweep-worker-flex/sweep-worker");
    assert!(out.contains(&format!("sweep run x.toml --device flex worker={worker}")), "{out}{err}");
    assert!(place.checkout().join(&folder).join("sweep-report").exists());
    assert!(err.contains("downloading sweep.gz of release v1") && !err.contains("cargo"), "{err}");
    // Programs that exist are not downloaded again.
    fs::remove_dir_all(place.folder.path().join("releases")).unwrap();
    let (out, err) = said(&place.xtask(FLEX, &["sweep", "x.toml"]));
    assert!(out.contains("sweep run x.toml") && err.is_empty(), "{out}{err}");
    // A verb that trains nothing can query the worker.
    let none = r#"{"train":false,"backends":[],"cuda":false}"#;
    let (out, err) = said(&place.xtask(none, &["doctor"]));
    assert!(out.contains(&format!("sweep doctor worker={worker}")), "{out}{err}");
}

#[test]
fn a_worker_for_libtorch_finds_the_one_that_is_brought() {
    let place = Place::new();
    let lib = place.folder.path().join("libtorch/2.9.0-cpu/lib");
    fs::create_dir_all(&lib).unwrap();
    fs::write(lib.join("libtorch_cpu.so"), "").unwrap();
    fs::write(lib.join("../version.py"), "__version__ = '2.9.0'\n").unwrap();
    let seal = "libtorch layout 1\n0 lib/libtorch_cpu.so\n22 version.py\n";
    fs::write(lib.join("../.complete"), seal).unwrap();
    let (out, err) = said(&place.xtask(TORCH, &["sweep", "x.toml"]));
    assert!(out.contains("sweep-worker-torch2.9/sweep-worker libraries=2.9.0-cpu"), "{out}{err}");
}

#[test]
fn whatever_fails_is_said_and_compiles() {
    let refused = |place: &Place, needs: &str, args: &[&str], why: &str| {
        let (out, err) = said(&place.xtask(needs, args));
        assert!(err.contains("cargo was called"), "{out}{err}");
        let lines = err.lines().filter(|line| line.contains("compiling them instead")).count();
        assert_eq!(lines, usize::from(!why.is_empty()), "{err}");
        assert!(err.contains(why), "{err}");
    };
    let sweep = ["sweep", "x.toml"];

    let altered = Place::new();
    fs::write(altered.release("sweep.gz"), "other bytes").unwrap();
    refused(&altered, FLEX, &sweep, "sweep.gz has SHA-256");
    let partial = Place::new();
    fs::remove_file(partial.release("sweep-worker-flex.gz")).unwrap();
    refused(&partial, FLEX, &sweep, "curl could not download");
    let gone = Place::new();
    fs::remove_file(gone.release("SHA256SUMS")).unwrap();
    refused(&gone, FLEX, &sweep, "SHA256SUMS");

    let moved = Place::new();
    let other = "0123456789abcdef0123456789abcdef01234567\n";
    fs::write(moved.release("COMMIT"), other).unwrap();
    refused(&moved, FLEX, &sweep, "COMMIT has SHA-256");
    let sums = fs::read_to_string(moved.release("SHA256SUMS")).unwrap();
    let mut lines: Vec<String> = sums.lines().map(str::to_owned).collect();
    let sum = Command::new("sha256sum").arg("COMMIT").current_dir(moved.release("")).output();
    *lines.last_mut().unwrap() = String::from_utf8(sum.unwrap().stdout).unwrap();
    lines.sort_by_key(|line| !line.ends_with(".gz"));
    fs::write(moved.release("SHA256SUMS"), lines.join("\n")).unwrap();
    refused(&moved, FLEX, &sweep, "they were built from commit 0123456789abcdef");

    // With the user's own libtorch the programs are compiled.
    let own = Place::new();
    let python = r#"{"train":true,"backends":["libtorch"],"cuda":false,"python":true}"#;
    refused(&own, python, &sweep, "not that of Python");
    // `--build`, or no unchanged checkout of the tag.
    refused(&own, TORCH, &["sweep", "x.toml", "--build"], "");
    fs::write(own.checkout().join("README.md"), "two").unwrap();
    refused(&own, TORCH, &sweep, "");
    git(&own.checkout(), &["commit", "--quiet", "-am", "two"]);
    refused(&own, TORCH, &sweep, "");
}
