//! The rungs of a plan, which determine how far each of its runs is trained.

use std::collections::{HashMap, HashSet};

use super::{Plan, PlannedRun};
use crate::identity::Id;
use crate::stages::{Decision, Rungs};

impl Plan {
    /// Returns the rungs without a decision yet, the next one first; empty without `[tuning]`.
    pub fn rungs_left(&self) -> &[u64] {
        let decided = self.on_rungs(&self.decisions).count();
        let rungs = self.tuning.as_ref().map_or(&[][..], |tuning: &Rungs| &tuning.rungs);
        rungs.get(decided..).unwrap_or(&[])
    }

    /// Returns the decisions on rungs, in the order of the rungs.
    fn on_rungs<'a>(&self, decisions: &'a [Decision]) -> impl Iterator<Item = &'a Decision> {
        decisions.iter().filter(|decision| decision.rung > 0)
    }

    /// Returns the epoch at which each run of the sweep file pauses: the rung at which it was cut,
    /// or the next rung. Runs that are trained to their end are left out.
    pub fn pauses(&self) -> HashMap<Id, u64> {
        self.pauses_after(&self.decisions)
    }

    /// Returns the pauses as they were after these decisions, which are the first of the plan's.
    pub fn pauses_after(&self, decisions: &[Decision]) -> HashMap<Id, u64> {
        let Some(tuning) = &self.tuning else { return HashMap::new() };
        let kept: Vec<HashSet<Id>> = self
            .on_rungs(decisions)
            .map(|decision| decision.chosen.iter().flat_map(|c| &c.configs).copied().collect())
            .collect();
        // In a part of a plan the runs of the file need not come first.
        let of_file: Option<HashSet<Id>> = self
            .decisions
            .first()
            .map(|first| first.rests_on.iter().map(|evidence| evidence.run_id).collect());
        let is_of_file = |run: &&PlannedRun| {
            of_file.as_ref().is_none_or(|of_file| of_file.contains(&run.run_id))
        };
        let pause = |run: &PlannedRun| {
            let went_on = kept.iter().take_while(|kept| kept.contains(&run.config_id)).count();
            Some((run.run_id, *tuning.rungs.get(went_on)?))
        };
        self.runs.iter().filter(is_of_file).filter_map(pause).collect()
    }

    /// Returns the runs that were cut, each with the epoch at which it was cut.
    pub fn cut(&self) -> HashMap<Id, u64> {
        let next = self.rungs_left().first();
        let mut out = self.pauses();
        out.retain(|_, epoch| next.is_none_or(|next| *epoch < *next));
        out
    }
}
