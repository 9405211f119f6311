//! Folders of bundles: safe replacement, packed programs, and sums of the files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::build;
use crate::libtorch::archive;

use super::{GLIBC, SEAL};

/// Checks that a folder may be replaced: it does not exist, is empty, or holds only the files
/// of an earlier bundle. Reports of sweeps that were run in it are never removed.
pub(super) fn free(output: &Path) -> Result<()> {
    if !output.exists() {
        return Ok(());
    }
    let sums = fs::read_to_string(output.join(SEAL)).unwrap_or_default();
    let listed: Vec<&str> = sums.lines().filter_map(|line| line.get(66..)).collect();
    // `sweep.sh` unpacks the programs beside the packed ones, with `.sum` files.
    let known = |name: &str| {
        let packed = format!("{}.gz", name.trim_end_matches(".sum"));
        name == SEAL || listed.contains(&name) || listed.contains(&packed.as_str())
    };
    let others = match output.is_dir() {
        true => files(output)?.into_iter().find(|name| !known(name)),
        false => Some(String::new()),
    };
    match others {
        Some(name) => bail!(
            "{} exists and holds a file that is not part of a bundle ({name}); give another --output",
            output.display()
        ),
        None => Ok(()),
    }
}

/// Returns the paths of all files below a folder, relative to it and sorted.
fn files(folder: &Path) -> Result<Vec<String>> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next)? {
            let path = entry?.path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                out.push(path.strip_prefix(folder)?.display().to_string());
            }
        }
    }
    out.sort();
    Ok(out)
}

/// Creates this process's own folder beside the output, in which the bundle is assembled.
pub(super) fn staging(output: &Path) -> Result<PathBuf> {
    let name = output.file_name().context("the output has no name")?.to_string_lossy();
    let staging = output.with_file_name(format!(".{name}.{}", std::process::id()));
    fs::create_dir_all(&staging)?;
    Ok(staging)
}

/// Strips and compresses a program; returns the compressed size in bytes.
pub(super) fn pack(program: &Path, to: &Path) -> Result<u64> {
    let stripped = to.with_extension("stripped");
    let mut strip = Command::new("strip");
    build::run(strip.arg("-o").arg(&stripped).arg(program))?;
    let packed = to.with_extension("gz");
    let mut gzip = Command::new("gzip");
    gzip.args(["-9", "-n", "-c"]).arg(&stripped).stdout(File::create(&packed)?);
    build::run(&mut gzip)?;
    fs::remove_file(&stripped)?;
    Ok(packed.metadata()?.len())
}

/// Returns the newest glibc version (major, minor) that a program's symbols need.
pub(super) fn needed_glibc(program: &Path) -> Result<(u32, u32)> {
    let output = Command::new("objdump").arg("-T").arg(program).output();
    let output = output.context("cannot start objdump, which comes with the C++ compiler")?;
    Ok(newest_glibc(&String::from_utf8_lossy(&output.stdout)))
}

fn newest_glibc(symbols: &str) -> (u32, u32) {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let version = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
        let mut numbers = version.split('.').map(str::parse);
        Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
    });
    versions.max().unwrap_or(GLIBC)
}

/// Returns the content of the commit file: the commit, and the hash of uncommitted changes.
pub(super) fn commit(root: &Path) -> Result<String> {
    let git = |args: &[&str]| -> Result<String> {
        let output = Command::new("git").current_dir(root).args(args).output()?;
        ensure!(
            output.status.success(),
            "git {} failed; run this in a git checkout",
            args.join(" ")
        );
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let head = git(&["rev-parse", "HEAD"])?;
    let changes = git(&["status", "--porcelain"])? + &git(&["diff", "HEAD", "--no-ext-diff"])?;
    if changes.is_empty() {
        return Ok(format!("{head}\n"));
    }
    Ok(format!("{head} {}\n", &archive::sha256(&mut changes.as_bytes())?[..32]))
}

/// Writes the SHA-256 sum of every file, in the format of `sha256sum --check`.
pub(super) fn seal(folder: &Path) -> Result<()> {
    let mut lines = String::new();
    for name in files(folder)? {
        let hash = archive::sha256(&mut File::open(folder.join(&name))?)?;
        lines += &format!("{hash}  {name}\n");
    }
    fs::write(folder.join(SEAL), lines)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_glibc_that_is_called_is_found() {
        let symbols = "0 DF *UND* 0 (GLIBC_2.2.5) read\n0 DF *UND* 0 (GLIBC_2.34) f\n\
                       0 DF *UND* 0 (GLIBCXX_3.4.30) g\n0 DF *UND* 0 (GLIBC_2.4) h\n";
        assert_eq!(newest_glibc(symbols), (2, 34));
    }

    #[test]
    fn reports_in_a_bundle_are_never_replaced() {
        let made = tempfile::tempdir().unwrap();
        let folder = made.path();
        assert!(free(&folder.join("new")).is_ok() && free(folder).is_ok());
        fs::create_dir(folder.join("bin")).unwrap();
        fs::write(folder.join("bin/sweep.gz"), "packed").unwrap();
        seal(folder).unwrap();
        fs::write(folder.join("bin/sweep"), "unpacked").unwrap();
        assert!(free(folder).is_ok(), "a bundle whose programs were unpacked");
        fs::create_dir_all(folder.join("reports/a/journal")).unwrap();
        fs::write(folder.join("reports/a/journal/1.jsonl"), "{}").unwrap();
        let said = free(folder).unwrap_err().to_string();
        assert!(said.contains("reports/a/journal/1.jsonl"), "{said}");
    }

    #[test]
    fn sums_are_those_of_every_file() {
        let made = tempfile::tempdir().unwrap();
        fs::create_dir(made.path().join("bin")).unwrap();
        fs::write(made.path().join("bin/a"), "one").unwrap();
        fs::write(made.path().join("b"), "two").unwrap();
        seal(made.path()).unwrap();
        let mut check = Command::new("sha256sum");
        check.args(["--check", "--strict", SEAL]).current_dir(made.path());
        let checked = check.output().unwrap();
        assert!(checked.status.success(), "{checked:?}");
        let said = String::from_utf8_lossy(&checked.stdout);
        assert!(said.contains("b: OK") && said.contains("bin/a: OK"), "{said}");
    }
}
