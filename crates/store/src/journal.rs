//! Reading the journal: one `RunRecord` a line, many files, any of which a
//! crash may have cut short.

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

/// Journal files that are read at once.
const SIDE_BY_SIDE: usize = 256;

/// A line of the journal that is not what a sweep wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damaged {
    /// File and line.
    pub place: String,
    /// The run that it names, where that can still be read.
    pub run: Option<Id>,
    /// What is wrong with it.
    pub reason: String,
}

/// Every record of a report folder, in the order of file names and lines.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// The records that could be read.
    pub records: Vec<RunRecord>,
    /// Lines that could not, each with file, line and reason.
    pub warnings: Vec<String>,
    /// The same lines, but for torn last ones, which a crash explains: damage
    /// that nothing explains.
    pub damaged: Vec<Damaged>,
    /// Journal files found.
    pub files: usize,
}

impl Journal {
    /// One record a run: of several the newest of the best status, of a paused one the furthest.
    pub fn best(&self) -> HashMap<Id, &RunRecord> {
        self.best_of(|_| true)
    }

    /// As [`Journal::best`], of these records alone.
    pub fn best_of(&self, wanted: impl Fn(&RunRecord) -> bool) -> HashMap<Id, &RunRecord> {
        best(self.records.iter().filter(|r| wanted(r)), None)
    }

    /// As [`Journal::into_best_for`], of records that are lent: they are large, and of
    /// a million a table of their own takes gigabytes.
    pub fn best_for(&self, wanted: Option<&ExecutionProfile>) -> HashMap<Id, &RunRecord> {
        best(self.records.iter(), wanted)
    }

    /// As [`Journal::best`], for good.
    pub fn into_best(self) -> HashMap<Id, RunRecord> {
        self.into_best_for(None)
    }

    /// As [`Journal::into_best`], but of several results those computed as the
    /// sweep wants them come before all others, so that a report does not mix
    /// kinds of devices while it need not.
    pub fn into_best_for(self, wanted: Option<&ExecutionProfile>) -> HashMap<Id, RunRecord> {
        best(self.records.into_iter(), wanted)
    }
}

/// The best record of each run, whether held or lent.
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

/// A result beats a paused run, that an error, an error a cancellation. Of paused runs the one
/// that has come further wins, of all others the newer, and of equally new ones the later read.
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

/// Reads `journal/*.jsonl`; the folders `journal/old-<n>/` stay out.
///
/// A torn last line, a foreign line, an altered one or one of a newer version
/// becomes a warning: what cannot be trusted is trained again. A folder without a journal is an empty journal.
///
/// # Errors
/// A journal file or the folder cannot be read.
pub fn read(dir: &ReportDir) -> Result<Journal, StoreError> {
    read_all(files(&dir.journal())?)
}

/// As [`read`], but only files of these names that are there: what one task of a cluster
/// has written, without a look at the folder, which has those of thousands.
///
/// # Errors
/// As those of [`read`].
pub fn read_named(dir: &ReportDir, names: &[String]) -> Result<Journal, StoreError> {
    let paths = names.iter().map(|name| dir.journal().join(format!("{name}.jsonl")));
    read_all(paths.filter(|path| path.is_file()).collect())
}

fn read_all(paths: Vec<PathBuf>) -> Result<Journal, StoreError> {
    let mut journal = Journal { files: paths.len(), ..Journal::default() };
    // Side by side, because of a file on a server the most is waiting; not all at once,
    // so that they are not held twice.
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

/// The id behind `"run_id":"` in a line that need not be JSON any more.
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
        // What the folder itself tells; a file on a server would have to be asked.
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
