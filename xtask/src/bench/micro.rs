//! Part `micro`: benchmarks of single functions inside the crates, with divan; the other parts
//! measure whole processes.
//!
//! They are in `benches/` of the crates and are built in the same combination of packages as
//! the tests, so that nothing large is compiled again.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::built::Artifact;
use super::{Measured, Setup};
use crate::build;

/// The benchmarks of the crates.
const BENCHES: [&str; 1] = ["plan"];

/// The columns of divan's output that are shown.
const COLUMNS: [&str; 3] = ["median", "fastest", "slowest"];

/// Builds the benchmarks; returns the target folder.
pub(super) fn build(root: &Path) -> Result<PathBuf> {
    for bench in BENCHES {
        build::run(cargo(root, bench)?.arg("--no-run"))
            .with_context(|| format!("the benchmark `{bench}` could not be built"))?;
    }
    build::target_dir(root)
}

fn cargo(root: &Path, name: &str) -> Result<Command> {
    let mut command = build::cross_task(root, &["bench", "--quiet", "--profile", "release"])?;
    command.args(["--bench", name]);
    Ok(command)
}

/// Runs the benchmarks.
pub(super) fn measure(setup: &Setup) -> Result<Measured> {
    setup.built.get(Artifact::Micro)?;
    let mut lines = vec![
        format!("| function | {} |", COLUMNS.join(" | ")),
        format!("|---|{}", "---|".repeat(COLUMNS.len())),
    ];
    for bench in BENCHES {
        eprintln!("xtask: bench: micro, {bench}");
        let mut command = cargo(setup.root, bench)?;
        command.arg("--");
        if let Some(samples) = setup.repetitions {
            command.args(["--sample-count", &samples.to_string()]);
        }
        let shown = build::show(&command);
        let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
        let said = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "`{shown}` failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let found = read(&said);
        ensure!(!found.is_empty(), "`{shown}` measured nothing; its output:\n{said}");
        lines.extend(found);
    }
    Ok(Measured { table: lines.join("\n") + "\n", missed: Vec::new(), goals: 0 })
}

/// Returns the lines of a table from divan's tree, which has names followed by `fastest`,
/// `slowest`, `median`, `mean`, `samples` and `iters`, separated by `│`. A line without numbers
/// names a group or a function with several arguments; its name prefixes those of the lines
/// below it.
fn read(said: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut above: Vec<String> = Vec::new();
    for line in said.lines() {
        let Some(at) = line.find(['├', '╰']) else { continue };
        // Each level is three columns wide.
        let depth = line[..at].chars().count() / 3;
        let rest = line[at..].trim_start_matches(['├', '╰', '─', ' ']);
        let mut columns = rest.split('│').map(str::trim);
        let first = columns.next().unwrap_or_default();
        above.truncate(depth);
        // The name and the first number are two or more blanks apart.
        let (name, fastest) = match first.split_once("  ") {
            Some((name, fastest)) => (name, fastest.trim()),
            None => (first, ""),
        };
        let [slowest, median] = [columns.next(), columns.next()].map(Option::unwrap_or_default);
        if !median.is_empty() {
            let names: Vec<&str> =
                above.iter().map(String::as_str).chain(std::iter::once(name)).collect();
            lines.push(format!("| {} | {median} | {fastest} | {slowest} |", names.join(": ")));
        }
        above.push(name.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "\
Timer precision: 20 ns
plan               fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ expand                        │               │               │               │         │
│  ├─ 100          1.204 ms      │ 2.5 ms        │ 1.3 ms        │ 1.31 ms       │ 100     │ 100
│  ╰─ 10000        120.1 ms      │ 130 ms        │ 121 ms        │ 122 ms        │ 100     │ 100
╰─ journal_line    5.2 µs        │ 9.1 µs        │ 5.4 µs        │ 5.5 µs        │ 100     │ 800
";

    #[test]
    fn the_tree_becomes_lines() {
        assert_eq!(
            read(SAID),
            [
                "| expand: 100 | 1.3 ms | 1.204 ms | 2.5 ms |",
                "| expand: 10000 | 121 ms | 120.1 ms | 130 ms |",
                "| journal_line | 5.4 µs | 5.2 µs | 9.1 µs |",
            ]
        );
        assert!(read("nothing\n").is_empty());
    }
}
