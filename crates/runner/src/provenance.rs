//! Where a report comes from: commit, lock file, machine, arguments.

use std::fs;
use std::path::Path;
use std::process::Command;

use spec::manifest::Manifest;
use spec::plan::Plan;
use spec::provenance::Provenance;
use spec::record::{Environment, RunRecord};

use crate::pool::Slot;
use crate::workspace::Workspace;

/// What a sweep knows about itself at its end.
#[derive(Debug)]
pub struct SweepFacts<'a> {
    /// Start, RFC 3339.
    pub started: String,
    /// Its slots; none if everything was cached.
    pub slots: &'a [Slot],
    /// Records of this sweep.
    pub trained: u64,
    /// Results reused.
    pub cached: u64,
    /// What workers computed on.
    pub environment: Option<Environment>,
    /// Whether to name the host.
    pub record_host: bool,
    /// Sources and command line, as they were at the start.
    pub provenance: Provenance,
}

/// Sources, toolchain and command line, now.
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

/// Gathers the manifest.
pub fn manifest(plan: &Plan, facts: SweepFacts<'_>) -> Manifest {
    Manifest {
        v: 1,
        experiment: plan.name.clone(),
        file: plan.file.clone(),
        provenance: facts.provenance,
        environment: facts.environment,
        slots: facts.slots.iter().map(|s| s.device.clone()).collect(),
        cpus: cpus(),
        started: facts.started,
        ended: crate::clock::now(),
        trained: facts.trained,
        cached: facts.cached,
        host: facts.record_host.then(crate::journal::host),
    }
}

/// The environment of the newest record that has one.
pub fn environment<'a>(records: impl IntoIterator<Item = &'a RunRecord>) -> Option<Environment> {
    records
        .into_iter()
        .filter(|r| r.exec.is_some())
        .max_by(|a, b| a.ended.cmp(&b.ended))
        .and_then(|r| r.exec.clone())
}

/// Logical processors that this process may use.
pub fn cpus() -> u64 {
    std::thread::available_parallelism().map_or(1, |n| n.get() as u64)
}

/// Name of the processor, as workers record it.
pub fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The command line, paths inside the repository made relative to it.
fn arguments(workspace: &Workspace) -> Vec<String> {
    let shorten = |arg: String| {
        let path = Path::new(&arg);
        if path.is_absolute() { workspace.relative(path) } else { arg }
    };
    let mut argv: Vec<String> =
        std::env::args_os().map(|a| a.to_string_lossy().into_owned()).collect();
    if let Some(program) = argv.first_mut() {
        *program = "sweep".to_owned();
    }
    argv.into_iter().map(shorten).collect()
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

struct Git {
    commit: String,
    /// Hash of diff and untracked files, if there are any.
    diff: Option<String>,
}

impl Git {
    fn read(root: &Path) -> Option<Git> {
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
    blake3::hash(bytes).to_hex()[..32].to_owned()
}
