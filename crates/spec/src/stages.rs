//! Stages of a sweep: later runs depend on the results of earlier ones, through a pure function
//! of plan and results.
//!
//! The runs of the sweep file are the tuning stage. With `[confirm]` the configurations that it
//! chooses are trained on fresh seeds, which alone judge them. Each choice is a [`Decision`],
//! which the plan stores with the results that it is based on (`plan/staged.rs`).

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::growth::Grown;
use crate::identity::Id;
use crate::metric::Metric;
use crate::params::choice;
use crate::record::{MetricPoint, Outcome, RunRecord};

choice! {
    /// The stage of a sweep that a run belongs to.
    #[derive(Default)]
    Stage {
        /// Runs of the sweep file, which choose a configuration of each label.
        #[default]
        Tuning = "tuning",
        /// Chosen configurations on fresh seeds.
        Confirm = "confirm",
    }
}

impl Stage {
    /// Returns whether this is the tuning stage, which every sweep has.
    pub fn is_tuning(&self) -> bool {
        *self == Stage::Tuning
    }
}

/// `[tuning]`: epochs at which the worse configurations of each label are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rungs {
    /// The epochs, increasing, each before the last epoch of the runs.
    pub rungs: Vec<u64>,
    /// Fraction of a label's configurations that continue beyond each rung, between 0 and 1.
    pub keep: f64,
}

impl Rungs {
    /// Returns the number of `configs` configurations that continue beyond a rung: the fraction
    /// `keep`, rounded up, at least one. Ties may keep more.
    pub fn kept(&self, configs: usize) -> usize {
        // Rounding errors, as in 3 times a third, must not round up.
        ((configs as f64 * self.keep - 1e-9).ceil() as usize).max(1)
    }
}

/// `[confirm]`: the stage that judges what tuning chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    /// Seeds that tuning does not use, in the order of the file.
    pub seeds: Vec<u64>,
    /// Number of best configurations of each label that are trained on them, at least 1; omitted
    /// from the stored form if it is 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub top: u64,
    /// Interim looks that may end the seeds early; `None`: all seeds are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
}

choice! {
    /// The comparisons that must be decided before no more seeds are trained.
    #[derive(Default)]
    Goal {
        /// The leader compared with every other label.
        #[default]
        Best = "best",
        /// Every pair of labels.
        All = "all",
    }
}

/// Interim looks at the seeds that judge, each of which may end them for some labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// The comparisons that must be decided.
    pub goal: Goal,
    /// Seeds per label at each look, increasing; the last entry is the number of all seeds.
    pub looks: Vec<u64>,
    /// Fraction of the level that each look may spend, one per look; their sum is 1.
    pub share: Vec<f64>,
    /// Probability of any false decision, between 0 and 1.
    pub level: f64,
}

fn one() -> u64 {
    1
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_one(top: &u64) -> bool {
    *top == 1
}

/// The configurations of a label that a decision chose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The label.
    pub label: String,
    /// Ids of the configurations, best first; the first one is judged.
    pub configs: Vec<Id>,
}

/// A run on whose result a decision is based.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The run.
    pub run_id: Id,
    /// [`result_digest`] of its record; null for a failed run kept by `--keep-failed`, and if the
    /// results come from a baseline.
    pub digest: Option<Digest>,
}

/// A decision that was made when all runs of a stage had ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The stage to which it adds runs.
    pub stage: Stage,
    /// Number of the look that it opens, from 1; 0, and omitted, without `until`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub look: u64,
    /// Number of the rung that it decides on, from 1; 0, and omitted, for any other decision.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rung: u64,
    /// The configurations that the stage trains, or that continue beyond the rung, by label in the
    /// order of the plan. Labels without any result are left out, and at a later look also labels
    /// that need no more seeds, so that it may be empty.
    pub chosen: Vec<Choice>,
    /// Configurations that are added to grids of tuning. A decision on tuning that adds none ends
    /// the growth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grown: Vec<Grown>,
    /// The runs that it is based on, in the order of the plan.
    pub rests_on: Vec<Evidence>,
}

/// Returns the BLAKE3 digest of a run's status, weights and measurements except times; `None`
/// without a result.
pub fn result_digest(record: &RunRecord) -> Option<Digest> {
    let outcome = record.outcome.as_ref().filter(|_| record.status.is_result())?;
    let head = format!("{}\n{:?}\n", outcome.status, outcome.weights_digest);
    Some(digest(head, outcome, u64::MAX))
}

/// Returns the BLAKE3 digest of a run's measurements except times up to the end of an epoch, which
/// is the same whether the run paused there or continued. `None` without an outcome, and if a run
/// without a result was not trained that far.
pub fn digest_upto(record: &RunRecord, epoch: u64) -> Option<Digest> {
    let outcome = record.outcome.as_ref()?;
    let there = record.status.is_result() || outcome.epochs_completed >= epoch;
    there.then(|| digest(format!("up to epoch {epoch}\n"), outcome, epoch))
}

fn digest(mut text: String, outcome: &Outcome, epoch: u64) -> Digest {
    let counts = |p: &&MetricPoint| p.metric != Metric::SECONDS && p.epoch <= epoch;
    for point in outcome.metrics.iter().filter(counts) {
        let (step, value) = (point.step, point.value.0.to_bits());
        text += &format!("{} {step} {}.{} {value:x}\n", point.epoch, point.split, point.metric);
    }
    Digest::of(text)
}

impl Decision {
    /// Returns the runs whose results are known to differ now from those it is based on.
    /// `digest_of` returns the present [`result_digest`] of a run.
    pub fn changed<'a>(
        &'a self,
        digest_of: impl Fn(Id) -> Option<Digest> + 'a,
    ) -> impl Iterator<Item = Id> + 'a {
        // A decision from a baseline has no digests.
        let known = self.rests_on.iter().any(|evidence| evidence.digest.is_some());
        let other = move |evidence: &&Evidence| {
            known && digest_of(evidence.run_id).is_some_and(|now| Some(now) != evidence.digest)
        };
        self.rests_on.iter().filter(other).map(|evidence| evidence.run_id)
    }

    /// Returns the chosen configurations of a label; empty for a label that was left out.
    pub fn of(&self, label: &str) -> &[Id] {
        let choice = self.chosen.iter().find(|choice| choice.label == label);
        choice.map_or(&[], |choice| choice.configs.as_slice())
    }
}
