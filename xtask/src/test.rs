//! `cargo xtask test [FILTER]`: every test of the workspace, in groups that compile each heavy
//! dependency once.
//!
//! Cargo unifies features over the packages of one command, so the grouping decides what is
//! compiled again: the large group has the packages of all programs ([`build::cross_task`]).
//! For the same reason no test may add a dependency that turns on features of these packages.
//! `xtask` has its own profile, in which `cargo xtask` has already built it. Tests on flex
//! share the profile of the flex worker; a plain `cargo test -p train` would replace the
//! libtorch worker by a flex worker.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::arguments::{positionals, verb};
use crate::tally::{self, Tally};
use crate::{browser, build, faults, libtorch, needs};

/// One selection of packages with its profile and features.
struct Group {
    name: &'static str,
    packages: Packages,
    profile: &'static str,
    /// Whether it has libraries, whose doc comments may hold examples.
    library: bool,
    /// Whether it draws the report's page, which is then tested in a browser.
    page: bool,
}

/// The packages of a group.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Packages {
    /// All packages of [`build::cross_task`], with libtorch.
    CrossTask,
    /// These packages only.
    Alone(&'static [&'static str]),
}

const GROUPS: [Group; 3] = [
    Group {
        name: "xtask",
        packages: Packages::Alone(&["xtask"]),
        profile: "xtask",
        library: false,
        page: false,
    },
    Group {
        name: "plans, data, reports, the runner and Burn on libtorch",
        packages: Packages::CrossTask,
        profile: "release",
        library: true,
        page: true,
    },
    Group {
        name: "Burn on flex",
        packages: Packages::Alone(&["model", "optimizer-registry", "train"]),
        profile: build::FLEX_PROFILE,
        library: true,
        page: false,
    },
];

/// The group that Node runs instead of cargo.
const PAGE: &str = "the report's page in a browser";

/// Programs that the cluster tests of `runner` start (`runner/tests/slurm/`); without them
/// these tests are skipped.
const SLURM: [&str; 3] = ["slurmctld", "slurmd", "sbatch"];
/// Folders outside the PATH in which Debian keeps them.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Settings of cargo-nextest, relative to the root.
const NEXTEST: &str = "xtask/nextest.toml";

/// The programs that tests start, by the environment variables that name them.
struct Programs {
    libtorch: libtorch::Libtorch,
    paths: Vec<(&'static str, PathBuf)>,
}

impl Programs {
    /// Builds the programs, with `faulty` also the worker with deliberate faults.
    fn build(root: &Path, faulty: bool) -> Result<Programs> {
        let libtorch = libtorch::provision(root, libtorch::Kind::Cpu)?;
        build::all(root, &libtorch)?;
        let mut paths = vec![
            (needs::WORKER_VARIABLE, build::libtorch_worker_path(root)?),
            ("SWEEP_FLEX_WORKER", build::flex_worker_path(root)?),
        ];
        if faulty {
            paths.push((faults::WORKER_VARIABLE, faults::worker(root, &libtorch)?));
        }
        Ok(Programs { libtorch, paths })
    }
}

/// Builds the programs that tests start. Returns their paths as a JSON object by environment
/// variable, for tests under a plain `cargo test` (`crates/runner/tests/support/programs.rs`).
///
/// # Errors
/// A program cannot be built.
pub(crate) fn programs(root: &Path, faulty: bool) -> Result<serde_json::Value> {
    let mut built = Programs::build(root, faulty)?;
    // In another profile cargo builds no `sweep-report` beside the tested programs.
    built.paths.push(("SWEEP_REPORT", build::report_path(root)?));
    Ok(built.paths.iter().map(|(name, path)| (*name, path.display().to_string())).collect())
}

/// The program that runs tests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runner {
    Cargo,
    Nextest,
}

impl Runner {
    fn find(root: &Path) -> Result<Runner> {
        let mut probe = build::cargo(root)?;
        probe.args(["nextest", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(if probe.status()?.success() { Runner::Nextest } else { Runner::Cargo })
    }
}

/// Declares the verb; all arguments, flags too, go to the test programs.
pub(crate) fn declare() -> clap::Command {
    let help = "substrings of test names, and flags of the test programs";
    verb("test", "run all tests, with and without libtorch")
        .arg(positionals("filter", "FILTER", help).trailing_var_arg(true))
}

/// Runs every test whose name contains a filter; without a filter, also the examples in doc
/// comments. Every group is run, even after a failure.
///
/// # Errors
/// A program cannot be built, or a test fails.
pub(crate) fn test(root: &Path, filter: &[String]) -> Result<()> {
    let programs = Programs::build(root, faults::wanted(root, filter)?)?;
    let runner = Runner::find(root)?;

    let mut all = Tally::default();
    let mut failed = Vec::new();
    let mut lines = Vec::new();
    let mut note = |name: &str, tally: Tally| {
        lines.push(format!("{name}:"));
        lines.extend(tally.closing.iter().map(|line| format!("    {line}")));
        all.add(tally);
    };
    for group in &GROUPS {
        eprintln!("\nxtask: tests of {}", group.name);
        let (ok, tally) = run(root, group, &programs, runner, filter)?;
        if !ok {
            failed.push(group.name);
        }
        note(group.name, tally);
        if group.page {
            let (ok, tally) = page_tests(root, group, &build::sweep_path(root)?, filter)?;
            if !ok {
                failed.push(PAGE);
            }
            note(PAGE, tally);
        }
    }
    // The skipped tests count as passed, and test runners show nothing about those.
    let missing = missing_of_slurm();
    if !missing.is_empty() && filter.is_empty() {
        let what = missing.join(", ");
        lines.push(format!("sweeps on a cluster:\n    skipped: not installed: {what}"));
    }
    eprintln!("\nxtask: tests\n{}", lines.join("\n"));
    eprintln!("{} tests passed, {} failed", all.passed, all.failed);
    if !failed.is_empty() {
        bail!("tests failed in: {}", failed.join("; "));
    }
    Ok(())
}

fn missing_of_slurm() -> Vec<&'static str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    folders.extend(SYSTEM_FOLDERS.map(PathBuf::from));
    let there = |program: &&str| folders.iter().any(|folder| folder.join(program).is_file());
    SLURM.into_iter().filter(|program| !there(program)).collect()
}

/// Runs only the tests of the report's page.
///
/// # Errors
/// A program cannot be built, or a test fails.
pub(crate) fn page(root: &Path, filter: &[String]) -> Result<()> {
    let sweep = build::sweep(root)?;
    for group in GROUPS.iter().filter(|group| group.page) {
        let (ok, tally) = page_tests(root, group, &sweep, filter)?;
        eprintln!("\n{} tests passed, {} failed", tally.passed, tally.failed);
        if !ok {
            bail!("tests failed in: {PAGE}");
        }
    }
    Ok(())
}

/// Returns a cargo command that tests the group of the page; the caller adds the selection.
pub(crate) fn pure(root: &Path) -> Result<Command> {
    let group = GROUPS.iter().find(|group| group.page).context("no group draws the page")?;
    quiet(root, group)
}

fn quiet(root: &Path, group: &Group) -> Result<Command> {
    select(root, group, &["test", "--quiet", "--profile", group.profile])
}

/// Returns a cargo command for the packages of a group.
fn select(root: &Path, group: &Group, verb: &[&str]) -> Result<Command> {
    let packages = match group.packages {
        Packages::CrossTask => return build::cross_task(root, verb),
        Packages::Alone(packages) => packages,
    };
    let mut cargo = build::cargo(root)?;
    cargo.args(verb);
    for package in packages {
        cargo.args(["--package", package]);
    }
    Ok(cargo)
}

/// Runs the tests of the page. An error, such as a browser that does not start, fails only
/// this group.
fn page_tests(
    root: &Path,
    group: &Group,
    sweep: &Path,
    filter: &[String],
) -> Result<(bool, Tally)> {
    eprintln!("\nxtask: tests of {PAGE}");
    let cargo = quiet(root, group)?;
    Ok(browser::test(root, sweep, cargo, filter).unwrap_or_else(|error| {
        let line = format!("failed: {error:#}");
        eprintln!("xtask: {line}");
        (false, Tally { closing: vec![line], ..Tally::default() })
    }))
}

fn run(
    root: &Path,
    group: &Group,
    programs: &Programs,
    runner: Runner,
    filter: &[String],
) -> Result<(bool, Tally)> {
    // Built first, with the terminal left to cargo for its progress bar.
    let (verb, profile): (&[&str], _) = match runner {
        Runner::Nextest => (&["nextest", "run", "--config-file", NEXTEST], "--cargo-profile"),
        Runner::Cargo => (&["test"], "--profile"),
    };
    let mut compile = command(root, group, programs, verb, profile)?;
    if !compile.arg("--no-run").status()?.success() {
        bail!("the tests of {} could not be built", group.name);
    }
    let mut tests = command(root, group, programs, verb, profile)?;
    tests.arg("--no-fail-fast");
    match runner {
        Runner::Nextest => tests.args(["--no-tests", "pass"]),
        Runner::Cargo => tests.arg("--"),
    };
    let (mut ok, mut tally) = tally::run(tests.args(filter))?;
    // nextest does not run the examples in doc comments; `cargo test` has run them.
    if runner == Runner::Nextest && group.library && filter.is_empty() {
        let (fine, examples) =
            tally::run(&mut command(root, group, programs, &["test", "--doc"], "--profile")?)?;
        ok &= fine;
        tally.add(examples);
    }
    Ok((ok, tally))
}

fn command(
    root: &Path,
    group: &Group,
    programs: &Programs,
    verb: &[&str],
    profile: &str,
) -> Result<Command> {
    let mut verb = verb.to_vec();
    verb.extend([profile, group.profile]);
    let mut command = select(root, group, &verb)?;
    programs.libtorch.apply(&mut command);
    command.envs(programs.paths.iter().map(|(name, path)| (*name, path)));
    Ok(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tests_of_every_crate_are_run() {
        let crates = build::root().unwrap().join("crates");
        let members = std::fs::read_dir(crates).unwrap().map(|entry| entry.unwrap());
        let members = members.filter(|entry| entry.path().join("Cargo.toml").exists());
        let names: Vec<String> =
            members.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        assert!(names.len() > 10, "{names:?}");
        let alone = GROUPS.iter().flat_map(|group| match group.packages {
            Packages::Alone(packages) => packages,
            Packages::CrossTask => &[],
        });
        let run: Vec<&str> = alone.copied().chain(build::PACKAGES).collect();
        for name in &names {
            // `test-records` has no tests: it only builds records for the tests of others.
            assert!(
                name == "test-records" || run.contains(&name.as_str()),
                "no group tests {name}"
            );
        }
    }
}
