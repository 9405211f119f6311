//! `--shard I/N`: the part of a plan that one of several machines trains, combined with
//! `--only`.

use std::collections::HashSet;

use spec::Id;
use spec::plan::Plan;
use text_format::plural;

use crate::cli::RunArgs;
use crate::error::bad_input;
use crate::text;

/// The runs of a plan that a command line selects.
pub(super) struct Chosen {
    runs: HashSet<Id>,
    /// Flags that selected them, as text; empty if all runs are selected.
    pub(super) by: String,
}

impl Chosen {
    /// Selects all runs of a plan.
    pub(super) fn all(plan: &Plan) -> Self {
        let runs = plan.runs.iter().map(|run| run.run_id).collect();
        Chosen { runs, by: String::new() }
    }

    /// Selects the runs that match `--only` and `--shard`; all runs without either.
    ///
    /// # Errors
    /// Bad input: no run matches.
    pub(super) fn of(plan: &Plan, args: &RunArgs) -> crate::Result<Self> {
        let mut runs = super::only::chosen(plan, &args.only)?;
        let mut by = if args.only.is_empty() { Vec::new() } else { vec!["--only".to_owned()] };
        if let Some(shard) = args.shard {
            let part: HashSet<Id> = shard.runs(plan).collect();
            if part.is_empty() {
                let (number, all) = (shard.number(), plural::count(plan.runs.len(), "run"));
                return Err(bad_input(format!(
                    "--shard {shard} contains none of the plan's {all}: there are fewer than {number}\n  \
                     divide the plan into at most {} parts",
                    plan.runs.len()
                )));
            }
            runs.retain(|run| part.contains(run));
            if runs.is_empty() {
                return Err(bad_input(format!(
                    "--only {} matches none of the {} of --shard {shard}\n  \
                     omit one of the two, or select more; --plan shows the selection",
                    text::plain(&args.only.join(",")),
                    plural::count(part.len(), "run"),
                )));
            }
            by.push(format!("--shard {shard}"));
        }
        Ok(Chosen { runs, by: by.join(" and ") })
    }

    /// Returns whether a run is selected.
    pub(super) fn has(&self, run: Id) -> bool {
        self.runs.contains(&run)
    }
}

/// Prints how to merge the parts, after `--shard`.
pub(super) fn say_what_is_next(args: &RunArgs) {
    if let Some(shard) = args.shard.filter(|_| !args.training.quiet) {
        text::status!(
            "this was --shard {shard}; copy the report folders of all parts to one machine, then: \
             cargo xtask merge {} FOLDER...",
            args.training.file.display()
        );
    }
}
