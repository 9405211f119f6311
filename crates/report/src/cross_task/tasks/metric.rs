//! Names of the metrics of a page over several experiments: losses of different functions are
//! different metrics, and named apart.

use std::collections::BTreeSet;

use spec::metric::Metric;
use spec::run::Loss;

use super::{Task, Tasks};
use crate::analysis::{Criterion, Measured};
use crate::escape;
use crate::text::{self, some};

/// `mean squared error`.
fn called(loss: Loss) -> &'static str {
    match loss {
        Loss::CrossEntropy => "cross-entropy",
        Loss::Mse => "mean squared error",
        Loss::Bce => "binary cross-entropy",
        Loss::Value => "value",
    }
}

/// The functions that a task's runs are trained on, by name.
pub(super) fn functions(task: &Task) -> BTreeSet<&'static str> {
    task.analysis.plan.runs.iter().map(|run| called(run.spec.train.loss)).collect()
}

/// The text behind the word loss, a task each: ` (cross-entropy)` where the page tells of losses
/// of different functions, else nothing.
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
    /// The name of a task's selection or evaluation metric: `test loss (mean squared error)`.
    pub fn name(&self, task: usize, selection: &Criterion) -> String {
        let behind = if selection.metric == Metric::LOSS { &self.losses[task][..] } else { "" };
        format!("{}{behind}", selection.name())
    }

    /// The name of what a task is judged by.
    pub fn judged_by(&self, task: usize) -> String {
        self.name(task, &self.tasks[task].analysis.evaluation)
    }

    /// The name of a task's selection or evaluation metric with which of a run's values counts.
    pub fn measured_name(&self, task: usize, selection: &Criterion) -> String {
        selection.measured_name().replacen(&selection.name(), &self.name(task, selection), 1)
    }

    /// A metric with what is out of the ordinary about the values that count.
    pub(in crate::cross_task) fn counted(&self, task: usize, selection: &Criterion) -> String {
        match selection.measured {
            Measured::Last => self.name(task, selection),
            Measured::Best => self.measured_name(task, selection),
            Measured::Reached => selection.averaged_name(),
        }
    }

    /// A task's target as [`text::target`] has it.
    pub(in crate::cross_task) fn target(&self, task: usize) -> String {
        let target = &self.tasks[task].analysis.plan.target;
        let name = text::target_name(target);
        let behind = if target.metric == Metric::LOSS { &self.losses[task][..] } else { "" };
        text::target(target).replacen(&name, &format!("{name}{behind}"), 1)
    }

    /// `no two tasks share a metric`, with the functions where tasks are judged by losses of
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
