//! Which metric chooses configurations, and which judges optimizers.

use std::cmp::Ordering;

use spec::plan::Plan;
use spec::record::Split;

use super::landscape;
use crate::number;
use crate::table::RunRow;

/// A metric with the reason why it is not the one that was wanted. The goal
/// chooses each optimizer's configuration; the judge compares the chosen ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Split it is measured on.
    pub split: Split,
    /// `accuracy` or `loss`.
    pub metric: String,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Whether it is the value of a function, which is called so and not a loss.
    pub function: bool,
    /// Why it is not what it should be, when it is not.
    pub fallback: Option<String>,
}

impl Goal {
    /// `validation accuracy`, `training loss`; `value` of a function.
    pub fn name(&self) -> String {
        if self.function && self.split == Split::Test {
            return "value".to_owned();
        }
        name(self.split, &self.metric)
    }

    /// `validation.accuracy`.
    pub fn path(&self) -> String {
        format!("{}.{}", self.split, self.metric)
    }

    /// Orders two values, the better one first.
    pub fn better_first(&self, a: f64, b: f64) -> Ordering {
        if self.higher_is_better { b.total_cmp(&a) } else { a.total_cmp(&b) }
    }

    /// A value as a person reads it: per cent for accuracies.
    pub fn format(&self, value: f64) -> String {
        number::metric(&self.metric, value)
    }

    /// A difference or standard deviation: percentage points for accuracies.
    pub fn spread(&self, value: f64) -> String {
        if number::is_percentage(&self.metric) {
            let points = format!("{:.2}", value * 100.0);
            let unit = if points == "1.00" { "point" } else { "points" };
            format!("{points} percentage {unit}")
        } else {
            number::significant(value, 2)
        }
    }

    /// By how much `a` is better than `b`: positive when it is.
    pub fn gain(&self, a: f64, b: f64) -> f64 {
        if self.higher_is_better { a - b } else { b - a }
    }

    /// The value of a run that diverged: worse than any other.
    pub fn worst(&self) -> f64 {
        if self.higher_is_better { f64::NEG_INFINITY } else { f64::INFINITY }
    }
}

fn name(split: Split, metric: &str) -> String {
    format!("{} {metric}", if split == Split::Train { "training" } else { split.name() })
}

fn of_function(plan: &Plan) -> bool {
    plan.runs.iter().any(|run| landscape::function(run).is_some())
}

/// The plan's target, or the next best metric that the runs can have.
pub(super) fn goal(plan: &Plan, rows: &[RunRow]) -> Goal {
    let wanted = (plan.target.split, plan.target.metric.as_str());
    let held_out = plan.runs.iter().any(|r| r.spec.data.validation > 0);
    let finished = rows.iter().any(RunRow::completed);
    let usable = |(split, metric): (Split, &str)| {
        (split != Split::Validation || held_out)
            && (!finished || rows.iter().any(|r| r.last(split, metric).is_some()))
    };
    let choices = [wanted, (Split::Validation, "loss"), (Split::Train, "loss")];
    let (split, metric) = choices.into_iter().find(|c| usable(*c)).unwrap_or(wanted);
    let reason =
        if held_out { "was not measured" } else { "does not exist without a validation split" };
    Goal {
        split,
        metric: metric.to_owned(),
        higher_is_better: metric != "loss",
        function: of_function(plan),
        fallback: ((split, metric) != wanted).then(|| {
            format!(
                "{} {reason}, so configurations are chosen by {}",
                name(wanted.0, wanted.1),
                name(split, metric)
            )
        }),
    }
}

/// The goal's metric on the test split, which had no part in choosing; the
/// goal itself where that was not measured, with the reason.
pub(super) fn judge(plan: &Plan, goal: &Goal, rows: &[RunRow]) -> Goal {
    let measured = |metric: &str| rows.iter().any(|r| r.last(Split::Test, metric).is_some());
    let wanted = plan.target.metric.as_str();
    let held_out = |metric: &str, fallback| Goal {
        split: Split::Test,
        metric: metric.to_owned(),
        higher_is_better: metric != "loss",
        function: of_function(plan),
        fallback,
    };
    if goal.split == Split::Test {
        let why = "configurations were chosen on the test split that judges them, which flatters the best of many: hold \
             out a validation split to choose by";
        // A function has no other data to judge by: its value is its value.
        return held_out(&goal.metric, (!goal.function).then(|| why.to_owned()));
    }
    if measured(wanted) {
        return held_out(wanted, None);
    }
    let why = format!(
        "{} was not measured, so optimizers are judged by the metric that chose their configurations, which flatters \
         the best of many",
        name(Split::Test, wanted)
    );
    let finished = rows.iter().any(RunRow::completed);
    Goal { fallback: finished.then_some(why), ..goal.clone() }
}
