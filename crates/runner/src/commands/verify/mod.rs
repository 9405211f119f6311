//! `verify`: trains a sample of finished runs again and compares every digest
//! and metric bit by bit with what the journal holds. Before that, every line
//! of the journal and every file of kept weights is checked as it lies there.

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

/// Verifies; exit code 6 when anything is not what is stored.
pub(super) fn verify(workspace: &Workspace, args: &VerifyArgs) -> crate::Result<Exit> {
    let dir = super::folder::folder_of(workspace, &args.file)?;
    let plan = store::plan(&dir)?;
    let journal = store::journal::read(&dir)?;
    let mut wrong = stored::damage(&journal, &plan);
    text::output!("{} as they were written", plural::count(journal.records.len(), "record"));

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
        // Damage that was found outweighs that nothing more can be said.
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

/// Runs trained again, by what came of them.
#[derive(Default)]
struct Counts {
    /// Not what is stored, damage included.
    wrong: usize,
    /// Without a result this time.
    failed: usize,
    /// Different, and computed in another environment.
    elsewhere: usize,
}

/// What came of a run that was trained again.
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

/// Compares a run with what is stored of it, and prints how they differ.
fn compare(run: &PlannedRun, stored: Option<&RunRecord>, now: Option<&RunRecord>) -> Compared {
    let name = format!("{}  {}", describe(run), run.run_id.short());
    let (Some(stored), Some(now)) = (stored, now) else {
        text::output!("{} {name}: it did not end", mark(false));
        return Compared::Wrong;
    };
    let Some(outcome) = &now.outcome else {
        text::output!("{} {name}: could not be trained again, {}", mark(false), reason(now));
        return Compared::Failed;
    };
    let differences = again::compare(stored, now);
    // Bits are promised within one environment alone.
    if !differences.is_empty() && !stored.computed_alike(now) {
        text::output!("note {name}: not the same, and it was made elsewhere");
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

/// Says what came of `chosen` runs, and returns the exit code.
fn conclude(counts: &Counts, chosen: usize) -> crate::Result<Exit> {
    let &Counts { wrong, failed, elsewhere } = counts;
    if wrong > 0 {
        let are = plural::is_or_are(wrong);
        text::output!("{} {are} not what is stored", plural::count(wrong, "result"));
        return Ok(Exit::VerificationFailed);
    }
    if failed > 0 {
        text::output!("{} could not be trained again", plural::count(failed, "run"));
        return Ok(Exit::RunsFailed);
    }
    if elsewhere == chosen {
        return Err(bad_input(
            "nothing could be compared: the results were made on another machine or by other libraries",
        ));
    }
    text::output!("{} trained again, bit-identical", plural::count(chosen - elsewhere, "run"));
    Ok(Exit::Ok)
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
