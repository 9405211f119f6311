//! Copies of the programs in the report folder, so that queued tasks never run a later build.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use store::atomic;

use crate::error::Context as _;

/// Paths of the copies.
#[derive(Clone, Debug)]
pub struct BinarySnapshot {
    /// `sweep`.
    pub sweep: PathBuf,
    /// `sweep-worker`.
    pub worker: PathBuf,
}

/// Copies this program, the worker and `sweep-report`, which the last job calls, to
/// `bin/<hash>/`, unless the copies exist. Removes other copies, which no task needs any more.
///
/// # Errors
/// A program cannot be read, or a copy not written.
pub fn snapshot(bin: &Path, worker: &Path, report: &Path) -> crate::Result<BinarySnapshot> {
    // Read through the kernel: the file may have been replaced since this process started.
    let this = Path::new("/proc/self/exe");
    let mut hasher = blake3::Hasher::new();
    for program in [this, worker, report] {
        let mut file =
            File::open(program).with_context(|| format!("cannot read {}", program.display()))?;
        io::copy(&mut file, &mut hasher)?;
    }
    let folder = bin.join(&hasher.finalize().to_hex()[..16]);
    let snapshot =
        BinarySnapshot { sweep: folder.join("sweep"), worker: folder.join("sweep-worker") };
    let beside = folder.join("sweep-report");
    let copies = [(this, &snapshot.sweep), (worker, &snapshot.worker), (report, &beside)];
    let there = copies.iter().all(|(from, to)| same(from, to));
    if !there {
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        for (from, to) in copies {
            // Renamed into place: a running program cannot be overwritten.
            atomic::copy(from, to, Some(0o755))
                .with_context(|| format!("cannot copy to {}", to.display()))?;
        }
    }
    for other in fs::read_dir(bin)?.flatten().map(|e| e.path()).filter(|p| *p != folder) {
        let _ = fs::remove_dir_all(other);
    }
    Ok(snapshot)
}

/// Returns whether the copy has the original's bytes.
fn same(from: &Path, to: &Path) -> bool {
    match (fs::read(from), fs::read(to)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_later_build_stands_beside_and_a_damaged_copy_is_made_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let (bin, worker, report) = (path("bin"), path("worker"), path("report"));
        fs::write(&worker, b"one").unwrap();
        fs::write(&report, b"draws").unwrap();
        let first = snapshot(&bin, &worker, &report).unwrap();
        assert_eq!(fs::read(first.sweep.with_file_name("sweep-report")).unwrap(), b"draws");
        assert_eq!(fs::read(&first.worker).unwrap(), b"one");
        assert_eq!(fs::metadata(&first.worker).unwrap().permissions().mode() & 0o777, 0o755);
        fs::write(&first.worker, b"damaged").unwrap();
        assert_eq!(snapshot(&bin, &worker, &report).unwrap().worker, first.worker);
        assert_eq!(fs::read(&first.worker).unwrap(), b"one");
        fs::write(&worker, b"two").unwrap();
        let second = snapshot(&bin, &worker, &report).unwrap();
        assert_ne!(second.worker, first.worker);
        assert!(!first.worker.exists(), "no task waits for it: its attempt is over");
    }
}
