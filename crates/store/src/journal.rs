//! Reading of the journal: many files with one `RunRecord` a line, each of which a crash may have
//! cut short.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::journal_line::{self, LineError};
use crate::layout::ReportDir;
use rayon::prelude::*;
use spec::Id;
use spec::plan::ExecutionProfile;
use spec::record::{RunRecord, Status};

use crate::error::StoreError;

/// Number of journal files read in parallel.
const SIDE_BY_SIDE: usize = 256;

/// A line of the journal that differs from what a sweep wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// File and line: `journal/<file>, line <n>`.
    pub place: String,
    /// The run that it names; `None` if the id cannot be read.
    pub run: Option<Id>,
    /// The reason for which it was rejected.
    pub reason: String,
}

/// All records of a report folder, ordered by file name and line.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The records that could be read.
    pub records: Vec<RunRecord>,
    /// One message, with file, line and reason, for each line that could not be read.
    pub warnings: Vec<String>,
    /// The same lines without torn last lines, which a crash explains.
    pub damaged: Vec<Damaged>,
    /// Number of journal files read.
    pub files: usize,
}

impl Journal {
    /// Returns one record for each run: the newest of those with the best status, or of paused runs
    /// the one with the most steps.
    pub fn best(&self) -> HashMap<Id, &RunRecord> {
        self.best_of(|_| true)
    }

    /// Returns the same as [`Journal::best`], but considers only records for which `wanted` is
    /// true.
    pub fn best_of(&self, wanted: impl Fn(&RunRecord) -> bool) -> HashMap<Id, &RunRecord> {
        best(self.records.iter().filter(|r| wanted(r)), None)
    }

    /// Returns the same as [`Journal::into_best_for`], by reference: records are large, and a table
    /// of a million owned ones takes gigabytes.
    pub fn best_for(&self, wanted: Option<&ExecutionProfile>) -> HashMap<Id, &RunRecord> {
        best(self.records.iter(), wanted)
    }

    /// Returns the same as [`Journal::best`], but owned.
    pub fn into_best(self) -> HashMap<Id, RunRecord> {
        self.into_best_for(None)
    }

    /// Returns the same as [`Journal::into_best`], but prefers results that were computed as
    /// `wanted` requires, so that a report mixes kinds of devices only where it must. `None`
    /// prefers none.
    pub fn into_best_for(self, wanted: Option<&ExecutionProfile>) -> HashMap<Id, RunRecord> {
        best(self.records.into_iter(), wanted)
    }
}

/// Returns the best record of each run, for owned and borrowed records.
fn best<R: Borrow<RunRecord>>(
    records: impl Iterator<Item = R>,
    wanted: Option<&ExecutionProfile>,
) -> HashMap<Id, R> {
    let fits = |r: &RunRecord| r.status.is_result() && wanted.is_some_and(|w| w.fits(r));
    let mut best: HashMap<Id, R> = HashMap::new();
    for record in records {
        let new: &RunRecord = record.borrow();
        match best.get(&new.run_id).map(R::borrow) {
            Some(held)
                if fits(new).cmp(&fits(held)).then(preference(new, held)) == Ordering::Less => {}
            _ => {
                best.insert(new.run_id, record);
            }
        }
    }
    best
}

/// Compares two records of a run; the greater one is better. A result beats a paused run, which
/// beats an error, which beats a cancellation. Of paused runs the one with more steps wins, of all
/// others the newer; the caller prefers the later read of equally new ones.
fn preference(a: &RunRecord, b: &RunRecord) -> Ordering {
    let rank = |r: &RunRecord| match r.status {
        Status::Completed | Status::Diverged => 3,
        Status::Cut => 2,
        Status::TimedOut | Status::Failed => 1,
        Status::Cancelled => 0,
    };
    let paused_at = |r: &RunRecord| match (r.status, &r.outcome) {
        (Status::Cut, Some(outcome)) => outcome.steps,
        _ => 0,
    };
    // Without the `Z`, a fraction of a second sorts after the whole second.
    fn time(r: &RunRecord) -> &str {
        r.ended.trim_end_matches('Z')
    }
    let further = || paused_at(a).cmp(&paused_at(b));
    rank(a).cmp(&rank(b)).then_with(further).then_with(|| time(a).cmp(time(b)))
}

/// Reads `journal/*.jsonl`, but not the archived folders `journal/old-<n>/`.
///
/// A line that is torn, foreign, altered or of a newer version becomes a warning, and its run is
/// trained again. A folder without a journal gives an empty journal.
///
/// # Errors
/// A journal file or the folder cannot be read.
pub fn read(dir: &ReportDir) -> Result<Journal, StoreError> {
    read_all(files(&dir.journal())?)
}

/// Reads only those files `journal/<name>.jsonl` that exist. A cluster task reads its own files
/// this way, without listing a folder that holds thousands.
///
/// # Errors
/// Those of [`read`].
pub fn read_named(dir: &ReportDir, names: &[String]) -> Result<Journal, StoreError> {
    let paths = names.iter().map(|name| dir.journal().join(format!("{name}.jsonl")));
    read_all(paths.filter(|path| path.is_file()).collect())
}

fn read_all(paths: Vec<PathBuf>) -> Result<Journal, StoreError> {
    let mut journal = Journal { files: paths.len(), ..Journal::default() };
    // Parallel, because reading from a file server is mostly waiting; in chunks, so that not all
    // files are in memory twice.
    for some in paths.chunks(SIDE_BY_SIDE) {
        let read: Vec<_> = some.par_iter().map(|path| read_file(path)).collect();
        for part in read {
            let Journal { records, warnings, damaged, .. } = part?;
            journal.records.extend(records);
            journal.warnings.extend(warnings);
            journal.damaged.extend(damaged);
        }
    }
    Ok(journal)
}

fn read_file(path: &Path) -> Result<Journal, StoreError> {
    let mut journal = Journal::default();
    let bytes = crate::files::read(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let torn = !bytes.ends_with(b"\n");
    let lines: Vec<&[u8]> = bytes.split(|b| *b == b'\n').collect();
    let parsed: Vec<_> = lines.par_iter().map(|line| parse(line)).collect();
    for (i, result) in parsed.into_iter().enumerate() {
        match result {
            Ok(Some(record)) => journal.records.push(record),
            Ok(None) => {}
            Err(LineError::Foreign(_)) if torn && i + 1 == lines.len() => journal
                .warnings
                .push(format!("journal/{name}, line {}: the last line is torn and ignored", i + 1)),
            Err(reason) => {
                let place = format!("journal/{name}, line {}", i + 1);
                journal.warnings.push(format!("{place}: ignored, {reason}"));
                let (run, reason) = (run_named(lines[i]), reason.to_string());
                journal.damaged.push(Damaged { place, run, reason });
            }
        }
    }
    Ok(journal)
}

/// Returns the id after `"run_id":"` in a line that need not be valid JSON.
fn run_named(line: &[u8]) -> Option<Id> {
    let text = String::from_utf8_lossy(line);
    let (_, rest) = text.split_once("\"run_id\":\"")?;
    rest.get(..32)?.parse().ok()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StoreError::io("read", folder)(e)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let entry = entry.map_err(StoreError::io("read", folder))?;
        let path = entry.path();
        // The folder's entry usually has the type; `is_file` asks the file server again.
        let file = || entry.file_type().is_ok_and(|t| t.is_file()) || path.is_file();
        if path.extension().is_some_and(|e| e == "jsonl") && file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn parse(line: &[u8]) -> Result<Option<RunRecord>, LineError> {
    if line.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    journal_line::read(line).map(Some)
}
