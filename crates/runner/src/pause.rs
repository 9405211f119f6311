//! Runs that pause before their end, and how far each has come. A run with status `cut` is the
//! full run, paused: it has the same id and schedule, and resumes from its checkpoint
//! ([068](../../decisions/068-paused-runs.md)).

use std::collections::{HashMap, HashSet};

use spec::Id;
use spec::grain::Grain;
use spec::plan::{Plan, PlannedRun};
use spec::record::{RunRecord, Status};
use store::journal::Journal;
use store::layout::ReportDir;

/// Segments at whose ends runs pause, by run; for a run by epochs a segment is an epoch.
pub type Pauses = HashMap<Id, u64>;

/// Returns the pauses of the runs of a plan that are trained now. A run that lacks a requested
/// metric is trained again as far as it had come: an earlier pause would not replace its result or
/// its later pause.
///
/// # Errors
/// The journal cannot be read.
pub fn pauses_now(dir: &ReportDir, plan: &Plan) -> crate::Result<Pauses> {
    let mut pauses = plan.pauses();
    if !pauses.is_empty() {
        let journal = store::journal::read(dir)?;
        let best = journal.best_for(plan.computed_on.as_ref());
        pauses.retain(|id, pause| match best.get(id) {
            Some(record) if record.status.is_result() => false,
            Some(record) if record.status == Status::Cut => {
                *pause = record.segments_done().unwrap_or(0).max(*pause);
                true
            }
            _ => true,
        });
    }
    Ok(pauses)
}

/// Returns whether a record completes its run up to the segment `pause`, or up to its end if
/// that is `None`.
pub fn is_done(record: &RunRecord, pause: Option<u64>) -> bool {
    let there = |at: u64| record.segments_done().is_some_and(|done| done >= at);
    record.status.is_result() || record.status == Status::Cut && pause.is_some_and(there)
}

/// Returns the paused runs whose later attempt to resume has failed, with the record of the last.
pub fn failed_since(journal: &Journal) -> HashMap<Id, &RunRecord> {
    let best = journal.best();
    // "…09Z" sorts after "…09.5Z".
    fn ended(record: &RunRecord) -> &str {
        record.ended.trim_end_matches('Z')
    }
    let since = |record: &&RunRecord| {
        let held = best.get(&record.run_id).filter(|held| held.status == Status::Cut);
        record.status.is_failure() && held.is_some_and(|held| ended(record) > ended(held))
    };
    journal.records.iter().filter(since).map(|record| (record.run_id, record)).collect()
}

/// Returns where a run is paused: `epoch 3`, or `step 150` for a run by steps; `None` if it is not
/// paused.
pub fn place(record: &RunRecord) -> Option<String> {
    let outcome = record.outcome.as_ref().filter(|_| record.status == Status::Cut)?;
    let grain = Grain::of_run(&record.spec);
    Some(format!("{} {}", grain.unit(), grain.done(outcome)))
}

/// Removes checkpoints of runs that have a result, which a sweep leaves that is killed right after
/// writing a record. Those of paused runs stay, since they may resume, and those of runs outside
/// the plan, since another plan may ask for them again.
///
/// # Errors
/// The journal cannot be read.
pub fn forget_checkpoints(dir: &ReportDir, plan: &Plan, todo: &[PlannedRun]) -> crate::Result<()> {
    if !dir.checkpoints().is_dir() {
        return Ok(());
    }
    let left: HashSet<Id> = todo.iter().map(|r| r.run_id).collect();
    let others = plan.runs.iter().filter(|r| !left.contains(&r.run_id));
    let kept = others.filter(|r| dir.checkpoint_of(r.run_id).is_dir()).collect::<Vec<_>>();
    if kept.is_empty() {
        return Ok(());
    }
    let journal = store::journal::read(dir)?;
    let best = journal.best_for(plan.computed_on.as_ref());
    let has_result =
        |run: &&&PlannedRun| best.get(&run.run_id).is_some_and(|r| r.status.is_result());
    for run in kept.iter().filter(has_result) {
        let _ = std::fs::remove_dir_all(dir.checkpoint_of(run.run_id));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use spec::record::Outcome;
    use sweep_file::{Overrides, load_text};

    use super::*;

    /// The record of a run that was paused so far.
    fn paused(length: &str, epochs_completed: u64, steps: u64) -> RunRecord {
        let text = format!(
            "[data]\ndataset = \"digits\"\nbatch_size = 100\n[model]\nkind = \"linear\"\n[train]\n{length}\n[[optimizer]]\nkind = \"sgd\"\nlr = 0.1\n"
        );
        let run =
            load_text("x.toml", "x", text, &Overrides::default()).unwrap().plan.runs.remove(0);
        let outcome = test_records::outcome(&run, Status::Cut);
        let outcome = Some(Outcome { epochs_completed, steps, ..outcome });
        RunRecord { outcome, ..test_records::record(&run, Status::Cut) }
    }

    #[test]
    fn a_paused_run_is_done_up_to_its_pause_alone() {
        let cut = paused("epochs = 9", 3, 45);
        assert_eq!(place(&cut).as_deref(), Some("epoch 3"));
        assert_eq!([1, 3, 4].map(|at| is_done(&cut, Some(at))), [true, true, false]);
        assert!(!is_done(&cut, None), "the full run is asked for");
        let failed = RunRecord { status: Status::Failed, outcome: None, ..cut.clone() };
        assert!(!is_done(&failed, Some(1)) && place(&failed).is_none());
        let whole = RunRecord { status: Status::Completed, ..cut };
        assert!(is_done(&whole, None) && is_done(&whole, Some(9)) && place(&whole).is_none());
    }

    #[test]
    fn a_run_by_steps_is_counted_in_segments() {
        let cut = paused("steps = 2000", 6, 100);
        assert_eq!(cut.spec.segments().length, 50);
        assert_eq!(place(&cut).as_deref(), Some("step 100"));
        assert_eq!([1, 2, 3].map(|at| is_done(&cut, Some(at))), [true, true, false]);
    }
}
