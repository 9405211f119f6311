//! Conditions that end training before its last epoch.

use serde::{Deserialize, Serialize};

use crate::metric::Split;
use crate::metric::{EpochMetric, Metric};
use crate::params::params;

params! {
    /// The table `[train.early_stopping]`: training ends after `patience` consecutive
    /// epochs without an improvement, as in PyTorch Lightning's `EarlyStopping`.
    /// The final weights are those of the last epoch, not of the best one.
    EarlyStopping {
        /// Metric that is monitored after every epoch.
        metric: EpochMetric = value(EpochMetric::VALIDATION_LOSS), Any;
        /// Consecutive epochs without an improvement after which training ends.
        patience: u64 = value(3), Within(1.0, 1e6);
        /// Change that an improvement must exceed, in the metric's unit.
        min_delta: f64 = value(0.0), NonNegative;
    }
}

/// Training ends after the first epoch whose metric has reached the value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopAt {
    /// The split that the metric is measured on.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// The value to reach, in the metric's unit.
    pub value: f64,
}

impl StopAt {
    /// Returns the split and the metric as text: `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }

    /// Returns whether a measured value has reached the target; false for NaN.
    pub fn reached(&self, value: f64) -> bool {
        let higher = self.metric.higher_is_better();
        if higher { value >= self.value } else { value <= self.value }
    }
}

/// The state of early stopping from epoch to epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Patience {
    /// The best value so far; `None` before the first finite one.
    pub best: Option<f64>,
    /// Epochs since the best value.
    pub waited: u64,
}

impl Patience {
    /// Records the value of an epoch and returns whether training must stop. A value that
    /// is not finite is no improvement.
    pub fn observe(&mut self, early: &EarlyStopping, value: f64) -> bool {
        let better = value.is_finite()
            && self.best.is_none_or(|best| {
                let gain =
                    if early.metric.higher_is_better() { value - best } else { best - value };
                gain > early.min_delta
            });
        if better {
            *self = Patience { best: Some(value), waited: 0 };
        } else {
            self.waited += 1;
        }
        self.waited >= early.patience
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stops_after(early: &EarlyStopping, values: &[f64]) -> Option<usize> {
        let mut patience = Patience::default();
        values.iter().position(|v| patience.observe(early, *v)).map(|i| i + 1)
    }

    #[test]
    fn patience_counts_epochs_without_improvement() {
        let early =
            EarlyStopping { metric: EpochMetric::VALIDATION_LOSS, patience: 2, min_delta: 0.1 };
        assert_eq!(stops_after(&early, &[1.0, 0.8, 0.6, 0.4]), None);
        // 0.75 is better than 0.8 by less than the least change that counts.
        assert_eq!(stops_after(&early, &[1.0, 0.8, 0.75, 0.71, 0.1]), Some(4));
        assert_eq!(stops_after(&early, &[1.0, f64::NAN, f64::INFINITY]), Some(3));
        let metric = EpochMetric::new(Split::Validation, Metric::ACCURACY);
        let early = EarlyStopping { metric, patience: 1, min_delta: 0.0 };
        assert_eq!(stops_after(&early, &[0.1, 0.2, 0.2]), Some(3));
    }

    #[test]
    fn a_target_is_reached_from_the_right_side() {
        let stop = |metric, value| StopAt { split: Split::Validation, metric, value };
        assert!(
            stop(Metric::ACCURACY, 0.9).reached(0.9) && !stop(Metric::ACCURACY, 0.9).reached(0.89)
        );
        assert!(stop(Metric::LOSS, 0.5).reached(0.5) && !stop(Metric::LOSS, 0.5).reached(0.51));
        assert!(stop(Metric::LOSS, 0.5).reached(0.4) && !stop(Metric::LOSS, 0.5).reached(f64::NAN));
    }
}
