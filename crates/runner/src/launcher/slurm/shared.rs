//! Check that the nodes see the folders. Network filesystems are assumed to be visible; for any
//! other a short job checks it, because a local disk may be exported, and a cluster may be one
//! machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::client::{Engine, SubmitError};
use super::script::{self, Attempt, NOT_SEEN, WORKER_FAILS};
use crate::error::bad_input;
use crate::text;

/// Filesystems that several machines see.
const OF_A_NETWORK: &[&str] = &[
    "nfs",
    "nfs4",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "cifs",
    "smb3",
    "afs",
    "panfs",
    "pvfs2",
    "orangefs",
    "gfs2",
    "ocfs2",
    "9p",
    "wekafs",
    "glusterfs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "fuse.ceph",
    "fuse.juicefs",
    "quobyte",
    "fuse.quobyte",
];

/// Time limit of the checking job; on a busy cluster it may wait for hours.
const PATIENCE: Duration = Duration::from_secs(45);

/// A folder that tasks need, and what it is.
#[derive(Clone, Debug)]
pub struct Needed {
    /// Path of the folder.
    pub path: PathBuf,
    /// Description: `the datasets`, `libtorch`.
    pub what: &'static str,
}

/// Returns the type of the filesystem that holds a path, as the kernel names it.
pub fn filesystem(path: &Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounted(&table, &path)
}

/// Returns the filesystem of the longest mount point above the path, the last of equal ones.
fn mounted(table: &str, path: &Path) -> Option<String> {
    let lines = table.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let point = left.split(' ').nth(4)?.replace("\\040", " ");
        let kind = right.split(' ').next()?.to_owned();
        path.starts_with(&point).then_some((point.len(), kind))
    });
    lines.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

fn of_a_network(kind: &str) -> bool {
    OF_A_NETWORK.contains(&kind)
}

/// Returns the folders of libtorch that the worker links to; empty without libtorch.
pub fn libtorch(worker: &Path) -> Vec<PathBuf> {
    let Ok(output) = Command::new("ldd").arg(worker).output() else { return Vec::new() };
    folders(&String::from_utf8_lossy(&output.stdout))
}

/// Finds the folders of libtorch in the output of `ldd`.
fn folders(text: &str) -> Vec<PathBuf> {
    let mut out: Vec<PathBuf> = text
        .lines()
        .filter(|line| line.contains("libtorch") || line.contains("libc10"))
        .filter_map(|line| {
            let path = line.split("=> ").nth(1)?.split(" (").next()?.trim();
            // A worker without a run path finds libtorch on the node.
            (path != "not found").then(|| Path::new(path).parent().map(Path::to_path_buf))?
        })
        .collect();
    out.sort();
    out.dedup();
    out
}

/// Checks that nodes see the report folder and the other folders that tasks need. Returns a warning
/// if that could not be determined.
///
/// # Errors
/// Bad input: a node does not see a folder, or the worker does not start there.
pub fn check(
    engine: &dyn Engine,
    attempt: &Attempt<'_>,
    worker: &Path,
    needed: &[Needed],
) -> crate::Result<Option<String>> {
    let all = needed.iter().map(|n| n.path.as_path()).chain([attempt.dir]);
    let local: Vec<(&Path, String)> = all
        .filter_map(|path| Some((path, filesystem(path)?)))
        .filter(|(_, kind)| !of_a_network(kind))
        .collect();
    let Some((path, kind)) = local.first() else { return Ok(None) };
    if !attempt.settings.check_folder {
        return Ok(None);
    }
    let unsure = |why: &str| {
        let path = path.display();
        let kind = format!("{path} is on a local filesystem ({kind})");
        Ok(Some(format!("{kind}, and it is unknown whether the nodes see it: {why}")))
    };
    let codes: Vec<(i32, &Path)> =
        needed.iter().enumerate().map(|(i, n)| (i as i32 + 1, n.path.as_path())).collect();
    let script = attempt.look_script(worker, &codes);
    let job = match engine.submit(&attempt.look_flags(), &script) {
        Ok(job) => job,
        // The tasks' own flags are tried next, which may include what this job lacked.
        Err(SubmitError::Rejected(why)) => return unsure(&why),
        Err(SubmitError::Unknown(why)) => return Err(refused(&why)),
    };
    let name = script::look_name(attempt.name, attempt.key);
    let since = Instant::now();
    loop {
        let (state, code) = engine.state(job)?;
        match state.as_str() {
            "PENDING" | "CONFIGURING" | "RUNNING" | "COMPLETING" if since.elapsed() < PATIENCE => {
                std::thread::sleep(Duration::from_millis(150));
            }
            "COMPLETED" => return Ok(None),
            "FAILED" => {
                let code = code.split(':').next().and_then(|c| c.parse().ok()).unwrap_or(-1);
                return Err(not_seen(attempt, needed, code));
            }
            _ => {
                engine.cancel(&name)?;
                let (state, waited) =
                    (state.to_lowercase(), text::duration(PATIENCE.as_secs_f64()));
                return unsure(&format!("the job that checks it is {state} after {waited}"));
            }
        }
    }
}

fn not_seen(attempt: &Attempt<'_>, needed: &[Needed], code: i32) -> crate::Error {
    let remedy = "put the repository, data/ and libtorch on a filesystem that all nodes mount \
                  under the same path (NFS, Lustre, ...)";
    let place = |path: &Path| match filesystem(path) {
        Some(kind) => format!("{} ({kind} here)", path.display()),
        None => path.display().to_string(),
    };
    let missing = usize::try_from(code - 1).ok().and_then(|i| needed.get(i));
    bad_input(match (code, missing) {
        (NOT_SEEN, _) => {
            format!("the nodes do not see the sweep's folder {}\n  {remedy}", place(attempt.dir))
        }
        (_, Some(Needed { path, what })) => {
            format!("the nodes do not see {what}, {}\n  {remedy}", place(path))
        }
        (WORKER_FAILS, _) => format!(
            "the worker does not start on a node\n  try: srun {} --probe; `setup` of [slurm] may \
             have to load a module, or the nodes' system is older than this machine's",
            attempt.program.with_file_name("sweep-worker").display()
        ),
        (code, _) => format!(
            "the job that checks whether nodes see the folders failed with exit code {code}\n  \
             a line of `setup` in [slurm] may have failed there; check_folder = false skips the check"
        ),
    })
}

/// Returns the error of a job that Slurm rejected.
pub fn refused(why: &str) -> crate::Error {
    bad_input(format!(
        "Slurm rejected the job: {why}\n  see [slurm] of the sweep file and of the user's configuration; \
         --plan shows the flags and the script"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_libtorch_are_those_that_the_loader_finds() {
        let found = "\tlibtorch_cpu.so => /shared/t/lib/libtorch_cpu.so (0x00007f10)\n\
                     \tlibc10.so => /shared/t/lib/libc10.so (0x00007f20)\n\
                     \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f30)\n";
        assert_eq!(folders(found), [Path::new("/shared/t/lib")]);
        // As of a bundle's worker, which has no run path.
        assert!(folders("\tlibtorch_cpu.so => not found\n\tlibc10.so => not found\n").is_empty());
    }

    #[test]
    fn the_nearest_mount_tells() {
        let table = "22 1 8:1 / / rw - ext4 /dev/sda rw\n\
                     30 22 0:40 / /shared rw,relatime shared:2 - nfs4 server:/shared rw\n\
                     31 30 0:41 / /shared/my\\040disk rw - tmpfs tmpfs rw\n";
        let kind = |path: &str| mounted(table, Path::new(path)).unwrap();
        assert_eq!(kind("/srv/x"), "ext4");
        assert_eq!(kind("/shared/me/sweep"), "nfs4");
        assert_eq!(kind("/shared/my disk/x"), "tmpfs");
        assert_eq!(kind("/shareds"), "ext4");
        assert!(of_a_network("nfs4") && !of_a_network("tmpfs"));
    }
}
