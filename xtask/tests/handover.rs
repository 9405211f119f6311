//! The whole program beside a scripted cargo: what is built, what `sweep` is
//! asked, and what it is at last started with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// Stands in for cargo: writes its arguments to `log`, and installs a `sweep`
/// and a `sweep-worker` that do the same.
const CARGO: &str = r#"#!/bin/sh
echo "cargo $* LIBTORCH=$(basename "$LIBTORCH")" >> "$FAKE/log"
mkdir -p "$CARGO_TARGET_DIR/release"
cp "$FAKE/sweep" "$CARGO_TARGET_DIR/release/sweep"
cp "$FAKE/sweep" "$CARGO_TARGET_DIR/release/sweep-worker"
"#;

/// Stands in for `sweep`: answers `needs` from a file, else ends with 3.
const SWEEP: &str = r#"#!/bin/sh
echo "sweep $* worker=${SWEEP_WORKER#"$FAKE"/}" >> "$FAKE/log"
if [ "$1" = needs ]; then
  [ "$2" = run ] && [ "$3" = bad.toml ] && echo "bad.toml:1:1: no" >&2 && exit 2
  cat "$FAKE/needs"
else
  exit 3
fi
"#;

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs xtask; gives its output and the log of what it started.
fn xtask(needs: &str, args: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path();
    script(&fake.join("cargo"), CARGO);
    script(&fake.join("sweep"), SWEEP);
    fs::write(fake.join("needs"), needs).unwrap();
    // A libtorch of the user's, so that none is brought.
    fs::create_dir_all(fake.join("own/lib")).unwrap();
    fs::write(fake.join("own/lib/libtorch_cpu.so"), "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .env("FAKE", fake)
        .env("CARGO", fake.join("cargo"))
        .env("CARGO_TARGET_DIR", fake.join("target"))
        .env("LIBTORCH", fake.join("own"))
        .env_remove("LIBTORCH_USE_PYTORCH")
        .env_remove("SWEEP_WORKER")
        .output()
        .unwrap();
    let log = fs::read_to_string(fake.join("log")).unwrap_or_default();
    (output, log)
}

#[test]
fn a_sweep_on_libtorch_builds_its_worker_and_passes_the_exit_code() {
    let needs = r#"{"train":true,"backends":["libtorch"],"cuda":false}"#;
    let (output, log) = xtask(needs, &["sweep", "x.toml", "--set", "train.epochs=1"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(
        log,
        "cargo build --release --package runner --bin sweep LIBTORCH=own\n\
         sweep needs run x.toml --set train.epochs=1 worker=\n\
         cargo build --release --package train --features libtorch --bin sweep-worker LIBTORCH=own\n\
         sweep run x.toml --set train.epochs=1 worker=target/release/sweep-worker\n"
    );
}

#[test]
fn a_sweep_on_flex_has_a_target_folder_of_its_own() {
    let needs = r#"{"train":true,"backends":["flex"],"cuda":false}"#;
    let (output, log) = xtask(needs, &["sweep", "x.toml", "--device", "flex"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(log.contains("cargo build --release --package train --bin sweep-worker "), "{log}");
    assert!(
        log.ends_with("sweep run x.toml --device flex worker=target/flex/release/sweep-worker\n"),
        "{log}"
    );
}

#[test]
fn a_report_builds_no_worker() {
    let needs = r#"{"train":false,"backends":[],"cuda":false}"#;
    let (_, log) = xtask(needs, &["report", "x.toml"]);
    assert!(!log.contains("--package train"), "{log}");
    assert!(log.contains("\nsweep report x.toml worker="), "{log}");
}

#[test]
fn bad_input_ends_before_anything_is_brought() {
    let (output, log) = xtask("", &["sweep", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("bad.toml:1:1: no"), "{output:?}");
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[test]
fn help_is_the_runners_own() {
    let (_, log) = xtask("", &["sweep", "--help"]);
    assert!(log.ends_with("\nsweep run --help worker=target/release/sweep-worker\n"), "{log}");
    assert!(!log.contains("needs"), "{log}");
}

#[test]
fn an_unknown_verb_is_bad_input() {
    let (output, log) = xtask("", &["swep"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`swep` is no verb"), "{output:?}");
    assert_eq!(log, "");
}

#[test]
fn an_unknown_part_of_the_bench_is_bad_input_and_builds_nothing() {
    let (output, log) = xtask("", &["bench", "epochs", "--check"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.contains("no part `epochs`") && message.contains("usage: "), "{message}");
    let (output, _) = xtask("", &["bench", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("  overhead "), "{output:?}");
    assert_eq!(log, "");
}

#[test]
fn a_libtorch_of_the_users_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("libtorch")
        .env("LIBTORCH", folder.path().join("gone"))
        .env_remove("LIBTORCH_USE_PYTORCH")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    assert!(message.contains("gone/lib/libtorch_cpu.so does not exist"), "{message}");
}

#[test]
fn without_pip_the_message_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("libtorch")
        .env("PATH", folder.path())
        .env("SWEEP_LIBTORCH_DIR", folder.path().join("cache"))
        .env_remove("LIBTORCH")
        .env_remove("LIBTORCH_USE_PYTORCH")
        .env_remove("LIBTORCH_URL")
        .env_remove("LIBTORCH_SHA256")
        .output()
        .unwrap();
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{message}");
    for remedy in ["install pip", "LIBTORCH_USE_PYTORCH=1", "LIBTORCH_URL", "--device flex"] {
        assert!(message.contains(remedy), "{message}");
    }
    assert!(!folder.path().join("cache/2.9.0-cpu").exists());
}

#[test]
fn a_flag_that_a_verb_does_not_know_is_bad_input() {
    let (output, log) = xtask("", &["golden", "--wirte"]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("`golden` does not know `--wirte`; it takes --write"), "{message}");
    assert_eq!(log, "");
}
