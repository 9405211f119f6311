//! Claims of the sweep file (`[claim]`): a one-sided test of the mean over seeds of each
//! optimizer's chosen configuration. They are not part of any id and change no run.

use serde::{Deserialize, Serialize};

use crate::metric::EpochMetric;
use crate::metric::Metric;
use crate::metric::Split;
use crate::params::choice;
use crate::run::{Loss, RunSpec};

choice! {
    /// The test of a claim.
    #[derive(Default)]
    ClaimTest {
        /// One-sided, one-sample Student's t-test.
        #[default]
        T = "t",
        /// One-sided exact sign test, which tests the median.
        Sign = "sign",
        /// One-sided z-test with a standard deviation known beforehand.
        Z = "z",
    }
}

impl ClaimTest {
    fn is_default(&self) -> bool {
        *self == ClaimTest::T
    }

    /// Returns the smallest number of seeds with which the test can support a claim at `level`, a
    /// fraction above 0. For the sign test it is the smallest n with 0.5^n <= level.
    pub fn least_seeds(self, level: f64) -> usize {
        match self {
            ClaimTest::T => 2,
            ClaimTest::Z => 1,
            ClaimTest::Sign => {
                (1..1_075).find(|&n| 0.5_f64.powi(n) <= level).unwrap_or(1_075) as usize
            }
        }
    }
}

/// A resolved `[claim]`: the mean over seeds is above the target if higher values of the metric
/// are better, else below it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    /// The split that the metric is measured on.
    pub split: Split,
    /// The metric.
    pub metric: Metric,
    /// The value that the mean is claimed to exceed or fall below, in the metric's unit.
    pub target: f64,
    /// The largest p-value that supports the claim, between 0 and 1.
    pub level: f64,
    /// The test; omitted from the stored form if it is Student's t.
    #[serde(default, skip_serializing_if = "ClaimTest::is_default")]
    pub test: ClaimTest,
    /// The known standard deviation between seeds, in the metric's unit; `None` except with `z`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sd: Option<f64>,
    /// The epoch whose values count, the same for all runs; `None` = the last planned epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u64>,
}

impl Claim {
    /// Returns the metric with its split.
    pub fn of(&self) -> EpochMetric {
        EpochMetric::new(self.split, self.metric)
    }

    /// Returns whether the mean is claimed to be above the target.
    pub fn above(&self) -> bool {
        self.metric.higher_is_better()
    }
}

/// Returns the smallest and the largest value that a metric can have after any epoch of a run.
/// The loss of a network is at least 0, and a function's value at least that of its minima.
pub fn reachable(metric: Metric, run: &RunSpec) -> (f64, f64) {
    let (low, high) = metric.description().bounds.ends();
    let least = match &run.model {
        crate::model::ModelSpec::Function(model) => {
            let info = model.function.info();
            if info.saddle { low } else { info.lowest }
        }
        crate::model::ModelSpec::NoisyQuadratic(_) => 0.0,
        _ if run.train.loss == Loss::Value => low,
        _ => 0.0,
    };
    (if metric == Metric::LOSS { low.max(least) } else { low }, high)
}

/// Returns the last epoch that a run is certain to train, whatever it measures: early stopping
/// may end it once its patience runs out, and the target after the first epoch. The result is 0
/// for a run by steps that either may end, because its evaluations are not epochs.
pub fn surely_reached(run: &RunSpec) -> u64 {
    let patience = run.early_stopping.as_ref().map_or(u64::MAX, |early| early.patience);
    let stop = if run.stop_at.is_some() { 1 } else { u64::MAX };
    let ends_early = run.early_stopping.is_some() || run.stop_at.is_some();
    if run.train.steps > 0 && ends_early {
        return 0;
    }
    run.train.epochs.min(patience).min(stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_says_how_many_seeds_a_sign_test_needs() {
        for (level, n) in [(0.5, 1), (0.05, 5), (0.03125, 5), (0.03, 6), (0.01, 7), (1e-6, 20)] {
            assert_eq!(ClaimTest::Sign.least_seeds(level), n, "{level}");
        }
        assert_eq!((ClaimTest::T.least_seeds(0.05), ClaimTest::Z.least_seeds(0.05)), (2, 1));
    }

    #[test]
    fn the_stored_form_leaves_out_what_is_neutral() {
        let text = r#"{"split":"test","metric":"accuracy","target":0.97,"level":0.05}"#;
        let read: Claim = serde_json::from_str(text).unwrap();
        assert!(read.above() && read.test == ClaimTest::T && read.epoch.is_none());
        assert_eq!(serde_json::to_string(&read).unwrap(), text);
        let other = Claim { test: ClaimTest::Z, sd: Some(0.001), epoch: Some(3), ..read };
        let text = serde_json::to_string(&other).unwrap();
        assert!(text.ends_with(r#""test":"z","sd":0.001,"epoch":3}"#), "{text}");
        assert_eq!(serde_json::from_str::<Claim>(&text).unwrap(), other);
    }
}
