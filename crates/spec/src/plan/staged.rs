//! The stages of a plan: seeds, decisions and the runs that these add.

use std::collections::HashSet;

use super::{Plan, PlannedRun};
use crate::identity::{ConfigIds, Id};
use crate::run::RunSpec;
use crate::stages::{Decision, Stage};

impl Plan {
    /// True where runs follow from the results of others.
    pub fn is_staged(&self) -> bool {
        self.confirm.is_some()
    }

    /// True where fresh seeds may end early, so that not every label is planned to have all.
    pub fn ends_early(&self) -> bool {
        self.confirm.as_ref().is_some_and(|confirm| confirm.until.is_some())
    }

    /// The decision that opened a stage; none where it is still to come.
    pub fn decision(&self, stage: Stage) -> Option<&Decision> {
        self.decisions.iter().find(|decision| decision.stage == stage)
    }

    /// True where something is still to be decided on once all runs have ended.
    pub fn is_open(&self) -> bool {
        let Some(confirm) = &self.confirm else { return false };
        let looks = confirm.until.as_ref().map_or(1, |until| until.looks.len());
        let over = self.decisions.last().is_some_and(|last| last.chosen.is_empty());
        self.decisions.len() < looks && !over
    }

    /// Seeds of the confirming stage up to a look; all of them without looks.
    pub fn seeds_upto(&self, look: u64) -> &[u64] {
        let seeds = self.seeds_of(Stage::Confirm);
        let until = self.confirm.as_ref().and_then(|confirm| confirm.until.as_ref());
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
        let runs = self.runs_of(&decision);
        self.runs.extend(runs);
        self.decisions.push(decision);
    }

    /// The runs that a decision opens: all seeds up to its look of each configuration that are not
    /// planned yet.
    pub fn runs_of(&self, decision: &Decision) -> Vec<PlannedRun> {
        let seeds = self.seeds_upto(decision.look);
        let planned: HashSet<Id> = self.runs.iter().map(|run| run.run_id).collect();
        let mut out = Vec::new();
        for config in decision.chosen.iter().flat_map(|choice| &choice.configs) {
            let mut tuning = self.runs.iter().filter(|run| run.stage.is_tuning());
            let Some(tuned) = tuning.find(|run| run.config_id == *config) else { continue };
            let ids = ConfigIds::new(&tuned.spec);
            let fresh = seeds.iter().map(|&seed| (seed, ids.with_seed(seed)));
            out.extend(fresh.filter(|(_, id)| !planned.contains(&id.run)).map(|(seed, id)| {
                PlannedRun {
                    label: tuned.label.clone(),
                    run_id: id.run,
                    config_id: id.config,
                    cell_id: id.cell,
                    axes: tuned.axes.clone(),
                    stage: decision.stage,
                    spec: RunSpec { seed, ..tuned.spec.clone() },
                }
            }));
        }
        out
    }

    /// The most runs of a stage that is still to be opened.
    pub fn at_most(&self, stage: Stage) -> usize {
        let Some(confirm) = self.confirm.as_ref().filter(|_| stage == Stage::Confirm) else {
            return 0;
        };
        let configs = |label: &str| {
            let runs = self.runs.iter().filter(|run| run.stage.is_tuning() && run.label == label);
            let mut ids: Vec<Id> = runs.map(|run| run.config_id).collect();
            ids.dedup();
            ids.len().min(confirm.top as usize)
        };
        self.optimizers.iter().map(|o| configs(&o.label) * confirm.seeds.len()).sum()
    }
}
