//! Stored measurements: `reports/.machine.json`. Git ignores the file, and no result depends on
//! it: missing measurements are repeated.

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
/// Maximum number of measurements; the oldest are dropped.
const MOST: usize = 100;

/// Conditions that a measurement is valid for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// Name of the processor.
    pub processor: String,
    /// Number of logical processors that may be used.
    pub cores: u64,
    /// Device: `libtorch:cpu` or `flex`.
    pub device: String,
    /// Version of libtorch; `None` on flex.
    pub libtorch: Option<String>,
    /// Hash of the worker's sources.
    pub code: String,
    /// The model.
    pub model: ModelSpec,
    /// Channels, height and width of a sample.
    pub shape: [usize; 3],
    /// Number of outputs of the model.
    pub outputs: usize,
    /// Samples per batch.
    pub batch_size: u64,
    /// Whether the fast path is off.
    #[serde(default)]
    pub plain: bool,
}

/// Measured speed of runs side by side that share all cores.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Threads per run.
    pub threads: u64,
    /// Number of runs side by side.
    pub jobs: u64,
    /// Samples per second of all runs together.
    pub samples_per_second: f64,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Conditions that it is valid for.
    #[serde(flatten)]
    pub key: Key,
    /// Best number of threads per run.
    pub threads: u64,
    /// Time of the measurement, RFC 3339.
    pub measured: String,
    /// Kind of the optimizer that was used.
    pub optimizer: String,
    /// Measured candidates.
    pub trials: Vec<Trial>,
}

impl Entry {
    /// Returns the day of the measurement: `2026-11-27`.
    pub fn day(&self) -> String {
        let day = self.measured.get(..10).unwrap_or(&self.measured);
        text::plain(day)
    }

    /// Describes the candidates: `1 thread x 2 jobs 312,000 samples/s, 2 threads x 1 job 201,000`.
    pub fn told(&self) -> String {
        let unit = |first| if first { " samples/s" } else { "" };
        let one = |(i, t): (usize, &Trial)| {
            format!("{} {}{}", t.name(), thousands(t.samples_per_second), unit(i == 0))
        };
        let all: Vec<String> = self.trials.iter().enumerate().map(one).collect();
        all.join(", ")
    }

    /// Describes model and batch size: `mlp hidden=[128] batch 64`.
    pub fn size(&self) -> String {
        size(&self.key.model, self.key.batch_size)
    }

    /// Returns whether the numbers are valid.
    fn is_sound(&self) -> bool {
        (1..=1024).contains(&self.threads)
            && self.trials.iter().all(|t| t.samples_per_second.is_finite())
    }
}

impl Trial {
    /// Describes the candidate: `2 threads x 1 job`.
    pub fn name(&self) -> String {
        let threads = plural::count(self.threads, "thread");
        format!("{threads} x {}", plural::count(self.jobs, "job"))
    }
}

/// Describes model and batch size.
pub(super) fn size(model: &ModelSpec, batch: u64) -> String {
    let mut out = model.kind().to_owned();
    for (name, value) in model.to_values() {
        // Only sizes: other keys hardly change the number of operations.
        if matches!(value, Value::List(_)) {
            out += &format!(" {name}={value}");
        }
    }
    format!("{out} batch {batch}")
}

/// Formats a number with three significant digits, in groups: `312,000`.
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

/// Content of the file.
#[derive(Debug, Default)]
pub struct MachineFile {
    /// Measurements, in the order of time.
    pub entries: Vec<Entry>,
    /// Reason why the file is unusable, with its name; `None` if it is usable or missing.
    pub problem: Option<String>,
}

impl MachineFile {
    /// Returns the path of the file.
    pub fn path(workspace: &Workspace) -> PathBuf {
        // No report has this name: those begin with a letter or digit.
        workspace.root().join("reports/.machine.json")
    }

    /// Reads the file. A missing file is empty; an invalid one is empty and has a `problem`.
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
            Ok(_) => Self::unusable(workspace, "it contains an invalid number"),
            Err(e) => Self::unusable(workspace, &e.to_string()),
        }
    }

    fn unusable(workspace: &Workspace, reason: &str) -> Self {
        let path = workspace.relative(&Self::path(workspace));
        let problem = format!("{path} cannot be used ({})", text::plain(reason));
        MachineFile { entries: Vec::new(), problem: Some(problem) }
    }

    /// Returns the newest measurement that is valid for these conditions.
    pub fn find(&self, key: &Key) -> Option<&Entry> {
        self.entries.iter().rev().find(|e| e.key == *key)
    }

    /// Adds a measurement and drops an earlier one of the same key. An invalid file is overwritten.
    /// The caller holds the lock of [`alone`].
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn keep(workspace: &Workspace, entry: &Entry) -> crate::Result<()> {
        let mut entries = Self::read(workspace).entries;
        entries.retain(|e| e.key != entry.key);
        entries.push(entry.clone());
        entries.drain(..entries.len().saturating_sub(MOST));
        let bytes = serde_json::to_vec_pretty(&Stored { v: VERSION, entries })?;
        store::write_atomic(&Self::path(workspace), &bytes)?;
        Ok(())
    }

    /// Returns the entries of this processor and number of cores, the newest first, and the number
    /// of other entries.
    pub fn of_machine(&self, processor: &str, cores: u64) -> (Vec<&Entry>, usize) {
        let here = |e: &&Entry| e.key.processor == processor && e.key.cores == cores;
        let ours: Vec<&Entry> = self.entries.iter().rev().filter(here).collect();
        let others = self.entries.len() - ours.len();
        (ours, others)
    }
}

/// Acquires the lock that lets one sweep measure at a time; the operating system frees it when the
/// process dies. `None` if the lock is unavailable: the file itself is replaced as a whole and
/// needs no lock.
pub(super) fn alone(workspace: &Workspace) -> Option<File> {
    let path = MachineFile::path(workspace).with_extension("lock");
    fs::create_dir_all(path.parent()?).ok()?;
    let file = File::options().write(true).create(true).truncate(false).open(path).ok()?;
    match file.try_lock() {
        Ok(()) => return Some(file),
        Err(TryLockError::WouldBlock) => {
            text::status!("another sweep is measuring the threads of this machine; waiting for it");
        }
        Err(TryLockError::Error(_)) => return None,
    }
    file.lock().ok()?;
    Some(file)
}
