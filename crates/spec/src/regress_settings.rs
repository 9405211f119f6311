//! Settings of `[regress]` in the sweep file: what counts as a regression. They are not part of
//! any id, so changing them retrains nothing.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::metric::Split;
use crate::metric::{EpochMetric, Metric, leaked};
use crate::params::{Names, ParamType, ParamValue, Value};

/// A quantity of a run that is compared from night to night, with the name of its column in
/// `runs.parquet` if it has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RegressMetric {
    /// A metric after the last epoch: `test_loss`.
    AtEnd(EpochMetric),
    /// `best_validation_accuracy`: highest validation accuracy of any epoch, a fraction.
    BestValidationAccuracy,
    /// `target_epoch`: epochs until the target is reached; one more than planned if it never is.
    TargetEpoch,
    /// `target_step`: optimizer steps until a run by steps reaches the target; one more than
    /// planned if it never does.
    TargetStep,
    /// `diverged`: fraction of the seeds that diverged.
    Diverged,
    /// `steps`: optimizer steps of a run that trained to its planned end. The same run
    /// must do the same work, so any change is a regression.
    Steps,
    /// `seconds_per_epoch`: training seconds of a run's fastest epoch, or of the fastest segment
    /// of a run by steps; compared only between equal machines.
    SecondsPerEpoch,
}

/// The unit in which a change is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectUnit {
    /// A fraction of the baseline's mean.
    Relative,
    /// An absolute difference of fractions such as accuracies: 0.01 is one percentage point.
    Share,
    /// Epochs.
    Epochs,
}

/// The direction of change that counts as worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worse {
    /// Higher values are worse.
    Higher,
    /// Lower values are worse.
    Lower,
    /// Any change is worse.
    Any,
}

/// Quantities other than metrics after an epoch, in the order of tables, with their names.
const OTHERS: [(RegressMetric, &str); 6] = [
    (RegressMetric::BestValidationAccuracy, "best_validation_accuracy"),
    (RegressMetric::TargetEpoch, "target_epoch"),
    (RegressMetric::TargetStep, "target_step"),
    (RegressMetric::Diverged, "diverged"),
    (RegressMetric::Steps, "steps"),
    (RegressMetric::SecondsPerEpoch, "seconds_per_epoch"),
];

impl RegressMetric {
    /// Mean training loss over the last epoch.
    pub const TRAIN_LOSS: RegressMetric = RegressMetric::at_end(Split::Train, Metric::LOSS);
    /// Test loss after the last epoch.
    pub const TEST_LOSS: RegressMetric = RegressMetric::at_end(Split::Test, Metric::LOSS);
    /// Test accuracy after the last epoch.
    pub const TEST_ACCURACY: RegressMetric = RegressMetric::at_end(Split::Test, Metric::ACCURACY);

    /// Returns the quantity that is a metric on a split after the last epoch.
    pub const fn at_end(split: Split, metric: Metric) -> Self {
        RegressMetric::AtEnd(EpochMetric::new(split, metric))
    }

    /// Returns every quantity, in the order of tables: metrics that are always measured, the best
    /// validation accuracy, metrics on request, the others.
    pub fn all() -> Vec<RegressMetric> {
        let ends = EpochMetric::all().into_iter().map(RegressMetric::AtEnd);
        let mut all: Vec<RegressMetric> = ends.chain(OTHERS.map(|(other, _)| other)).collect();
        all.sort();
        all
    }

    /// Returns the names of all quantities, for descriptors.
    pub fn names() -> &'static [&'static str] {
        leaked(RegressMetric::all().into_iter().map(RegressMetric::name).collect())
    }

    /// Returns the name in sweep files and stored forms: `test_loss`.
    pub fn name(self) -> String {
        match OTHERS.iter().find(|(other, _)| *other == self) {
            Some((_, name)) => (*name).to_owned(),
            None => self.epoch_metric().map_or_else(String::new, EpochMetric::column),
        }
    }

    /// Returns the quantity of this name; `None` if there is none, or if the metric is not
    /// measured on that split.
    pub fn from_name(name: &str) -> Option<Self> {
        RegressMetric::all().into_iter().find(|m| m.name() == name)
    }

    /// Returns the metric that is measured at the end of a run; `None` for other quantities.
    pub fn epoch_metric(self) -> Option<EpochMetric> {
        if let RegressMetric::AtEnd(metric) = self { Some(metric) } else { None }
    }

    /// Returns the sort key of the order in tables and stored forms.
    fn rank(self) -> (u8, Option<(Split, Metric)>) {
        let group = match self {
            RegressMetric::AtEnd(m) if !m.metric.is_on_request() => 0,
            RegressMetric::BestValidationAccuracy => 1,
            RegressMetric::AtEnd(_) => 2,
            RegressMetric::TargetEpoch => 3,
            RegressMetric::TargetStep => 4,
            RegressMetric::Diverged => 5,
            RegressMetric::Steps => 6,
            RegressMetric::SecondsPerEpoch => 7,
        };
        (group, self.epoch_metric().map(|m| (m.split, m.metric)))
    }

    /// Returns the unit of `min_effect` and of effects of the quantity.
    pub fn unit(self) -> EffectUnit {
        match self {
            RegressMetric::AtEnd(m) if m.metric.is_share() => EffectUnit::Share,
            RegressMetric::AtEnd(_)
            | RegressMetric::TargetStep
            | RegressMetric::Steps
            | RegressMetric::SecondsPerEpoch => EffectUnit::Relative,
            RegressMetric::TargetEpoch => EffectUnit::Epochs,
            RegressMetric::BestValidationAccuracy | RegressMetric::Diverged => EffectUnit::Share,
        }
    }

    /// Returns the direction of change that counts as worse.
    pub fn worse(self) -> Worse {
        match self {
            RegressMetric::AtEnd(m) if m.higher_is_better() => Worse::Lower,
            RegressMetric::BestValidationAccuracy => Worse::Lower,
            RegressMetric::Steps => Worse::Any,
            RegressMetric::AtEnd(_)
            | RegressMetric::TargetEpoch
            | RegressMetric::TargetStep
            | RegressMetric::Diverged
            | RegressMetric::SecondsPerEpoch => Worse::Higher,
        }
    }

    /// Returns whether the quantity is a loss or a score at the end of a run. A diverged run has
    /// no such value and counts as worse than any run that did not diverge.
    pub fn is_at_the_end(self) -> bool {
        matches!(self, RegressMetric::AtEnd(_) | RegressMetric::BestValidationAccuracy)
    }

    /// Returns whether the quantity is the time until a run reached the target.
    pub fn is_time_to_target(self) -> bool {
        matches!(self, RegressMetric::TargetEpoch | RegressMetric::TargetStep)
    }

    /// Returns the effect with its sign chosen so that positive means worse.
    pub fn for_the_worse(self, effect: f64) -> f64 {
        match self.worse() {
            Worse::Higher => effect,
            Worse::Lower => -effect,
            Worse::Any => effect.abs(),
        }
    }

    /// Returns the default largest effect that does not count as a regression, in the unit of
    /// [`RegressMetric::unit`]: that of the metric's description (1% of a loss, half a percentage
    /// point of a share), half an epoch or 5% of the steps to the target, 10% of the seconds, and
    /// 0 for divergence and steps.
    pub fn default_min_effect(self) -> f64 {
        match self {
            RegressMetric::AtEnd(m) => m.metric.description().min_effect,
            RegressMetric::BestValidationAccuracy => Metric::ACCURACY.description().min_effect,
            RegressMetric::TargetEpoch => 0.5,
            RegressMetric::TargetStep => 0.05,
            RegressMetric::Diverged | RegressMetric::Steps => 0.0,
            RegressMetric::SecondsPerEpoch => 0.1,
        }
    }

    /// Returns the name in a sentence: `training loss`.
    pub fn label(self) -> String {
        match self {
            RegressMetric::AtEnd(metric) => metric.label(),
            RegressMetric::BestValidationAccuracy => "best validation accuracy".to_owned(),
            RegressMetric::TargetEpoch => "epochs to the target".to_owned(),
            RegressMetric::TargetStep => "steps to the target".to_owned(),
            RegressMetric::Diverged => "share of diverged seeds".to_owned(),
            RegressMetric::Steps => "optimizer steps".to_owned(),
            RegressMetric::SecondsPerEpoch => "seconds per epoch".to_owned(),
        }
    }
}

impl Ord for RegressMetric {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for RegressMetric {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for RegressMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

impl Serialize for RegressMetric {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for RegressMetric {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("there is no quantity `{name}`"));
        RegressMetric::from_name(&name).ok_or_else(unknown)
    }
}

/// Default of [`RegressSettings::level`].
pub const LEVEL: f64 = 0.05;

impl ParamValue for Vec<RegressMetric> {
    const TYPE: ParamType = ParamType::NameList(Names(RegressMetric::names));

    fn from_value(value: &Value) -> Option<Self> {
        let Value::List(items) = value else { return None };
        let metric = |item: &Value| match item {
            Value::Text(name) => RegressMetric::from_name(name),
            _ => None,
        };
        items.iter().map(metric).collect()
    }

    fn to_value(&self) -> Value {
        Value::List(self.iter().map(|metric| Value::Text(metric.name())).collect())
    }
}

crate::settings! {
    /// Rules by which a change counts as a regression; changing them retrains nothing.
    RegressSettings in "regress" {
        /// Quantities that are compared; by default all that the runs have.
        #[serde(deserialize_with = "metrics_of", skip_serializing_if = "is_everything")]
        metrics: Vec<RegressMetric> = all_metrics(), Any;
        /// Largest effects that do not count as regressions, by metric and in its unit; they
        /// replace the metric's default.
        min_effect: BTreeMap<RegressMetric, f64> = BTreeMap::new()
            => "a table of numbers by metric: { test_loss = 0.02 }", "each metric's own";
        /// Accepted rate of false alarms: the fraction of nights without any change that may raise
        /// one.
        // At 0 nothing could ever be found, and above a half most alarms are false.
        level: f64 = LEVEL, Within(1e-6, 0.5);
    }
}

impl RegressSettings {
    /// Returns the quantities that are compared: `metrics`, and always divergence, because a
    /// diverged run has no other metric.
    pub fn compared(&self) -> Vec<RegressMetric> {
        let mut all = self.metrics.clone();
        if !all.contains(&RegressMetric::Diverged) {
            all.push(RegressMetric::Diverged);
        }
        all
    }

    /// Returns the largest effect of a metric that does not count as a regression, in the unit of
    /// [`RegressMetric::unit`].
    pub fn min_effect(&self, metric: RegressMetric) -> f64 {
        self.min_effect.get(&metric).copied().unwrap_or_else(|| metric.default_min_effect())
    }
}

fn all_metrics() -> Vec<RegressMetric> {
    RegressMetric::all()
}

fn is_everything(metrics: &[RegressMetric]) -> bool {
    metrics == RegressMetric::all()
}

/// Metrics that older plans listed to mean everything.
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

/// Reads the stored list; [`EVERYTHING_BEFORE`] is read as all metrics of today.
fn metrics_of<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<RegressMetric>, D::Error> {
    let metrics = Vec::<RegressMetric>::deserialize(from)?;
    let once = metrics.iter().map(|m| m.name()).eq(EVERYTHING_BEFORE);
    Ok(if once { all_metrics() } else { metrics })
}

#[cfg(test)]
mod tests {
    use super::RegressMetric::*;
    use super::*;

    #[test]
    fn the_worse_is_positive() {
        assert_eq!(RegressMetric::TEST_LOSS.for_the_worse(0.1), 0.1);
        assert_eq!(RegressMetric::TEST_ACCURACY.for_the_worse(0.1), -0.1);
        assert_eq!([-0.1, 0.1].map(|effect| Steps.for_the_worse(effect)), [0.1, 0.1]);
    }

    #[test]
    fn the_order_of_tables_and_plans_is_fixed() {
        // plan.json holds `min_effect` in this order; a new metric goes where its kind is.
        let at_first = |m: &RegressMetric| {
            m.epoch_metric().is_none_or(|of| of.metric.description().column_always)
        };
        let all = RegressMetric::all().into_iter().filter(at_first);
        let kept: Vec<String> = all.map(RegressMetric::name).collect();
        assert_eq!(
            kept.join(" "),
            "train_loss validation_loss validation_accuracy test_loss test_accuracy \
             best_validation_accuracy validation_top5_accuracy validation_f1 test_top5_accuracy \
             test_f1 target_epoch target_step diverged steps seconds_per_epoch"
        );
        for metric in RegressMetric::all() {
            assert_eq!(RegressMetric::from_name(&metric.name()), Some(metric));
        }
    }

    #[test]
    fn divergence_is_always_compared() {
        let of = |metrics: &[RegressMetric]| {
            RegressSettings { metrics: metrics.to_vec(), ..RegressSettings::default() }.compared()
        };
        let loss = RegressMetric::TEST_LOSS;
        assert_eq!(of(&[loss]), [loss, Diverged]);
        assert_eq!(of(&RegressMetric::all()), RegressMetric::all());
    }

    #[test]
    fn everything_of_a_plan_of_before_is_everything() {
        let stored = serde_json::json!({ "metrics": EVERYTHING_BEFORE });
        let read = |json| serde_json::from_value::<RegressSettings>(json).unwrap().metrics;
        assert_eq!(read(stored), RegressMetric::all());
        assert_eq!(
            read(serde_json::json!({ "metrics": ["test_loss"] })),
            [RegressMetric::TEST_LOSS]
        );
        assert_eq!(read(serde_json::json!({})), RegressMetric::all());
    }
}
