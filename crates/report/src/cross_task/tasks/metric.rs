//! Names of metrics on a page over several experiments, which distinguish losses of different
//! functions.

use std::collections::BTreeSet;

use spec::metric::Metric;
use spec::run::Loss;

use super::{Task, Tasks};
use crate::analysis::{Criterion, Measured};
use crate::escape;
use crate::text::{self, some};

/// Returns the name of a loss function: `mean squared error`.
fn called(loss: Loss) -> &'static str {
    match loss {
        Loss::CrossEntropy => "cross-entropy",
        Loss::Mse => "mean squared error",
        Loss::Bce => "binary cross-entropy",
        Loss::Value => "value",
    }
}

/// Returns the loss functions that a task's runs are trained on, by name.
pub(super) fn functions(task: &Task) -> BTreeSet<&'static str> {
    task.analysis.plan.runs.iter().map(|run| called(run.spec.train.loss)).collect()
}

/// Returns the suffix of the word loss for each task: ` (cross-entropy)` if the page shows losses
/// of different functions, else empty.
pub(super) fn behind(tasks: &[Task]) -> Vec<String> {
    let tells = |task: &Task| {
        let (analysis, target) = (&task.analysis, &task.analysis.plan.target);
        let of_target = target.value.is_some() && target.metric == Metric::LOSS;
        let of_goals = [&analysis.selection, &analysis.evaluation]
            .iter()
            .any(|selection| selection.metric == Metric::LOSS);
        !analysis.selection.function && (of_goals || of_target)
    };
    let named = |task: &Task| functions(task).into_iter().collect::<Vec<_>>().join(", ");
    let told: BTreeSet<String> = tasks.iter().filter(|task| tells(task)).map(named).collect();
    let text = |task: &Task| match told.len() > 1 && !task.analysis.selection.function {
        true => format!(" ({})", named(task)),
        false => String::new(),
    };
    tasks.iter().map(text).collect()
}

impl Tasks {
    /// Returns the name of a task's selection or evaluation metric: `test loss (mean squared
    /// error)`.
    pub fn name(&self, task: usize, selection: &Criterion) -> String {
        let behind = if selection.metric == Metric::LOSS { &self.losses[task][..] } else { "" };
        format!("{}{behind}", selection.name())
    }

    /// Returns the name of a task's evaluation metric.
    pub fn judged_by(&self, task: usize) -> String {
        self.name(task, &self.tasks[task].analysis.evaluation)
    }

    /// Returns the name of a task's selection or evaluation metric with the value that counts:
    /// `test accuracy after the last epoch`.
    pub fn measured_name(&self, task: usize, selection: &Criterion) -> String {
        selection.measured_name().replacen(&selection.name(), &self.name(task, selection), 1)
    }

    /// Returns the name of a metric; with the value that counts, unless it is the last one.
    pub(in crate::cross_task) fn counted(&self, task: usize, selection: &Criterion) -> String {
        match selection.measured {
            Measured::Last => self.name(task, selection),
            Measured::Best => self.measured_name(task, selection),
            Measured::Reached => selection.averaged_name(),
        }
    }

    /// Returns a task's target like [`text::target`], with the loss function.
    pub(in crate::cross_task) fn target(&self, task: usize) -> String {
        let target = &self.tasks[task].analysis.plan.target;
        let name = text::target_name(target);
        let behind = if target.metric == Metric::LOSS { &self.losses[task][..] } else { "" };
        text::target(target).replacen(&name, &format!("{name}{behind}"), 1)
    }

    /// Returns `no two tasks share a metric`, with the functions if tasks are judged by losses of
    /// different ones.
    pub(in crate::cross_task) fn none_shared(&self) -> String {
        let text = "no two tasks share a metric";
        let losses: Vec<usize> = (0..self.tasks.len())
            .filter(|&t| {
                self.tasks[t].analysis.evaluation.metric == Metric::LOSS
                    && !self.losses[t].is_empty()
            })
            .collect();
        let several = losses.iter().map(|&t| &self.losses[t]).collect::<BTreeSet<_>>().len() > 1;
        if !several {
            return text.to_owned();
        }
        let named =
            |&t: &usize| format!("{} in {}", self.judged_by(t), escape::line(&self.tasks[t].name));
        format!("{text} ({})", some(losses.iter().map(named).collect()))
    }
}
