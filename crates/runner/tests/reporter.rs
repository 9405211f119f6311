//! `sweep` and `sweep-report`: two programs in one folder, of which the second may still be
//! compiling when the first has trained.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::{Sandbox, digits};

const FILE: &str = "experiments/x.toml";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.sweep_file("x", &digits(1, 1));
    sandbox
}

/// Runs `sweep run` with an environment variable. Returns the exit code and standard error.
fn run_with(sandbox: &Sandbox, variable: &str, value: &str) -> (Option<i32>, String) {
    let output = sandbox.command(&["run", FILE]).env(variable, value).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn without_its_program_a_report_is_missing_and_nothing_that_was_trained() {
    let sandbox = sandbox();
    let (code, said) = run_with(&sandbox, "SWEEP_REPORT", "/nowhere/sweep-report");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot start /nowhere/sweep-report"), "{said}");
    assert!(said.contains("cargo build --release --package reporter"), "{said}");
    assert_eq!(sandbox.records("x").len(), 4);
    assert!(!sandbox.report("x").html().exists());
    let said = sandbox.expect(0, &["report", FILE]);
    assert!(said.contains("report: reports/x/index.html"), "{said}");
}

#[test]
fn the_one_who_builds_it_is_waited_for() {
    let sandbox = sandbox();
    let builder = sandbox.path("builder.sh");
    let script = |text: &str| {
        fs::write(&builder, format!("#!/bin/sh\necho \"$*\" >> asked\n{text}\n")).unwrap();
        fs::set_permissions(&builder, fs::Permissions::from_mode(0o755)).unwrap();
    };
    let path = builder.display().to_string();
    script("exit 101");
    let (code, said) = run_with(&sandbox, "SWEEP_REPORT_BUILDER", &path);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("sweep-report could not be built"), "{said}");
    assert!(said.contains("cargo xtask report FILE"), "{said}");
    assert!(!sandbox.report("x").html().exists());
    script("exit 0");
    let (code, said) = run_with(&sandbox, "SWEEP_REPORT_BUILDER", &path);
    assert_eq!(code, Some(0), "{said}");
    assert!(sandbox.report("x").html().is_file());
    assert_eq!(fs::read_to_string(sandbox.path("asked")).unwrap(), "sweep-report\n".repeat(2));
}

#[test]
fn what_it_says_is_said_once_and_its_exit_code_is_the_sweeps() {
    let sandbox = sandbox();
    sandbox.expect(0, &["run", FILE, "--no-report"]);
    // A folder where a file is to be written.
    fs::create_dir_all(sandbox.report("x").runs().join("in the way")).unwrap();
    let (code, said) = run_with(&sandbox, "NO_COLOR", "1");
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(said.matches("error:").count(), 1, "{said}");
    assert!(said.contains("runs.parquet"), "{said}");
}

/// A browser that is opened at the end outlives the sweep, and does not hold its lock.
#[test]
fn what_is_started_after_the_report_does_not_hold_the_lock() {
    let sandbox = sandbox();
    let browser = sandbox.path("bin/xdg-open");
    fs::create_dir_all(browser.parent().unwrap()).unwrap();
    fs::write(&browser, "#!/bin/sh\necho $$ > opened\nexec sleep 60\n").unwrap();
    fs::set_permissions(&browser, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let path = format!("{}:{path}", browser.parent().unwrap().display());
    let opened = sandbox.command(&["run", FILE, "--open", "--quiet"]).env("PATH", path).status();
    assert_eq!(opened.unwrap().code(), Some(0));
    support::wait_for("the browser", || sandbox.path("opened").is_file());
    let said = sandbox.expect(0, &["run", FILE]);
    assert!(said.contains("nothing to train"), "{said}");
    let process = fs::read_to_string(sandbox.path("opened")).unwrap();
    std::process::Command::new("kill").arg(process.trim()).status().unwrap();
}
