//! The programs that tests start. `cargo xtask test` builds them and passes their paths; under
//! plain `cargo test`, xtask is called here and builds what is missing.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Returns the program of an environment variable: `SWEEP_WORKER`, `SWEEP_FLEX_WORKER`,
/// `SWEEP_REPORT`, `SWEEP_FAULTY_WORKER`.
pub fn program(variable: &str) -> PathBuf {
    if let Some(given) = std::env::var_os(variable) {
        let given = PathBuf::from(given);
        assert!(given.is_file(), "{variable}: {} does not exist", given.display());
        return given;
    }
    let built = match variable == "SWEEP_FAULTY_WORKER" {
        true => build(&["programs", "--faulty"]),
        false => {
            static BUILT: OnceLock<Value> = OnceLock::new();
            BUILT.get_or_init(|| build(&["programs"])).clone()
        }
    };
    let path = built[variable].as_str();
    PathBuf::from(path.unwrap_or_else(|| panic!("xtask built no {variable}: {built}")))
}

/// Calls xtask; the first call in a checkout takes minutes.
fn build(args: &[&str]) -> Value {
    eprintln!("building the programs that the tests start: cargo xtask {}", args.join(" "));
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .arg("xtask")
        .args(args)
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success(), "the programs could not be built");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("xtask answered {text}: {e}"))
}
