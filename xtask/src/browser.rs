//! Tests of the report's page in a headless Chromium, which Node starts with playwright-core
//! from `xtask/browser`. The reports are a real sweep of the gallery and the made-up ones of
//! the tests of `report`, all drawn again.
//!
//! If Node, npm or Chromium is missing, the group is skipped with a message, unless
//! [`REQUIRE`] is set.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::build;
use crate::tally::{self, Tally};

/// Environment variable that makes a missing browser a failure if it is 1.
const REQUIRE: &str = "SWEEP_REQUIRE_BROWSER";
/// Environment variable with the browser's program, instead of one on the PATH.
const CHROMIUM: &str = "SWEEP_CHROMIUM";
/// Program names of the browser, the same as in `browser.mjs`.
const CHROMIUM_NAMES: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// Oldest major version of Node that the tests work with.
const NODE: u32 = 18;

/// Runs every test of the page whose name contains a filter, and returns whether all passed.
/// Nothing is started if no test file contains the filter. `gallery` is a command that draws
/// the made-up reports into the folder named by `REPORT_GALLERY`.
///
/// # Errors
/// The reports cannot be drawn, or the browser is missing but required.
pub(crate) fn test(
    root: &Path,
    sweep: &Path,
    gallery: Command,
    filter: &[String],
) -> Result<(bool, Tally)> {
    let files = test_files(root)?;
    if !filter.is_empty() && !mentioned(&files, filter)? {
        return Ok((true, Tally::default()));
    }
    let required = std::env::var(REQUIRE).is_ok_and(|value| value == "1");
    if let Err(reason) = ready(root) {
        if required {
            return Err(reason.context(format!("{REQUIRE} is set")));
        }
        let line = format!("skipped: {reason:#}");
        eprintln!("xtask: {line}");
        return Ok((true, Tally { closing: vec![line], ..Tally::default() }));
    }
    let reports = build::target_dir(root)?.join("browser-reports");
    draw(root, sweep, gallery, &reports)?;
    let mut tests = Command::new("node");
    tests.current_dir(root.join("xtask/browser")).env("SWEEP_REPORTS", &reports);
    tests.args(["--test", "--test-reporter=spec"]);
    if !filter.is_empty() {
        let names: Vec<String> = filter.iter().map(|name| literal(name)).collect();
        tests.arg(format!("--test-name-pattern={}", names.join("|")));
    }
    tally::run(tests.args(files))
}

/// Returns whether a test file contains a filter. If none does, the filter means other tests,
/// and no browser needs to be started.
fn mentioned(files: &[PathBuf], filter: &[String]) -> Result<bool> {
    for file in files {
        let text = fs::read_to_string(file)?;
        if filter.iter().any(|name| text.contains(name)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns a regular expression that matches exactly this text.
fn literal(text: &str) -> String {
    let special = |c: char| r"\^$.|?*+()[]{}/-".contains(c);
    text.chars().flat_map(|c| special(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Returns the test files in the order of their names, since Node 18 expands no patterns.
fn test_files(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("xtask/browser/tests");
    let mut files = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?
    {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Checks that the tests have everything they need, and installs the npm packages.
fn ready(root: &Path) -> Result<()> {
    let version = output(Command::new("node").arg("--version")).context("node is missing")?;
    let major = version.trim_start_matches('v').split('.').next().and_then(|n| n.parse().ok());
    if major.is_none_or(|major: u32| major < NODE) {
        bail!("node {version} is too old; {NODE} or newer is needed");
    }
    output(Command::new("npm").arg("--version")).context("npm is missing")?;
    if std::env::var_os(CHROMIUM).is_none() && !CHROMIUM_NAMES.iter().any(|name| on_path(name)) {
        bail!("chromium is missing (none of {} is on the PATH)", CHROMIUM_NAMES.join(", "));
    }
    packages(&root.join("xtask/browser"))
}

fn output(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("`{}` failed ({})", build::show(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

/// Installs the locked packages, unless those of the same lock file are installed.
fn packages(folder: &Path) -> Result<()> {
    let lock = fs::read(folder.join("package-lock.json")).context("package-lock.json")?;
    let installed = folder.join("node_modules/.installed-lock.json");
    if fs::read(&installed).is_ok_and(|seen| seen == lock) {
        return Ok(());
    }
    eprintln!("xtask: installing playwright-core and axe-core with npm (18 MB, once)");
    build::run(Command::new("npm").current_dir(folder).args(["ci", "--no-audit", "--no-fund"]))
        .context("the packages of xtask/browser could not be installed")?;
    fs::write(&installed, lock).context("cannot write into xtask/browser/node_modules")
}

/// Draws all reports again, into the emptied folder `reports`.
fn draw(root: &Path, sweep: &Path, mut gallery: Command, reports: &Path) -> Result<()> {
    if reports.exists() {
        fs::remove_dir_all(reports)
            .with_context(|| format!("cannot empty {}", reports.display()))?;
    }
    gallery.args(["--test", "gallery", "every_kind_of_sweep_has_a_report"]);
    build::run(gallery.env("REPORT_GALLERY", reports)).context("no reports to open")?;
    let (from, to) = (root.join("reports/gallery/battle"), reports.join("battle"));
    fs::create_dir_all(&to)?;
    for name in ["plan.json", "manifest.json", "runs.parquet", "metrics.parquet", "summary.parquet"]
    {
        fs::copy(from.join(name), to.join(name)).with_context(|| format!("cannot copy {name}"))?;
    }
    // Its own page, and a page over several experiments.
    let others = ["five-seeds", "partly"].map(|name| reports.join(name));
    let (to, cross_task) = (to.into_os_string(), reports.join("together").into_os_string());
    let all = [
        std::slice::from_ref(&to),
        &others.map(PathBuf::into_os_string),
        &["--output".into(), cross_task],
    ]
    .concat();
    for args in [vec![to], all] {
        let mut report = Command::new(sweep);
        let drawn = report.current_dir(root).arg("report").args(args).output()?;
        if !drawn.status.success() {
            bail!("`sweep report` failed: {}", String::from_utf8_lossy(&drawn.stderr).trim());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_taken_as_text() {
        assert_eq!(literal("a.b (c)"), "a\\.b \\(c\\)");
    }

    #[test]
    fn every_file_of_tests_is_run_and_helpers_are_not() {
        let root = build::root().unwrap();
        let files = test_files(&root).unwrap();
        let names: Vec<_> =
            files.iter().map(|f| f.file_name().unwrap().to_str().unwrap()).collect();
        assert!(names.contains(&"tables.test.mjs") && !names.contains(&"common.mjs"), "{names:?}");
        assert!(mentioned(&files, &["a toggle hides".to_owned()]).unwrap());
        assert!(!mentioned(&files, &["rendering_again_gives_the_same_bytes".to_owned()]).unwrap());
    }

    #[test]
    fn what_is_missing_is_named() {
        let failed = output(&mut Command::new("no-such-program-of-any-kind"));
        assert!(failed.is_err());
        assert!(!on_path("no-such-program-of-any-kind") && on_path("sh"));
    }

    #[test]
    fn the_lock_file_names_no_registry() {
        let lock = build::root().unwrap().join("xtask/browser/package-lock.json");
        let text = fs::read_to_string(lock).unwrap();
        assert!(text.contains("\"integrity\"") && !text.contains("\"resolved\""));
    }
}
