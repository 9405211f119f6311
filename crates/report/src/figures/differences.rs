//! The mean lead of every optimizer over every other, seed by seed.

use crate::analysis::{ALPHA, Analysis, Comparison, Pair, Verdict};
use crate::escape;
use crate::figures::Figure;
use crate::figures::points::Points;
use crate::number;
use crate::text::{p_value, seeds};
use plot::FigureData;
use plot::axis::TickFormat;
use plot::colormap::Colormap;
use plot::grid::{Cell, Fill, Grid, GridRow};

/// Most rows of the figure.
const MOST: usize = 30;

/// The figure; `None` for a single optimizer with a result, or for more than 30.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let grid = series(analysis)?;
    let comparison = analysis.comparison();
    let power = match (comparison.underpowered(), comparison.smallest_adjusted) {
        (true, Some(p)) => format!(
            " So few differing seeds cannot show a difference: no p can be smaller than {}; at least {} are needed.",
            p_value(p),
            seeds(comparison.fewest_needed())
        ),
        (true, None) => " Nothing could be tested.".to_owned(),
        (false, _) => {
            let level = analysis.looks().map_or(ALPHA, |looks| looks.until.level);
            format!(" Differences with p of at most {level} count as shown{}.", bold(&grid))
        }
    };
    let p = match comparison.tests {
        0 => String::new(),
        _ if analysis.looks().is_some() => {
            " Below the lead: p of the pair over all looks at the fresh seeds.".to_owned()
        }
        1 => " Below the lead: p of the test that decides the pair.".to_owned(),
        tests => format!(
            " Below the lead: p of the test that decides the pair, after Holm's correction for {tests} comparisons."
        ),
    };
    let (small, no_lead) = (small(analysis), no_lead(analysis, &grid));
    Some(Figure {
        heading: "Every optimizer against every other",
        caption: format!(
            "Mean lead of the row over the column in {}, each optimizer at its chosen configuration, best on top.",
            unit(analysis)
        ),
        notes: format!("Positive and orange: the row is better.{p}{power}{small}{no_lead}"),
        reading: "Pick a row and read along it: orange cells are the optimizers it beats, blue ones those that beat it. \
                  The stronger the colour, the larger the lead. Whether a lead may be chance is shown by p, the probability \
                  of a lead at least as large if the two optimizers were equally good: a large lead with a large p needs \
                  more seeds before it can be trusted.",
        data: FigureData::Grid(grid),
        variant_of: None,
    })
}

/// The clause that explains bold rows; empty without bold rows.
fn bold(grid: &Grid) -> &'static str {
    match grid.rows.iter().any(|row| row.strong) {
        true => "; bold rows are better than every other",
        false => "",
    }
}

/// ` 2 of the differences shown are smaller than what matters ...`, or nothing.
fn small(analysis: &Analysis) -> String {
    let shown = |p: &&Pair| matches!(p.verdict, Verdict::Better | Verdict::Worse);
    let pairs = analysis.comparison().pairs.iter().filter(shown);
    let (small, all) = pairs.fold((0, 0), |(n, all), p| (n + usize::from(p.small), all + 1));
    let least = number::short(analysis.plan.report.min_effect);
    let which = match (small, all) {
        (0, _) => return String::new(),
        (1, 1) => "The one shown is".to_owned(),
        (n, all) if n == all => format!("All {n} shown are"),
        (1, all) => format!("1 of the {all} shown is"),
        (n, all) => format!("{n} of the {all} shown are"),
    };
    format!(" {which} smaller than what matters ([report] min_effect = {least}).")
}

/// The sentence that explains hatched cells; empty without hatched cells.
fn no_lead(analysis: &Analysis, grid: &Grid) -> String {
    let both = if analysis.evaluation.reached() { "reached the target" } else { "completed" };
    match grid.has(Fill::NoLead) {
        true => format!(" Hatched pairs have no mean lead, since no seed {both} with both."),
        false => String::new(),
    }
}

fn unit(analysis: &Analysis) -> String {
    let evaluation = &analysis.evaluation;
    match evaluation.metric.is_percentage() {
        true => format!("percentage points of {}", evaluation.name()),
        false => evaluation.name(),
    }
}

/// The data: the ranked labels as rows and as columns.
pub fn series(analysis: &Analysis) -> Option<Grid> {
    let comparison = analysis.comparison();
    let ranked = &comparison.ranked;
    let none = comparison.pairs.iter().all(|p| p.gain.mean.is_none());
    if !(2..=MOST).contains(&ranked.len()) || none {
        return None;
    }
    let scale = scale(analysis);
    let leads = comparison.pairs.iter().filter_map(|p| p.gain.mean).map(|g| g * scale);
    let label = |i: usize| escape::line(&analysis.planned(&analysis.configs[i]).label);
    let rows = ranked
        .iter()
        .map(|&row| GridRow {
            series: Some(analysis.configs[row].label),
            group: String::new(),
            head: label(row),
            strong: beats_all(comparison, row),
            cells: ranked
                .iter()
                .map(|&column| cell(analysis, (row, &label(row)), (column, &label(column))))
                .collect(),
        })
        .collect();
    Some(Grid {
        title: "Mean lead of the row over the column".to_owned(),
        subtitle: match comparison.tests {
            0 => format!("In {}", unit(analysis)),
            1 => format!("In {}; below it p", unit(analysis)),
            _ => format!("In {}; below it p {}", unit(analysis), corrected(analysis)),
        },
        key: format!("Lead in {}", unit(analysis)),
        colormap: Colormap::diverging(leads, TickFormat::Number),
        column_name: "over".to_owned(),
        columns: ranked.iter().map(|&i| label(i)).collect(),
        square: true,
        rows,
    })
}

/// The correction of the p-values for the number of comparisons, and of looks.
fn corrected(analysis: &Analysis) -> &'static str {
    match analysis.looks() {
        Some(_) => "over all looks",
        None => "after Holm's correction",
    }
}

/// The factor that converts a lead to the unit of the figure: 100 for percentages, else 1.
fn scale(analysis: &Analysis) -> f64 {
    if analysis.evaluation.metric.is_percentage() { 100.0 } else { 1.0 }
}

fn beats_all(comparison: &Comparison, row: usize) -> bool {
    comparison.ranked.iter().filter(|&&c| c != row).all(|&column| {
        comparison.of(row, column).is_some_and(|(pair, turned)| {
            pair.verdict == if turned { Verdict::Worse } else { Verdict::Better }
        })
    })
}

fn cell(analysis: &Analysis, (row, name): (usize, &str), (column, other): (usize, &str)) -> Cell {
    let nothing =
        Cell { fill: Fill::Blank, text: String::new(), note: String::new(), said: String::new() };
    let comparison = analysis.comparison();
    let Some((pair, turned)) = comparison.of(row, column) else { return nothing };
    let p = pair.adjusted.map(p_value);
    let note = p.as_ref().map_or(String::new(), |p| format!("p {}", p.replace("below ", "<")));
    let verdict = match (pair.verdict, &p) {
        (Verdict::Better | Verdict::Worse, Some(p)) if comparison.tests > 1 => {
            format!("p = {p} {}", corrected(analysis))
        }
        (Verdict::Better | Verdict::Worse, Some(p)) => format!("p = {p}"),
        (Verdict::Underpowered, Some(p)) => format!("p = {p}, underpowered"),
        (_, Some(p)) => format!("p = {p}, no difference shown"),
        (_, None) => "too few seeds for a test".to_owned(),
    };
    let Some(gain) = pair.gain.mean.filter(|gain| gain.is_finite()) else {
        let both = if analysis.evaluation.reached() { "reached the target" } else { "completed" };
        let said = format!("{name} over {other}: no lead, no seed {both} with both ({verdict})");
        return Cell { fill: Fill::NoLead, note, said, ..nothing };
    };
    let gain = if turned { -gain } else { gain };
    let lead = scale(analysis) * gain;
    // As the tables write it.
    let text = signed(gain, &analysis.evaluation.metric.format_difference(gain, 3));
    let said = format!("{name} over {other}: {text} ({verdict}; {})", seeds(pair.gain.n));
    Cell { fill: Fill::Value(lead), text, note, said }
}

/// `+0.21`, `\u{2212}0.04`; zero has no sign.
fn signed(x: f64, text: &str) -> String {
    let zero = text.chars().all(|c| matches!(c, '0' | '.'));
    let sign = match x {
        _ if zero => "",
        x if x > 0.0 => "+",
        _ => "\u{2212}",
    };
    format!("{sign}{text}")
}
