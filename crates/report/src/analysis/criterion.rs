//! The selection metric, which chooses configurations, and the evaluation metric, which compares
//! optimizers.

use std::cmp::Ordering;

use spec::DatasetSpec;
use spec::ModelSpec;
use spec::metric::{EpochMetric, Metric};
use spec::plan::{Plan, TargetAt};
use spec::record::Split;

use crate::table::RunRow;
use spec::grain::Grain;

/// The value of a metric that counts for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    /// The value after the last epoch; for runs by steps, after the last step.
    Last,
    /// The value at the epoch or step with the best validation value of the target's metric.
    Best,
    /// The number of training samples until the target was measured, infinite where it never was.
    /// Used where runs stop at the target.
    Reached,
}

/// A metric, with the reason where it replaces the requested one. The selection metric chooses each
/// optimizer's configuration; the evaluation metric compares the chosen ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Criterion {
    /// The split it is measured on.
    pub split: Split,
    /// The metric; [`Metric::SAMPLES_TO_TARGET`] where runs stop at the target.
    pub metric: Metric,
    /// Whether it is the value of a function, which is displayed as `value` instead of as a loss.
    pub function: bool,
    /// The value of a run that counts.
    pub measured: Measured,
    /// The unit that runs are counted in.
    pub grain: Grain,
    /// The reason why it is not the requested metric; `None` where it is.
    pub fallback: Option<String>,
}

impl Criterion {
    /// Returns the name: `validation accuracy`, `training loss`; `value` for a function; `training
    /// samples to the target` where runs stop at the target.
    pub fn name(&self) -> String {
        match (self.measured, self.function) {
            (Measured::Reached, false) => "training samples to the target".to_owned(),
            (Measured::Reached, true) => "steps to the target".to_owned(),
            (_, true) if self.split == Split::Test => "value".to_owned(),
            _ => EpochMetric::new(self.split, self.metric).label(),
        }
    }

    /// Returns the path: `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }

    /// Returns whether runs are judged by how soon they reach the target.
    pub fn reached(&self) -> bool {
        self.measured == Measured::Reached
    }

    /// Returns the name with the value that counts: `test accuracy after the last epoch`.
    pub fn measured_name(&self) -> String {
        match self.measured {
            Measured::Last => format!("{} after the last {}", self.name(), self.grain.unit()),
            Measured::Best => format!("{} at each run's best {}", self.name(), self.grain.unit()),
            Measured::Reached => self.name(),
        }
    }

    /// Returns the name with its average: `mean test accuracy`, or the median where runs stop at
    /// the target, which some may never reach.
    pub fn averaged_name(&self) -> String {
        let of = if self.reached() { "median number of" } else { "mean" };
        format!("{of} {}", self.name())
    }

    /// Returns a completed run's finite value; `None` for any other run, or where the metric was
    /// not measured or the target not reached.
    pub fn of(&self, row: &RunRow) -> Option<f64> {
        self.outcome(row).filter(|value| value.is_finite())
    }

    /// Returns a run's value, or the [worst](Self::worst) value if it diverged, its value is not
    /// finite, or it never reached the target at which it should stop. `None` without a result, or
    /// where the metric was not measured.
    pub fn outcome(&self, row: &RunRow) -> Option<f64> {
        if row.diverged() {
            return Some(self.worst());
        }
        let value = match self.measured {
            Measured::Last => row.last(self.split, self.metric),
            Measured::Best if self.split == Split::Test => row.at_best.and_then(|best| best.test),
            Measured::Best => row.at_best.map(|best| best.value),
            Measured::Reached if row.completed() => {
                Some(row.target_samples.map_or(f64::INFINITY, |samples| samples as f64))
            }
            Measured::Reached => None,
        };
        value.map(|value| if value.is_finite() { value } else { self.worst() })
    }

    /// Returns whether more is better.
    pub fn higher_is_better(&self) -> bool {
        self.metric.higher_is_better()
    }

    /// Orders two values, the better one first.
    pub fn better_first(&self, a: f64, b: f64) -> Ordering {
        if self.metric.higher_is_better() { b.total_cmp(&a) } else { a.total_cmp(&b) }
    }

    /// Formats a value for display: accuracies in per cent.
    pub fn format(&self, value: f64) -> String {
        self.metric.format(value)
    }

    /// Formats a difference or standard deviation: accuracies in percentage points. Small values
    /// keep two significant digits, so that a nonzero one never reads as zero.
    pub fn spread(&self, value: f64) -> String {
        if !self.metric.is_percentage() {
            return self.metric.format_difference(value, 2);
        }
        let points = self.metric.format_difference(value, 2);
        let unit = if points == "1.00" { "point" } else { "points" };
        format!("{points} percentage {unit}")
    }

    /// Returns by how much `a` is better than `b`; positive when it is.
    pub fn gain(&self, a: f64, b: f64) -> f64 {
        if self.metric.higher_is_better() { a - b } else { b - a }
    }

    /// Returns the value that counts for a diverged run: worse than any other.
    pub fn worst(&self) -> f64 {
        self.metric.worst()
    }
}

fn of_function(plan: &Plan) -> bool {
    plan.runs.iter().any(|run| matches!(run.spec.model, ModelSpec::Function(_)))
}

/// Returns the criterion of runs that stop at the target, which are chosen and judged by how soon
/// they reach it; `None` for other runs.
fn until_reached(plan: &Plan) -> Option<Criterion> {
    let stops = plan.runs.iter().any(|run| run.spec.stop_at.is_some());
    stops.then(|| Criterion {
        split: plan.target.split,
        metric: Metric::SAMPLES_TO_TARGET,
        function: of_function(plan),
        measured: Measured::Reached,
        grain: Grain::of(plan),
        fallback: None,
    })
}

/// Returns the plan's target as the selection metric, or the next best metric that the runs can
/// have.
pub(super) fn selection(plan: &Plan, rows: &[RunRow]) -> Criterion {
    if let Some(selection) = until_reached(plan) {
        return selection;
    }
    let wanted = EpochMetric::new(plan.target.split, plan.target.metric);
    let held_out = plan.runs.iter().any(|r| r.spec.data.validation > 0);
    let finished = rows.iter().any(RunRow::completed);
    let usable = |of: EpochMetric| {
        (of.split != Split::Validation || held_out)
            && (!finished || rows.iter().any(|r| r.last(of.split, of.metric).is_some()))
    };
    let choices = [wanted, EpochMetric::VALIDATION_LOSS, EpochMetric::TRAIN_LOSS];
    let chosen = choices.into_iter().find(|c| usable(*c)).unwrap_or(wanted);
    let reason =
        if held_out { "was not measured" } else { "does not exist without a validation split" };
    let best = plan.target.at == TargetAt::Best && chosen == wanted;
    Criterion {
        split: chosen.split,
        metric: chosen.metric,
        function: of_function(plan),
        measured: if best { Measured::Best } else { Measured::Last },
        grain: Grain::of(plan),
        fallback: (chosen != wanted).then(|| {
            format!(
                "{} {reason}, so configurations are chosen by {}",
                wanted.label(),
                chosen.label()
            )
        }),
    }
}

/// Returns the evaluation metric: the target's metric on the test split, which had no part in the
/// choice. If that was not measured, the selection metric with the reason.
pub(super) fn evaluation(plan: &Plan, selection: &Criterion, rows: &[RunRow]) -> Criterion {
    if selection.reached() {
        return selection.clone();
    }
    let measured = |metric: Metric| rows.iter().any(|r| r.last(Split::Test, metric).is_some());
    let wanted = plan.target.metric;
    let held_out = |metric: Metric, fallback| Criterion {
        split: Split::Test,
        metric,
        fallback,
        ..selection.clone()
    };
    if selection.split == Split::Test {
        let why = "configurations were chosen on the test split that judges them, which flatters the best of many: hold \
             out a validation split to choose by";
        // A function has no other data to be judged on.
        let without_data =
            plan.runs.iter().all(|r| matches!(r.spec.data.dataset, DatasetSpec::Function(_)));
        return held_out(selection.metric, (!without_data).then(|| why.to_owned()));
    }
    if measured(wanted) {
        return held_out(wanted, None);
    }
    let why = format!(
        "{} was not measured, so optimizers are judged by the metric that chose their configurations, which flatters \
         the best of many",
        EpochMetric::new(Split::Test, wanted).label()
    );
    let finished = rows.iter().any(RunRow::completed);
    Criterion { fallback: finished.then_some(why), ..selection.clone() }
}
