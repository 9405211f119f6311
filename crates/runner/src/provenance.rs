//! Provenance of a report: commit, lock file, machine, arguments.

use std::fs;
use std::path::Path;
use std::process::Command;

use spec::Digest;
use spec::plan::Plan;
use spec::provenance::Provenance;
use spec::record::{Environment, RunRecord};
use store::manifest::Manifest;

use crate::pool::Slot;
use crate::workspace::Workspace;

/// Facts about a sweep at its end, for the manifest.
#[derive(Debug)]
pub struct SweepFacts<'a> {
    /// Start of the sweep, RFC 3339.
    pub started: String,
    /// Slots of the sweep; empty if everything was cached.
    pub slots: &'a [Slot],
    /// Number of runs that this sweep trained.
    pub trained: u64,
    /// Number of results that were reused.
    pub cached: u64,
    /// Environment of the workers; `None` if unknown.
    pub environment: Option<Environment>,
    /// Whether the manifest names the host.
    pub record_host: bool,
    /// Sources and command line at the start.
    pub provenance: Provenance,
}

/// Gathers the current state of sources, toolchain and command line.
pub fn gather(workspace: &Workspace) -> Provenance {
    let git = Git::read(workspace.root());
    let lock = fs::read(workspace.root().join("Cargo.lock")).ok();
    Provenance {
        git_commit: git.as_ref().map(|g| g.commit.clone()),
        git_dirty: git.as_ref().map(|g| g.diff.is_some()),
        diff_hash: git.and_then(|g| g.diff),
        cargo_lock_hash: lock.map(|bytes| hash(&bytes)),
        rustc: env!("SWEEP_RUSTC").to_owned(),
        os: os(),
        argv: arguments(workspace),
    }
}

/// Returns the manifest of a sweep that ends now.
pub fn manifest(plan: &Plan, facts: SweepFacts<'_>) -> Manifest {
    Manifest {
        v: 1,
        experiment: plan.name.clone(),
        file: plan.file.clone(),
        provenance: facts.provenance,
        environment: facts.environment,
        slots: facts.slots.iter().map(|s| s.device.to_string()).collect(),
        cpus: cpus(),
        started: facts.started,
        ended: crate::clock::now(),
        trained: facts.trained,
        cached: facts.cached,
        host: facts.record_host.then(store::writer::host_name),
    }
}

/// Returns the environment of the newest record that has one.
pub fn environment<'a>(records: impl IntoIterator<Item = &'a RunRecord>) -> Option<Environment> {
    records
        .into_iter()
        .filter(|r| r.exec.is_some())
        .max_by(|a, b| a.ended.cmp(&b.ended))
        .and_then(|r| r.exec.clone())
}

/// Returns the number of logical processors that this process may use.
pub fn cpus() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}

/// Returns the name of the processor, as workers record it; `unknown` without one.
pub fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// Options whose value is a path.
const PATHS: [&str; 4] = ["--root", "--baseline", "--history", "--output"];

/// Returns the command line such that it can be run again in the root folder: paths inside the
/// root are relative to it.
fn arguments(workspace: &Workspace) -> Vec<String> {
    let given = std::env::args_os().skip(1).map(|arg| arg.to_string_lossy().into_owned());
    let here = std::env::current_dir().unwrap_or_default();
    std::iter::once("sweep".to_owned()).chain(rerun(workspace, &here, given)).collect()
}

/// Converts arguments that were given in the folder `here` for use in the root folder.
fn rerun(workspace: &Workspace, here: &Path, given: impl Iterator<Item = String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for arg in given {
        let is_path = out.last().is_some_and(|last| PATHS.contains(&last.as_str()));
        // Other arguments are paths if they are absolute or sweep files.
        let known = |text: &str| {
            let path = here.join(text);
            Path::new(text).is_absolute() || text.ends_with(".toml") && path.is_file()
        };
        let moved = |text: &str| workspace.relative(&here.join(text));
        out.push(match arg.split_once('=').filter(|_| arg.starts_with("--")) {
            _ if is_path || !arg.starts_with('-') && known(&arg) => moved(&arg),
            Some((option, value)) if PATHS.contains(&option) => {
                format!("{option}={}", moved(value))
            }
            _ => arg,
        });
    }
    out
}

fn os() -> String {
    let uname = rustix::system::uname();
    format!(
        "{} {} {}",
        uname.sysname().to_string_lossy(),
        uname.release().to_string_lossy(),
        uname.machine().to_string_lossy()
    )
}

/// File that `cargo xtask bundle` writes: a commit, then the hash of uncommitted changes, if any.
const BUNDLE_COMMIT: &str = "bin/COMMIT";

struct Git {
    commit: String,
    /// Hash of diff and untracked files; `None` if there are none.
    diff: Option<String>,
}

impl Git {
    /// Reads the state of the checkout that contains `root`; for a bundle, the commit that it was
    /// made from.
    fn read(root: &Path) -> Option<Git> {
        if let Ok(made_of) = fs::read_to_string(root.join(BUNDLE_COMMIT)) {
            let (commit, changes) = made_of.trim().split_once(' ').unwrap_or((made_of.trim(), ""));
            let diff = (!changes.is_empty()).then(|| changes.to_owned());
            return (!commit.is_empty()).then(|| Git { commit: commit.to_owned(), diff });
        }
        let run = |args: &[&str]| {
            let output = Command::new("git").arg("-C").arg(root).args(args).output().ok()?;
            output.status.success().then_some(output.stdout)
        };
        let commit = String::from_utf8(run(&["rev-parse", "HEAD"])?).ok()?.trim().to_owned();
        let mut changes = run(&["diff", "HEAD", "--no-ext-diff", "--binary"])?;
        let untracked = run(&["ls-files", "--others", "--exclude-standard", "-z"])?;
        for name in untracked.split(|b| *b == 0).filter(|n| !n.is_empty()) {
            changes.extend_from_slice(name);
            changes.extend(
                fs::read(root.join(String::from_utf8_lossy(name).as_ref())).unwrap_or_default(),
            );
        }
        Some(Git { commit, diff: (!changes.is_empty()).then(|| hash(&changes)) })
    }
}

fn hash(bytes: &[u8]) -> String {
    Digest::of(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_names_the_commit_that_it_was_made_of() {
        // In a checkout of something else, as below a thesis.
        let folder = tempfile::tempdir().unwrap();
        let who = ["-c", "user.name=n", "-c", "user.email=e@example.com"];
        for args in [&["init", "--quiet"][..], &["commit", "--quiet", "--allow-empty", "-m", "m"]] {
            let mut git = Command::new("git");
            git.arg("-C").arg(folder.path()).args(who).args(args);
            assert!(git.status().unwrap().success());
        }
        assert!(Git::read(folder.path()).is_some());
        fs::create_dir(folder.path().join("bin")).unwrap();
        let of = |text: &str| {
            fs::write(folder.path().join(BUNDLE_COMMIT), text).unwrap();
            Git::read(folder.path()).map(|git| (git.commit, git.diff))
        };
        assert_eq!(of("c0ffee\n"), Some(("c0ffee".to_owned(), None)));
        let changed = Some(("c0ffee".to_owned(), Some("ab12".to_owned())));
        assert_eq!(of("c0ffee ab12\n"), changed);
        assert_eq!(of(""), None);
    }

    #[test]
    fn the_command_can_be_run_again_in_the_root() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("experiments/deep")).unwrap();
        for file in ["experiments/x.toml", "experiments/deep/y z.toml", "run"] {
            fs::write(root.join(file), "").unwrap();
        }
        let workspace = Workspace::find(Some(root.clone()));
        let (shown, deep) = (root.display(), root.join("experiments/deep"));
        let again = |here: &Path, line: &str| {
            let given = line.split('|').map(str::to_owned);
            rerun(&workspace, here, given).join("|")
        };
        for (here, line, expected) in [
            (&root, "run|experiments/x.toml".to_owned(), "run|experiments/x.toml"),
            (
                &root,
                format!("--root|{shown}|run|experiments/x.toml"),
                "--root|.|run|experiments/x.toml",
            ),
            (
                &root,
                format!("--root={shown}|run|{shown}/experiments/x.toml"),
                "--root=.|run|experiments/x.toml",
            ),
            (
                &deep,
                "run|y z.toml|--root|../..".to_owned(),
                "run|experiments/deep/y z.toml|--root|.",
            ),
            (
                &deep,
                "nightly|../x.toml|--history|h|--baseline=b".to_owned(),
                "nightly|experiments/x.toml|--history|experiments/deep/h|--baseline=experiments/deep/b",
            ),
            (
                &root,
                "run|experiments/x.toml|--set|model.hidden=[[64], [128]]|--only|optimizer=run"
                    .to_owned(),
                "run|experiments/x.toml|--set|model.hidden=[[64], [128]]|--only|optimizer=run",
            ),
            (
                &root,
                "--root|/nonexistent/elsewhere|run|/nonexistent/a.toml".to_owned(),
                "--root|/nonexistent/elsewhere|run|/nonexistent/a.toml",
            ),
        ] {
            assert_eq!(again(here, &line), expected, "{line}");
        }
    }
}
