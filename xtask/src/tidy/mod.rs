//! `cargo xtask tidy`: the invariants of `crates/ARCHITECTURE.md`, checked.
//! Each finding is one line, `file:line: what is wrong and what to do`.

mod causes;
mod circles;
mod comments;
mod documents;
mod graph;
mod imports;
mod metrics;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, ensure};

use crate::build;

/// Entries of the top level, besides names that begin with a dot.
const TOP_LEVEL: [&str; 10] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "crates",
    "data",
    "experiments",
    "reports",
    "xtask",
];

/// Prints every finding; the exit code is 1 where there is one. `write` first makes the generated
/// references of documents anew.
///
/// # Errors
/// Git or cargo does not list files or packages, a document cannot be written, or `sweep`, which
/// makes the references, cannot be built.
pub(crate) fn tidy(root: &Path, write: bool) -> Result<ExitCode> {
    if write {
        let documents = documents(root, &files(root)?);
        for (file, text) in documents::stale(&documents, &mut documents::generator(root))? {
            std::fs::write(root.join(&file), text).with_context(|| file.clone())?;
            eprintln!("xtask: wrote the generated references of {file}");
        }
    }
    let findings = check(root)?;
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => eprintln!("xtask: tidy"),
        count => eprintln!("xtask: {count} findings"),
    }
    Ok(if findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Checks everything; gives the findings.
pub(crate) fn check(root: &Path) -> Result<Vec<String>> {
    let files = files(root)?;
    let mut findings = top_level(&files);
    findings.extend(text::gone(&files));
    let mut meanings = BTreeMap::new();
    for file in &files {
        // A file that is tracked but removed in the working tree, or not text.
        let Ok(bytes) = std::fs::read(root.join(file)) else { continue };
        let Ok(content) = String::from_utf8(bytes) else { continue };
        findings.extend(text::check(file, &content));
        findings.extend(causes::check(file, &content));
        if file.ends_with(".rs") {
            findings.extend(comments::check(file, &content));
        }
        // Without comments and tests, which may name what they like.
        if file.ends_with(".rs")
            && let Some(meaning) = source_hash::meaning(&content)
        {
            meanings.insert(file.clone(), meaning);
        }
    }
    findings.extend(circles::check(&meanings));
    findings.extend(metrics::check(&meanings));
    let documents = documents(root, &files);
    // A file that is tracked but removed leads nowhere.
    let there: Vec<String> =
        files.iter().filter(|file| root.join(file).exists()).cloned().collect();
    findings.extend(documents::check(&documents, &there));
    let stale = documents::stale(&documents, &mut documents::generator(root))?;
    findings.extend(stale.keys().map(|file| {
        format!(
            "{file}:1: a generated reference is stale; `cargo xtask tidy --write` regenerates it"
        )
    }));
    let metadata = metadata(root)?;
    findings.extend(graph::check(&graph::Graph::read(&metadata)?));
    findings.sort();
    Ok(findings)
}

/// Returns the Markdown files with their text.
fn documents(root: &Path, files: &[String]) -> documents::Documents {
    let markdown = files.iter().filter(|file| file.ends_with(".md"));
    markdown
        .filter_map(|file| Some((file.clone(), std::fs::read_to_string(root.join(file)).ok()?)))
        .collect()
}

/// Every file that git tracks or would track.
fn files(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("cannot start git")?;
    ensure!(
        output.status.success(),
        "`git ls-files` failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    let mut files: Vec<String> = String::from_utf8(output.stdout)
        .context("git names a file that is not UTF-8")?
        .split('\0')
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    files.sort();
    files.dedup();
    Ok(files)
}

fn top_level(files: &[String]) -> Vec<String> {
    let mut entries: Vec<&str> = files.iter().map(|f| f.split('/').next().unwrap_or(f)).collect();
    entries.dedup();
    entries
        .into_iter()
        .filter(|entry| !entry.starts_with('.') && !TOP_LEVEL.contains(entry))
        .map(|entry| format!("{entry}:1: the top level is fixed; move it into crates/, experiments/, data/, reports/ or xtask/"))
        .collect()
}

/// The dependency graph with every feature of our crates turned on, so that
/// an optional dependency counts too.
fn metadata(root: &Path) -> Result<serde_json::Value> {
    let output = build::cargo(root)?
        .args([
            "metadata",
            "--format-version",
            "1",
            "--all-features",
            "--filter-platform",
            "x86_64-unknown-linux-gnu",
        ])
        .output()
        .context("cannot start cargo")?;
    ensure!(
        output.status.success(),
        "`cargo metadata` failed:\n{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("`cargo metadata` wrote no JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_fixed_entries_lie_at_the_top() {
        let files = [
            "Cargo.toml",
            ".gitignore",
            ".ci/run",
            "crates/spec/src/lib.rs",
            "notes.txt",
            "scripts/a.py",
        ];
        let findings = top_level(&files.map(str::to_owned));
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].starts_with("notes.txt:1: ") && findings[1].starts_with("scripts:1: "));
    }
}
