//! The rungs of a plan: how far each of its runs is trained.

use std::collections::{HashMap, HashSet};

use super::{Plan, PlannedRun};
use crate::identity::Id;
use crate::stages::{Decision, Rungs};

impl Plan {
    /// The rungs that are still to be decided on, the next first; none without `[tuning]`.
    pub fn rungs_left(&self) -> &[u64] {
        let decided = self.on_rungs(&self.decisions).count();
        let rungs = self.tuning.as_ref().map_or(&[][..], |tuning: &Rungs| &tuning.rungs);
        rungs.get(decided..).unwrap_or(&[])
    }

    /// Decisions on rungs, in the order of the rungs.
    fn on_rungs<'a>(&self, decisions: &'a [Decision]) -> impl Iterator<Item = &'a Decision> {
        decisions.iter().filter(|decision| decision.rung > 0)
    }

    /// The epoch at which each run of the sweep file pauses: where it was cut, or the next rung.
    /// What is trained to its end is left out.
    pub fn pauses(&self) -> HashMap<Id, u64> {
        self.pauses_after(&self.decisions)
    }

    /// The pauses when only these decisions had been taken, the first of the plan's.
    pub fn pauses_after(&self, decisions: &[Decision]) -> HashMap<Id, u64> {
        let Some(tuning) = &self.tuning else { return HashMap::new() };
        let kept: Vec<HashSet<Id>> = self
            .on_rungs(decisions)
            .map(|decision| decision.chosen.iter().flat_map(|c| &c.configs).copied().collect())
            .collect();
        // Of a part of a plan the runs of the file need not be the first ones.
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

    /// The runs that were cut, each with the epoch at which it was.
    pub fn cut(&self) -> HashMap<Id, u64> {
        let next = self.rungs_left().first();
        let mut out = self.pauses();
        out.retain(|_, epoch| next.is_none_or(|next| *epoch < *next));
        out
    }
}
