//! Metrics of a split after an epoch, which can be watched, be a target, and stand in tables.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Metric, Split, leaked};
use crate::params::{Names, ParamType, ParamValue, Value};

/// A metric on a split, measured after every epoch; stored as `validation.loss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EpochMetric {
    /// The split.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
}

impl EpochMetric {
    /// Loss on the held-out part of the training split.
    pub const VALIDATION_LOSS: EpochMetric = EpochMetric::new(Split::Validation, Metric::LOSS);
    /// Mean loss over the batches of the epoch.
    pub const TRAIN_LOSS: EpochMetric = EpochMetric::new(Split::Train, Metric::LOSS);

    /// Returns the metric on the split.
    pub const fn new(split: Split, metric: Metric) -> Self {
        EpochMetric { split, metric }
    }

    /// Returns every metric on every split on which it is measured, in the order of columns:
    /// metrics that are always measured, by split, then metrics on request, by split.
    pub fn all() -> Vec<EpochMetric> {
        let (on_request, always): (Vec<Metric>, Vec<Metric>) =
            Metric::held_out().into_iter().partition(|m| m.is_on_request());
        let mut out = Vec::new();
        for metrics in [always, on_request] {
            for split in [Split::Train, Split::Validation, Split::Test] {
                let measured = |m: &&Metric| split != Split::Train || m.is_of_training();
                let of_split = metrics.iter().filter(measured);
                out.extend(of_split.map(|metric| EpochMetric::new(split, *metric)));
            }
        }
        out
    }

    /// Returns the metrics that may influence training: all except those on the test split.
    pub fn watched() -> Vec<EpochMetric> {
        EpochMetric::all().into_iter().filter(|m| m.split != Split::Test).collect()
    }

    /// Returns the names of these metrics, for descriptors.
    pub fn names(of: &[EpochMetric]) -> &'static [&'static str] {
        leaked(of.iter().map(ToString::to_string).collect())
    }

    /// Returns the metric of this name, such as `validation.loss`; `None` if the metric is unknown
    /// or not measured on that split.
    pub fn from_name(name: &str) -> Option<EpochMetric> {
        let (split, metric) = name.split_once('.')?;
        let found = EpochMetric::new(Split::from_name(split)?, Metric::known(metric)?);
        let of_split = found.split != Split::Train || found.metric.is_of_training();
        (found.metric.is_held_out() && of_split).then_some(found)
    }

    /// Returns the metric of this name if it may influence training, so not on the test split.
    pub fn watched_by_name(name: &str) -> Option<EpochMetric> {
        EpochMetric::from_name(name).filter(|m| m.split != Split::Test)
    }

    /// Returns the name of its column: `validation_loss`.
    pub fn column(self) -> String {
        format!("{}_{}", self.split, self.metric)
    }

    /// Returns the name in a sentence: `validation loss`, `training loss`.
    pub fn label(self) -> String {
        let split = if self.split == Split::Train { "training" } else { self.split.name() };
        format!("{split} {}", self.metric.label())
    }

    /// Returns whether higher values are better.
    pub fn higher_is_better(self) -> bool {
        self.metric.higher_is_better()
    }
}

impl fmt::Display for EpochMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.split, self.metric)
    }
}

impl Serialize for EpochMetric {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Stored forms hold only metrics that may be watched, since the test split decides nothing.
impl<'de> Deserialize<'de> for EpochMetric {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let name = String::deserialize(from)?;
        let unknown = || serde::de::Error::custom(format!("`{name}` cannot be watched"));
        EpochMetric::watched_by_name(&name).ok_or_else(unknown)
    }
}

impl ParamValue for EpochMetric {
    const TYPE: ParamType =
        ParamType::Listed(Names(|| EpochMetric::names(&EpochMetric::watched())));
    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(name) => EpochMetric::watched_by_name(name),
            _ => None,
        }
    }
    fn to_value(&self) -> Value {
        Value::Text(self.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for metric in EpochMetric::all() {
            assert_eq!(EpochMetric::from_name(&metric.to_string()), Some(metric));
            let text = serde_json::to_string(&metric).unwrap();
            let read = serde_json::from_str::<EpochMetric>(&text).ok();
            assert_eq!(read, Some(metric).filter(|m| m.split != Split::Test));
        }
        for name in ["train.accuracy", "test.lr", "loss", "valid.loss", "test.samples_to_target"] {
            assert_eq!(EpochMetric::from_name(name), None, "{name}");
        }
    }

    #[test]
    fn the_test_split_decides_nothing() {
        let test = Value::Text("test.loss".to_owned());
        assert_eq!(EpochMetric::from_value(&test), None);
        assert!(EpochMetric::watched().iter().all(|m| m.split != Split::Test));
        let names = EpochMetric::names(&EpochMetric::watched());
        assert!(names.contains(&"train.loss") && names.contains(&"validation.f1"), "{names:?}");
    }
}
