//! Differences that count as zero: below the resolution of the metric, or due to rounding.

use spec::RunSpec;
use spec::metric::Resolution;
use spec::record::Split;

use super::Criterion;
use crate::table::RunRow;

/// Relative difference up to which losses and scores are level: a few ulps of float32, in which
/// they are computed.
const ROUNDING: f64 = 1e-6;

/// Fraction of the loss before training below which losses are level: the remainder is rounding of
/// terms of the initial size (2^-24 is half an ulp of float32).
pub const VANISHED: f64 = 1.0 / 16_777_216.0;

/// A run's outcome, with the data to tell whether it differs from another's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Judged {
    /// The value of [`Criterion::outcome`].
    pub outcome: f64,
    /// Number of samples of the split it was measured on.
    samples: u64,
    /// Loss on that split before training; `None` if the metric is not a loss.
    initial: Option<f64>,
}

impl Judged {
    /// Returns `None` without an outcome.
    pub(crate) fn of(evaluation: &Criterion, spec: &RunSpec, row: &RunRow) -> Option<Self> {
        let outcome = evaluation.outcome(row)?;
        let samples = match evaluation.split {
            Split::Test => spec.data.dataset.test_len(),
            Split::Validation => spec.data.validation,
            Split::Train => spec.train_samples(),
        };
        let initial = match (evaluation.metric.description().resolution, evaluation.split) {
            (Resolution::Residual, Split::Test) => row.initial_test_loss,
            (Resolution::Residual, Split::Validation) => row.initial_validation_loss,
            _ => None,
        };
        Some(Judged { outcome, samples, initial })
    }

    fn vanished(&self) -> bool {
        self.initial.is_some_and(|initial| self.outcome.abs() < VANISHED * initial.abs())
    }
}

/// Returns by how much `a` is better than `b`: 0 where the two are level, infinite where one of
/// them diverged or never reached its target.
///
/// Accuracies are level below half a sample. Other metrics are level up to 1e-6 of the larger, and
/// losses also where both are below 2^-24 of the loss before training. Numbers of samples are
/// exact.
pub(crate) fn gain(evaluation: &Criterion, a: &Judged, b: &Judged) -> f64 {
    let (x, y) = (a.outcome, b.outcome);
    // Both may be infinite, and infinity minus infinity is NaN.
    if x == y {
        return 0.0;
    }
    let gain = evaluation.gain(x, y);
    let level = match evaluation.metric.description().resolution {
        _ if !gain.is_finite() || evaluation.reached() => false,
        Resolution::Exact => false,
        Resolution::Sample => gain.abs() < 0.5 / a.samples.max(1) as f64,
        Resolution::Float | Resolution::Residual => {
            gain.abs() <= ROUNDING * x.abs().max(y.abs()) || a.vanished() && b.vanished()
        }
    };
    if level { 0.0 } else { gain }
}

/// Returns the outcomes of the two sides of an unpaired comparison, with signs such that more is
/// better, and level ones made equal.
pub(crate) fn scores(evaluation: &Criterion, sides: [&[Judged]; 2]) -> [Vec<f64>; 2] {
    let mut all: Vec<(usize, usize, Judged)> = Vec::new();
    for (side, values) in sides.iter().enumerate() {
        all.extend(values.iter().enumerate().map(|(at, value)| (side, at, *value)));
    }
    all.sort_by(|a, b| a.2.outcome.total_cmp(&b.2.outcome));
    let mut out = sides.map(|values| vec![0.0; values.len()]);
    let mut first: Option<Judged> = None;
    for (side, at, value) in all {
        // Each group is compared with its first, so that it cannot grow step by step.
        let held = first.filter(|held| gain(evaluation, held, &value) == 0.0).unwrap_or(value);
        first = Some(held);
        out[side][at] = if evaluation.higher_is_better() { held.outcome } else { -held.outcome };
    }
    out
}

#[cfg(test)]
mod tests {
    use spec::metric::Metric;

    use super::*;
    use crate::analysis::Measured;

    fn judge(metric: Metric) -> Criterion {
        Criterion {
            split: Split::Test,
            metric,
            function: false,
            measured: Measured::Last,
            grain: Default::default(),
            fallback: None,
        }
    }

    fn judged(outcome: f64) -> Judged {
        Judged { outcome, samples: 360, initial: Some(2.3) }
    }

    fn gained(metric: Metric, a: f64, b: f64) -> f64 {
        gain(&judge(metric), &judged(a), &judged(b))
    }

    #[test]
    fn a_sample_is_the_step_of_an_accuracy() {
        let one = 1.0 / 360.0;
        // The same count of samples, by two ways of adding.
        assert_eq!(gained(Metric::ACCURACY, 0.1 + 0.2, 0.3), 0.0);
        assert_eq!(gained(Metric::ACCURACY, 0.9 + 0.49 * one, 0.9), 0.0);
        assert!(gained(Metric::ACCURACY, 0.9 + one, 0.9) > 0.0);
        assert!(gained(Metric::ACCURACY, 0.9 - one, 0.9) < 0.0);
    }

    #[test]
    fn losses_are_level_within_float32() {
        assert_eq!(gained(Metric::LOSS, 0.5, 0.5 * (1.0 + 0.9e-6)), 0.0);
        assert!(gained(Metric::LOSS, 0.5, 0.5 * (1.0 + 2e-6)) > 0.0, "less is better");
        // 2.3 / 2^24 = 1.37e-7.
        assert_eq!(gained(Metric::LOSS, 1e-13, 1.3e-7), 0.0);
        assert!(gained(Metric::LOSS, 1e-13, 1.5e-7) > 0.0);
        assert_eq!(gained(Metric::F1, 0.5, 0.5 + 4e-7), 0.0);
    }

    #[test]
    fn infinite_outcomes_are_level_with_each_other_alone() {
        let worst = judge(Metric::LOSS).worst();
        assert_eq!(gained(Metric::LOSS, worst, worst), 0.0);
        assert_eq!(gained(Metric::LOSS, 1e35, worst), f64::INFINITY);
        assert_eq!(gained(Metric::ACCURACY, f64::NEG_INFINITY, 0.1), f64::NEG_INFINITY);
    }

    #[test]
    fn level_values_of_two_sides_become_equal() {
        let (a, b) = ([judged(0.1 + 0.2), judged(0.5)], [judged(0.3), judged(f64::INFINITY)]);
        let [a, b] = scores(&judge(Metric::LOSS), [&a, &b]);
        assert_eq!((a[0], a[1]), (b[0], -0.5));
        assert_eq!(b[1], f64::NEG_INFINITY);
    }
}
