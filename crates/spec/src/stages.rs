//! Stages of a sweep: runs that follow from the results of those before, by a pure function of
//! plan and results.
//!
//! The runs of the sweep file are the tuning stage. With `[confirm]` the configurations that it
//! chooses are trained on fresh seeds, which alone judge them. What was chosen is a
//! [`Decision`], which the plan keeps with the results that it rests on (`plan/staged.rs`).

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
    /// True of the stage of every sweep.
    pub fn is_tuning(&self) -> bool {
        *self == Stage::Tuning
    }
}

/// `[tuning]`: epochs at which the worse configurations of each label are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rungs {
    /// The epochs, rising, each before the last of the runs.
    pub rungs: Vec<u64>,
    /// The part of the configurations of a label that goes on at each, between 0 and 1.
    pub keep: f64,
}

impl Rungs {
    /// The number of so many configurations that goes on at a rung, but for ties: rounded up, at
    /// least one.
    pub fn kept(&self, configs: usize) -> usize {
        // A product such as 3 times a third is not exactly 1.
        ((configs as f64 * self.keep - 1e-9).ceil() as usize).max(1)
    }
}

/// `[confirm]`: the stage that judges what tuning chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confirm {
    /// Seeds that tuning does not use, in the order of the file.
    pub seeds: Vec<u64>,
    /// Configurations of each label that are trained on them, at least 1; left out of the stored
    /// form while it is 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub top: u64,
    /// When they end early; left out while all of them are trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Until>,
}

choice! {
    /// What has to be decided for no more seeds to be trained.
    #[derive(Default)]
    Goal {
        /// The leader against every other label.
        #[default]
        Best = "best",
        /// Every pair of labels.
        All = "all",
    }
}

/// Looks at the fresh seeds on the way, each of which may end them for some labels.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Until {
    /// What has to be decided.
    pub goal: Goal,
    /// Seeds of each label at each look, rising; the last is how many there are.
    pub looks: Vec<u64>,
    /// The part of the level that each look may spend, as many as looks; their sum is 1.
    pub share: Vec<f64>,
    /// The chance of any false decision, between 0 and 1.
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
    /// Ids of the configurations, the best first: that one is judged.
    pub configs: Vec<Id>,
}

/// A run whose result a decision rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The run.
    pub run_id: Id,
    /// [`result_digest`] of its record; null of a run without a result that `--keep-failed` keeps,
    /// and where a baseline tells the results.
    pub digest: Option<Digest>,
}

/// What was decided when all runs of a stage had ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The stage whose runs it adds.
    pub stage: Stage,
    /// The look at the fresh seeds that it opens, from 1; left out without `until`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub look: u64,
    /// The rung that it is on, from 1; left out of any other decision.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub rung: u64,
    /// The configurations that the stage trains, or that go on beyond the rung, by label in the
    /// order of the plan. A label of which no run has a result is left out, and of a later look one
    /// that needs no more seeds: none where no label does.
    pub chosen: Vec<Choice>,
    /// Configurations that are added to grids of tuning; left out where it adds none. A decision
    /// on tuning that adds none ends the growth.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grown: Vec<Grown>,
    /// What it rests on, in the order of the plan.
    pub rests_on: Vec<Evidence>,
}

/// BLAKE3 of what a run came to: its status, its weights and its measurements, but for times. None
/// without a result.
pub fn result_digest(record: &RunRecord) -> Option<Digest> {
    let outcome = record.outcome.as_ref().filter(|_| record.status.is_result())?;
    let head = format!("{}\n{:?}\n", outcome.status, outcome.weights_digest);
    Some(digest(head, outcome, u64::MAX))
}

/// BLAKE3 of a run's measurements up to the end of an epoch, but for times: the same of a run that
/// paused there and of one that went on. None where it was not trained so far, and without a result.
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
    /// The runs whose results are known to be other ones now than those it rests on.
    pub fn changed<'a>(
        &'a self,
        digest_of: impl Fn(Id) -> Option<Digest> + 'a,
    ) -> impl Iterator<Item = Id> + 'a {
        // Of a baseline's decision no digest is known.
        let known = self.rests_on.iter().any(|evidence| evidence.digest.is_some());
        let other = move |evidence: &&Evidence| {
            known && digest_of(evidence.run_id).is_some_and(|now| Some(now) != evidence.digest)
        };
        self.rests_on.iter().filter(other).map(|evidence| evidence.run_id)
    }

    /// The configurations of a label; none of a label that it left out.
    pub fn of(&self, label: &str) -> &[Id] {
        let choice = self.chosen.iter().find(|choice| choice.label == label);
        choice.map_or(&[], |choice| choice.configs.as_slice())
    }
}
