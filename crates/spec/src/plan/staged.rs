//! The stages of a plan: seeds, decisions and the runs that these add.

use super::{Plan, PlannedRun};
use crate::identity::{ConfigIds, Id};
use crate::run::RunSpec;
use crate::stages::{Decision, Stage};

impl Plan {
    /// True where runs follow from the results of others.
    pub fn is_staged(&self) -> bool {
        self.confirm.is_some()
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

    /// Seeds of the confirming stage that a look adds; all of them without looks.
    fn seeds_at(&self, look: u64) -> &[u64] {
        let seeds = self.seeds_of(Stage::Confirm);
        let until = self.confirm.as_ref().and_then(|confirm| confirm.until.as_ref());
        let (Some(until), Some(at)) = (until, look.checked_sub(1)) else { return seeds };
        let upto = |at: usize| until.looks.get(at).map_or(seeds.len(), |n| *n as usize);
        let from = (at as usize).checked_sub(1).map_or(0, upto);
        &seeds[from.min(seeds.len())..upto(at as usize).min(seeds.len())]
    }

    /// The seeds of a stage, in the order of the file.
    pub fn seeds_of(&self, stage: Stage) -> &[u64] {
        match (stage, &self.confirm) {
            (Stage::Tuning, _) => &self.seeds,
            (Stage::Confirm, Some(confirm)) => &confirm.seeds,
            (Stage::Confirm, None) => &[],
        }
    }

    /// The same plan with the runs and the seeds of one stage.
    pub fn of_stage(&self, stage: Stage) -> Plan {
        let runs = self.runs.iter().filter(|run| run.stage == stage).cloned().collect();
        let seeds = self.seeds_of(stage).to_vec();
        Plan { runs, seeds, ..self.clone() }
    }

    /// True where the runs that a decision rests on are those of the plan.
    pub fn fits(&self, decision: &Decision) -> bool {
        let runs = self.runs.iter().map(|run| run.run_id);
        runs.eq(decision.rests_on.iter().map(|evidence| evidence.run_id))
    }

    /// Adds a decision and the runs that it opens: by label, then configuration, then seed.
    pub fn decide(&mut self, decision: Decision) {
        let runs = self.runs_of(&decision);
        self.runs.extend(runs);
        self.decisions.push(decision);
    }

    /// How many runs a decision opens.
    pub fn opened_by(&self, decision: &Decision) -> usize {
        let configs: usize = decision.chosen.iter().map(|choice| choice.configs.len()).sum();
        configs * self.seeds_at(decision.look).len()
    }

    fn runs_of(&self, decision: &Decision) -> Vec<PlannedRun> {
        let seeds = self.seeds_at(decision.look);
        let mut out = Vec::new();
        for choice in &decision.chosen {
            for config in &choice.configs {
                let tuned = self.runs.iter().find(|run| {
                    run.stage.is_tuning() && run.label == choice.label && run.config_id == *config
                });
                let Some(tuned) = tuned else { continue };
                let ids = ConfigIds::new(&tuned.spec);
                out.extend(seeds.iter().map(|&seed| {
                    let id = ids.with_seed(seed);
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
