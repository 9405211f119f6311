//! The tables of the page over several experiments.

use std::collections::BTreeSet;

use crate::analysis::{Clock, Config, Goal, Verdict, spent};
use crate::escape;
use crate::number;
use crate::page::content::mean_sd;
use crate::page::table::{Cell, Table};
use crate::page::words::{self, capitalised};
use crate::together::tasks::Task;
use crate::together::{Together, profile};

/// Names of all tables that the page may have.
pub(crate) const NAMES: [&str; 8] = [
    "experiments",
    "tasks",
    "standing",
    "improvement",
    "comparison",
    "time-to-target",
    "results",
    "ledger",
];

/// Every table of the page; those without rows are not shown.
#[derive(Clone, Debug)]
pub struct Tables {
    /// What each task is.
    pub experiments: Table,
    /// Optimizers by tasks.
    pub tasks: Table,
    /// Aggregates over tasks.
    pub standing: Table,
    /// Probability of improvement of every pair.
    pub improvement: Table,
    /// Every pair tested.
    pub comparison: Table,
    /// Samples to the target, by task.
    pub race: Table,
    /// Every chosen configuration.
    pub results: Table,
    /// What each optimizer was given in each task.
    pub ledger: Table,
}

impl Tables {
    /// The tables of a page.
    pub fn of(all: &Together) -> Self {
        Tables {
            experiments: experiments(all).named("experiments", "The tasks"),
            tasks: by_task(all).named("tasks", "Each optimizer in each task"),
            standing: standing(all).named("standing", "Optimizers over all tasks"),
            improvement: improvement(all)
                .named("improvement", "Probability of improvement of every pair of optimizers"),
            comparison: comparison(all)
                .named("comparison", "Every pair of optimizers, task by task and seed by seed"),
            race: race(all).named("time-to-target", "Training until the target, by task"),
            results: results(all).named("results", "Every chosen configuration, by task"),
            ledger: ledger(all).named("ledger", "What each optimizer was given in each task"),
        }
    }

    /// All that have rows, in the order of the page.
    pub fn filled(&self) -> impl Iterator<Item = &Table> {
        [
            &self.experiments,
            &self.tasks,
            &self.standing,
            &self.improvement,
            &self.comparison,
            &self.race,
            &self.results,
            &self.ledger,
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
    }
}

fn table(head: &[String]) -> Table {
    Table::new(&head.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Different values, ascending, as a range: `5`, `1 to 5`.
pub(super) fn range(values: impl Iterator<Item = u64>) -> String {
    let values: BTreeSet<u64> = values.collect();
    match (values.first(), values.last()) {
        (Some(a), Some(b)) if a == b => number::count(*a),
        (Some(a), Some(b)) => format!("{} to {}", number::count(*a), number::count(*b)),
        _ => "\u{2013}".to_owned(),
    }
}

/// Different texts, each once.
fn distinct(texts: impl Iterator<Item = String>) -> String {
    let texts: BTreeSet<String> = texts.collect();
    words::list(&texts.into_iter().collect::<Vec<_>>())
}

fn experiments(all: &Together) -> Table {
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
    for Task { name, analysis } in &all.tasks.tasks {
        let plan = &analysis.plan;
        let specs = || plan.runs.iter().map(|r| &r.spec);
        let target = plan.target.value.map_or("none".to_owned(), |value| {
            format!(
                "{} {} {}",
                words::target_name(&plan.target),
                if plan.target.higher_is_better() { "of at least" } else { "of at most" },
                words::metric(&plan.target.metric, value)
            )
        });
        table.rows.push(vec![
            Cell::text(name),
            Cell::text(&plan.description),
            Cell::text(distinct(specs().map(|s| s.data.dataset.name()))),
            Cell::text(distinct(specs().map(|s| s.model.kind().to_owned()))),
            Cell::text(range(specs().map(|s| s.train.epochs))),
            Cell::text(range(specs().map(|s| s.data.batch_size))),
            Cell::count(plan.seeds.len()),
            Cell::count(plan.optimizers.len()),
            Cell::text(analysis.goal.name()),
            Cell::text(analysis.judge.name()),
            Cell::text(target),
            Cell::text(&plan.file),
        ]);
    }
    table.without_empty()
}

/// Labels in the order of the page: those that all tasks have as they are
/// ranked, then the others.
fn ordered(all: &Together) -> Vec<usize> {
    let ranked = all.standings.iter().map(|s| s.label);
    ranked.chain(all.tasks.left_out.iter().map(|(l, _)| *l)).collect()
}

fn label(all: &Together, label: usize) -> Cell {
    Cell::label(&all.tasks.labels[label].name, label)
}

/// What stands where a configuration has no value.
fn without_value(config: Option<&Config>) -> Cell {
    let text = match config {
        None => "not in it",
        Some(c) if c.counts.diverged > 0 => "diverged",
        Some(_) => "no result",
    };
    Cell::text(text)
}

fn value(judge: &Goal, config: Option<&Config>) -> Cell {
    match config {
        // A mean would be of the runs alone that got there.
        Some(c) if judge.reached() && c.counts.completed > 0 => Cell::number(
            c.judged_median,
            |median| judge.format(median),
        )
        .parts("median", "reached", Some(c.judged.n as f64)),
        Some(c) if c.judged.mean.is_some() => mean_sd(&judge.metric, &c.judged),
        other => without_value(other),
    }
}

/// Whether no other label of the task is better.
fn is_best(all: &Together, task: usize, label: usize) -> bool {
    let analysis = &all.tasks.tasks[task].analysis;
    let place = all.tasks.labels[label].places[task];
    analysis.ranking().first().is_some_and(|first| Some(first.label) == place)
}

fn by_task(all: &Together) -> Table {
    let mut head = vec!["Optimizer".to_owned(), "#Mean rank".to_owned()];
    head.extend(all.tasks.tasks.iter().map(|task| {
        let name = escape::line(&task.name);
        let judge = &task.analysis.judge;
        let what = if judge.reached() { "median" } else { "mean \u{b1} sd" };
        format!("#{name}: {}, {what}", judge.name())
    }));
    let mut table = table(&head);
    for l in ordered(all) {
        let rank = all.standings.iter().find(|s| s.label == l).map(|s| s.mean_rank);
        let mut row = vec![label(all, l), Cell::number(rank, |r| format!("{r:.2}"))];
        row.extend(all.tasks.tasks.iter().enumerate().map(|(t, task)| {
            value(&task.analysis.judge, all.tasks.chosen(t, l)).strong(is_best(all, t, l))
        }));
        table.rows.push(row);
    }
    table.without_empty()
}

fn standing(all: &Together) -> Table {
    let mut head: Vec<String> =
        ["Optimizer", "#Mean rank", "#Tasks led", "#Worst rank"].map(str::to_owned).to_vec();
    for group in &all.tasks.groups {
        let name = capitalised(&group.judge.name());
        head.extend(
            [
                "mean over runs",
                "mean, 95% interval",
                "IQM over runs",
                "IQM, 95% interval",
                "runs pooled",
            ]
            .map(|what| format!("#{name}: {what}")),
        );
    }
    let mut table = table(&head);
    let first = all.standings.first().map(|s| s.mean_rank);
    for (at, s) in all.standings.iter().enumerate() {
        let worst = s.ranks.iter().copied().fold(0.0, f64::max);
        let mut row = vec![
            label(all, s.label).strong(Some(s.mean_rank) == first),
            Cell::number(Some(s.mean_rank), |r| format!("{r:.2}")),
            Cell::number(Some(s.led as f64), |n| format!("{n} of {}", s.ranks.len()))
                .of(s.ranks.len()),
            Cell::number(Some(worst), |r| r.to_string()),
        ];
        for (group, pooled) in all.tasks.groups.iter().zip(&all.pooled) {
            let judge = &group.judge;
            let p = &pooled[at];
            let value = |v: Option<f64>| Cell::number(v, |v| judge.format(v));
            let interval = |i: Option<(f64, f64)>| {
                let text = |low: f64| {
                    let high = judge.format(i.map_or(f64::NAN, |i| i.1));
                    format!("{}\u{2013}{high}", judge.format(low).trim_end_matches('%'))
                };
                Cell::number(i.map(|i| i.0), text).parts("lower end", "upper end", i.map(|i| i.1))
            };
            row.extend([
                value(p.mean),
                interval(p.mean_interval),
                value(p.iqm),
                interval(p.iqm_interval),
                Cell::count(p.runs),
            ]);
        }
        table.rows.push(row);
    }
    table.without_empty()
}

fn improvement(all: &Together) -> Table {
    let mut table = Table::new(&[
        "First",
        "Second",
        "#Probability of improvement",
        "#Its 95% interval",
        "#Lowest of a task",
        "#Highest of a task",
    ]);
    let two = |x: f64| format!("{x:.2}");
    for i in &all.improvements {
        let ends = i.interval;
        let fold = |f: fn(f64, f64) -> f64| i.by_task.iter().copied().reduce(f);
        table.rows.push(vec![
            label(all, i.first),
            label(all, i.second),
            Cell::number(Some(i.probability), two),
            Cell::number(ends.map(|e| e.0), |low| {
                format!("{low:.2}\u{2013}{:.2}", ends.map_or(f64::NAN, |e| e.1))
            })
            .parts("lower end", "upper end", ends.map(|e| e.1)),
            Cell::number(fold(f64::min), two),
            Cell::number(fold(f64::max), two),
        ]);
    }
    table.without_empty()
}

/// `+0.21`: a lead in units of a metric, points for accuracies.
pub(super) fn lead(judge: &Goal, x: f64) -> String {
    let sign = match x {
        x if x < 0.0 => "\u{2212}",
        x if x > 0.0 => "+",
        _ => "",
    };
    format!("{sign}{}", number::difference(&judge.metric, x, 3))
}

fn comparison(all: &Together) -> Table {
    let groups = &all.tasks.groups;
    let unit = |judge: &Goal| match number::is_percentage(&judge.metric) {
        true => format!("#Lead in points of {}", judge.name()),
        false => format!("#Lead in {}", judge.name()),
    };
    let mut head: Vec<String> = ["First", "Second"].map(str::to_owned).to_vec();
    head.extend(groups.iter().map(|g| unit(&g.judge)));
    head.extend(
        [
            "#Lead, standardised",
            "#Tasks",
            "#Pairs of runs",
            "#Won",
            "#p, sign flips",
            "#p, signed ranks",
            "#p, Holm",
            "Verdict",
        ]
        .map(str::to_owned),
    );
    let mut table = table(&head);
    for pair in &all.comparison.pairs {
        let significant = matches!(pair.verdict, Verdict::Better | Verdict::Worse);
        let (won, level, lost) = pair.seeds;
        let of = won + level + lost;
        let mut row = vec![
            label(all, pair.first).strong(pair.verdict == Verdict::Better),
            label(all, pair.second).strong(pair.verdict == Verdict::Worse),
        ];
        row.extend(groups.iter().enumerate().map(|(g, group)| {
            // In the unit of the head.
            let scale = if number::is_percentage(&group.judge.metric) { 100.0 } else { 1.0 };
            let there = pair.lead.filter(|_| g == pair.group);
            Cell::number(there.map(|x| x * scale), |x| lead(&group.judge, x / scale))
        }));
        let p = |p: Option<f64>| Cell::number(p, words::p_value);
        row.extend([
            Cell::number(pair.standard, |x| format!("{x:+.2}").replace('-', "\u{2212}")),
            Cell::count(pair.tasks),
            Cell::count(of),
            Cell::number(Some(won as f64), |_| format!("{won} of {of}")).of(of),
            p(pair.test.filter(|_| !pair.decided_by.ranks()).map(|t| t.p)),
            p(pair.test.filter(|_| pair.decided_by.ranks()).map(|t| t.p)),
            p(pair.adjusted).strong(significant),
            Cell::text(match pair.verdict {
                Verdict::Better => "first is better",
                Verdict::Worse => "second is better",
                Verdict::NotShown => "no difference shown",
                Verdict::Underpowered => "underpowered",
                Verdict::TooFew if won + level + lost > 1 => "not tested",
                Verdict::TooFew => "too few pairs",
            })
            .strong(significant),
        ]);
        table.rows.push(row);
    }
    table.without_empty()
}

fn race(all: &Together) -> Table {
    let Some(profile) = profile::profile(all, Clock::Samples) else { return Table::new(&[]) };
    let mut head = vec!["Optimizer".to_owned()];
    let names = profile.tasks.iter().map(|&t| escape::line(&all.tasks.tasks[t].name));
    head.extend(names.map(|name| format!("#{name}: median samples (\u{d7} the fastest)")));
    let mut table = table(&head);
    for (at, s) in all.standings.iter().enumerate() {
        let mut row = vec![label(all, s.label)];
        row.extend(profile.times.iter().map(|times| {
            let best = times.iter().copied().fold(f64::INFINITY, f64::min);
            let time = times[at];
            // A task that is over before it begins has no ratio.
            let ratio = Some(time / best).filter(|r| r.is_finite());
            Cell::number(Some(time), |samples| {
                let text = words::time(Clock::Samples, samples);
                let samples = text.split(' ').next().unwrap_or_default().to_owned();
                ratio.map_or(samples.clone(), |r| format!("{samples} (\u{d7}{r:.2})"))
            })
            .strong(time == best && time.is_finite())
            .parts("median samples", "ratio", ratio)
        }));
        table.rows.push(row);
    }
    table
}

fn results(all: &Together) -> Table {
    let judges: BTreeSet<(String, String)> = all
        .tasks
        .tasks
        .iter()
        .map(|t| (t.analysis.judge.path(), capitalised(&t.analysis.judge.name())))
        .collect();
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
    head.extend(judges.iter().map(|(_, name)| format!("#{name}, mean \u{b1} sd")));
    head.extend(["#Diverged".to_owned(), "#No result".to_owned()]);
    let mut table = table(&head).choices(&["Task", "Optimizer"]);
    for (t, Task { name, analysis }) in all.tasks.tasks.iter().enumerate() {
        let within: Vec<usize> =
            (0..all.tasks.labels.len()).filter(|&l| all.tasks.chosen(t, l).is_some()).collect();
        let ranks = all.tasks.ranks(t, &within);
        for (&l, rank) in within.iter().zip(ranks) {
            let Some(config) = all.tasks.chosen(t, l) else { continue };
            let tried = analysis.tried(config.label);
            let tried = tried.filter(|c| c.counts.results() > 0).count();
            let counts = config.counts;
            let mut row = vec![
                Cell::text(name),
                label(all, l).strong(is_best(all, t, l)),
                Cell::number(rank, |r| r.to_string()),
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
            row.extend(judges.iter().map(|(path, _)| match *path == analysis.judge.path() {
                true => value(&analysis.judge, Some(config)).strong(is_best(all, t, l)),
                false => Cell::number(None, |_| String::new()),
            }));
            row.extend([Cell::count(counts.diverged), Cell::count(counts.without_result())]);
            table.rows.push(row);
        }
    }
    table
}

fn ledger(all: &Together) -> Table {
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
            let epochs = || {
                let runs = analysis.tried(row.label).flat_map(|c| &c.runs);
                runs.map(|&r| analysis.plan.runs[r].spec.train.epochs)
            };
            let (least, most) = (epochs().min(), epochs().max());
            table.rows.push(vec![
                Cell::text(name),
                label(all, l),
                Cell::count(row.configs),
                Cell::count(analysis.plan.seeds.len()),
                Cell::number(least.map(|e| e as f64), |_| range(epochs())).parts(
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
