//! The heatmap of ranks: every optimizer in every task.

use crate::cross_task::figures::MOST;
use crate::cross_task::{CrossTask, text};
use crate::escape;
use crate::figures::Figure;
use plot::FigureData;
use plot::axis::Axis;
use plot::canvas::{fit, text_width};
use plot::colormap::Colormap;
use plot::grid::{Cell, Fill, Grid, GridRow};
use plot::style::{BODY, TICK, fonts};

/// Width in pixels of all columns of a narrow heatmap.
const NARROW: f64 = 250.0;

/// Largest width in pixels of a task's name in the text that explains a number.
const NAME: f64 = 200.0;

/// Draws the ranks of every optimizer in every task.
pub fn ranks(all: &CrossTask) -> Option<Figure> {
    let (tasks, labels) = (&all.tasks.tasks, &all.tasks.labels);
    if labels.len() > MOST.0 || tasks.len() > MOST.1 || labels.len() < 2 {
        return None;
    }
    // Ranks are among all labels of a task, as in its own report.
    let every: Vec<usize> = (0..labels.len()).collect();
    let ranks: Vec<Vec<Option<f64>>> =
        (0..tasks.len()).map(|t| all.tasks.ranks(t, &every)).collect();
    let worst = ranks.iter().flatten().flatten().copied().fold(2.0, f64::max);
    let order = all.standings.iter().map(|s| s.label);
    let order = order.chain(all.tasks.left_out.iter().map(|(l, _)| *l));
    let first = all.standings.first().map(|s| s.mean_rank).filter(|_| all.standings.len() > 1);
    let in_front =
        |l: usize| all.standings.iter().any(|s| s.label == l && Some(s.mean_rank) == first);
    let rows: Vec<GridRow> = order
        .map(|l| GridRow {
            series: Some(l),
            group: String::new(),
            head: escape::line(&labels[l].name),
            strong: in_front(l),
            cells: (0..tasks.len()).map(|t| cell(all, t, l, &ranks[t])).collect(),
        })
        .collect();
    let names: Vec<String> = tasks.iter().map(|t| escape::line(&t.name)).collect();
    let (columns, which) = heads(&names);
    let by = text::averaged(all);
    let (signs, ties) = (signs(&rows), ties(all));
    let sorted = match (all.standings.len(), all.tasks.left_out.is_empty()) {
        (0, _) => "",
        (1, _) => "; the optimizer that every task has comes first",
        (_, true) => "; optimizers from the best mean rank down",
        (_, false) => {
            "; optimizers from the best mean rank down, then those without a result in every task"
        }
    };
    Some(Figure {
        heading: "Rank of each optimizer in each task",
        caption: format!(
            "Place of each optimizer within each task by the {by} of the task's evaluation metric, among all optimizers of that \
             task{ties}{sorted}{signs}."
        ),
        notes: String::new(),
        reading: "Read along a row: one colour from end to end is an optimizer that is equally good everywhere, a row that \
                  changes from light to dark is one that suits some tasks only. Ranks hide distances: the values below \
                  them say whether first and second are far apart.",
        data: FigureData::Grid(Grid {
            title: "Rank of each optimizer in each task".to_owned(),
            subtitle: format!(
                "1 is best; below it the {by} of the task's evaluation metric{which}"
            ),
            key: "Rank within the task".to_owned(),
            colormap: Colormap::Reversed(Axis::whole(1.0, worst)),
            column_name: "task".to_owned(),
            columns,
            square: false,
            rows,
        }),
        variant_of: None,
    })
}

/// Describes how ties of the value are broken: `; equal medians by the number of seeds that reached
/// the target`.
fn ties(all: &CrossTask) -> String {
    let (medians, means) = text::by_median(all);
    let every: Vec<usize> = (0..all.tasks.labels.len()).collect();
    let mut text = String::new();
    if all.tasks.lost(&means, &every).diverged {
        text += "; one with a diverged seed is behind those without";
    }
    if !medians.is_empty() {
        text += "; equal medians by the number of seeds that got there";
    }
    text
}

/// Explains crosses and hatching, if there are any.
fn signs(rows: &[GridRow]) -> String {
    let any = |what: Fill| rows.iter().flat_map(|row| &row.cells).any(|cell| cell.fill == what);
    let signs: Vec<&str> = [
        (Fill::Crossed, "a cross: all its runs diverged"),
        (Fill::Missing, "hatched: it is not part of the task or has no result"),
    ]
    .into_iter()
    .filter(|(what, _)| any(*what))
    .map(|(_, text)| text)
    .collect();
    if signs.is_empty() { String::new() } else { format!(" ({})", signs.join("; ")) }
}

/// Returns the columns' heads: names if they fit the narrow layout too, else numbers with the text
/// that explains them.
fn heads(names: &[String]) -> (Vec<String>, String) {
    // Widths of texts need the fonts.
    fonts();
    let room = NARROW / names.len().max(1) as f64;
    if names.iter().all(|name| text_width(name, TICK, true) <= room) {
        return (names.to_vec(), String::new());
    }
    let numbered = |(i, name): (usize, &String)| format!("{} {}", i + 1, fit(name, BODY, NAME));
    let explained: Vec<String> = names.iter().enumerate().map(numbered).collect();
    let numbers = (1..=names.len()).map(|i| i.to_string()).collect();
    (numbers, format!(". Tasks: {}", explained.join(", ")))
}

fn cell(all: &CrossTask, task: usize, label: usize, ranks: &[Option<f64>]) -> Cell {
    let evaluation = &all.tasks.tasks[task].analysis.evaluation;
    let who = format!(
        "{} in {}",
        escape::line(&all.tasks.labels[label].name),
        escape::line(&all.tasks.tasks[task].name)
    );
    let nothing = |fill, why: &str| Cell {
        fill,
        text: String::new(),
        note: String::new(),
        said: format!("{who}: {why}"),
    };
    let Some(config) = all.tasks.chosen(task, label) else {
        return nothing(Fill::Missing, "not in this task");
    };
    // The median if runs stop at the target, which some may never reach.
    let value = match evaluation.reached() && config.counts.completed > 0 {
        true => config.judged_median,
        false => config.judged.mean,
    };
    match (ranks[label], value) {
        (Some(rank), Some(value)) => {
            let value_text = evaluation.format(value);
            let (got_there, of) = (config.judged.n, config.counts.results());
            let reached = match value.is_finite() {
                true => String::new(),
                false => format!(" ({got_there} of {of} seeds)"),
            };
            let note = match value.is_finite() {
                true => value_text.clone(),
                false => {
                    with_room(all, &value_text, &format!("{value_text} ({got_there} of {of})"))
                }
            };
            // A single optimizer has no rank.
            let text = match ranks.iter().flatten().count() {
                1 => String::new(),
                _ => rank.to_string(),
            };
            let place = if text.is_empty() { text.clone() } else { format!("rank {text}, ") };
            let name = all.tasks.judged_by(task);
            let said = format!("{who}: {place}{name} {value_text}{reached}");
            Cell { fill: Fill::Value(rank), text, note, said }
        }
        (Some(_), None) => nothing(Fill::Crossed, "diverged"),
        (None, _) => nothing(Fill::Missing, "no result"),
    }
}

/// Returns the longer of two notes if it fits a narrow heatmap, since a note that does not fit
/// would remove those of all cells.
fn with_room(all: &CrossTask, short: &str, long: &str) -> String {
    // Widths of texts need the fonts.
    fonts();
    let room = NARROW / all.tasks.tasks.len().max(1) as f64;
    let fits = text_width(long, TICK, false) * 1.08 + 5.0 <= room;
    if fits { long } else { short }.to_owned()
}
