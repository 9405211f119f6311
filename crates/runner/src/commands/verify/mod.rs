//! `verify`: trains a sample of finished runs again and compares every digest and metric bit by
//! bit with the journal. Before that, it checks every line of the journal and every file of
//! kept weights.

mod again;
mod stored;

use std::collections::HashMap;

use spec::Id;
use spec::plan::{Plan, PlannedRun};
use spec::record::RunRecord;
use text_format::plural;

use crate::cli::VerifyArgs;
use crate::error::bad_input;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::sweep_progress::{describe, reason};
use crate::threads::KnownThreads;
use crate::workspace::Workspace;
use crate::{dataset_check, text};

/// Verifies a report folder; exit code 6 if a result differs from the stored one.
pub(super) fn verify(workspace: &Workspace, args: &VerifyArgs) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, &args.file)?;
    let plan = store::plan(&dir)?;
    let journal = store::journal::read(&dir)?;
    let mut wrong = stored::damage(&journal, &plan);
    text::output!("{} intact", plural::count(journal.records.len(), "record"));

    let known = KnownThreads::of(workspace, &plan, || Some(&plan));
    let machine = Machine::find(&plan, args.jobs, &known);
    if let Some(problem) = machine.problem {
        return Err(problem);
    }
    let records: HashMap<Id, RunRecord> = journal
        .into_best_for(plan.computed_on.as_ref())
        .into_iter()
        .filter(|(_, r)| r.status.is_result())
        .collect();
    wrong += stored::kept_weights(&dir, &plan, &records);
    let chosen = match choose(&plan, &records, &machine, args) {
        // Damage outweighs that no run can be trained again.
        Err(error) if wrong > 0 => {
            text::status!("{error}");
            return Ok(Exit::VerificationFailed);
        }
        other => other?,
    };
    if chosen.is_empty() && wrong == 0 {
        return Err(bad_input("there is no result to verify"));
    }
    dataset_check::on_disk(workspace, &plan)?;
    let again = again::train_again(workspace, &dir, &plan, &machine, chosen.clone())?;
    let mut counts = Counts { wrong, ..Counts::default() };
    for run in &chosen {
        counts.add(compare(run, records.get(&run.run_id), again.get(&run.run_id)));
    }
    conclude(&counts, chosen.len())
}

/// Numbers of verified runs by outcome.
#[derive(Default)]
struct Counts {
    /// Results that differ from the stored ones, and damaged files.
    wrong: usize,
    /// Runs without a result this time.
    failed: usize,
    /// Results that differ, but were computed in another environment.
    elsewhere: usize,
}

/// Outcome of a run that was trained again.
enum Compared {
    Same,
    Wrong,
    Failed,
    Elsewhere,
}

impl Counts {
    fn add(&mut self, compared: Compared) {
        match compared {
            Compared::Same => {}
            Compared::Wrong => self.wrong += 1,
            Compared::Failed => self.failed += 1,
            Compared::Elsewhere => self.elsewhere += 1,
        }
    }
}

/// Compares a run with its stored record and prints the differences.
fn compare(run: &PlannedRun, stored: Option<&RunRecord>, now: Option<&RunRecord>) -> Compared {
    let name = format!("{}  {}", describe(run), run.run_id.short());
    let (Some(stored), Some(now)) = (stored, now) else {
        text::output!("{} {name}: it did not finish", mark(false));
        return Compared::Wrong;
    };
    let Some(outcome) = &now.outcome else {
        text::output!("{} {name}: could not be trained again, {}", mark(false), reason(now));
        return Compared::Failed;
    };
    let differences = again::compare(stored, now);
    // Results are bit-identical only within one environment.
    if !differences.is_empty() && !stored.computed_alike(now) {
        text::output!("note {name}: differs, but was computed in another environment");
        for line in again::environments(stored, now) {
            text::output!("     {}", text::plain(&line));
        }
        return Compared::Elsewhere;
    }
    let weights = outcome.weights_digest.as_deref().map_or_else(String::new, |w| {
        format!("  weights {}", text::plain(&w[..w.floor_char_boundary(8)]))
    });
    text::output!("{} {name}{weights}", mark(differences.is_empty()));
    differences.iter().for_each(|d| text::output!("     {}", text::plain(d)));
    if differences.is_empty() { Compared::Same } else { Compared::Wrong }
}

/// Prints the conclusion on `chosen` runs and returns the exit code.
fn conclude(counts: &Counts, chosen: usize) -> crate::Result<Exit> {
    let &Counts { wrong, failed, elsewhere } = counts;
    if wrong > 0 {
        text::output!("{} failed verification", plural::count(wrong, "result"));
        return Ok(Exit::VerificationFailed);
    }
    if failed > 0 {
        text::output!("{} could not be trained again", plural::count(failed, "run"));
        return Ok(Exit::RunsFailed);
    }
    if elsewhere == chosen {
        return Err(bad_input(
            "nothing could be compared: the results were computed on another machine or with other libraries",
        ));
    }
    text::output!("{} trained again, bit-identical", plural::count(chosen - elsewhere, "run"));
    Ok(Exit::Ok)
}

fn mark(ok: bool) -> console::StyledObject<&'static str> {
    if ok { console::style("ok  ").green() } else { console::style("FAIL").red().bold() }
}

/// Chooses the sample: optimizers in turn, seeds and configurations at random, from results that
/// this worker is expected to repeat.
///
/// # Errors
/// Bad input: `--run` does not name such a result, or there is none.
fn choose(
    plan: &Plan,
    records: &HashMap<Id, RunRecord>,
    machine: &Machine,
    args: &VerifyArgs,
) -> crate::Result<Vec<PlannedRun>> {
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
                    "--run {prefix} matches {} runs of the plan, not one",
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
                    "--run {prefix}: its result was computed by other training code or on another kind of device\n  `why` prints what differs; --fresh trains again"
                )));
            }
            out.push(run.clone());
        }
        return Ok(out);
    }
    if !records.is_empty() && !plan.runs.iter().any(|r| repeatable(&r)) {
        return Err(bad_input(
            "every result was computed by other training code or on another kind of device than this worker uses, so none can be expected to repeat bit by bit\n  --fresh trains again; `why FILE RUN` prints what differs",
        ));
    }
    // Another sample each time, so that many short checks cover many runs.
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
