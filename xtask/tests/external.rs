//! `cargo xtask external` with a scripted cargo and a scripted `sweep`: the order of training
//! and judging, and the exit code.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

/// A stand-in for cargo: installs the requested programs as copies of [`SWEEP`].
const CARGO: &str = r#"#!/bin/sh
folder="$CARGO_TARGET_DIR/release"
mkdir -p "$folder"
for program in $(echo "$*" | grep -o 'bin [a-z-]*' | cut -c5-); do
  cp "$FAKE/sweep" "$folder/.$$" && mv "$folder/.$$" "$folder/$program"
  echo '{"reason":"compiler-artifact","target":{"name":"'$program'"},"executable":"'$program'"}'
done
"#;

/// A stand-in for `sweep`: ends a run and the judging with the exit codes in the environment.
const SWEEP: &str = r#"#!/bin/sh
echo "sweep $*" >> "$FAKE/log"
case "$*" in
  external*--needs) [ -n "$BAD" ] && echo "x.json: no" >&2 && exit 2; cat "$FAKE/needs" ;;
  external*) exit $JUDGED ;;
  needs*) echo '{"train":false,"backends":[],"cuda":false}' ;;
  run*) exit $TRAINED ;;
esac
"#;

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Runs xtask in a new repository; returns its output and the log of the programs it started.
fn xtask(args: &[&str], settings: &[(&str, &str)]) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    xtask_in(folder.path(), args, settings)
}

/// Runs xtask with this folder as repository; returns its output and the log of the programs
/// it started.
fn xtask_in(fake: &Path, args: &[&str], settings: &[(&str, &str)]) -> (Output, String) {
    script(&fake.join("cargo"), CARGO);
    script(&fake.join("sweep"), SWEEP);
    fs::write(fake.join("needs"), r#"{"programs":["parity"],"sweeps":["a.toml","b.toml"]}"#)
        .unwrap();
    fs::create_dir_all(fake.join("xtask")).unwrap();
    fs::create_dir_all(fake.join("own/lib")).unwrap();
    fs::write(fake.join("own/lib/libtorch_cpu.so"), "").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .arg("external")
        .args(args)
        .current_dir(fake)
        .env("FAKE", fake)
        .env("CARGO", fake.join("cargo"))
        // The root is the parent of this folder; it has no Python environment.
        .env("CARGO_MANIFEST_DIR", fake.join("xtask"))
        .env("CARGO_TARGET_DIR", fake.join("target"))
        .env("LIBTORCH", fake.join("own"))
        .env("SWEEP_RELEASES", "none")
        .env_remove("LIBTORCH_USE_PYTORCH")
        .env_remove("SWEEP_WORKER")
        .envs(settings.iter().copied())
        .output()
        .unwrap();
    let log = fs::read_to_string(fake.join("log")).unwrap_or_default();
    (output, log)
}

#[test]
fn every_sweep_is_trained_before_all_is_judged_and_the_code_comes_through() {
    let (output, log) = xtask(&["one"], &[("TRAINED", "3"), ("JUDGED", "6")]);
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    assert_eq!(
        log,
        "sweep external one --needs\n\
         sweep needs run a.toml\nsweep run a.toml\n\
         sweep needs run b.toml\nsweep run b.toml\n\
         sweep external one\n"
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(told.contains("skipping xtask/python/parity.py"), "{told}");
}

#[test]
fn a_sweep_that_cannot_be_trained_ends_it() {
    let (output, log) = xtask(&[], &[("TRAINED", "2"), ("JUDGED", "0")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(log.ends_with("sweep run a.toml\n"), "{log}");
}

#[test]
fn a_file_that_is_not_right_ends_it_before_anything_is_trained() {
    let (output, log) = xtask(&[], &[("BAD", "1"), ("TRAINED", "0"), ("JUDGED", "0")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(log, "sweep external --needs\n");
    let (output, log) = xtask(&["--kepe"], &[]);
    assert_eq!((output.status.code(), log.as_str()), (Some(2), ""), "{output:?}");
}

#[test]
fn the_page_is_kept_only_where_judging_made_it() {
    for (judged, kept) in [("0", true), ("5", true), ("6", true), ("2", false), ("101", false)] {
        let folder = tempfile::tempdir().unwrap();
        let page = folder.path().join("reports/external");
        fs::create_dir_all(&page).unwrap();
        for file in ["index.html", "REPORT.md"] {
            fs::write(page.join(file), "of an earlier time").unwrap();
        }
        let settings = [("TRAINED", "0"), ("JUDGED", judged)];
        let (output, _) = xtask_in(folder.path(), &["--keep"], &settings);
        assert_eq!(output.status.code(), judged.parse().ok(), "{output:?}");
        let copy = folder.path().join("reports/gallery/external/index.html");
        assert_eq!(copy.is_file(), kept, "{judged}");
    }
}
