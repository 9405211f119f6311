//! Estimated duration of outstanding runs, from finished runs on this machine.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use serde::Serialize;
use spec::plan::PlannedRun;
use spec::record::{RunRecord, Status};
use spec::{Id, RunSpec};
use store::journal::Journal;
use store::layout::ReportDir;

use crate::machine::Machine;
use crate::pause::Pauses;
use crate::provenance;
use crate::workspace::Workspace;
use spec::plan::ExecutionProfile;

/// Maximum bytes of other sweeps' journals that are read, the newest first.
const MOST_BYTES: u64 = 64 << 20;

/// An estimate and its basis.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Seconds until all is trained, on all slots.
    pub seconds: f64,
    /// Number of finished runs that it is derived from.
    pub from_runs: usize,
    /// Number of outstanding runs without a similar finished run; they are left out.
    pub unknown: usize,
}

/// Returns the keys by which finished runs are looked up, the most specific first. The first is
/// the configuration itself, whose other seeds end as it does, early or diverged.
fn keys(config: Id, spec: &RunSpec) -> [String; 4] {
    let data = format!("{} {} {:?}", spec.data.dataset.name(), spec.data.batch_size, spec.model);
    [
        config.to_string(),
        format!("{data} {} {}", spec.optimizer.kind(), spec.data.validation),
        data,
        format!("{} {}", spec.data.dataset.name(), spec.model.kind()),
    ]
}

/// Returns the estimate; `None` if nothing is outstanding or no similar run was trained here.
/// Only runs on the same processor or GPU, backend and threads count. Evaluation is included,
/// the start of workers is not.
pub fn estimate(
    workspace: &Workspace,
    journal: &Journal,
    machine: &Machine,
    todo: &[&PlannedRun],
    pauses: &Pauses,
) -> Option<Estimate> {
    if todo.is_empty() {
        return None;
    }
    let known = learn(workspace, journal, &machine.wanted.on, Some(&devices()));
    // The fraction of a run up to its pause; what a checkpoint spares is unknown here.
    let part = |run: &PlannedRun| {
        let pause = pauses.get(&run.run_id).map(|pause| *pause as f64);
        pause.map_or(1.0, |pause| pause / run.spec.train.epochs.max(1) as f64)
    };
    let each: Vec<f64> =
        todo.iter().filter_map(|run| Some(known.seconds(run)? * part(run))).collect();
    let slots = machine.slots.len().min(todo.len()).max(1) as f64;
    let longest = each.iter().copied().fold(0.0, f64::max);
    (!each.is_empty()).then(|| Estimate {
        // Never less than the longest run, however many slots there are.
        seconds: (each.iter().sum::<f64>() / slots).max(longest),
        from_runs: known.from_runs,
        unknown: todo.len() - each.len(),
    })
}

/// Returns the estimated seconds of each run; `None` if no similar run was trained on this
/// backend, kind of device and threads. `here` are the names of the devices that count; `None`
/// means all.
pub fn each(
    workspace: &Workspace,
    journal: &Journal,
    on: &ExecutionProfile,
    here: Option<&[String]>,
    todo: &[&PlannedRun],
) -> Vec<Option<f64>> {
    let known = learn(workspace, journal, on, here);
    todo.iter().map(|run| known.seconds(run)).collect()
}

/// Seconds and steps of finished runs, by key.
#[derive(Default)]
struct KnownTimes {
    by_key: HashMap<String, (f64, f64)>,
    from_runs: usize,
}

impl KnownTimes {
    fn seconds(&self, run: &PlannedRun) -> Option<f64> {
        let keys = keys(run.config_id, &run.spec);
        let (seconds, steps) = keys.iter().find_map(|key| self.by_key.get(key))?;
        Some(seconds / steps * run.spec.total_steps() as f64)
    }
}

fn learn(
    workspace: &Workspace,
    journal: &Journal,
    on: &ExecutionProfile,
    here: Option<&[String]>,
) -> KnownTimes {
    // Seconds and steps by key. Steps are those planned for the configuration
    // itself, and else those done by runs that were trained to their end.
    let mut known = KnownTimes::default();
    let mut learn = |records: &[RunRecord]| {
        for record in records {
            let (Some(outcome), Some(exec)) = (&record.outcome, &record.exec) else { continue };
            let alike = on.fits(record) && here.is_none_or(|h| h.contains(&exec.device_model));
            if !alike || outcome.steps == 0 {
                continue;
            }
            known.from_runs += 1;
            let seconds = outcome.train_seconds + outcome.eval_seconds;
            for (i, key) in keys(record.config_id, &record.spec).into_iter().enumerate() {
                let steps = match i {
                    _ if record.status == Status::Cut => outcome.steps,
                    0 => record.spec.total_steps(),
                    _ if record.status == Status::Completed => outcome.steps,
                    _ => continue,
                };
                let sum = known.by_key.entry(key).or_default();
                *sum = (sum.0 + seconds, sum.1 + steps as f64);
            }
        }
    };
    learn(&journal.records);
    if journal.records.is_empty() {
        for dir in others(workspace) {
            if let Ok(journal) = store::journal::read(&dir) {
                learn(&journal.records);
            }
        }
    }
    known
}

/// Returns other report folders with journals, the newest first, up to `MOST_BYTES` of journals.
fn others(workspace: &Workspace) -> Vec<ReportDir> {
    let Ok(entries) = fs::read_dir(workspace.root().join("reports")) else { return Vec::new() };
    let mut found: Vec<(std::time::SystemTime, u64, PathBuf)> = entries
        .filter_map(|e| {
            let path = e.ok()?.path();
            let files = fs::read_dir(ReportDir::new(&path).journal()).ok()?;
            let metas: Vec<fs::Metadata> =
                files.filter_map(|f| f.ok()?.metadata().ok()).filter(|m| m.is_file()).collect();
            let newest = metas.iter().filter_map(|m| m.modified().ok()).max()?;
            Some((newest, metas.iter().map(fs::Metadata::len).sum(), path))
        })
        .collect();
    found.sort_by_key(|(newest, ..)| std::cmp::Reverse(*newest));
    let mut read = 0;
    found
        .into_iter()
        .take_while(|(_, bytes, _)| {
            read += bytes;
            read <= MOST_BYTES
        })
        .map(|(_, _, path)| ReportDir::new(path))
        .collect()
}

/// Returns the names of the processor and the GPUs, as workers record them.
fn devices() -> Vec<String> {
    let value = |text: &str, name: &str| {
        let line = text.lines().find_map(|l| l.strip_prefix(name)?.split_once(':'));
        line.map(|(_, value)| value.trim().to_owned())
    };
    let mut out = vec![provenance::processor()];
    for gpu in fs::read_dir("/proc/driver/nvidia/gpus").into_iter().flatten().flatten() {
        let text = fs::read_to_string(gpu.path().join("information")).unwrap_or_default();
        out.extend(value(&text, "Model"));
    }
    out
}
