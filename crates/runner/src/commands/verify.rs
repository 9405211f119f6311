//! `verify`: trains a sample of finished runs again and compares every digest
//! and metric bit by bit with what the journal holds. Before that, every
//! record of the journal is checked against its own checksum.

use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use spec::Id;
use spec::layout::ReportDir;
use spec::plan::{Keeping, Plan, PlannedRun};
use spec::provenance::Provenance;
use spec::record::{Outcome, RunRecord};

use crate::cli::VerifyArgs;
use crate::executor::{Cancel, Conditions, Message, execute};
use crate::exit::{Exit, bad_input};
use crate::live::{describe, reason};
use crate::machine::Machine;
use crate::scheduler::Terms;
use crate::worker_process::WorkerCommand;
use crate::workspace::Workspace;
use crate::{dataset_check, text};

/// Verifies; exit code 6 when anything is not what is stored.
pub(super) fn verify(workspace: &Workspace, args: &VerifyArgs) -> anyhow::Result<Exit> {
    let dir = super::report::folder_of(workspace, &args.file)?;
    let plan: Plan = serde_json::from_slice(&std::fs::read(dir.plan())?)?;
    let journal = report::journal::read(&dir)?;
    let mut wrong = 0;
    for warning in &journal.warnings {
        eprintln!("{} {}", console::style("warning:").for_stderr().yellow(), text::plain(warning));
    }
    for run in &journal.altered {
        wrong += 1;
        let name = plan.runs.iter().find(|r| r.run_id.to_string() == *run);
        let name = name.map_or_else(|| "not in the plan".to_owned(), describe);
        let run = text::plain(run);
        println!("{} {name}  {run}: its record is not as it was written", mark(false));
    }
    let whole = journal.records.len();
    println!("{} as they were written", text::count(whole, "record"));

    let machine = Machine::find(&plan, args.jobs);
    if let Some(problem) = machine.problem {
        return Err(problem);
    }
    let records: HashMap<Id, RunRecord> = journal
        .into_best_for(plan.computed_on.as_ref())
        .into_iter()
        .filter(|(_, r)| r.status.is_result())
        .collect();
    let chosen = choose(&plan, &records, &machine, args)?;
    if chosen.is_empty() {
        println!("no result of this training code is there to be trained again");
        return Ok(if wrong > 0 { Exit::VerificationFailed } else { Exit::Ok });
    }
    dataset_check::on_disk(workspace, &plan)?;
    let again = train_again(workspace, &dir, &plan, &machine, chosen.clone())?;
    for run in &chosen {
        let (Some(stored), Some(now)) = (records.get(&run.run_id), again.get(&run.run_id)) else {
            wrong += 1;
            println!("{} {}  {}: it did not end", mark(false), describe(run), run.run_id.short());
            continue;
        };
        let differences = compare(stored, now);
        wrong += usize::from(!differences.is_empty());
        let weights = now.outcome.as_ref().and_then(|o| o.weights_digest.as_deref());
        let weights =
            weights.map_or_else(String::new, |w| format!("  weights {}", &w[..w.len().min(8)]));
        let ok = differences.is_empty();
        println!("{} {}  {}{weights}", mark(ok), describe(run), run.run_id.short());
        differences.iter().for_each(|d| println!("     {}", text::plain(d)));
    }
    if wrong == 0 {
        println!("{} trained again, bit-identical", text::count(chosen.len(), "run"));
        return Ok(Exit::Ok);
    }
    println!("{} not what is stored", text::count(wrong, "run"));
    Ok(Exit::VerificationFailed)
}

fn mark(ok: bool) -> console::StyledObject<&'static str> {
    if ok { console::style("ok  ").green() } else { console::style("FAIL").red().bold() }
}

/// Runs of the sample: one optimizer after the other, seeds and configurations
/// at random, from results that this worker is expected to repeat.
fn choose(
    plan: &Plan,
    records: &HashMap<Id, RunRecord>,
    machine: &Machine,
    args: &VerifyArgs,
) -> anyhow::Result<Vec<PlannedRun>> {
    let code = &machine.wanted.code;
    let repeatable = |run: &&PlannedRun| {
        records
            .get(&run.run_id)
            .and_then(|r| r.exec.as_ref())
            .is_some_and(|e| e.code == *code && machine.wanted.on.fits(&records[&run.run_id]))
    };
    if !args.run.is_empty() {
        let mut out = Vec::new();
        for prefix in &args.run {
            let found: Vec<&PlannedRun> =
                plan.runs.iter().filter(|r| r.run_id.to_string().starts_with(prefix)).collect();
            let [run] = found[..] else {
                return Err(bad_input(format!(
                    "--run {prefix} names {} runs of the plan, not one",
                    found.len()
                )));
            };
            if !records.contains_key(&run.run_id) {
                return Err(bad_input(format!(
                    "--run {prefix}: there is no result to compare with"
                )));
            }
            if !repeatable(&run) {
                return Err(bad_input(format!(
                    "--run {prefix}: its result was made by other training code or on another kind of device\n  `why` says what differs; --fresh trains anew"
                )));
            }
            out.push(run.clone());
        }
        return Ok(out);
    }
    if !records.is_empty() && !plan.runs.iter().any(|r| repeatable(&r)) {
        return Err(bad_input(
            "every result was made by other training code or on another kind of device than the worker at hand: nothing can be expected to repeat bit by bit\n  --fresh trains anew; `why FILE RUN` says what differs",
        ));
    }
    // Another sample each time, so that many short checks see much.
    let seed = now_seed();
    let mut by_label: Vec<Vec<&PlannedRun>> = plan
        .optimizers
        .iter()
        .map(|o| {
            let mut runs: Vec<&PlannedRun> =
                plan.runs.iter().filter(|r| r.label == o.label).filter(repeatable).collect();
            runs.sort_by_cached_key(|r| spec::seed::stream(seed, &r.run_id.to_string()).next_u64());
            runs
        })
        .collect();
    let mut out = Vec::new();
    let wanted = usize::try_from(args.sample).unwrap_or(usize::MAX);
    while out.len() < wanted && by_label.iter().any(|runs| !runs.is_empty()) {
        for runs in &mut by_label {
            if out.len() < wanted
                && let Some(run) = runs.pop()
            {
                out.push(run.clone());
            }
        }
    }
    Ok(out)
}

fn now_seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |d| d.as_secs())
}

/// Trains without a journal, checkpoints or time limit.
fn train_again(
    workspace: &Workspace,
    dir: &ReportDir,
    plan: &Plan,
    machine: &Machine,
    runs: Vec<PlannedRun>,
) -> anyhow::Result<HashMap<Id, RunRecord>> {
    let command = WorkerCommand {
        program: machine.worker.clone(),
        data: workspace.data(),
        threads: plan.threads_per_run,
        logs: dir.logs().join("verify"),
    };
    let conditions = Arc::new(Conditions {
        jobs: machine.slots.len() as u64,
        keeping: Keeping::default(),
        best_by: super::training::best_by(plan),
        dir: dir.clone(),
        root: std::path::absolute(workspace.root())?,
        provenance: Provenance::default(),
    });
    let count = runs.len();
    let terms = Terms { retry: 0, fail_fast: None };
    let messages = execute(&command, &machine.slots, runs, terms, &conditions, &Cancel::default());
    let mut out = HashMap::new();
    for message in messages {
        if let Message::Ended { record, .. } = message {
            eprintln!("[{}/{count}] {} trained again", out.len() + 1, record.run_id.short());
            out.insert(record.run_id, *record);
        }
    }
    Ok(out)
}

/// Everything that is not the same, a line each; times are left out.
fn compare(stored: &RunRecord, now: &RunRecord) -> Vec<String> {
    let (Some(a), Some(b)) = (&stored.outcome, &now.outcome) else {
        return vec![format!("it has no result now: {}", reason(now))];
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
    if stored.exec_id != now.exec_id && !out.is_empty() {
        out.push(
            "the environments differ too (processor, library or driver): see `why`".to_owned(),
        );
    }
    out
}

fn field<T: PartialEq + Debug>(out: &mut Vec<String>, name: &str, stored: &T, now: &T) {
    if stored != now {
        out.push(format!("{name}: stored {stored:?}, now {now:?}"));
    }
}

/// Compared by bits, so that two NaN are the same.
fn first_different_metric(a: &Outcome, b: &Outcome) -> Option<String> {
    let points = |o: &Outcome| {
        let kept = o.metrics.iter().filter(|m| m.metric != "seconds");
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
