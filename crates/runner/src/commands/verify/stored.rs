//! Checks of stored files without training: journal lines and kept weights.

use std::collections::HashMap;

use spec::Id;
use spec::event::Save;
use spec::plan::Plan;
use spec::record::RunRecord;
use store::journal::Journal;
use store::layout::ReportDir;

use super::mark;
use crate::resume::weights_digest;
use crate::sweep_progress::describe;
use crate::text;

/// Prints damaged journal lines and counts those whose run has no intact result.
pub(super) fn damage(journal: &Journal, plan: &Plan) -> usize {
    crate::commands::folder::warn(&journal.warnings);
    let mut wrong = 0;
    for line in &journal.damaged {
        let named = line.run.map_or_else(
            || "a line of no run".to_owned(),
            |id| {
                let run = plan.runs.iter().find(|r| r.run_id == id);
                format!("{}  {id}", run.map_or_else(|| "not in the plan".to_owned(), describe))
            },
        );
        let good = |r: &RunRecord| Some(r.run_id) == line.run && r.status.is_result();
        if journal.records.iter().any(good) {
            crate::text::output!(
                "note {named}: damaged in {}, trained again",
                text::plain(&line.place)
            );
            continue;
        }
        wrong += 1;
        crate::text::output!("{} {named}: damaged record", mark(false));
        crate::text::output!("     {}: {}", text::plain(&line.place), text::plain(&line.reason));
        crate::text::output!(
            "     {}",
            match line.run {
                Some(_) => "the next sweep trains it again",
                None => "delete the line by hand if it is not yours",
            }
        );
    }
    wrong
}

/// Prints and counts kept weights whose file differs from the digest in the record.
pub(super) fn kept_weights(
    dir: &ReportDir,
    plan: &Plan,
    records: &HashMap<Id, RunRecord>,
) -> usize {
    let mut wrong = 0;
    for run in plan.runs.iter().filter(|_| plan.keeping.save != Save::None) {
        let outcome = records.get(&run.run_id).and_then(|r| r.outcome.as_ref());
        if let Some(digest) = outcome.and_then(|o| o.saved_digest.as_deref())
            && weights_digest(&dir.weights_of(run.run_id)).as_deref() != Some(digest)
        {
            wrong += 1;
            let (name, id) = (describe(run), run.run_id.short());
            crate::text::output!(
                "{} {name}  {id}: its kept weights differ from the record",
                mark(false)
            );
        }
    }
    wrong
}
