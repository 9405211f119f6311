//! Learning rate against seed: every run's result as a coloured cell.

use spec::record::Status;

use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::grid::{Cell, Fill, Grid, GridRow};
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::tint::Tint;
use crate::figures::{Figure, axes};
use crate::number;
use crate::page::words::capitalised;

/// Rows that the figure has at most.
const MOST: usize = 40;

/// The figure; none for a single seed or configuration, for more rows than one
/// can look at, or before any run has finished.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let goal = &analysis.goal;
    let better = if goal.higher_is_better { "higher" } else { "lower" };
    Some(Figure {
        heading: "Every run: learning rate and seed",
        caption: format!(
            "{} of every run of the sweep; a row is a configuration, a column a seed, bold the best \
             configuration of each optimizer. Lighter is better ({better}). Runs that diverged{} are crossed out, those \
             without a result are hatched.",
            capitalised(&goal.measured_name()),
            if goal.reached() { " or never reached the target" } else { "" }
        ),
        reading: "Look along a row: even colours say that the configuration gives the same result whatever the random \
                  start, a dark or crossed cell that it sometimes fails. Look down a column: a seed that is darker than \
                  the others in all rows had a hard start for every optimizer, which is why optimizers are compared seed \
                  by seed.",
        ink: Ink::Grid(series(analysis)?),
        variant_of: None,
    })
}

/// Why the figure is left out, where it has too many rows.
pub fn too_many(analysis: &Analysis) -> Option<String> {
    let rows = analysis.configs.len();
    (rows > MOST && analysis.plan.seeds.len() > 1).then(|| {
        format!(
            "The figure of every run by learning rate and seed is left out: it would have {} rows, and shows {MOST} at \
             most. runs.parquet has every run.",
            number::count(rows as u64)
        )
    })
}

/// The data: one row a configuration, by label and learning rate.
pub fn series(analysis: &Analysis) -> Option<Grid> {
    let (goal, plan) = (&analysis.goal, &analysis.plan);
    let rows = analysis.configs.len();
    if !(2..=MOST).contains(&rows)
        || plan.seeds.len() < 2
        || !analysis.rows.iter().any(|r| r.completed())
    {
        return None;
    }
    let mut configs: Vec<(usize, &Config)> = analysis.configs.iter().enumerate().collect();
    let lr = |c: &Config| analysis.planned(c).spec.optimizer.lr();
    configs.sort_by(|(_, a), (_, b)| a.label.cmp(&b.label).then_with(|| lr(a).total_cmp(&lr(b))));
    let values: Vec<f64> =
        analysis.rows.iter().filter_map(|r| goal.of(r)).filter(|v| v.is_finite()).collect();
    let axis = axes::of_metric(&goal.metric, &values, &[]);
    let rows = configs
        .into_iter()
        .map(|(i, config)| {
            let label = escape::line(&analysis.planned(config).label);
            let head = escape::line(&analysis.describe(config));
            let cells = plan.seeds.iter().map(|&seed| cell(analysis, config, seed, &label, &head));
            GridRow {
                series: Some(config.label),
                cells: cells.collect(),
                strong: analysis.is_chosen(i),
                group: label.clone(),
                head: head.clone(),
            }
        })
        .collect();
    let unit = if number::is_percentage(&goal.metric) { ", per cent" } else { "" };
    Some(Grid {
        title: "Every run: learning rate and seed".to_owned(),
        subtitle: format!(
            "{}; bold: the best of each optimizer",
            capitalised(&goal.measured_name())
        ),
        key: format!("{}{unit}{}", capitalised(&goal.name()), axes::spacing(&axis)),
        tint: if goal.higher_is_better { Tint::Sequential(axis) } else { Tint::Reversed(axis) },
        column_name: "seed".to_owned(),
        columns: plan.seeds.iter().map(u64::to_string).collect(),
        square: false,
        rows,
    })
}

fn cell(analysis: &Analysis, config: &Config, seed: u64, label: &str, head: &str) -> Cell {
    let goal = &analysis.goal;
    let run = config.runs.iter().copied().find(|&r| analysis.plan.runs[r].spec.seed == seed);
    let row = run.map(|r| &analysis.rows[r]);
    let value = row.and_then(|r| goal.of(r));
    let (fill, text, said) = match (value, row.and_then(|r| r.status)) {
        (Some(v), _) => (Fill::Value(v), short(&goal.metric, v), goal.format(v)),
        (None, Some(Status::Diverged)) => {
            let step = row.and_then(|r| r.diverged_step);
            let at = step.map_or(String::new(), |s| format!(" at step {}", number::count(s)));
            (Fill::Crossed, String::new(), format!("diverged{at}"))
        }
        (None, Some(Status::Completed)) if goal.reached() => {
            (Fill::Crossed, String::new(), "never reached the target".to_owned())
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

/// As short as a cell needs it: per cent without the sign.
fn short(metric: &str, value: f64) -> String {
    match metric {
        "accuracy" | "top5_accuracy" => format!("{:.2}", value * 100.0),
        _ => number::significant(value, 3),
    }
}
