//! How long outstanding runs will take, from finished runs on this machine.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use report::journal::Journal;
use serde::Serialize;
use spec::RunSpec;
use spec::layout::ReportDir;
use spec::plan::PlannedRun;
use spec::record::RunRecord;

use crate::machine::Machine;
use crate::workspace::Workspace;

/// Journals of other sweeps are read up to this many bytes, the newest first.
const MOST_BYTES: u64 = 64 << 20;

/// An estimate and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Seconds until all is trained, on all slots.
    pub seconds: f64,
    /// Finished runs it was derived from.
    pub from_runs: usize,
    /// Outstanding runs without any run like them; they are left out.
    pub unknown: usize,
}

/// How alike a finished run is: the more specific key wins.
fn keys(spec: &RunSpec) -> [String; 3] {
    let data = format!("{} {} {:?}", spec.data.dataset.name(), spec.data.batch_size, spec.model);
    [
        format!("{data} {} {}", spec.optimizer.kind(), spec.data.validation),
        data,
        format!("{} {}", spec.data.dataset.name(), spec.model.kind()),
    ]
}

/// The estimate; none when nothing is outstanding or nothing like it was ever
/// trained here. Only runs on the same processor or GPU, backend and threads
/// count; evaluation is included, the start of workers is not.
pub fn estimate(
    workspace: &Workspace,
    journal: &Journal,
    machine: &Machine,
    todo: &[&PlannedRun],
) -> Option<Estimate> {
    if todo.is_empty() {
        return None;
    }
    let mut seconds: HashMap<String, (f64, f64)> = HashMap::new();
    let mut from_runs = 0;
    let here = cpu_model();
    let mut learn = |records: &[RunRecord]| {
        for record in records {
            let (Some(outcome), Some(exec)) = (&record.outcome, &record.exec) else { continue };
            let alike = machine.wanted.on.fits(record)
                && (exec.device_kind == "cuda" || exec.device_model == here);
            if !alike || outcome.steps == 0 {
                continue;
            }
            from_runs += 1;
            let per_step = (outcome.train_seconds + outcome.eval_seconds) / outcome.steps as f64;
            for key in keys(&record.spec) {
                let sum = seconds.entry(key).or_default();
                *sum = (sum.0 + per_step, sum.1 + 1.0);
            }
        }
    };
    learn(&journal.records);
    if journal.records.is_empty() {
        for dir in others(workspace) {
            if let Ok(journal) = report::journal::read(&dir) {
                learn(&journal.records);
            }
        }
    }
    let per_step = |run: &PlannedRun| {
        keys(&run.spec).iter().find_map(|key| seconds.get(key)).map(|(sum, n)| sum / n)
    };
    let known: Vec<f64> =
        todo.iter().filter_map(|r| Some(per_step(r)? * r.spec.total_steps() as f64)).collect();
    let slots = machine.slots.len().min(todo.len()).max(1) as f64;
    let longest = known.iter().copied().fold(0.0, f64::max);
    (!known.is_empty()).then(|| Estimate {
        // Never less than the longest run, however many slots there are.
        seconds: (known.iter().sum::<f64>() / slots).max(longest),
        from_runs,
        unknown: todo.len() - known.len(),
    })
}

/// Other report folders with journals, the newest first, within the bound.
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
    found.sort_by(|a, b| b.0.cmp(&a.0));
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

/// The processor's name, as workers record it.
pub fn cpu_model() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}
