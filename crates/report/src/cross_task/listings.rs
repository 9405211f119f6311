//! Tables that list tasks, chosen configurations, and the budget of each optimizer.

use std::collections::BTreeSet;

use spec::RunSpec;

use crate::analysis::{spent, ties};
use crate::cross_task::CrossTask;
use crate::cross_task::cells::{label, range, table, value, what};
use crate::cross_task::tasks::Task;
use crate::number;
use crate::page::table::{Cell, Table};
use crate::text::{self, capitalised};
use spec::grain::Grain;

/// Lists distinct texts.
fn distinct(texts: impl Iterator<Item = String>) -> String {
    let texts: BTreeSet<String> = texts.collect();
    text::list(&texts.into_iter().collect::<Vec<_>>())
}

/// Formats the lengths of runs: `5 to 10` epochs; for runs by steps, `2,000 steps`.
fn length<'a>(grain: Grain, specs: impl Iterator<Item = &'a RunSpec>) -> String {
    let lengths = range(specs.map(|spec| grain.planned(spec)));
    grain.pick(lengths.clone(), format!("{lengths} steps"))
}

pub(super) fn experiments(all: &CrossTask) -> Table {
    let mut table = Table::new(&[
        "Task",
        "Description",
        "Data",
        "Model",
        "Epochs",
        "Batch size",
        "#Seeds",
        "#Optimizers",
        "Chosen by",
        "Judged by",
        "Target",
        "Sweep file",
    ]);
    for (t, Task { name, analysis }) in all.tasks.tasks.iter().enumerate() {
        let plan = &analysis.plan;
        let specs = || plan.runs.iter().map(|r| &r.spec);
        let target = match plan.target.value {
            Some(_) => all.tasks.target(t),
            None => "none".to_owned(),
        };
        table.rows.push(vec![
            Cell::text(name),
            Cell::text(&plan.description),
            Cell::text(distinct(specs().map(|s| s.data.dataset.name()))),
            Cell::text(distinct(specs().map(|s| s.model.kind().to_owned()))),
            Cell::text(length(analysis.evaluation.grain, specs())),
            Cell::text(range(specs().map(|s| s.data.batch_size))),
            Cell::count(plan.seeds_planned(analysis.judging()).len()),
            Cell::count(plan.optimizers.len()),
            Cell::text(all.tasks.counted(t, &analysis.selection)),
            Cell::text(all.tasks.counted(t, &analysis.evaluation)),
            Cell::text(target),
            Cell::text(&plan.file),
        ]);
    }
    table.without_empty()
}

pub(super) fn results(all: &CrossTask) -> Table {
    let tasks = &all.tasks;
    let key =
        |t: usize| (tasks.tasks[t].analysis.evaluation.path(), capitalised(&tasks.judged_by(t)));
    let judges: BTreeSet<(String, String)> = (0..tasks.tasks.len()).map(key).collect();
    let mut head: Vec<String> = [
        "Task",
        "Optimizer",
        "#Rank in the task",
        "Chosen configuration",
        "#Chosen from",
        "#Seeds",
    ]
    .map(str::to_owned)
    .to_vec();
    head.extend(judges.iter().map(|evaluation| {
        let own = |t: &usize| key(*t) == *evaluation;
        let of: Vec<usize> = (0..all.tasks.tasks.len()).filter(own).collect();
        format!("#{}{}", evaluation.1, what(all, &of))
    }));
    head.extend(["#Diverged", "#No result", "Note"].map(str::to_owned));
    let mut table = table(&head).choices(&["Task", "Optimizer"]);
    for (t, task) in all.tasks.tasks.iter().enumerate() {
        let Task { name, analysis } = task;
        let within: Vec<usize> =
            (0..all.tasks.labels.len()).filter(|&l| all.tasks.chosen(t, l).is_some()).collect();
        let ranks = all.tasks.ranks(t, &within);
        let ranked = ranks.iter().flatten().count() > 1;
        for (&l, rank) in within.iter().zip(ranks) {
            let Some(config) = all.tasks.chosen(t, l) else { continue };
            let tried = analysis.tried(config.label);
            let tried = tried.filter(|c| c.counts.results() > 0).count();
            let counts = config.counts;
            let mut row = vec![
                Cell::text(name),
                label(all, l).strong(ranked && all.tasks.leads(t, l)),
                Cell::number(rank.filter(|_| ranked), |r| r.to_string()),
                Cell::text(if rank.is_some() {
                    analysis.describe(config)
                } else {
                    "\u{2013}".to_owned()
                }),
                Cell::count(tried),
                Cell::number(Some(counts.completed as f64), |_| {
                    format!("{}/{}", counts.completed, counts.planned)
                })
                .parts("completed", "planned", Some(counts.planned as f64)),
            ];
            row.extend(judges.iter().map(|evaluation| match *evaluation == key(t) {
                true => value(&analysis.evaluation, Some(config)).strong(all.tasks.leads(t, l)),
                false => Cell::number(None, |_| String::new()),
            }));
            // Same as in the task's own report.
            let tied = ties(analysis, config.label).map_or(0, |(tied, _)| tied.len());
            row.extend([
                Cell::count(counts.diverged),
                Cell::count(counts.without_result()),
                Cell::text(match tied {
                    0 => String::new(),
                    n => format!("one of {n} equally good"),
                }),
            ]);
            table.rows.push(row);
        }
    }
    table.without_empty()
}

pub(super) fn ledger(all: &CrossTask) -> Table {
    let mut table = Table::new(&[
        "Task",
        "Optimizer",
        "#Configurations",
        "#Seeds planned",
        "#Epochs a run",
        "#Runs",
        "#Completed",
        "#Diverged",
        "#No result",
        "#Optimizer steps",
        "#Device time",
    ])
    .choices(&["Task", "Optimizer"]);
    for (t, Task { name, analysis }) in all.tasks.tasks.iter().enumerate() {
        let ledger = spent(analysis);
        for (l, of) in all.tasks.labels.iter().enumerate() {
            let Some(row) = of.places[t].map(|place| &ledger[place]) else { continue };
            let grain = analysis.evaluation.grain;
            let specs = || {
                let runs = analysis.tried(row.label).flat_map(|c| &c.runs);
                runs.map(|&r| &analysis.plan.runs[r].spec)
            };
            let lengths = || specs().map(|spec| grain.planned(spec));
            let (least, most) = (lengths().min(), lengths().max());
            table.rows.push(vec![
                Cell::text(name),
                label(all, l),
                Cell::count(row.configs),
                Cell::count(analysis.seeds().len()),
                Cell::number(least.map(|e| e as f64), |_| length(grain, specs())).parts(
                    "lowest",
                    "highest",
                    most.filter(|_| most != least).map(|e| e as f64),
                ),
                Cell::count(row.counts.planned),
                Cell::count(row.counts.completed),
                Cell::count(row.counts.diverged),
                Cell::count(row.counts.without_result()),
                Cell::count(row.steps as usize),
                Cell::number(
                    all.tasks.seconds_differ.is_none().then_some(row.device_seconds),
                    number::seconds,
                ),
            ]);
        }
    }
    table.without_empty()
}
