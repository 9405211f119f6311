//! Progress of a build and its estimated time left, from cargo's messages.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::{Destination, Program};
use crate::invocation;

/// Crates that take long to compile, with rough seconds of processor time. They are weights of
/// the estimated time left, which adapts to the machine, so errors here do little harm.
const HEAVY: [(&str, f64); 25] = [
    ("burn-dispatch", 130.0),
    ("report", 60.0),
    ("polars-core", 80.0),
    ("torch-sys", 110.0),
    ("runner", 60.0),
    ("burn-flex", 45.0),
    ("spec", 25.0),
    ("zstd-sys", 45.0),
    ("polars-ops", 30.0),
    ("sweep-file", 25.0),
    ("regression", 20.0),
    ("plot", 15.0),
    ("train", 30.0),
    ("burn-nn", 28.0),
    ("data", 22.0),
    ("polars-compute", 22.0),
    ("polars-parquet", 22.0),
    ("tch", 22.0),
    ("burn-std", 20.0),
    ("optimizer-registry", 20.0),
    ("rustls", 20.0),
    ("burn-optim", 18.0),
    ("burn-tensor", 14.0),
    ("regex-automata", 14.0),
    ("ring", 14.0),
];

/// Mean seconds of processor time of every other crate.
const LIGHT: f64 = 1.3;

/// Interval between progress lines if standard error is not a terminal.
const QUIET: Duration = Duration::from_secs(60);

/// Silence of cargo after which a line explains it.
const PATIENCE: Duration = Duration::from_secs(3);

/// The progress of a build.
pub(super) struct Progress<'a> {
    program: &'a Program,
    start: Instant,
    /// Seconds of processor time of each crate to compile; empty until the first is compiled.
    weights: BTreeMap<String, f64>,
    done: BTreeSet<String>,
    observed: bool,
    last: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(program: &'a Program) -> Self {
        Progress {
            program,
            start: Instant::now(),
            weights: BTreeMap::new(),
            done: BTreeSet::new(),
            observed: false,
            last: None,
        }
    }

    /// Processes one of cargo's JSON messages.
    pub(super) fn observe(&mut self, root: &Path, line: &str) {
        self.observed = true;
        let Some((name, fresh)) = finished(line) else { return };
        if self.weights.is_empty() && !fresh {
            self.weights = weights(root, self.program);
            // Cargo reports crates that are already built first.
            self.weights.retain(|name, _| !self.done.contains(name));
            self.done.clear();
        }
        self.done.insert(name.clone());
        if fresh {
            self.weights.remove(&name);
            self.done.remove(&name);
        }
    }

    /// Shows the progress if a line is due.
    pub(super) fn show(&mut self, destination: &Destination) {
        let terminal =
            matches!(destination, Destination::Stderr) && std::io::stderr().is_terminal();
        let due = match self.last {
            None => !self.weights.is_empty() || (!self.observed && self.start.elapsed() > PATIENCE),
            Some(last) => {
                !matches!(destination, Destination::Stderr) || terminal || last.elapsed() >= QUIET
            }
        };
        if !due {
            return;
        }
        let first = self.last.replace(Instant::now()).is_none();
        let line = self.line(first || !terminal);
        match destination {
            Destination::File { state, .. } => drop(std::fs::write(state, line)),
            // Overwritten until the build ends.
            Destination::Stderr if terminal && !first => eprint!("\r\u{1b}[K{line}"),
            Destination::Stderr => eprintln!("{line}"),
        }
        let _ = std::io::stderr().flush();
    }

    /// Returns the progress in one line; `long` adds the program's purpose.
    fn line(&self, long: bool) -> String {
        let Program { name, purpose, .. } = self.program;
        let what = if long { format!("{name}, {purpose}") } else { (*name).to_owned() };
        if self.weights.is_empty() {
            return format!(
                "xtask: {name}: cargo is downloading packages or waiting for another build"
            );
        }
        let of = |done: bool| -> f64 {
            let those = self.weights.iter().filter(|(name, _)| self.done.contains(*name) == done);
            those.map(|(_, weight)| weight).sum()
        };
        let cores = std::thread::available_parallelism().map_or(1.0, |n| n.get() as f64);
        let (left, done, elapsed) = (of(false), of(true), self.start.elapsed().as_secs_f64());
        // After a minute of work the measured speed is better than the core count.
        let speed = if done > 60.0 { done / elapsed } else { cores };
        format!(
            "xtask: compiling {what}: {} of {} crates, {}",
            self.weights.keys().filter(|name| self.done.contains(*name)).count(),
            self.weights.len(),
            time_left(left / speed)
        )
    }

    /// Shows that the build has ended, if any progress was shown.
    pub(super) fn end(&self, destination: &Destination, success: bool) {
        if self.last.is_none() || !matches!(destination, Destination::Stderr) {
            return;
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r\u{1b}[K");
        }
        if success {
            let seconds = self.start.elapsed().as_secs();
            let took = format!("{} min {:02} s", seconds / 60, seconds % 60);
            eprintln!("xtask: built {} in {took}", self.program.name);
        }
    }
}

/// Returns the time left, in words: `about 4 min left`.
fn time_left(seconds: f64) -> String {
    match (seconds / 60.0).round() as u64 {
        0 => "less than a minute left".to_owned(),
        minutes => format!("about {minutes} min left"),
    }
}

/// Returns the package of a message about a finished library or program, and whether it was
/// already built (`fresh`).
fn finished(line: &str) -> Option<(String, bool)> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let kinds = message["target"]["kind"].as_array()?;
    if kinds.iter().any(|kind| kind == "custom-build") {
        return None;
    }
    let name = package_name(message["package_id"].as_str()?)?;
    Some((name, message["fresh"].as_bool()?))
}

/// Returns the name in a package id: `serde` of `registry+https://…#serde@1.0.229`, `spec` of `path+file://…/crates/spec#0.1.0`.
fn package_name(id: &str) -> Option<String> {
    let (place, version) = id.rsplit_once('#')?;
    let name = match version.split_once('@') {
        Some((name, _)) => name,
        None => place.rsplit('/').next()?,
    };
    Some(name.to_owned())
}

/// Returns the crates of a program with their weights; empty if `cargo tree` fails.
fn weights(root: &Path, program: &Program) -> BTreeMap<String, f64> {
    let listed = || -> Result<String> {
        let mut tree = invocation::cargo(root)?;
        tree.args(["tree", "--quiet", "--edges", "no-dev", "--prefix", "none", "--format", "{p}"]);
        Ok(String::from_utf8(tree.args(program.tree).stderr(Stdio::null()).output()?.stdout)?)
    };
    let listed = listed().unwrap_or_default();
    let names = listed.lines().filter_map(|line| line.split_whitespace().next());
    let heavy = |name: &str| HEAVY.iter().find(|(heavy, _)| *heavy == name).map(|(_, s)| *s);
    names.map(|name| (name.to_owned(), heavy(name).unwrap_or(LIGHT))).collect()
}

/// Returns whether a message reports that the program with this name is built.
pub(super) fn is_program(line: &str, name: &str) -> bool {
    let Ok(message) = serde_json::from_str::<Value>(line) else { return false };
    message["target"]["name"] == name && message["executable"].is_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DONE: &str = r#"{"reason":"compiler-artifact","package_id":"registry+https://x#serde@1.0.2","target":{"kind":["lib"]},"fresh":false}"#;

    #[test]
    fn messages_name_packages_of_registries_and_folders() {
        assert_eq!(finished(DONE), Some(("serde".to_owned(), false)));
        let ours =
            DONE.replace("registry+https://x#serde@1.0.2", "path+file:///r/crates/spec#0.1.0");
        assert_eq!(finished(&ours), Some(("spec".to_owned(), false)));
        assert_eq!(finished(&DONE.replace("\"lib\"", "\"custom-build\"")), None);
        assert_eq!(finished(r#"{"reason":"build-finished","success":true}"#), None);
        assert_eq!(finished("no JSON"), None);
        let program = r#"{"target":{"name":"sweep"},"executable":"/r/target/release/sweep"}"#;
        assert!(is_program(program, "sweep") && !is_program(program, "sweep-worker"));
        assert!(!is_program(DONE, "serde"));
    }

    #[test]
    fn the_time_left_shrinks_with_what_is_done() {
        let mut progress = Progress::new(&Program::SWEEP);
        progress.weights = [("a".to_owned(), 600.0), ("b".to_owned(), 1200.0)].into();
        assert!(progress.line(true).contains("sweep, which plans and starts runs: 0 of 2 crates"));
        progress.done.insert("b".to_owned());
        progress.start = Instant::now().checked_sub(Duration::from_secs(600)).unwrap();
        assert!(progress.line(false).ends_with("sweep: 1 of 2 crates, about 5 min left"));
        progress.done.insert("a".to_owned());
        assert!(progress.line(false).ends_with("2 of 2 crates, less than a minute left"));
    }

    #[test]
    fn crates_that_take_long_exist() {
        let lock = std::fs::read_to_string(invocation::root().unwrap().join("Cargo.lock")).unwrap();
        for (name, _) in HEAVY {
            assert!(lock.contains(&format!("name = \"{name}\"\n")), "{name}");
        }
    }
}
