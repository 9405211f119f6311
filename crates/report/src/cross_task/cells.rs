//! Cells and column heads shared by several tables over tasks.

use std::collections::BTreeSet;

use crate::analysis::{Config, Criterion};
use crate::cross_task::CrossTask;
use crate::number;
use crate::page::content::mean_sd;
use crate::page::table::{Cell, Table};

pub(super) fn table(head: &[String]) -> Table {
    Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Formats distinct values: `5`, `1 and 5`, or `1 to 5` for more than two.
pub(super) fn range(values: impl Iterator<Item = u64>) -> String {
    let values: BTreeSet<u64> = values.collect();
    match (values.first(), values.last()) {
        (Some(a), Some(b)) if values.len() == 2 => {
            format!("{} and {}", number::count(*a), number::count(*b))
        }
        (Some(a), Some(b)) if a == b => number::count(*a),
        (Some(a), Some(b)) => format!("{} to {}", number::count(*a), number::count(*b)),
        _ => "\u{2013}".to_owned(),
    }
}

pub(super) fn label(all: &CrossTask, label: usize) -> Cell {
    Cell::label(&all.tasks.labels[label].name, label)
}

/// Returns the cell of a configuration without a value: the worst value if seeds diverged, else
/// empty. The CSV gets a number, since a word would not fit a numeric column.
fn without_value(evaluation: &Criterion, config: Option<&Config>) -> Cell {
    let worst = config.filter(|c| c.counts.diverged > 0).map(|_| evaluation.worst());
    Cell::number(worst, |_| "diverged".to_owned())
}

pub(super) fn value(evaluation: &Criterion, config: Option<&Config>) -> Cell {
    match config {
        // A mean would only cover the runs that reached the target.
        Some(c) if evaluation.reached() && c.counts.completed > 0 => {
            let (n, of) = (c.judged.n, c.counts.results());
            Cell::number(c.judged_median, |m| format!("{} ({n} of {of})", evaluation.format(m)))
                .parts("median", "reached", Some(n as f64))
                .of(of)
        }
        Some(c) if c.judged.mean.is_some() => mean_sd(evaluation.metric, &c.judged),
        other => without_value(evaluation, other),
    }
}

/// Describes the content of [`value`] cells in these tasks, which share a metric: `, mean ± sd`;
/// empty where all have one seed.
pub(super) fn what(all: &CrossTask, of: &[usize]) -> String {
    let configs = || {
        let labels = 0..all.tasks.labels.len();
        of.iter().flat_map(move |&t| labels.clone().filter_map(move |l| all.tasks.chosen(t, l)))
    };
    let reached = of.iter().any(|&t| all.tasks.tasks[t].analysis.evaluation.reached());
    match (reached, configs().any(|c| c.judged.sd.is_some())) {
        (true, _) => ", median (seeds that reached it)".to_owned(),
        (false, true) => ", mean \u{b1} sd".to_owned(),
        (false, false) => String::new(),
    }
}

/// Returns the unit of times to target: `steps` for a function, else `training samples`.
pub(super) fn unit(evaluation: &Criterion) -> &'static str {
    if evaluation.function { "steps" } else { "training samples" }
}
