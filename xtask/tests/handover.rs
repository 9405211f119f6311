//! The whole program with a scripted cargo: the builds, the questions to `sweep`, and the
//! command that it is finally started with.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A stand-in for cargo: writes its arguments to `log`, and installs a `sweep`, a
/// `sweep-report` and a `sweep-worker` that do the same. It is slow for `sweep-report`.
const CARGO: &str = r#"#!/bin/sh
packages=$(echo " $*" | sed 's/.*--release.*--package train/ ALL/; s/ --quiet.*//')
case "$*" in
  *bin\ sweep-report*) sleep 0.3 ;;
esac
echo "cargo$packages LIBTORCH=$(basename "$LIBTORCH")" >> "$FAKE/log"
[ -e "$FAKE/broken" ] && case "$*" in *bin\ sweep-report*) echo "error: broken" >&2; exit 101 ;; esac
folder="$CARGO_TARGET_DIR/release"; case "$*" in *"profile flex"*) folder="$CARGO_TARGET_DIR/flex" ;; esac
mkdir -p "$folder"
for program in $(echo "$*" | grep -o 'bin [a-z-]*' | cut -c5-); do
  case "$*" in *bin\ sweep\ --bin\ sweep-worker*) [ $program = sweep-worker ] && sleep 2 ;; esac
  cp "$FAKE/sweep" "$folder/.$$" && mv "$folder/.$$" "$folder/$program"
  echo '{"reason":"compiler-artifact","target":{"name":"'$program'"},"executable":"'$program'"}'
done
"#;

/// A stand-in for `sweep`: answers `needs` from a file, calls the builder of `sweep-report`
/// before it reports, and ends with exit code 3.
const SWEEP: &str = r#"#!/bin/sh
echo "sweep $* worker=${SWEEP_WORKER#"$FAKE"/}" >> "$FAKE/log"
if [ "$1" = run ] && [ -n "$SWEEP_REPORT_BUILDER" ]; then
  "$SWEEP_REPORT_BUILDER" sweep-report || exit 1
  [ -x "$CARGO_TARGET_DIR/release/sweep-report" ] && echo "sweep-report is there" >> "$FAKE/log"
fi
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

/// Runs xtask; returns its output and the log of the programs it started.
fn xtask(needs: &str, args: &[&str]) -> (Output, String) {
    xtask_in(needs, args, &[])
}

/// Runs xtask as [`xtask`] does, with more files, which are empty.
fn xtask_in(needs: &str, args: &[&str], files: &[&str]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    let fake = folder.path();
    script(&fake.join("cargo"), CARGO);
    script(&fake.join("sweep"), SWEEP);
    fs::write(fake.join("needs"), needs).unwrap();
    for file in files {
        fs::write(fake.join(file), "").unwrap();
    }
    // The user's own libtorch, so that none is downloaded.
    fs::create_dir_all(fake.join("own/lib")).unwrap();
    fs::write(fake.join("first.toml"), "name = \"first\"").unwrap();
    fs::write(fake.join("own/lib/libtorch_cpu.so"), "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(args)
        .current_dir(fake)
        .env("FAKE", fake)
        .env("CARGO", fake.join("cargo"))
        .env("CARGO_TARGET_DIR", fake.join("target"))
        .env("LIBTORCH", fake.join("own"))
        .env("SWEEP_RELEASES", "none")
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
        "cargo ALL --bin sweep LIBTORCH=own\n\
         sweep needs run x.toml --set train.epochs=1 worker=\n\
         cargo ALL --bin sweep-worker LIBTORCH=own\n\
         sweep run x.toml --set train.epochs=1 worker=target/release/sweep-worker\n"
    );
}

#[test]
fn a_first_sweep_has_both_programs_from_one_call_of_cargo() {
    let needs = r#"{"train":true,"backends":["libtorch"],"cuda":false}"#;
    let (output, log) = xtask(needs, &["sweep", "first.toml"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert_eq!(
        log,
        "cargo ALL --bin sweep --bin sweep-worker LIBTORCH=own\n\
         sweep needs run first.toml worker=\n\
         cargo ALL --bin sweep-worker LIBTORCH=own\n\
         sweep run first.toml worker=target/release/sweep-worker\n"
    );
}

/// The needs of the file are known before the worker is built.
#[test]
fn a_first_sweep_that_needs_no_such_worker_gives_it_up() {
    let none = r#"{"train":false,"backends":[],"cuda":false}"#;
    let flex = r#"{"train":true,"backends":["flex"],"cuda":false}"#;
    for (needs, worker) in [(none, ""), (flex, "target/flex/sweep-worker")] {
        let (output, log) = xtask(needs, &["sweep", "first.toml"]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        assert!(log.ends_with(&format!("\nsweep run first.toml worker={worker}\n")), "{log}");
        assert!(!log.contains("cargo ALL --bin sweep-worker"), "{log}");
    }
}

/// `sweep-report` is built in the background; the sweep starts before it is finished.
#[test]
fn sweep_report_is_built_while_the_sweep_trains() {
    let needs = r#"{"train":true,"backends":["libtorch"],"cuda":false,"report":"last"}"#;
    let (output, log) = xtask(needs, &["sweep", "x.toml"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let at = |line: &str| log.find(line).unwrap_or_else(|| panic!("{line}: {log}"));
    let builds = "cargo ALL --bin sweep --bin sweep-report LIBTORCH=own\n";
    assert!(at("sweep run x.toml") < at(builds), "{log}");
    assert!(at(builds) < at("sweep-report is there"), "{log}");
}

#[test]
fn a_sweep_report_that_cannot_be_built_is_told_by_the_one_that_waits() {
    let needs = r#"{"train":true,"backends":["libtorch"],"cuda":false,"report":"last"}"#;
    let (output, log) = xtask_in(needs, &["sweep", "x.toml"], &["broken"]);
    assert_eq!(output.status.code(), Some(1), "{log}");
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(message.contains("error: broken"), "{message}");
    assert!(message.contains("sweep-report could not be built"), "{message}");
}

#[test]
fn a_report_has_its_program_first() {
    let needs = r#"{"train":false,"backends":[],"cuda":false,"report":"first"}"#;
    let (_, log) = xtask(needs, &["report", "x.toml"]);
    let built = log.find("--bin sweep-report").unwrap_or_else(|| panic!("{log}"));
    assert!(built < log.find("sweep report x.toml worker=").unwrap(), "{log}");
}

#[test]
fn a_sweep_on_flex_has_a_target_folder_of_its_own() {
    let needs = r#"{"train":true,"backends":["flex"],"cuda":false}"#;
    let (output, log) = xtask(needs, &["sweep", "x.toml", "--device", "flex"]);
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    assert!(
        log.contains("cargo build --profile flex --package train --bin sweep-worker "),
        "{log}"
    );
    assert!(
        log.ends_with("sweep run x.toml --device flex worker=target/flex/sweep-worker\n"),
        "{log}"
    );
}

#[test]
fn a_report_builds_no_worker() {
    let needs = r#"{"train":false,"backends":[],"cuda":false}"#;
    let (_, log) = xtask(needs, &["report", "x.toml"]);
    assert!(!log.contains("--bin sweep-worker"), "{log}");
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
    assert!(log.ends_with("\nsweep run --help worker=\n"), "{log}");
    assert!(!log.contains("needs"), "{log}");
}

/// They belong to `sweep`, even if a verb of xtask would reject them.
#[test]
fn arguments_of_a_verb_that_is_handed_over_are_not_read() {
    let needs = r#"{"train":false,"backends":[],"cuda":false}"#;
    for (verb, of_sweep) in [("sweep", "run"), ("why", "why"), ("list", "list")] {
        let args = [verb, "x.toml", "--wirte", "--set=a=b", "-z", "--build", "--", "--help"];
        let (output, log) = xtask(needs, &args);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let line = format!("\nsweep {of_sweep} x.toml --wirte --set=a=b -z -- --help worker=\n");
        assert!(log.ends_with(&line), "{log}");
    }
}

#[test]
fn an_unknown_verb_is_bad_input() {
    let (output, log) = xtask("", &["swep"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("`swep` is not a verb"), "{output:?}");
    assert_eq!(log, "");
}

#[test]
fn an_unknown_part_of_the_bench_is_bad_input_and_builds_nothing() {
    let (output, log) = xtask("", &["bench", "epochs", "--check"]);
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(message.starts_with("xtask: `bench PART` cannot be `epochs`; it can be "), "{message}");
    assert!(message.contains(" overhead,") && message.lines().count() == 1, "{message}");
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
