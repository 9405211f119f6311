//! The stages of a plan: seeds, decisions and the runs that these add.

use std::collections::HashSet;

use super::{Plan, PlannedOptimizer, PlannedRun};
use crate::growth::{Extend, Grown};
use crate::identity::{ConfigIds, Id};
use crate::run::RunSpec;
use crate::stages::{Decision, Stage, Until};

impl Plan {
    /// True where runs follow from the results of others.
    pub fn is_staged(&self) -> bool {
        self.confirm.is_some() || self.until.is_some() || self.tuning.is_some() || self.can_grow()
    }

    /// True where the grid of an optimizer may grow.
    pub fn can_grow(&self) -> bool {
        self.optimizers.iter().any(|optimizer| !optimizer.extend.is_empty())
    }

    /// True where a grid may still grow: no decision has ended that.
    pub fn is_growing(&self) -> bool {
        let ends = |decision: &Decision| decision.grown.is_empty() && decision.rung == 0;
        self.can_grow() && !self.decisions.iter().any(ends)
    }

    /// The runs that the sweep file asks for by itself. They stand before those that decisions add.
    pub fn runs_of_file(&self) -> &[PlannedRun] {
        let all = self.runs.len();
        let first = self.decisions.first().map_or(all, |decision| decision.rests_on.len());
        &self.runs[..first.min(all)]
    }

    /// The configurations that were added to grids, in the order of time.
    pub fn grown(&self) -> impl Iterator<Item = &Grown> {
        self.decisions.iter().flat_map(|decision| &decision.grown)
    }

    /// Values that were added to an axis of a label, at most as many as it may grow by.
    pub fn grown_by(&self, label: &str, path: &str) -> u64 {
        self.grown().filter(|grown| grown.label == label && grown.path == path).count() as u64
    }

    /// Decisions on the fresh seeds, in the order of the looks.
    pub fn confirming(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.stage == Stage::Confirm)
    }

    /// True where the seeds that judge may end early, so that not every label has all of them.
    pub fn ends_early(&self) -> bool {
        self.looks().is_some()
    }

    /// The looks at the seeds that judge, and the stage of these; none without `until`.
    pub fn looks(&self) -> Option<(&Until, Stage)> {
        let confirm = || self.confirm.as_ref().and_then(|confirm| confirm.until.as_ref());
        let own = self.until.as_ref().map(|until| (until, Stage::Tuning));
        own.or_else(|| confirm().map(|until| (until, Stage::Confirm)))
    }

    /// Decisions on a look at the seeds that judge, in the order of the looks.
    fn on_looks(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| decision.look > 0)
    }

    /// The number of looks that have been opened. The first one at seeds of the sweep file needs no decision.
    pub fn looks_opened(&self) -> usize {
        self.on_looks().count() + usize::from(self.until.is_some())
    }

    /// The decision that opened a stage; none where it is still to come.
    pub fn decision(&self, stage: Stage) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.stage == stage)
    }

    /// True where something is still to be decided on once all runs have ended.
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

    /// Seeds of a stage up to a look; all of them without looks.
    pub fn seeds_upto(&self, stage: Stage, look: u64) -> &[u64] {
        let seeds = self.seeds_of(stage);
        let until = self.looks().filter(|(_, of)| *of == stage).map(|(until, _)| until);
        let (Some(until), Some(at)) = (until, look.checked_sub(1)) else { return seeds };
        let upto = until.looks.get(at as usize).map_or(seeds.len(), |n| *n as usize);
        &seeds[..upto.min(seeds.len())]
    }

    /// The seeds of a stage, in the order of the file.
    pub fn seeds_of(&self, stage: Stage) -> &[u64] {
        match (stage, &self.confirm) {
            (Stage::Tuning, _) => &self.seeds,
            (Stage::Confirm, Some(confirm)) => &confirm.seeds,
            (Stage::Confirm, None) => &[],
        }
    }

    /// The seeds of a stage that a run is planned with, in the order of the file: fewer than all where
    /// they ended early.
    pub fn seeds_planned(&self, stage: Stage) -> Vec<u64> {
        let runs = self.runs.iter().filter(|run| run.stage == stage);
        let planned: HashSet<u64> = runs.map(|run| run.spec.seed).collect();
        self.seeds_of(stage).iter().copied().filter(|seed| planned.contains(seed)).collect()
    }

    /// True where the runs that a decision rests on are those of the plan.
    pub fn fits(&self, decision: &Decision) -> bool {
        let runs = self.runs.iter().map(|run| run.run_id);
        runs.eq(decision.rests_on.iter().map(|evidence| evidence.run_id))
    }

    /// Adds a decision and the runs that it opens: by label, then configuration, then seed.
    /// Labels are those that the plan has now: a decision is of configurations.
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

    /// The runs that a decision opens: all seeds up to its look of each configuration that are not
    /// planned yet.
    pub fn runs_of(&self, decision: &Decision) -> Vec<PlannedRun> {
        if decision.rung > 0 {
            // These are planned from the start, and go on.
            return Vec::new();
        }
        let seeds = self.seeds_upto(decision.stage, decision.look);
        let planned: HashSet<Id> = self.runs.iter().map(|run| run.run_id).collect();
        let configs = decision.chosen.iter().flat_map(|choice| &choice.configs);
        let tuned = configs.filter_map(|config| self.tuned(*config));
        let runs = tuned.flat_map(|run| with_seeds(run, decision.stage, seeds));
        runs.filter(|run| !planned.contains(&run.run_id)).collect()
    }

    /// The first run of tuning of a configuration.
    fn tuned(&self, config: Id) -> Option<&PlannedRun> {
        self.runs.iter().find(|run| run.stage.is_tuning() && run.config_id == config)
    }

    /// The runs of a configuration that is added to a grid: one a seed of tuning. None where the
    /// value is not allowed, or there is no such configuration to start from.
    pub fn runs_grown(&self, grown: &Grown) -> Vec<PlannedRun> {
        let Some(from) = self.tuned(grown.from) else { return Vec::new() };
        let Some(spec) = from.spec.with_value(&grown.path, &grown.value) else { return Vec::new() };
        let mut like = PlannedRun { spec, ..from.clone() };
        like.axes.insert(grown.path.clone(), grown.value.clone());
        with_seeds(&like, Stage::Tuning, &self.seeds)
    }

    /// The most configurations that the grids of a label can still grow by.
    fn grows_at_most(&self, optimizer: &PlannedOptimizer) -> usize {
        let left = |extend: &Extend| {
            extend.at_most.saturating_sub(self.grown_by(&optimizer.label, &extend.path)) as usize
        };
        match self.is_growing() {
            true => optimizer.extend.iter().map(left).sum(),
            false => 0,
        }
    }

    /// The most runs of a stage; of tuning those that growth and later looks can still add.
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

/// The runs of a stage with the specification, label and axes of a run, and other seeds.
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
