//! Rungs of tuning: what was cut, what that saved, and whether the best would have been among it.

use crate::analysis::{Analysis, Hindsight};
use crate::plural;
use crate::text::list;

/// The rungs of a sweep; nothing of one without.
pub fn rungs_text(analysis: &Analysis, hindsight: Option<&Hindsight>) -> Vec<String> {
    let plan = &analysis.plan;
    let Some(tuning) = &plan.tuning else { return Vec::new() };
    let epochs: Vec<String> = tuning.rungs.iter().map(u64::to_string).collect();
    let decided = tuning.rungs.len() - plan.rungs_left().len();
    let mut out = vec![format!(
        "At {} {} (rungs) the best {} of each optimizer\u{2019}s configurations go on, by their {} there, with all that \
         tie with the last of them, by the same rule for every optimizer. {decided} of {} {} taken. A run that is cut is \
         paused, and in no mean.",
        plural::form(tuning.rungs.len(), "epoch", "epochs"),
        list(&epochs),
        crate::text::percent(tuning.keep),
        analysis.selection.averaged_name(),
        plural::count(tuning.rungs.len(), "rung"),
        plural::is_or_are(decided),
    )];
    out.extend(saved(analysis));
    if let Some(seen) = hindsight {
        out.push(format!(
            "In hindsight: of {} whose configurations all have full curves the best would have been cut in {}; each seed \
             deciding alone, in {} of {}.",
            plural::count(seen.labels, "optimizer"),
            seen.cut,
            seen.cases_cut,
            plural::count(seen.cases, "case"),
        ));
    }
    out
}

/// How many epochs the runs that were cut had, of those that they would have had.
fn saved(analysis: &Analysis) -> Option<String> {
    let cut = analysis.plan.cut();
    if cut.is_empty() {
        return None;
    }
    let mut planned = 0;
    let mut trained = 0;
    for run in &analysis.plan.runs[..analysis.plan.of_file()] {
        planned += run.spec.train.epochs;
        trained += cut.get(&run.run_id).copied().unwrap_or(run.spec.train.epochs);
    }
    Some(format!(
        "{} were cut: {} run-epochs of tuning in place of {}.",
        plural::grouped(cut.len(), "run"),
        crate::number::count(trained),
        crate::number::count(planned),
    ))
}
