//! Tables of the page over several experiments.

use crate::analysis::{Clock, Criterion, Verdict};
use crate::cross_task::cells::{label, table, value, what};
use crate::cross_task::listings::{experiments, ledger, results};
use crate::cross_task::{CrossTask, Group, Pooled, profile, score};
use crate::escape;
use crate::page::table::{Cell, Table};
use crate::text::{self, capitalised};

/// Names of all tables that the page may have.
pub(crate) const NAMES: [&str; 9] = [
    "experiments",
    "tasks",
    "standing",
    "improvement",
    "comparison",
    "time-to-target",
    "score",
    "results",
    "ledger",
];

/// Every table of the page; those without rows are not shown.
#[derive(Clone, Debug)]
pub struct Tables {
    /// Description of each task.
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
    pub time_to_target: Table,
    /// Scores over tasks, and speed-ups.
    pub score: Table,
    /// Every chosen configuration.
    pub results: Table,
    /// Budget and cost of each optimizer in each task.
    pub ledger: Table,
}

impl Tables {
    /// Builds the tables of a page.
    pub fn of(all: &CrossTask) -> Self {
        Tables {
            experiments: experiments(all).named("experiments", "The tasks"),
            tasks: by_task(all).named("tasks", "Each optimizer in each task"),
            standing: standing(all).named("standing", "Optimizers over all tasks"),
            improvement: improvement(all)
                .named("improvement", "Probability of improvement of every pair of optimizers"),
            comparison: comparison(all)
                .named("comparison", "Every pair of optimizers, task by task and seed by seed"),
            time_to_target: time_to_target(all)
                .named("time-to-target", "Training until the target, by task"),
            score: score::table(all).named("score", "Scores over tasks by times to target"),
            results: results(all).named("results", "Every chosen configuration, by task"),
            ledger: ledger(all).named("ledger", "What each optimizer was given in each task"),
        }
    }

    /// Returns the tables that have rows, in the order of the page.
    pub fn filled(&self) -> impl Iterator<Item = &Table> {
        [
            &self.experiments,
            &self.tasks,
            &self.standing,
            &self.improvement,
            &self.comparison,
            &self.time_to_target,
            &self.score,
            &self.results,
            &self.ledger,
        ]
        .into_iter()
        .filter(|table| !table.rows.is_empty())
    }
}

/// Returns the labels in the order of the page: those that all tasks have, by rank, then the
/// others.
fn ordered(all: &CrossTask) -> Vec<usize> {
    let ranked = all.standings.iter().map(|s| s.label);
    ranked.chain(all.tasks.left_out.iter().map(|(l, _)| *l)).collect()
}

fn by_task(all: &CrossTask) -> Table {
    let mut head = vec!["Optimizer".to_owned(), "#Mean rank".to_owned()];
    head.extend(all.tasks.tasks.iter().enumerate().map(|(t, task)| {
        let name = escape::line(&task.name);
        format!("#{name}: {}{}", all.tasks.judged_by(t), what(all, &[t]))
    }));
    let mut table = table(&head);
    for l in ordered(all) {
        let mut row = vec![label(all, l), mean_rank(all, l)];
        row.extend(all.tasks.tasks.iter().enumerate().map(|(t, task)| {
            value(&task.analysis.evaluation, all.tasks.chosen(t, l)).strong(all.tasks.leads(t, l))
        }));
        table.rows.push(row);
    }
    // A task without any value keeps its column.
    match all.standings.len() > 1 {
        true => table,
        false => table.without("Mean rank"),
    }
}

/// Returns the mean rank of a label; empty if it is the only ranked one.
fn mean_rank(all: &CrossTask, label: usize) -> Cell {
    let ranked = all.standings.len() > 1;
    let own = all.standings.iter().find(|s| ranked && s.label == label);
    Cell::number(own.map(|s| s.mean_rank), |r| format!("{r:.2}"))
}

fn standing(all: &CrossTask) -> Table {
    let mut head: Vec<String> =
        ["Optimizer", "#Mean rank", "#Tasks led, alone or level", "#Worst rank"]
            .map(str::to_owned)
            .to_vec();
    for group in &all.tasks.groups {
        let name = capitalised(&group.name);
        head.extend(
            pooled_heads(group.evaluation.reached()).iter().map(|of| format!("#{name}: {of}")),
        );
    }
    let mut table = table(&head);
    let ranked = all.standings.len() > 1;
    let first = all.standings.first().map(|s| s.mean_rank).filter(|_| ranked);
    for (at, s) in all.standings.iter().enumerate() {
        let worst = s.ranks.iter().copied().fold(0.0, f64::max);
        let led = Some(s.led as f64).filter(|_| ranked);
        let mut row = vec![
            label(all, s.label).strong(Some(s.mean_rank) == first),
            mean_rank(all, s.label),
            Cell::number(led, |_| format!("{} of {}", s.led, s.ranks.len())).of(s.ranks.len()),
            Cell::number(Some(worst).filter(|_| ranked), |r| r.to_string()),
        ];
        for (group, pooled) in all.tasks.groups.iter().zip(&all.pooled) {
            row.extend(pooled_cells(&group.evaluation, &pooled[at]));
        }
        table.rows.push(row);
    }
    table.without_empty()
}

fn pooled_heads(reached: bool) -> &'static [&'static str] {
    match reached {
        true => &["median over runs", "runs that reached it"],
        false => &[
            "mean over runs",
            "mean, 95% interval",
            "IQM over runs",
            "IQM, 95% interval",
            "runs pooled",
        ],
    }
}

fn pooled_cells(evaluation: &Criterion, p: &Pooled) -> Vec<Cell> {
    let value = |v: Option<f64>| Cell::number(v, |v| evaluation.format(v));
    let interval = |i: Option<(f64, f64)>| {
        let text = |low: f64| {
            let high = evaluation.format(i.map_or(f64::NAN, |i| i.1));
            format!("{}\u{2013}{high}", evaluation.format(low).trim_end_matches('%'))
        };
        Cell::number(i.map(|i| i.0), text).parts("lower end", "upper end", i.map(|i| i.1))
    };
    if evaluation.reached() {
        let of = p.runs + p.diverged;
        let reached = Cell::number(Some(p.runs as f64), |_| format!("{} of {of}", p.runs)).of(of);
        return vec![value(p.median), reached];
    }
    vec![
        value(p.mean),
        interval(p.mean_interval),
        value(p.iqm),
        interval(p.iqm_interval),
        Cell::count(p.runs),
    ]
}

fn improvement(all: &CrossTask) -> Table {
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

/// Formats a lead in units of a metric, percentage points for accuracies: `+0.21`.
pub(super) fn lead(evaluation: &Criterion, x: f64) -> String {
    let sign = match x {
        x if x < 0.0 => "\u{2212}",
        x if x > 0.0 => "+",
        _ => "",
    };
    format!("{sign}{}", evaluation.metric.format_difference(x, 3))
}

/// Head of the column of corrected p-values.
const HOLM: &str = "#p, Holm";

fn comparison(all: &CrossTask) -> Table {
    let groups = &all.tasks.groups;
    let unit = |group: &Group| match group.evaluation.metric.is_percentage() {
        true => format!("#Lead in points of {}", group.name),
        false => format!("#Lead in {}", group.name),
    };
    let mut head: Vec<String> = ["First", "Second"].map(str::to_owned).to_vec();
    head.extend(groups.iter().map(unit));
    head.extend(
        [
            "#Lead, standardised",
            "#Tasks in the lead",
            "#Pairs in the lead",
            "#Tasks",
            "#Pairs of runs",
            "#Won",
            "#p, sign flips",
            "#p, signed ranks",
            HOLM,
            "Verdict",
        ]
        .map(str::to_owned),
    );
    let mut table = table(&head);
    let fewer = all.comparison.pairs.iter().any(|p| p.n < p.compared());
    let in_lead = |n: usize| match fewer {
        true => Cell::count(n),
        false => Cell::default(),
    };
    for pair in &all.comparison.pairs {
        let significant = pair.verdict.is_significant();
        let (won, of) = (pair.seeds.0, pair.compared());
        let mut row = vec![
            label(all, pair.first).strong(pair.better() == Some(pair.first)),
            label(all, pair.second).strong(pair.better() == Some(pair.second)),
        ];
        row.extend(groups.iter().enumerate().map(|(g, group)| {
            // Converted to the unit of the column head.
            let scale = if group.evaluation.metric.is_percentage() { 100.0 } else { 1.0 };
            let there = pair.lead.filter(|_| g == pair.group);
            Cell::number(there.map(|x| x * scale), |x| lead(&group.evaluation, x / scale))
        }));
        let p = |p: Option<f64>| Cell::number(p, text::p_value);
        row.extend([
            Cell::number(pair.standard, |x| match x {
                0.0 => "0.00".to_owned(),
                x => format!("{x:+.2}").replace('-', "\u{2212}"),
            }),
            in_lead(pair.lead_tasks.len()),
            in_lead(pair.n),
            Cell::count(pair.tasks.len()),
            Cell::count(of),
            Cell::number(Some(won as f64), |_| format!("{won} of {of}")).of(of),
            p(pair.test.filter(|_| !pair.decided_by.ranks()).map(|t| t.p)),
            p(pair.test.filter(|_| pair.decided_by.ranks()).map(|t| t.p)),
            p(pair.adjusted).strong(significant),
            Cell::text(match pair.verdict {
                _ if pair.level() && pair.test.is_some() => "level on all pairs",
                Verdict::Better => "first is better",
                Verdict::Worse => "second is better",
                Verdict::NotShown => "no difference shown",
                Verdict::Underpowered => "underpowered",
                Verdict::TooFew if of > 1 => "not tested",
                Verdict::TooFew => "too few pairs",
            })
            .strong(significant),
        ]);
        table.rows.push(row);
    }
    // A single test needs no correction.
    let corrected = all.comparison.tests > 1;
    let table = table.without_empty();
    if corrected { table } else { table.without(HOLM.trim_start_matches('#')) }
}

fn time_to_target(all: &CrossTask) -> Table {
    let Some(profile) = profile::profile(all, Clock::Samples) else { return Table::new(&[]) };
    let mut head = vec!["Optimizer".to_owned()];
    // A single optimizer has no ratio to others.
    let compared = all.standings.len() > 1;
    head.extend(profile.tasks.iter().map(|&t| {
        let task = &all.tasks.tasks[t];
        let unit = if task.analysis.evaluation.function { "steps" } else { "samples" };
        // The CSV names each of the two numbers, and the unit only once.
        let what = match compared {
            true => format!("{unit} to the target (\u{d7} the fastest of those compared)"),
            false => format!("median {unit} to the target"),
        };
        format!("#{}: {what}", escape::line(&task.name))
    }));
    let mut table = table(&head);
    for (at, s) in all.standings.iter().enumerate() {
        let mut row = vec![label(all, s.label)];
        row.extend(profile.times.iter().map(|times| {
            let best = times.iter().copied().fold(f64::INFINITY, f64::min);
            let time = times[at];
            // A best time of 0 gives no ratio.
            let ratio = Some(time / best).filter(|r| compared && r.is_finite());
            let cell = Cell::number(Some(time), |samples| {
                let samples = text::bare_time(Clock::Samples, samples);
                ratio.map_or(samples.clone(), |r| format!("{samples} (\u{d7}{r:.2})"))
            });
            match compared {
                true => {
                    cell.strong(time == best && time.is_finite()).parts("median", "ratio", ratio)
                }
                false => cell,
            }
        }));
        table.rows.push(row);
    }
    table
}
