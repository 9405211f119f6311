//! `sweep doctor` in a separate workspace, with and without problems.

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use spec::event::PROTOCOL;
use support::{Sandbox, digits};

/// A worker that answers the probe with this, and does nothing else.
fn scripted(folder: &tempfile::TempDir, body: &str) -> PathBuf {
    let path = folder.path().join("worker.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn probe(protocol: u32) -> String {
    format!(
        "echo '{{\"protocol\":{protocol},\"backends\":[\"flex\",\"libtorch\"],\"libtorch\":\"2.9.0\",\
         \"libtorch_kind\":\"cpu\",\"cuda\":false,\"devices\":[\"flex\",\"libtorch:cpu\"],\"code\":\"fake\"}}'"
    )
}

/// Runs the doctor without the variables that choose another toolchain, and
/// expects this exit code.
fn doctor(sandbox: &Sandbox, code: i32, args: &[&str]) -> String {
    let mut command = sandbox.command(&["doctor"]);
    command.args(args);
    for name in [
        "CXX",
        "LIBTORCH",
        "LIBTORCH_URL",
        "LIBTORCH_SHA256",
        "LIBTORCH_USE_PYTORCH",
        "SWEEP_LIBTORCH_DIR",
    ] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "doctor {args:?}:\n{text}{errors}");
    assert_eq!(errors, "", "everything is in the lines");
    narrow(&text);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asserts that every line begins with its mark or continues below the text, and has at most 80
/// columns unless a path or a command is longer.
fn narrow(text: &str) {
    for line in text.lines() {
        let goes_on = line.starts_with(&" ".repeat(15));
        let whole = line.contains('`') || !line.trim().contains(' ');
        assert!(!goes_on || whole || line.chars().count() <= 80, "{line}\n{text}");
        let mark = line.split_whitespace().next().unwrap_or_default();
        let closing = line.contains("no problems found") || line.contains("to fix");
        let begins = ["ok", "warn", "fail"].contains(&mark) || closing;
        assert!(begins || line.is_empty() || line.starts_with("     "), "{line}\n{text}");
    }
}

#[test]
fn a_healthy_machine_is_told_so() {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("x", &(digits(1, 1) + "[devices]\npool = [\"libtorch:cpu\"]\n"));
    let text = doctor(&sandbox, 0, &[]);
    for part in ["ok device libtorch:cpu", "mnist: 4 files", "no problems found"] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert!(!text.contains('\x1b') && !text.contains(" fail "), "{text}");
    let text = doctor(&sandbox, 0, &["experiments/x.toml"]);
    assert!(text.contains("ok file experiments/x.toml: x: 4 runs"), "{text}");
    assert!(text.contains("x libtorch:cpu; 1 thread per run"), "{text}");
    assert!(!sandbox.path("reports").exists(), "the doctor makes nothing");
}

#[test]
fn in_a_bundle_no_toolchain_is_missed() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("bin")).unwrap();
    std::fs::write(sandbox.path("bin/sweep.gz"), "").unwrap();
    let text = doctor(&sandbox, 0, &[]);
    assert!(text.starts_with("ok worker") && text.contains("no problems found"), "{text}");
    assert!(!text.contains("ok cargo") && !text.contains("ok libtorch"), "{text}");
}

#[test]
fn data_that_is_missing_must_be_mended_where_it_is_needed() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_worker(scripted(&folder, &probe(PROTOCOL)));
    std::fs::remove_file(sandbox.path("data")).unwrap();
    std::fs::create_dir(sandbox.path("data")).unwrap();
    sandbox.sweep_file("x", &digits(1, 1).replace("digits", "mnist").replace("237", "5000"));
    let text = doctor(&sandbox, 0, &[]);
    assert!(text.contains("warn dataset mnist:"), "{text}");
    let text = doctor(&sandbox, 2, &["experiments/x.toml"]);
    assert!(text.contains("fail dataset mnist:"), "{text}");
    assert!(text.contains("warn dataset digits:"), "{text}");
    assert!(text.contains("cargo xtask fetch mnist"), "{text}");
    assert!(text.contains("1 problem to fix"), "{text}");
}

#[test]
fn a_worker_that_does_not_fit_must_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_worker(scripted(&folder, &probe(1_000)));
    let text = doctor(&sandbox, 2, &[]);
    assert!(text.contains("speaks protocol 1000"), "{text}");
    assert!(text.contains("cargo xtask sweep FILE"), "{text}");

    let library = "echo 'w: error while loading shared libraries: libtorch_cpu.so: cannot open \
                   shared object file' >&2; exit 127";
    let sandbox = Sandbox::with_worker(scripted(&folder, library));
    let text = doctor(&sandbox, 2, &[]);
    assert!(text.contains("libtorch_cpu.so") && text.contains("restores it"), "{text}");
}

#[test]
fn a_worker_that_is_not_built_yet_is_a_warning() {
    let sandbox = Sandbox::with_worker("/no/such/worker".into());
    sandbox.sweep_file("x", &(digits(1, 1) + "[devices]\npool = [\"flex\"]\n"));
    let text = doctor(&sandbox, 0, &["experiments/x.toml"]);
    assert!(text.contains("warn worker not built yet"), "{text}");
    assert!(text.contains("flex, once the worker is built"), "{text}");
}

#[test]
fn cuda_without_cuda_must_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_worker(scripted(&folder, &probe(PROTOCOL)));
    sandbox.sweep_file("x", &(digits(1, 1) + "[devices]\npool = [\"libtorch:cuda:0\"]\n"));
    let text = doctor(&sandbox, 2, &["experiments/x.toml"]);
    assert!(text.contains("fail pool the pool asks for libtorch:cuda:0"), "{text}");
    assert!(text.contains("pool = [\"auto\"]"), "{text}");
}

#[test]
fn a_sweep_file_with_mistakes_must_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_worker(scripted(&folder, &probe(PROTOCOL)));
    sandbox.sweep_file("x", &digits(1, 1).replace("kind = \"adam\"", "kind = \"adem\""));
    let text = doctor(&sandbox, 2, &["experiments/x.toml"]);
    assert!(text.contains("fail file experiments/x.toml: 1 problem"), "{text}");
    assert!(text.contains("adem") && text.contains("adam"), "{text}");
    let text = doctor(&sandbox, 2, &["experiments/none.toml"]);
    assert!(text.contains("fail file") && text.contains("1 problem to fix"), "{text}");
}

#[test]
fn reports_that_cannot_be_written_must_be_mended() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::with_worker(scripted(&folder, &probe(PROTOCOL)));
    std::fs::write(sandbox.path("reports"), "").unwrap();
    let text = doctor(&sandbox, 2, &[]);
    assert!(text.contains("fail disk") && text.contains("is a file, not a folder"), "{text}");
    assert!(text.contains("move it away"), "{text}");
}
