//! Measurements that are kept: `reports/.machine.json`. Git ignores it, and no
//! result depends on its being there: what it lacks is measured.

use std::fs::{self, File, TryLockError};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use spec::ModelSpec;
use spec::params::Value;
use text_format::plural;

use crate::text;
use crate::workspace::Workspace;

/// Version of the file.
const VERSION: u32 = 1;
/// More measurements than this push out the oldest.
const MOST: usize = 100;

/// What a measurement holds for: anything else that is trained is measured anew.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Name of the processor.
    pub processor: String,
    /// Logical processors that may be used.
    pub cores: u64,
    /// `libtorch:cpu` or `flex`.
    pub device: String,
    /// Version of libtorch; null on flex.
    pub libtorch: Option<String>,
    /// Hash of the worker's sources.
    pub code: String,
    /// The model.
    pub model: ModelSpec,
    /// Channels, height and width of a sample.
    pub shape: [usize; 3],
    /// Outputs of the model.
    pub outputs: usize,
    /// Samples a batch.
    pub batch_size: u64,
    /// Without the fast path.
    #[serde(default)]
    pub plain: bool,
}

/// Runs side by side that share all cores, and how fast they were.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Threads inside each.
    pub threads: u64,
    /// How many.
    pub jobs: u64,
    /// Of all of them together.
    pub samples_per_second: f64,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// What it holds for.
    #[serde(flatten)]
    pub key: Key,
    /// What came out: threads inside a run.
    pub threads: u64,
    /// When, RFC 3339.
    pub measured: String,
    /// Kind of the optimizer that was trained with.
    pub optimizer: String,
    /// What was tried.
    pub trials: Vec<Trial>,
}

impl Entry {
    /// `2026-11-27`.
    pub fn day(&self) -> String {
        let day = self.measured.get(..10).unwrap_or(&self.measured);
        text::plain(day)
    }

    /// `1 thread x 2 jobs 312,000 samples/s, 2 threads x 1 job 201,000`.
    pub fn told(&self) -> String {
        let unit = |first| if first { " samples/s" } else { "" };
        let one = |(i, t): (usize, &Trial)| {
            format!("{} {}{}", t.name(), thousands(t.samples_per_second), unit(i == 0))
        };
        let all: Vec<String> = self.trials.iter().enumerate().map(one).collect();
        all.join(", ")
    }

    /// `mlp hidden=[128] batch 64`.
    pub fn size(&self) -> String {
        size(&self.key.model, self.key.batch_size)
    }

    /// Whether a sweep can take it for what it is.
    fn is_sound(&self) -> bool {
        (1..=1024).contains(&self.threads)
            && self.trials.iter().all(|t| t.samples_per_second.is_finite())
    }
}

impl Trial {
    /// `2 threads x 1 job`.
    pub fn name(&self) -> String {
        let threads = plural::count(self.threads, "thread");
        format!("{threads} x {}", plural::count(self.jobs, "job"))
    }
}

/// Model and batch size as a person tells them apart.
pub(super) fn size(model: &ModelSpec, batch: u64) -> String {
    let mut out = model.kind().to_owned();
    for (name, value) in model.to_values() {
        // Sizes alone: what is off or a word makes few operations.
        if matches!(value, Value::List(_)) {
            out += &format!(" {name}={value}");
        }
    }
    format!("{out} batch {batch}")
}

/// Three digits that count, in groups: `312,000`.
fn thousands(x: f64) -> String {
    let unit = 10_f64.powi((x.max(1.0).log10().floor() as i32 - 2).max(0));
    let digits = format!("{:.0}", (x / unit).round() * unit);
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[derive(Serialize, Deserialize)]
struct Stored {
    v: u32,
    entries: Vec<Entry>,
}

/// What the file holds.
#[derive(Debug, Default)]
pub struct MachineFile {
    /// In the order they were measured.
    pub entries: Vec<Entry>,
    /// Why nothing of the file can be used, in words that name it.
    pub problem: Option<String>,
}

impl MachineFile {
    /// Where it is.
    pub fn path(workspace: &Workspace) -> PathBuf {
        // The name of no report: those begin with a letter or digit.
        workspace.root().join("reports/.machine.json")
    }

    /// Reads it. No file is an empty one; one that is not ours is a problem to
    /// be told of, and as empty.
    pub fn read(workspace: &Workspace) -> Self {
        let path = Self::path(workspace);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Self::default(),
            Err(e) => return Self::unusable(workspace, &e.to_string()),
        };
        #[derive(Deserialize)]
        struct Versioned {
            v: u32,
        }
        // The version first: another one may have other fields.
        match serde_json::from_slice(&bytes) {
            Ok(Versioned { v: VERSION }) => {}
            Ok(Versioned { v }) => {
                let reason = format!("it is of version {v}, not {VERSION}");
                return Self::unusable(workspace, &reason);
            }
            Err(e) => return Self::unusable(workspace, &e.to_string()),
        }
        match serde_json::from_slice::<Stored>(&bytes) {
            Ok(stored) if stored.entries.iter().all(Entry::is_sound) => {
                MachineFile { entries: stored.entries, problem: None }
            }
            Ok(_) => Self::unusable(workspace, "a number in it makes no sense"),
            Err(e) => Self::unusable(workspace, &e.to_string()),
        }
    }

    fn unusable(workspace: &Workspace, reason: &str) -> Self {
        let path = workspace.relative(&Self::path(workspace));
        let problem = format!("{path} cannot be used ({})", text::plain(reason));
        MachineFile { entries: Vec::new(), problem: Some(problem) }
    }

    /// The newest measurement that holds for this.
    pub fn find(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().rev().find(|e| e.key == *key)
    }

    /// Adds a measurement; that of the same key before it is forgotten. What
    /// cannot be read is written over. The caller is [`alone`].
    ///
    /// # Errors
    /// Those of writing.
    pub fn keep(workspace: &Workspace, entry: &Entry) -> crate::Result<()> {
        let mut entries = Self::read(workspace).entries;
        entries.retain(|e| e.key != entry.key);
        entries.push(entry.clone());
        entries.drain(..entries.len().saturating_sub(MOST));
        let bytes = serde_json::to_vec_pretty(&Stored { v: VERSION, entries })?;
        store::write_atomic(&Self::path(workspace), &bytes)?;
        Ok(())
    }

    /// Entries of this processor, the newest first, and how many are of others.
    pub fn of_machine(&self, processor: &str, cores: u64) -> (Vec<&Entry>, usize) {
        let here = |e: &&Entry| e.key.processor == processor && e.key.cores == cores;
        let ours: Vec<&Entry> = self.entries.iter().rev().filter(here).collect();
        let others = self.entries.len() - ours.len();
        (ours, others)
    }
}

/// Held while a sweep measures, so that no other measures beside it; the
/// operating system frees it when the process dies. None where it cannot be had:
/// the file itself is replaced as a whole and needs no lock.
pub(super) fn alone(workspace: &Workspace) -> Option<File> {
    let path = MachineFile::path(workspace).with_extension("lock");
    fs::create_dir_all(path.parent()?).ok()?;
    let file = File::options().write(true).create(true).truncate(false).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => return Some(file),
        Err(TryLockError::WouldBlock) => {
            text::status!("another sweep measures the threads of this machine; waiting for it");
        }
        Err(TryLockError::Error(_)) => return None,
    }
    file.lock().ok()?;
    Some(file)
}
