//! The stages of a plan: seeds, decisions and the runs that decisions add.

use std::collections::HashSet;

use super::{Plan, PlannedOptimizer, PlannedRun};
use crate::growth::{Extend, Grown};
use crate::identity::{ConfigIds, Id};
use crate::run::RunSpec;
use crate::stages::{Decision, Stage, Until};

impl Plan {
    /// Returns whether some runs depend on the results of others.
    pub fn is_staged(&self) -> bool {
        self.confirm.is_some() || self.until.is_some() || self.tuning.is_some() || self.can_grow()
    }

    /// Returns whether the grid of any optimizer may grow.
    pub fn can_grow(&self) -> bool {
        self.optimizers.iter().any(|optimizer| !optimizer.extend.is_empty())
    }

    /// Returns whether a grid may still grow: no decision has ended the growth.
    pub fn is_growing(&self) -> bool {
        let ends = |decision: &Decision| decision.grown.is_empty() && decision.rung == 0;
        self.can_grow() && !self.decisions.iter().any(ends)
    }

    /// Returns the runs of the sweep file itself, which precede those that decisions add.
    pub fn runs_of_file(&self) -> &[PlannedRun] {
        let all = self.runs.len();
        let first = self.decisions.first().map_or(all, |decision| decision.rests_on.len());
        &self.runs[..first.min(all)]
    }

    /// Returns the configurations that were added to grids, in chronological order.
    pub fn grown(&self) -> impl Iterator<Item = &Grown> {
        self.decisions.iter().flat_map(|decision| &decision.grown)
    }

    /// Returns the number of values that were added to an axis of a label.
    pub fn grown_by(&self, label: &str, path: &str) -> u64 {
        self.grown().filter(|grown| grown.label == label && grown.path == path).count() as u64
    }

    /// Returns the decisions on the fresh seeds, in the order of the looks.
    pub fn confirming(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.stage == Stage::Confirm)
    }

    /// Returns whether the seeds that judge may end early, so that some labels may lack seeds.
    pub fn ends_early(&self) -> bool {
        self.looks().is_some()
    }

    /// Returns the looks at the seeds that judge, and the stage of these seeds; `None` without
    /// `until`.
    pub fn looks(&self) -> Option<(&Until, Stage)> {
        let confirm = || self.confirm.as_ref().and_then(|confirm| confirm.until.as_ref());
        let own = self.until.as_ref().map(|until| (until, Stage::Tuning));
        own.or_else(|| confirm().map(|until| (until, Stage::Confirm)))
    }

    /// Returns the decisions on looks at the seeds that judge, in the order of the looks.
    fn on_looks(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.look > 0)
    }

    /// Returns the number of looks that have been opened. The first look at seeds of the sweep
    /// file needs no decision.
    pub fn looks_opened(&self) -> usize {
        self.on_looks().count() + usize::from(self.until.is_some())
    }

    /// Returns the decision that opened a stage; `None` if it has not been made yet.
    pub fn decision(&self, stage: Stage) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.stage == stage)
    }

    /// Returns whether a decision is still to be made once all runs have ended.
    pub fn is_open(&self) -> bool {
        if self.is_growing() || !self.rungs_left().is_empty() {
            return true;
        }
        match self.looks() {
            Some((until, _)) => {
                let over = self.on_looks().next_back().is_some_and(|last| last.chosen.is_empty());
                self.looks_opened() < until.looks.len() && !over
            }
            None => self.confirm.is_some() && self.decision(Stage::Confirm).is_none(),
        }
    }

    /// Returns the seeds of a stage up to a look, from 1; all of them without looks.
    pub fn seeds_upto(&self, stage: Stage, look: u64) -> &[u64] {
        let seeds = self.seeds_of(stage);
        let until = self.looks().filter(|(_, of)| *of == stage).map(|(until, _)| until);
        let (Some(until), Some(at)) = (until, look.checked_sub(1)) else { return seeds };
        let upto = until.looks.get(at as usize).map_or(seeds.len(), |n| *n as usize);
        &seeds[..upto.min(seeds.len())]
    }

    /// Returns the seeds of a stage, in the order of the file.
    pub fn seeds_of(&self, stage: Stage) -> &[u64] {
        match (stage, &self.confirm) {
            (Stage::Tuning, _) => &self.seeds,
            (Stage::Confirm, Some(confirm)) => &confirm.seeds,
            (Stage::Confirm, None) => &[],
        }
    }

    /// Returns the seeds of a stage that some run is planned with, in the order of the file; not
    /// all of them if they ended early.
    pub fn seeds_planned(&self, stage: Stage) -> Vec<u64> {
        let runs = self.runs.iter().filter(|run| run.stage == stage);
        let planned: HashSet<u64> = runs.map(|run| run.spec.seed).collect();
        self.seeds_of(stage).iter().copied().filter(|seed| planned.contains(seed)).collect()
    }

    /// Returns whether a decision is based on exactly the runs of the plan.
    pub fn fits(&self, decision: &Decision) -> bool {
        let runs = self.runs.iter().map(|run| run.run_id);
        runs.eq(decision.rests_on.iter().map(|evidence| evidence.run_id))
    }

    /// Adds a decision and the runs that it opens, ordered by label, configuration and seed. A
    /// decision is about configurations, so its labels are replaced by those of this plan.
    pub fn decide(&mut self, mut decision: Decision) {
        for choice in &mut decision.chosen {
            let first = choice.configs.first();
            let same = |run: &&PlannedRun| Some(&run.config_id) == first;
            if let Some(run) = self.runs.iter().find(same) {
                choice.label.clone_from(&run.label);
            }
        }
        for grown in &mut decision.grown {
            if let Some(run) = self.runs.iter().find(|run| run.config_id == grown.from) {
                grown.label.clone_from(&run.label);
            }
        }
        let mut runs = self.runs_of(&decision);
        runs.extend(decision.grown.iter().flat_map(|grown| self.runs_grown(grown)));
        self.runs.extend(runs);
        self.decisions.push(decision);
    }

    /// Returns the runs that a decision opens and that are not planned yet: each chosen
    /// configuration with all seeds up to the look.
    pub fn runs_of(&self, decision: &Decision) -> Vec<PlannedRun> {
        if decision.rung > 0 {
            // Its runs are planned from the start, and merely continue.
            return Vec::new();
        }
        let seeds = self.seeds_upto(decision.stage, decision.look);
        let planned: HashSet<Id> = self.runs.iter().map(|run| run.run_id).collect();
        let configs = decision.chosen.iter().flat_map(|choice| &choice.configs);
        let tuned = configs.filter_map(|config| self.tuned(*config));
        let runs = tuned.flat_map(|run| with_seeds(run, decision.stage, seeds));
        runs.filter(|run| !planned.contains(&run.run_id)).collect()
    }

    /// Returns the first tuning run of a configuration.
    fn tuned(&self, config: Id) -> Option<&PlannedRun> {
        self.runs.iter().find(|run| run.stage.is_tuning() && run.config_id == config)
    }

    /// Returns the runs of a configuration that is added to a grid, one per seed of tuning. Empty
    /// if the value is not allowed or the configuration it starts from is unknown.
    pub fn runs_grown(&self, grown: &Grown) -> Vec<PlannedRun> {
        let Some(from) = self.tuned(grown.from) else { return Vec::new() };
        let Some(spec) = from.spec.with_value(&grown.path, &grown.value) else { return Vec::new() };
        let mut like = PlannedRun { spec, ..from.clone() };
        like.axes.insert(grown.path.clone(), grown.value.clone());
        with_seeds(&like, Stage::Tuning, &self.seeds)
    }

    /// Returns the largest number of configurations that can still be added to a label's grids.
    fn grows_at_most(&self, optimizer: &PlannedOptimizer) -> usize {
        let left = |extend: &Extend| {
            extend.at_most.saturating_sub(self.grown_by(&optimizer.label, &extend.path)) as usize
        };
        match self.is_growing() {
            true => optimizer.extend.iter().map(left).sum(),
            false => 0,
        }
    }

    /// Returns the largest number of runs that a stage can still add: for tuning by growth and
    /// later looks, for confirmation all of its runs.
    pub fn at_most(&self, stage: Stage) -> usize {
        let configs = |optimizer: &PlannedOptimizer| {
            let tuning = self.runs.iter().filter(|run| run.stage.is_tuning());
            let runs = tuning.filter(|run| run.label == optimizer.label);
            let mut ids: Vec<Id> = runs.map(|run| run.config_id).collect();
            ids.dedup();
            ids.len() + self.grows_at_most(optimizer)
        };
        let optimizers = self.optimizers.iter();
        match (stage, &self.confirm) {
            (Stage::Tuning, _) if self.until.is_some() => {
                let all = self.optimizers.len() * self.seeds.len();
                if self.is_open() { all - self.runs.len() } else { 0 }
            }
            (Stage::Tuning, _) => {
                optimizers.map(|o| self.grows_at_most(o) * self.seeds.len()).sum()
            }
            (Stage::Confirm, None) => 0,
            (Stage::Confirm, Some(confirm)) => {
                optimizers.map(|o| configs(o).min(confirm.top as usize) * confirm.seeds.len()).sum()
            }
        }
    }
}

/// Returns copies of a run in a stage, one per seed, with their ids.
fn with_seeds(like: &PlannedRun, stage: Stage, seeds: &[u64]) -> Vec<PlannedRun> {
    let ids = ConfigIds::new(&like.spec);
    let run = |&seed: &u64| {
        let id = ids.with_seed(seed);
        let spec = RunSpec { seed, ..like.spec.clone() };
        let (run_id, config_id, cell_id) = (id.run, id.config, id.cell);
        PlannedRun { run_id, config_id, cell_id, stage, spec, ..like.clone() }
    };
    seeds.iter().map(run).collect()
}
