//! A worker with deliberate faults in its code, for tests of the regression report.
//!
//! The sources stay unchanged: the crates are copied into the target folder, every patch of
//! `crates/train/tests/faults/` is applied to the copy, and one program is built from it. Each
//! fault is inactive until the environment variable `SWEEP_FAULT` names it, so that one build
//! serves all faults, and without the variable it trains to the same bits as the real worker.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::build;
use crate::libtorch::Libtorch;

/// Environment variable with the path of the faulty worker, for tests.
pub(crate) const WORKER_VARIABLE: &str = "SWEEP_FAULTY_WORKER";

/// Folder of the patches, relative to the root. Each is named after its fault.
const PATCHES: &str = "crates/train/tests/faults";

/// File of the tests that need the worker, relative to the root.
const TESTS: &str = "crates/runner/tests/faults.rs";

/// Name of the program; it differs from the real worker's, since both are in one folder.
const BINARY: &str = "sweep-worker-faulty";

/// Replacements in the copy's manifests: file, text, replacement.
///
/// The version differs because cargo names its outputs after a package's path *within* its
/// workspace: with the same version it would confuse the copy's crates with the real ones.
const MANIFESTS: [(&str, &str, &str); 3] = [
    ("Cargo.toml", r#"members = ["crates/*", "xtask"]"#, r#"members = ["crates/*"]"#),
    ("Cargo.toml", r#"version = "0.1.0""#, r#"version = "0.1.0-faulty""#),
    ("crates/train/Cargo.toml", r#"name = "sweep-worker""#, r#"name = "sweep-worker-faulty""#),
];

/// Returns whether a filter of `cargo xtask test` may select a test that needs the worker: an
/// empty filter, a part of such a test's name, or an option.
///
/// # Errors
/// The file of the tests cannot be read.
pub(crate) fn wanted(root: &Path, filter: &[String]) -> Result<bool> {
    let text = std::fs::read_to_string(root.join(TESTS))
        .with_context(|| format!("cannot read {TESTS}"))?;
    let names = text.split("#[test]\nfn ").skip(1).filter_map(|rest| rest.split('(').next());
    let names: Vec<&str> = names.collect();
    ensure!(!names.is_empty(), "{TESTS} contains no test");
    let matches = |part: &String| part.starts_with('-') || names.iter().any(|n| n.contains(part));
    Ok(filter.is_empty() || filter.iter().any(matches))
}

/// Builds the faulty worker and returns its path. Burn and libtorch are shared with the real
/// worker, which should be built first; only the workspace's crates are compiled.
///
/// # Errors
/// A patch does not apply to the sources any more, or does not compile.
pub(crate) fn worker(root: &Path, libtorch: &Libtorch) -> Result<PathBuf> {
    let target = build::target_dir(root)?;
    let tree = target.join("faults/tree");
    let fresh = target.join("faults/fresh");
    make_tree(root, &fresh)?;
    // Only changed files are written, or cargo would compile everything again.
    mirror(&fresh, &tree)?;
    let mut command = build::cross_task(root, &["build", "--release"])?;
    libtorch.apply(&mut command);
    command.current_dir(&tree);
    build::run(command.args(["--bin", BINARY]))
        .with_context(|| format!("the worker with the faults of {PATCHES} could not be built"))?;
    Ok(target.join("release").join(BINARY))
}

/// Empties `tree`, copies the workspace of the crates to it, and applies every patch.
fn make_tree(root: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        std::fs::remove_dir_all(tree)?;
    }
    let mut files = vec![PathBuf::from("Cargo.toml"), PathBuf::from("Cargo.lock")];
    // All crates, since cargo unifies features over the packages of one build.
    files.extend(files_below(root, Path::new("crates"))?);
    for file in &files {
        copy(&root.join(file), &tree.join(file))?;
    }
    for (file, text, replacement) in MANIFESTS {
        let path = tree.join(file);
        let manifest = std::fs::read_to_string(&path)?;
        ensure!(
            manifest.matches(text).count() == 1,
            "{file} does not contain `{text}` exactly once; adapt MANIFESTS in xtask/src/faults.rs"
        );
        std::fs::write(&path, manifest.replace(text, replacement))?;
    }
    let patches = patches(root)?;
    ensure!(!patches.is_empty(), "there is no patch in {PATCHES}");
    patches.iter().try_for_each(|patch| apply(patch, tree))
}

/// Returns the patches in the order of their names.
fn patches(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join(PATCHES);
    let mut out = Vec::new();
    for entry in std::fs::read_dir(&folder).with_context(|| format!("cannot read {PATCHES}"))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "patch") {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

/// Applies one patch to the copy.
fn apply(patch: &Path, tree: &Path) -> Result<()> {
    let name = patch.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let fault = patch.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(patch).with_context(|| format!("cannot read {name}"))?;
    let switch = format!("SWEEP_FAULT\").is_ok_and(|fault| fault == \"{fault}\")");
    ensure!(
        text.contains(&switch),
        "{PATCHES}/{name} has no fault that `SWEEP_FAULT={fault}` activates"
    );
    // Inside a repository git would look for the files from its top, find none and silently
    // apply nothing, so it must not see the repository.
    let output = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .arg(patch)
        .current_dir(tree)
        .env("GIT_CEILING_DIRECTORIES", tree.parent().unwrap_or(tree))
        .env_remove("GIT_DIR")
        .env_remove("GIT_WORK_TREE")
        .output()
        .context("cannot start git")?;
    if !output.status.success() {
        bail!(
            "{PATCHES}/{name} no longer applies to the sources:\n{}\n\
             Make the change that its first lines describe in the sources by hand, replace \
             the diff below those lines with the output of `git diff`, and revert the change. \
             Patches are applied in the order of their names.",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

/// Makes the files of `to` equal to those of `from`; equal files are not touched.
fn mirror(from: &Path, to: &Path) -> Result<()> {
    let wanted: BTreeSet<PathBuf> = files_below(from, Path::new(""))?.into_iter().collect();
    if to.exists() {
        for file in files_below(to, Path::new(""))? {
            if !wanted.contains(&file) {
                std::fs::remove_file(to.join(file))?;
            }
        }
    }
    for file in &wanted {
        let same = std::fs::read(to.join(file)).ok() == Some(std::fs::read(from.join(file))?);
        if !same {
            copy(&from.join(file), &to.join(file))?;
        }
    }
    Ok(())
}

/// Returns every file below `root/folder`, relative to `root`.
fn files_below(root: &Path, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut out = Vec::new();
    let absolute = root.join(folder);
    let entries = std::fs::read_dir(&absolute)
        .with_context(|| format!("cannot read {}", absolute.display()))?;
    for entry in entries {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            out.extend(files_below(root, &path)?);
        } else {
            out.push(path);
        }
    }
    Ok(out)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(tree: &Path) -> Vec<(PathBuf, String)> {
        let files = files_below(tree, Path::new("")).unwrap();
        let text = |file: &PathBuf| std::fs::read_to_string(tree.join(file)).unwrap();
        files
            .into_iter()
            .filter(|f| f.ends_with("order.rs"))
            .map(|f| (f.clone(), text(&f)))
            .collect()
    }

    #[test]
    fn every_patch_fits_the_sources_and_leaves_them_alone() {
        let root = build::root().unwrap();
        let before = sources(&root.join("crates"));
        let folder = tempfile::tempdir().unwrap();
        let tree = folder.path().join("tree");
        make_tree(&root, &tree).unwrap();
        assert_eq!(sources(&root.join("crates")), before);
        let mut patched = String::new();
        for file in files_below(&tree, Path::new("crates")).unwrap() {
            let is_source = file.extension().is_some_and(|extension| extension == "rs");
            if is_source {
                patched += &std::fs::read_to_string(tree.join(file)).unwrap();
            }
        }
        for patch in patches(&root).unwrap() {
            let fault = patch.file_stem().unwrap().to_string_lossy().into_owned();
            let switch = format!("is_ok_and(|fault| fault == \"{fault}\")");
            assert!(patched.contains(&switch), "{fault} is nowhere in the patched sources");
        }
    }

    /// Works inside a repository too, where git would otherwise look from its top.
    #[test]
    fn a_patch_that_does_not_fit_is_named_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let git = Command::new("git").args(["init", "-q"]).current_dir(folder.path()).status();
        assert!(git.unwrap().success());
        let tree = folder.path().join("target/faults/tree");
        std::fs::create_dir_all(&tree).unwrap();
        let patch = folder.path().join("late.patch");
        let switch = "std::env::var(\"SWEEP_FAULT\").is_ok_and(|fault| fault == \"late\")";
        let diff = format!("A fault.\n\n--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-one\n+{switch}\n");
        std::fs::write(&patch, diff).unwrap();
        std::fs::write(tree.join("a.rs"), "one\n").unwrap();
        apply(&patch, &tree).unwrap();
        assert_eq!(std::fs::read_to_string(tree.join("a.rs")).unwrap(), format!("{switch}\n"));
        let message = apply(&patch, &tree).unwrap_err().to_string();
        assert!(message.contains("faults/late.patch no longer applies"), "{message}");
        assert!(message.contains("a.rs:1") && message.contains("by hand"), "{message}");
        std::fs::rename(&patch, folder.path().join("other.patch")).unwrap();
        let message = apply(&folder.path().join("other.patch"), &tree).unwrap_err().to_string();
        assert!(message.contains("no fault that `SWEEP_FAULT=other` activates"), "{message}");
    }

    #[test]
    fn it_is_built_for_the_tests_that_need_it() {
        let root = build::root().unwrap();
        let wanted = |filter: &[&str]| {
            let filter: Vec<String> = filter.iter().map(|part| (*part).to_owned()).collect();
            super::wanted(&root, &filter).unwrap()
        };
        assert!(wanted(&[]) && wanted(&["in_the_code"]) && wanted(&["slower_step"]));
        assert!(wanted(&["gantt", "in_the_code"]) && wanted(&["-E", "binary(faults)"]));
        assert!(!wanted(&["gantt"]) && !wanted(&["labels", "the_same_code_twice"]));
    }

    #[test]
    fn only_what_differs_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        for (file, text) in [("a/same", "1"), ("a/changed", "2"), ("new", "3")] {
            std::fs::create_dir_all(from.join("a")).unwrap();
            std::fs::write(from.join(file), text).unwrap();
        }
        for (file, text) in [("a/same", "1"), ("a/changed", "0"), ("a/gone", "0")] {
            std::fs::create_dir_all(to.join("a")).unwrap();
            std::fs::write(to.join(file), text).unwrap();
        }
        let modified = |file: &str| to.join(file).metadata().unwrap().modified().unwrap();
        let before = modified("a/same");
        std::thread::sleep(std::time::Duration::from_millis(20));
        mirror(&from, &to).unwrap();
        assert_eq!(modified("a/same"), before);
        let left = files_below(&to, Path::new("")).unwrap();
        assert_eq!(left.len(), 3, "{left:?}");
        assert_eq!(std::fs::read_to_string(to.join("a/changed")).unwrap(), "2");
    }
}
