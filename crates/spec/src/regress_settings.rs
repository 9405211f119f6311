//! `[regress]` of the sweep file: what counts as a regression. No part of any
//! id: changing it trains nothing.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use crate::params::choice;

choice! {
    /// A quantity of a run that is compared from night to night, named as its
    /// column in `runs.parquet` where it has one.
    RegressMetric {
        /// Training loss of the last epoch.
        TrainLoss = "train_loss",
        /// Validation loss after the last epoch.
        ValidationLoss = "validation_loss",
        /// Validation accuracy after the last epoch.
        ValidationAccuracy = "validation_accuracy",
        /// Test loss after the last epoch.
        TestLoss = "test_loss",
        /// Test accuracy after the last epoch.
        TestAccuracy = "test_accuracy",
        /// Highest validation accuracy of any epoch.
        BestValidationAccuracy = "best_validation_accuracy",
        /// Validation top-5 accuracy after the last epoch, where it is measured.
        ValidationTop5Accuracy = "validation_top5_accuracy",
        /// Validation F1, macro-averaged, after the last epoch, where it is measured.
        ValidationF1 = "validation_f1",
        /// Test top-5 accuracy after the last epoch, where it is measured.
        TestTop5Accuracy = "test_top5_accuracy",
        /// Test F1, macro-averaged, after the last epoch, where it is measured.
        TestF1 = "test_f1",
        /// Epochs to the target's value; never = one more than was planned.
        TargetEpoch = "target_epoch",
        /// Share of the seeds that diverged.
        Diverged = "diverged",
        /// Optimizer steps of a run that trained all its epochs. The same run
        /// must do the same work: any change is for the worse.
        Steps = "steps",
        /// Seconds of training of a run's fastest epoch, on equal machines only.
        SecondsPerEpoch = "seconds_per_epoch",
    }
}

/// What a change is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectUnit {
    /// A fraction of the baseline's mean.
    Relative,
    /// A fraction of all: accuracies and shares, so that 0.01 is one percentage point.
    Share,
    /// Epochs.
    Epochs,
}

/// Which direction is for the worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// More of it.
    Higher,
    /// Less of it.
    Lower,
    /// Either.
    Any,
}

impl RegressMetric {
    /// What `min_effect` and effects of the metric are measured in.
    pub fn unit(self) -> EffectUnit {
        use RegressMetric::*;
        match self {
            TrainLoss | ValidationLoss | TestLoss | Steps | SecondsPerEpoch => EffectUnit::Relative,
            TargetEpoch => EffectUnit::Epochs,
            _ => EffectUnit::Share,
        }
    }

    /// Which direction is for the worse.
    pub fn worse(self) -> Worse {
        use RegressMetric::*;
        match self {
            Steps => Worse::Any,
            TrainLoss | ValidationLoss | TestLoss | TargetEpoch | Diverged | SecondsPerEpoch => {
                Worse::Higher
            }
            _ => Worse::Lower,
        }
    }

    /// Returns whether the metric is measured at the end of a run, a loss or a score: a run that
    /// diverges has none, and counts as worse than any that did not.
    pub fn at_the_end(self) -> bool {
        use RegressMetric::*;
        !matches!(self, TargetEpoch | Diverged | Steps | SecondsPerEpoch)
    }

    /// An effect's part for the worse: positive where the metric got worse.
    pub fn for_the_worse(self, effect: f64) -> f64 {
        match self.worse() {
            Worse::Higher => effect,
            Worse::Lower => -effect,
            Worse::Any => effect.abs(),
        }
    }

    /// The effect up to which a change is let pass: 1% of a loss, half a
    /// percentage point of accuracy or F1, half an epoch, 10% of the seconds; none
    /// for divergence and steps.
    pub fn default_min_effect(self) -> f64 {
        use RegressMetric::*;
        match self {
            TrainLoss | ValidationLoss | TestLoss => 0.01,
            TargetEpoch => 0.5,
            Diverged | Steps => 0.0,
            SecondsPerEpoch => 0.1,
            _ => 0.005,
        }
    }

    /// The name in a sentence: `training loss`.
    pub fn words(self) -> &'static str {
        use RegressMetric::*;
        match self {
            TrainLoss => "training loss",
            ValidationLoss => "validation loss",
            ValidationAccuracy => "validation accuracy",
            TestLoss => "test loss",
            TestAccuracy => "test accuracy",
            BestValidationAccuracy => "best validation accuracy",
            ValidationTop5Accuracy => "validation top-5 accuracy",
            ValidationF1 => "validation F1",
            TestTop5Accuracy => "test top-5 accuracy",
            TestF1 => "test F1",
            TargetEpoch => "epochs to the target",
            Diverged => "share of diverged seeds",
            Steps => "optimizer steps",
            SecondsPerEpoch => "seconds per epoch",
        }
    }
}

/// `[regress]`, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressSettings {
    /// What is compared; default: everything that runs have.
    #[serde(
        default = "all_metrics",
        deserialize_with = "metrics_of",
        skip_serializing_if = "is_everything"
    )]
    pub metrics: Vec<RegressMetric>,
    /// Effects that are let pass, where they are not the metric's default.
    #[serde(default)]
    pub min_effect: BTreeMap<RegressMetric, f64>,
    /// The share of nights without change that may raise an alarm; default 0.05.
    #[serde(default = "default_level")]
    pub level: f64,
}

/// Default of [`RegressSettings::level`].
pub const LEVEL: f64 = 0.05;

impl Default for RegressSettings {
    fn default() -> Self {
        RegressSettings { metrics: all_metrics(), min_effect: BTreeMap::new(), level: LEVEL }
    }
}

impl RegressSettings {
    /// What is compared: `metrics`, and divergence whatever they name, because a
    /// diverged run has no other metric.
    pub fn compared(&self) -> Vec<RegressMetric> {
        let mut all = self.metrics.clone();
        if !all.contains(&RegressMetric::Diverged) {
            all.push(RegressMetric::Diverged);
        }
        all
    }

    /// The effect of a metric up to which a change is let pass.
    pub fn min_effect(&self, metric: RegressMetric) -> f64 {
        self.min_effect.get(&metric).copied().unwrap_or_else(|| metric.default_min_effect())
    }
}

fn all_metrics() -> Vec<RegressMetric> {
    RegressMetric::ALL.to_vec()
}

fn is_everything(metrics: &[RegressMetric]) -> bool {
    metrics == RegressMetric::ALL
}

/// Metrics that plans of before listed where they meant everything.
const EVERYTHING_BEFORE: [&str; 10] = [
    "train_loss",
    "validation_loss",
    "validation_accuracy",
    "test_loss",
    "test_accuracy",
    "best_validation_accuracy",
    "target_epoch",
    "diverged",
    "steps",
    "seconds_per_epoch",
];

/// Reads the stored list; the one that was everything once is everything.
fn metrics_of<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<RegressMetric>, D::Error> {
    let metrics = Vec::<RegressMetric>::deserialize(from)?;
    let once = metrics.iter().map(|m| m.name()).eq(EVERYTHING_BEFORE);
    Ok(if once { all_metrics() } else { metrics })
}

fn default_level() -> f64 {
    LEVEL
}

#[cfg(test)]
mod tests {
    use super::RegressMetric::*;
    use super::*;

    #[test]
    fn the_worse_is_positive() {
        assert_eq!(TestLoss.for_the_worse(0.1), 0.1);
        assert_eq!(TestAccuracy.for_the_worse(0.1), -0.1);
        assert_eq!([-0.1, 0.1].map(|effect| Steps.for_the_worse(effect)), [0.1, 0.1]);
    }

    #[test]
    fn divergence_is_always_compared() {
        let of = |metrics: &[RegressMetric]| {
            RegressSettings { metrics: metrics.to_vec(), ..RegressSettings::default() }.compared()
        };
        assert_eq!(of(&[TestLoss]), [TestLoss, Diverged]);
        assert_eq!(of(RegressMetric::ALL), RegressMetric::ALL);
    }

    #[test]
    fn everything_of_a_plan_of_before_is_everything() {
        let stored = serde_json::json!({ "metrics": EVERYTHING_BEFORE });
        let read = |json| serde_json::from_value::<RegressSettings>(json).unwrap().metrics;
        assert_eq!(read(stored), RegressMetric::ALL);
        assert_eq!(read(serde_json::json!({ "metrics": ["test_loss"] })), [TestLoss]);
        assert_eq!(read(serde_json::json!({})), RegressMetric::ALL);
    }
}
