//! The files of a merge. Nothing is deleted, and a journal is only replaced by a longer one
//! that begins with it. Each file is written under another name, synced and renamed, so that a
//! merge that is killed can be repeated.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use spec::Id;
use store::journal_line;
use store::layout::ReportDir;
use store::{atomic, write_atomic};

use super::name_of;
use crate::error::{Context as _, bad_input};

/// Result of a merge.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// Number of new records.
    pub(super) records: usize,
    /// Number of journal files that are new or longer now.
    pub(super) files: usize,
    /// Number of journal files that had been merged before.
    pub(super) here: usize,
    /// Number of new files of weights.
    pub(super) weights: usize,
    /// Journal files whose last line is incomplete.
    pub(super) torn: Vec<PathBuf>,
    /// Journal files that are kept under another name, with that name.
    pub(super) renamed: Vec<(PathBuf, String)>,
    /// Runs with records, but outside the plan.
    pub(super) outside: HashSet<Id>,
}

/// Result of merging one journal file.
#[derive(Debug, PartialEq, Eq)]
enum How {
    /// The file exists, or a longer one that begins with it.
    Here,
    /// The bytes from this offset on were new.
    From(usize),
}

impl Taken {
    /// Copies the journals and weights of `source` to `dir`. `known` are the runs of the plan.
    pub(super) fn from(
        &mut self,
        source: &ReportDir,
        dir: &ReportDir,
        known: &HashSet<Id>,
    ) -> crate::Result<()> {
        for path in journals(source)? {
            let mut bytes = read(&path)?;
            if cut_torn(&mut bytes) {
                self.torn.push(path.clone());
            }
            self.outside.extend(runs(&bytes).filter(|run| !known.contains(run)));
            if bytes.is_empty() {
                continue;
            }
            let (how, name) = take(&bytes, &name_of(&path), &dir.journal())?;
            match how {
                How::Here => self.here += 1,
                How::From(start) => {
                    self.files += 1;
                    self.records += runs(&bytes[start..]).count();
                    if name != name_of(&path) {
                        self.renamed.push((path, name));
                    }
                }
            }
        }
        for (run, path) in weights(source)? {
            let target = dir.weights_of(run);
            if !target.exists() {
                atomic::copy(&path, &target, None).with_context(|| {
                    format!("cannot copy {} to {}", path.display(), target.display())
                })?;
                self.weights += 1;
            }
        }
        Ok(())
    }
}

/// Returns `journal/*.jsonl` of a folder, sorted, without the folders `old-<n>`.
pub(super) fn journals(dir: &ReportDir) -> crate::Result<Vec<PathBuf>> {
    let is_journal = |p: &PathBuf| p.extension().is_some_and(|e| e == "jsonl") && p.is_file();
    Ok(entries(&dir.journal())?.into_iter().filter(is_journal).collect())
}

/// Returns whether a folder has a record of one of these runs.
pub(super) fn any_run(dir: &ReportDir, known: &HashSet<Id>) -> crate::Result<bool> {
    for path in journals(dir)? {
        if runs(&read(&path)?).any(|run| known.contains(&run)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the files `weights/<run>.safetensors` of a folder with their runs.
fn weights(dir: &ReportDir) -> crate::Result<Vec<(Id, PathBuf)>> {
    let run = |path: PathBuf| {
        let run: Id = path.file_stem()?.to_str()?.parse().ok()?;
        (path == dir.weights_of(run) && path.is_file()).then_some((run, path))
    };
    Ok(entries(&dir.weights())?.into_iter().filter_map(run).collect())
}

/// Returns the paths in a folder, sorted; none if the folder does not exist.
fn entries(folder: &Path) -> crate::Result<Vec<PathBuf>> {
    let list = || -> io::Result<Vec<PathBuf>> {
        fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect()
    };
    match list() {
        Ok(mut paths) => {
            paths.sort();
            Ok(paths)
        }
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", folder.display())),
    }
}

fn read(path: &Path) -> crate::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// Returns the runs that lines name. Lines that are no records are skipped here; they are
/// copied too, and the report warns about them.
fn runs(bytes: &[u8]) -> impl Iterator<Item = Id> + '_ {
    #[derive(Deserialize)]
    struct Line {
        run_id: Id,
    }
    let line = |line| serde_json::from_slice::<Line>(line).ok().map(|line| line.run_id);
    bytes.split(|b| *b == b'\n').filter_map(line)
}

/// Removes an incomplete last record. Returns whether there was one. A complete record without
/// its newline stays.
fn cut_torn(bytes: &mut Vec<u8>) -> bool {
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    let torn = whole < bytes.len() && journal_line::read(&bytes[whole..]).is_err();
    if torn {
        bytes.truncate(whole);
    }
    torn
}

/// Copies a journal into a folder, under its own name if no other journal has it.
fn take(bytes: &[u8], name: &str, folder: &Path) -> crate::Result<(How, String)> {
    for name in names(name, bytes) {
        let path = folder.join(&name);
        let held = match fs::read(&path) {
            Ok(held) => held,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                write_atomic(&path, bytes)?;
                return Ok((How::From(0), name));
            }
            Err(e) => return Err(e).with_context(|| format!("cannot read {}", path.display())),
        };
        if held.starts_with(bytes) {
            return Ok((How::Here, name));
        }
        if bytes.starts_with(&held) {
            write_atomic(&path, bytes)?;
            return Ok((How::From(held.len()), name));
        }
    }
    Err(bad_input(format!(
        "{} holds journals whose content does not match their names; move the files that begin with {name} away",
        folder.display()
    )))
}

/// Returns the names to try. A journal only grows, so its first line identifies it among
/// journals of the same name; if that is the same too, its whole content does.
fn names(name: &str, bytes: &[u8]) -> [String; 3] {
    let stem = name.strip_suffix(".jsonl").unwrap_or(name);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let own = |bytes: &[u8]| format!("{stem}-{}.jsonl", &blake3::hash(bytes).to_hex()[..8]);
    [name.to_owned(), own(first), own(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_taken_once_and_only_grows() {
        let folder = tempfile::tempdir().unwrap();
        let taken = |bytes: &[u8]| take(bytes, "a.jsonl", folder.path()).unwrap();
        let named = |name: &str| fs::read(folder.path().join(name)).unwrap();
        assert_eq!(taken(b"1\n2\n"), (How::From(0), "a.jsonl".to_owned()));
        assert_eq!(taken(b"1\n2\n").0, How::Here);
        assert_eq!(taken(b"1\n").0, How::Here, "the beginning of what is here");
        assert_eq!(named("a.jsonl"), b"1\n2\n");
        assert_eq!(taken(b"1\n2\n3\n").0, How::From(4));

        // Another machine's of the same name, which then grows.
        let (how, own) = taken(b"x\n");
        assert_eq!((how, own.len()), (How::From(0), "a-01234567.jsonl".len()));
        assert_eq!(taken(b"x\ny\n"), (How::From(2), own.clone()));
        assert_eq!(taken(b"x\n"), (How::Here, own.clone()));
        // One that begins alike and continues differently.
        let (how, third) = taken(b"x\nz\n");
        assert!(how == How::From(0) && third != own && third != "a.jsonl");
        assert_eq!(taken(b"x\nz\n"), (How::Here, third.clone()));
        assert_eq!((named("a.jsonl"), named(&own)), (b"1\n2\n3\n".to_vec(), b"x\ny\n".to_vec()));
        assert_eq!(
            (named(&third), fs::read_dir(&folder).unwrap().count()),
            (b"x\nz\n".to_vec(), 3)
        );
    }

    #[test]
    fn half_a_line_is_cut_off() {
        for (text, left) in [("a\nb\n", "a\nb\n"), ("a\n{\"v\":2", "a\n"), ("half", ""), ("", "")] {
            let mut bytes = text.as_bytes().to_vec();
            assert_eq!(cut_torn(&mut bytes), text != left);
            assert_eq!(bytes, left.as_bytes());
        }
    }
}
