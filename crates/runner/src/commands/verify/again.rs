//! Training of runs again, and their comparison with the stored records.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use spec::Id;
use spec::metric::Metric;
use spec::plan::{ArtifactOptions, Plan, PlannedRun};
use spec::provenance::Provenance;
use spec::record::{Outcome, RunRecord};
use store::layout::ReportDir;

use crate::executor::{Cancel, Message, execute};
use crate::machine::Machine;
use crate::pause::Pauses;
use crate::run_context::RunContext;
use crate::scheduler::RetryPolicy;
use crate::sweep_progress::reason;
use crate::worker_process::WorkerCommand;
use crate::workspace::Workspace;

/// Trains runs without a journal, checkpoints or time limit.
pub(super) fn train_again(
    workspace: &Workspace,
    dir: &ReportDir,
    plan: &Plan,
    machine: &Machine,
    runs: Vec<PlannedRun>,
) -> crate::Result<HashMap<Id, RunRecord>> {
    let logs = std::env::temp_dir().join(format!("sweep-verify-{}", std::process::id()));
    let command = WorkerCommand {
        program: machine.worker.clone(),
        data: workspace.data(),
        threads: machine.wanted.on.threads.max(1),
        plain: machine.wanted.on.plain,
        tf32: machine.wanted.on.tf32,
        libraries: machine.libraries.clone(),
        // Outside the report folder, which `verify` does not write to.
        logs: logs.clone(),
    };
    let context = Arc::new(RunContext {
        jobs: machine.slots.len() as u64,
        // Metrics are compared too; they change no weight.
        keeping: ArtifactOptions {
            metrics: plan.keeping.metrics.clone(),
            ..ArtifactOptions::default()
        },
        best_by: crate::resume::best_by(plan),
        dir: dir.clone(),
        root: std::path::absolute(workspace.root())?,
        provenance: Provenance::default(),
        pause: Pauses::new(),
        go_on: false,
    });
    let count = runs.len();
    let policy = RetryPolicy { retry: 0, fail_fast: None };
    let messages = execute(&command, &machine.slots, runs, policy, &context, &Cancel::default());
    let mut out = HashMap::new();
    for message in messages {
        if let Message::Ended { record, .. } = message {
            crate::text::status!(
                "[{}/{count}] {} trained again",
                out.len() + 1,
                record.run_id.short()
            );
            out.insert(record.run_id, *record);
        }
    }
    let _ = std::fs::remove_dir_all(logs);
    Ok(out)
}

/// Returns a line for each difference between two records, except in times.
pub(super) fn compare(stored: &RunRecord, now: &RunRecord) -> Vec<String> {
    let (Some(a), Some(b)) = (&stored.outcome, &now.outcome) else {
        return vec![format!("no result this time: {}", reason(now))];
    };
    let mut out = Vec::new();
    field(&mut out, "status", &a.status, &b.status);
    field(&mut out, "stop_reason", &a.stop_reason, &b.stop_reason);
    field(&mut out, "epochs_completed", &a.epochs_completed, &b.epochs_completed);
    field(&mut out, "steps", &a.steps, &b.steps);
    field(&mut out, "diverged_step", &a.diverged_step, &b.diverged_step);
    field(&mut out, "dataset_digest", &a.dataset_digest, &b.dataset_digest);
    field(&mut out, "init_digest", &a.init_digest, &b.init_digest);
    field(&mut out, "batch_digest", &a.batch_digest, &b.batch_digest);
    field(&mut out, "weights_digest", &a.weights_digest, &b.weights_digest);
    if let Some(point) = first_different_metric(a, b) {
        out.push(point);
    }
    let bits = |o: &Outcome| o.last_finite_loss.map(|l| l.0.to_bits());
    field(&mut out, "last_finite_loss (bits)", &bits(a), &bits(b));
    out
}

fn field<T: PartialEq + Debug>(out: &mut Vec<String>, name: &str, stored: &T, now: &T) {
    if stored != now {
        out.push(format!("{name}: stored {stored:?}, now {now:?}"));
    }
}

/// Returns the first differing metric. Values are compared by bits, so that two NaNs are equal.
fn first_different_metric(a: &Outcome, b: &Outcome) -> Option<String> {
    let points = |o: &Outcome| {
        let kept = o.metrics.iter().filter(|m| m.metric != Metric::SECONDS);
        kept.map(|m| (format!("{}.{} at step {}", m.split, m.metric, m.step), m.value.0.to_bits()))
            .collect::<Vec<_>>()
    };
    let (a, b) = (points(a), points(b));
    if a.len() != b.len() {
        return Some(format!("metrics: stored {} points, now {}", a.len(), b.len()));
    }
    let (stored, now) = a.iter().zip(&b).find(|(x, y)| x != y)?;
    let value = |bits: u64| spec::float::short(f64::from_bits(bits));
    Some(format!("{}: stored {}, now {}", stored.0, value(stored.1), value(now.1)))
}

/// Returns a line for each fact in which two environments differ.
pub(super) fn environments(stored: &RunRecord, now: &RunRecord) -> Vec<String> {
    match (&stored.exec, &now.exec) {
        (Some(was), Some(is)) => was
            .differing(is)
            .into_iter()
            .map(|d| format!("{}: stored {}, now {}", d.field, d.ours, d.theirs))
            .collect(),
        (was, _) => {
            let which = if was.is_none() { "stored" } else { "new" };
            vec![format!("the environment of the {which} result is not known")]
        }
    }
}
