//! Sentences on the rungs of tuning: cut runs, saved epochs, and the hindsight on the best.

use crate::analysis::{Analysis, Hindsight};
use crate::plural;
use crate::text::list;
use spec::record::Status;

/// The sentences on the rungs of a sweep; empty for a sweep without rungs.
pub fn rungs_text(analysis: &Analysis, hindsight: Option<&Hindsight>) -> Vec<String> {
    let plan = &analysis.plan;
    let Some(tuning) = &plan.tuning else { return Vec::new() };
    let epochs: Vec<String> = tuning.rungs.iter().map(u64::to_string).collect();
    let decided = tuning.rungs.len() - plan.rungs_left().len();
    let mut out = vec![format!(
        "At {} {} (rungs) the best {} of each optimizer\u{2019}s configurations continue, by their {} there, with all that \
         tie with the last of them; the rule is the same for every optimizer. {decided} of {} {} decided. A run that is \
         cut is paused.",
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
            "In hindsight: of {} with full curves of all configurations, {} would have lost the best one; with each seed \
             deciding alone, this happens in {} of {}.",
            plural::count(seen.labels, "optimizer"),
            seen.cut,
            seen.cases_cut,
            plural::count(seen.cases, "case"),
        ));
    }
    out
}

/// The sentences on epochs trained and saved; `None` if no run was cut.
fn saved(analysis: &Analysis) -> Option<String> {
    let cut = analysis.plan.cut();
    if cut.is_empty() {
        return None;
    }
    let (mut planned, mut trained, mut paused, mut whole) = (0, 0, 0, 0);
    let of_file = analysis.plan.runs_of_file();
    for (run, row) in of_file.iter().zip(&analysis.rows) {
        planned += run.spec.train.epochs;
        trained += row.epochs_completed.unwrap_or(0);
        let is_cut = cut.contains_key(&run.run_id);
        paused += usize::from(is_cut && row.status == Some(Status::Cut));
        whole += usize::from(is_cut && row.completed());
    }
    let mut text = format!(
        "The runs of the sweep file were trained for {} of their {} run-epochs; {} of them {} paused.",
        crate::number::count(trained),
        crate::number::count(planned),
        crate::number::count(paused as u64),
        plural::is_or_are(paused),
    );
    if whole > 0 {
        let runs = plural::grouped(whole, "run");
        let were = plural::was_or_were(whole);
        text.push_str(&format!(
            " {runs} {were} cut after they had ended, earlier or in another sweep."
        ));
    }
    Some(text)
}
