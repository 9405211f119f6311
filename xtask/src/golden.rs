//! `cargo xtask golden`: makes the golden numbers again with real PyTorch and
//! compares them with the committed files.
//!
//! Inputs must agree exactly. Results may differ in their last bits on another
//! processor: up to [`TOLERANCE`] they only count as drift, and are said.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::{build, venv};

/// Where the committed files lie; each names the script that made it.
const FOLDER: &str = "crates/optimizer-registry/tests/golden";

/// Largest relative difference of two numbers, against the larger of them and
/// 1e-3 (results near zero come from cancellation).
const TOLERANCE: f64 = 1e-6;

/// Lines said for one file at most.
const MAX_FINDINGS: usize = 10;

/// Runs the script with its output folder turned to another place.
const RUN: &str = "\
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import golden
golden.OUT = pathlib.Path(sys.argv[2])
sys.argv = ['golden.py']
sys.exit(golden.main())
";

/// Compares, or with `write` replaces the committed files.
pub(crate) fn golden(root: &Path, write: bool) -> Result<()> {
    let python = venv::python(root)?;
    let committed = root.join(FOLDER);
    if write {
        return run(&python, root, &committed);
    }
    let fresh = root.join(".bench/golden");
    if fresh.exists() {
        fs::remove_dir_all(&fresh)?;
    }
    fs::create_dir_all(&fresh)?;
    run(&python, root, &fresh)?;

    let mut bad = 0;
    for name in names(&committed)?.union(&names(&fresh)?) {
        let (old, new) = (committed.join(name), fresh.join(name));
        if !old.exists() || !new.exists() {
            println!(
                "{name}: {}",
                if old.exists() { "the script no longer makes it" } else { "is not committed" }
            );
            bad += 1;
            continue;
        }
        let mut difference = Difference::default();
        difference.compare("", &read(&old)?, &read(&new)?);
        for finding in difference.findings.iter().take(MAX_FINDINGS) {
            println!("{name}: {finding}");
        }
        println!(
            "{name}: {} differences; largest relative drift {:.1e} of {TOLERANCE:.0e} allowed",
            difference.findings.len(),
            difference.drift
        );
        bad += difference.findings.len();
    }
    if bad > 0 {
        bail!(
            "the golden numbers differ; `cargo xtask golden --write` replaces them once the reason is known"
        );
    }
    Ok(())
}

fn run(python: &Path, root: &Path, into: &Path) -> Result<()> {
    let scripts = root.join("xtask/python");
    let mut command = Command::new(python);
    command.args(["-c", RUN]).arg(scripts).arg(into).env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdout(std::process::Stdio::null());
    build::run(&mut command).context("golden.py failed")
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn read(path: &Path) -> Result<Value> {
    serde_json::from_str(&fs::read_to_string(path)?)
        .with_context(|| format!("{} is no JSON", path.display()))
}

/// Differences of two JSON values by path.
#[derive(Default)]
struct Difference {
    findings: Vec<String>,
    drift: f64,
}

impl Difference {
    fn compare(&mut self, at: &str, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Object(a), Value::Object(b)) => {
                for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                    // Its birth certificate says what it ran under, no result.
                    if at.is_empty() && key == "made_by" {
                        continue;
                    }
                    self.compare(
                        &format!("{at}/{key}"),
                        &a.get(key).cloned().unwrap_or_default(),
                        &b.get(key).cloned().unwrap_or_default(),
                    );
                }
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (index, (x, y)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{at}/{index}"), x, y);
                }
            }
            (Value::Number(a), Value::Number(b)) if a != b => {
                let (x, y) = (a.as_f64().unwrap_or(f64::NAN), b.as_f64().unwrap_or(f64::NAN));
                let relative = (x - y).abs() / x.abs().max(y.abs()).max(1e-3);
                if relative <= TOLERANCE {
                    self.drift = self.drift.max(relative);
                } else {
                    self.findings.push(format!("{at}: committed {a}, now {b}"));
                }
            }
            (a, b) if a == b => {}
            (Value::Array(a), Value::Array(b)) => {
                self.findings.push(format!("{at}: committed {} values, now {}", a.len(), b.len()));
            }
            (a, b) => self.findings.push(format!("{at}: committed {a}, now {b}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn compare(old: Value, new: Value) -> Difference {
        let mut difference = Difference::default();
        difference.compare("", &old, &new);
        difference
    }

    #[test]
    fn last_bits_are_drift_and_more_is_a_difference() {
        let found = compare(json!({ "w": [1.0, 2.0] }), json!({ "w": [1.0, 2.000_000_1] }));
        assert!(
            found.findings.is_empty() && found.drift > 4e-8 && found.drift < 6e-8,
            "{}",
            found.drift
        );
        let found = compare(json!({ "w": [1.0, 2.0] }), json!({ "w": [1.0, 2.001] }));
        assert_eq!(found.findings, ["/w/1: committed 2.0, now 2.001"]);
    }

    #[test]
    fn keys_lengths_and_texts_must_agree_but_not_the_birth_certificate() {
        let found =
            compare(json!({ "a": [1], "b": "x" }), json!({ "a": [1, 2], "b": "y", "c": 1 }));
        assert_eq!(found.findings.len(), 3, "{:?}", found.findings);
        let found = compare(
            json!({ "made_by": { "torch": "2.9.0" } }),
            json!({ "made_by": { "torch": "2.9.1" } }),
        );
        assert!(found.findings.is_empty());
        let found =
            compare(json!({ "case": { "made_by": 1 } }), json!({ "case": { "made_by": 2 } }));
        assert_eq!(found.findings.len(), 1);
    }
}
