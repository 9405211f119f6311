//! `run --plan`: prints what a sweep would train, and where. Changes nothing.

use super::invocation::Invocation;
use crate::commands::{folder, plan};
use crate::estimate;
use crate::exit::Exit;
use crate::{stages, text};

/// Prints the plan as a table or as JSON, problems that would refuse the sweep, and what the
/// launcher would do.
///
/// # Errors
/// As of `Invocation::look`.
pub(super) fn explain(invocation: &mut Invocation<'_>) -> crate::Result<Exit> {
    let args = invocation.args;
    let mut found = invocation.look()?;
    folder::warn(&found.journal.warnings);
    invocation.plan.computed_on = Some(found.machine.wanted.on.clone());
    let (problem, data) = (found.machine.problem.take(), found.take_data());
    let left = invocation.outstanding(&found);
    let todo = invocation.chosen_of(&left);
    let pauses = invocation.plan.pauses();
    let estimate =
        estimate::estimate(invocation.workspace, &found.journal, &found.machine, &todo, &pauses);
    let estimate = estimate.as_ref();
    if args.json {
        plan::json(&invocation.plan, &left, &invocation.chosen, &found.machine, estimate)?;
    } else {
        let verbose = args.training.verbose;
        plan::table(
            &invocation.plan,
            &left,
            &invocation.chosen,
            &found.machine,
            estimate,
            verbose,
        )?;
    }
    if let Some(line) = stages::described(&invocation.plan).filter(|_| !args.json) {
        text::print(&format!("{}\n", text::wrapped(&line)));
    }
    if let Some(error) = data.err().filter(|_| !todo.is_empty()) {
        text::status!("warning: the sweep would be refused: {error:#}");
    }
    if !args.json {
        if let Some(problem) = problem.as_ref().filter(|_| invocation.slurm.is_some()) {
            text::status!("warning: {problem}");
        }
        let work = invocation.work(&found, left.cached);
        text::print(&invocation.launcher().explain(&work, &todo)?);
    }
    Ok(Exit::Ok)
}
