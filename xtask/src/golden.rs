//! `cargo xtask golden`: recomputes the golden numbers, trajectories with real PyTorch and
//! statistics with rliable, arch, scipy and statsmodels, and compares them with the committed
//! files.
//!
//! Inputs must agree exactly. Results may differ in their last bits on another processor:
//! differences up to [`TOLERANCE`] are only reported as drift.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::build;
use crate::venv::{self, Environment};

/// The files of one script.
struct Set {
    /// The script without its suffix: a module with `OUT` and `main()`.
    script: &'static str,
    environment: Environment,
    /// Folder of the committed files; each file names its script.
    folder: &'static str,
}

const SETS: [Set; 5] = [
    Set {
        script: "golden",
        environment: venv::TORCH,
        folder: "crates/optimizer-registry/tests/golden",
    },
    Set { script: "golden_models", environment: venv::TORCH, folder: "crates/model/tests/golden" },
    Set {
        script: "golden_schedules",
        environment: venv::TORCH,
        folder: "crates/optimizer-registry/tests/golden-schedules",
    },
    Set {
        script: "golden_papers",
        environment: venv::PAPERS,
        folder: "crates/optimizer-registry/tests/golden-papers",
    },
    Set {
        script: "reference",
        environment: venv::STATISTICS,
        folder: "crates/stats/tests/reference",
    },
];

/// Largest allowed relative difference of two numbers, relative to the larger of them and at
/// least 1e-3, since results near zero come from cancellation.
const TOLERANCE: f64 = 1e-6;

/// Largest number of differences that are printed per file.
const MAX_FINDINGS: usize = 10;

/// A Python program that runs a script with another output folder.
const RUN: &str = "\
import importlib, pathlib, sys
folder, name, out = sys.argv[1:]
sys.path.insert(0, folder)
script = importlib.import_module(name)
script.OUT = pathlib.Path(out)
sys.argv = [name]
sys.exit(script.main())
";

/// Compares the recomputed files with the committed ones, or with `write` replaces these.
pub(crate) fn golden(root: &Path, write: bool) -> Result<()> {
    let mut bad = 0;
    for set in &SETS {
        let python = venv::python(root, &set.environment)?;
        let committed = root.join(set.folder);
        if write {
            run(&python, root, set, &committed)?;
            continue;
        }
        let fresh = root.join(".bench/golden").join(set.script);
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        fs::create_dir_all(&fresh)?;
        run(&python, root, set, &fresh)?;
        bad += compare(&committed, &fresh)?;
    }
    if bad > 0 {
        bail!(
            "the golden numbers differ; find the reason, then replace them with `cargo xtask golden --write`"
        );
    }
    Ok(())
}

/// Prints the differences between the files of two folders; returns their number.
fn compare(committed: &Path, fresh: &Path) -> Result<usize> {
    let mut bad = 0;
    for name in names(committed)?.union(&names(fresh)?) {
        let (old, new) = (committed.join(name), fresh.join(name));
        if !old.exists() || !new.exists() {
            println!(
                "{name}: {}",
                if old.exists() { "the script no longer writes it" } else { "is not committed" }
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
    Ok(bad)
}

fn run(python: &Path, root: &Path, set: &Set, into: &Path) -> Result<()> {
    let scripts = root.join("xtask/python");
    let mut command = Command::new(python);
    command.args(["-c", RUN]).arg(scripts).arg(set.script).arg(into);
    command.env("PYTHONDONTWRITEBYTECODE", "1").stdout(std::process::Stdio::null());
    build::run(&mut command).with_context(|| format!("{}.py failed", set.script))
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

fn read(path: &Path) -> Result<Value> {
    serde_json::from_str(&fs::read_to_string(path)?)
        .with_context(|| format!("{} is not JSON", path.display()))
}

/// The differences of two JSON values by path, and the largest drift.
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
                    // `made_by` holds the versions of packages, not results.
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
    fn files_that_only_one_folder_has_are_differences() {
        let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        for (folder, name, text) in [
            (&old, "same.json", r#"{"p": [0.5]}"#),
            (&new, "same.json", r#"{"p": [0.5]}"#),
            (&old, "gone.json", "{}"),
            (&new, "other.json", "{}"),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(super::compare(old.path(), new.path()).unwrap(), 2);
    }

    #[test]
    fn every_set_has_its_script_requirements_and_files() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for set in &SETS {
            let script = format!("xtask/python/{}.py", set.script);
            assert!(
                root.join(&script).exists() && root.join(set.environment.requirements()).exists()
            );
            for name in names(&root.join(set.folder)).unwrap() {
                let file = read(&root.join(set.folder).join(name)).unwrap();
                assert_eq!(file["made_by"]["script"], script);
            }
        }
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
