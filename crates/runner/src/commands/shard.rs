//! `--shard I/N`: the part of a plan that one of several machines trains, and
//! what it and `--only` leave together.

use std::collections::HashSet;

use spec::Id;
use spec::plan::Plan;
use text_format::plural;

use crate::cli::RunArgs;
use crate::error::bad_input;
use crate::text;

/// The runs that a command line chooses of its plan.
pub(super) struct Chosen {
    runs: HashSet<Id>,
    /// What chose them, for people; empty where that is all of them.
    pub(super) by: String,
}

impl Chosen {
    /// All runs of a plan.
    pub(super) fn all(plan: &Plan) -> Self {
        let runs = plan.runs.iter().map(|run| run.run_id).collect();
        Chosen { runs, by: String::new() }
    }

    /// What `--only` and `--shard` both leave; all runs without either.
    pub(super) fn of(plan: &Plan, args: &RunArgs) -> crate::Result<Self> {
        let mut runs = super::only::chosen(plan, &args.only)?;
        let mut by = if args.only.is_empty() { Vec::new() } else { vec!["--only".to_owned()] };
        if let Some(shard) = args.shard {
            let part: HashSet<Id> = shard.runs(plan).collect();
            if part.is_empty() {
                let (number, all) = (shard.number(), plural::count(plan.runs.len(), "run"));
                return Err(bad_input(format!(
                    "--shard {shard} holds none of the plan's {all}: there are fewer than {number}\n  \
                     divide it into {} parts at most",
                    plan.runs.len()
                )));
            }
            runs.retain(|run| part.contains(run));
            if runs.is_empty() {
                return Err(bad_input(format!(
                    "--only {} chooses none of the {} of --shard {shard}\n  \
                     leave one of the two out, or choose more; --plan shows what is chosen",
                    text::plain(&args.only.join(",")),
                    plural::count(part.len(), "run"),
                )));
            }
            by.push(format!("--shard {shard}"));
        }
        Ok(Chosen { runs, by: by.join(" and ") })
    }

    /// Whether a run is one of them.
    pub(super) fn has(&self, run: Id) -> bool {
        self.runs.contains(&run)
    }
}

/// What comes after a part.
pub(super) fn say_what_is_next(args: &RunArgs) {
    if let Some(shard) = args.shard.filter(|_| !args.training.quiet) {
        text::status!(
            "this was --shard {shard}; bring the report folders of all parts to one machine, then: \
             cargo xtask merge {} FOLDER...",
            args.training.file.display()
        );
    }
}
