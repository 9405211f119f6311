//! The result of every run as a coloured cell, learning rate against seed.

use std::collections::BTreeSet;

use spec::metric::{Metric, Unit};
use spec::record::Status;

use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::{Figure, axes, text};
use crate::number;
use crate::text::capitalised;
use plot::FigureData;
use plot::colormap::Colormap;
use plot::grid::{Cell, Fill, Grid, GridRow};
use spec::stages::Stage;

/// Most rows of the figure.
const MOST: usize = 40;

/// The figure; `None` for a single seed or configuration, for more than 40 rows, or before any run
/// has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let selection = &analysis.selection;
    let grid = series(analysis)?;
    let lighter = match (grid.keyed(), selection.higher_is_better()) {
        (false, _) => "",
        (true, true) => " Lighter is better (higher).",
        (true, false) => " Lighter is better (lower).",
    };
    let crossed = match (grid.has(Fill::Crossed), grid.has(Fill::Never)) {
        (true, true) => Some("diverged or never reached the target"),
        (true, false) => Some("diverged"),
        (false, true) => Some("never reached the target"),
        (false, false) => None,
    };
    let marks: Vec<String> = [
        crossed.map(|what| format!("runs that {what} are crossed out")),
        grid.has(Fill::Missing).then(|| "those without a result are hatched".to_owned()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let marks = match marks.is_empty() {
        true => String::new(),
        false => format!(" {}.", capitalised(&marks.join(", "))),
    };
    let bold = match strong(&grid) {
        true => ", bold the best configuration of each optimizer",
        false => "",
    };
    Some(Figure {
        heading: "Every run: learning rate and seed",
        caption: format!(
            "{} of every run{}; a row is a configuration, a column a seed{bold}.",
            capitalised(&selection.measured_name()),
            match analysis.plan.confirm.is_some() {
                true => " that chose a configuration",
                false => " of the sweep",
            }
        ),
        notes: text::notes(&[lighter, &marks]),
        reading: "Look along a row: even colours mean that the configuration gives the same result whatever the random \
                  start, a dark or crossed cell that it sometimes fails. Look down a column: a seed that is darker than \
                  the others in all rows had a hard start for every optimizer, which is why optimizers are compared seed \
                  by seed.",
        data: FigureData::Grid(grid),
        variant_of: None,
    })
}

/// Returns whether a row is bold; an optimizer without a completed run has none.
fn strong(grid: &Grid) -> bool {
    grid.rows.iter().any(|row| row.strong)
}

/// The configurations on tuning seeds, with their indices.
fn rows(analysis: &Analysis) -> impl Iterator<Item = (usize, &Config)> {
    analysis.configs.iter().enumerate().filter(|(_, config)| config.stage.is_tuning())
}

/// The sentence on why the figure is left out; `None` unless it has too many rows.
pub fn too_many(analysis: &Analysis) -> Option<String> {
    let rows = rows(analysis).count();
    (rows > MOST && analysis.plan.seeds.len() > 1).then(|| {
        format!(
            "The figure of every run by learning rate and seed is left out: it would have {} rows, but can show at \
             most {MOST}. runs.parquet has every run.",
            number::count(rows as u64)
        )
    })
}

/// The data: one row per configuration, by label and learning rate.
pub fn series(analysis: &Analysis) -> Option<Grid> {
    let (selection, plan) = (&analysis.selection, &analysis.plan);
    let rows = rows(analysis).count();
    let seeds = plan.seeds_planned(Stage::Tuning);
    if !(2..=MOST).contains(&rows)
        || seeds.len() < 2
        || !analysis.rows.iter().any(|r| r.completed())
    {
        return None;
    }
    let mut configs: Vec<(usize, &Config)> = self::rows(analysis).collect();
    let lr = |c: &Config| analysis.planned(c).spec.optimizer.lr();
    configs.sort_by(|(_, a), (_, b)| a.label.cmp(&b.label).then_with(|| lr(a).total_cmp(&lr(b))));
    let values: Vec<f64> =
        analysis.rows.iter().filter_map(|r| selection.of(r)).filter(|v| v.is_finite()).collect();
    let axis = axes::of_metric(selection.metric, &values, &[]);
    let rows = configs
        .into_iter()
        .map(|(i, config)| {
            let label = escape::line(&analysis.planned(config).label);
            let head = escape::line(&described(analysis, config));
            let cells = seeds.iter().map(|&seed| cell(analysis, config, seed, &label, &head));
            GridRow {
                series: Some(config.label),
                cells: cells.collect(),
                strong: analysis.tuned[config.label] == Some(i) && config.counts.completed > 0,
                group: label.clone(),
                head: head.clone(),
            }
        })
        .collect();
    let unit = if selection.metric.is_percentage() { ", per cent" } else { "" };
    let mut grid = Grid {
        title: match analysis.plan.confirm.is_some() {
            true => "Every tuning run: learning rate and seed".to_owned(),
            false => "Every run: learning rate and seed".to_owned(),
        },
        subtitle: capitalised(&selection.measured_name()),
        key: format!("{}{unit}{}", capitalised(&selection.name()), axes::spacing(&axis)),
        colormap: if selection.higher_is_better() {
            Colormap::Sequential(axis)
        } else {
            Colormap::Reversed(axis)
        },
        column_name: "seed".to_owned(),
        columns: seeds.iter().map(u64::to_string).collect(),
        square: false,
        rows,
    };
    if strong(&grid) {
        grid.subtitle.push_str("; bold: the best of each optimizer");
    }
    Some(grid)
}

/// A configuration in short, for the head of a row: `lr 0.01, batch_size 8, schedule cosine`, with
/// the last part of each axis if that is unambiguous, else its whole path.
fn described(analysis: &Analysis, config: &Config) -> String {
    let short = |path: &str| -> String {
        let path = path.strip_suffix(".kind").unwrap_or(path);
        path.rsplit('.').next().unwrap_or(path).to_owned()
    };
    let all: BTreeSet<&str> =
        analysis.plan.runs.iter().flat_map(|run| run.axes.keys()).map(String::as_str).collect();
    let run = analysis.planned(config);
    let mut text = format!("lr {}", number::short(run.spec.optimizer.lr()));
    for (path, value) in &run.axes {
        if path == "optimizer.lr" || path == "seed" {
            continue;
        }
        let own = short(path);
        let alike = all.iter().filter(|other| short(other) == own).count() > 1;
        let name = if alike { path.clone() } else { own };
        text.push_str(&format!(", {name} {value}"));
    }
    text
}

fn cell(analysis: &Analysis, config: &Config, seed: u64, label: &str, head: &str) -> Cell {
    let selection = &analysis.selection;
    let run = config.runs.iter().copied().find(|&r| analysis.plan.runs[r].spec.seed == seed);
    let row = run.map(|r| &analysis.rows[r]);
    let value = row.and_then(|r| selection.of(r));
    let (fill, text, said) = match (value, row.and_then(|r| r.status)) {
        (Some(v), _) => (Fill::Value(v), short(selection.metric, v), selection.format(v)),
        (None, Some(Status::Diverged)) => {
            let step = row.and_then(|r| r.diverged_step);
            let at = step.map_or(String::new(), |s| format!(" at step {}", number::count(s)));
            (Fill::Crossed, String::new(), format!("diverged{at}"))
        }
        (None, Some(Status::Completed)) if selection.reached() => {
            (Fill::Never, String::new(), "never reached the target".to_owned())
        }
        (None, Some(Status::Completed)) => {
            (Fill::Missing, String::new(), "finished, without this metric".to_owned())
        }
        (None, Some(status)) => (Fill::Missing, String::new(), status.name().replace('_', " ")),
        (None, None) => (Fill::Missing, String::new(), "not trained yet".to_owned()),
    };
    let said = format!("{label} \u{b7} {head}, seed {seed}: {said}");
    Cell { fill, text, note: String::new(), said }
}

/// A value in short, for a cell: percentages without the sign.
fn short(metric: Metric, value: f64) -> String {
    match metric.description().unit {
        Unit::Percent => format!("{:.2}", value * 100.0),
        Unit::Count => metric.format(value),
        Unit::Number => number::significant(value, 3),
    }
}
