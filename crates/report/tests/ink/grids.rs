//! Matrices and heatmaps from two rows to forty.

use plot::FigureData;
use plot::axis::{Axis, TickFormat};
use plot::colormap::Colormap;
use plot::grid::{Cell, Fill, Grid, GridRow};
use plot::output;
use plot::scale::Scale;
use plot::style::Layout;

use crate::check;

/// Differences of `n` labels with each other.
fn matrix(n: usize, name: &str, notes: bool) -> Grid {
    let difference = |i: usize, j: usize| (j as f64 - i as f64) * 0.31e-2;
    let row = |i: usize| GridRow {
        series: Some(i),
        group: String::new(),
        head: format!("{name}{i}"),
        strong: false,
        cells: (0..n)
            .map(|j| match i == j {
                true => Cell {
                    fill: Fill::Blank,
                    text: String::new(),
                    note: String::new(),
                    said: String::new(),
                },
                false => Cell {
                    fill: Fill::Value(difference(i, j)),
                    text: format!("{:+.2}", difference(i, j) * 100.0),
                    note: if notes { "p 0.0625".to_owned() } else { String::new() },
                    said: format!("{name}{i} less {name}{j}"),
                },
            })
            .collect(),
    };
    let values = (0..n).map(|j| difference(0, j));
    Grid {
        title: "Differences".to_owned(),
        subtitle: "Row less column, in percentage points".to_owned(),
        key: "Difference of test accuracy".to_owned(),
        colormap: Colormap::diverging(values, TickFormat::Percent),
        column_name: "less".to_owned(),
        columns: (0..n).map(|j| format!("{name}{j}")).collect(),
        square: true,
        rows: (0..n).map(row).collect(),
    }
}

fn heatmap(rows: usize, columns: usize) -> Grid {
    let row = |i: usize| GridRow {
        series: Some(i / 5),
        group: format!("label {}", i / 5),
        head: format!("lr {}", 10f64.powi(i as i32 % 5 - 5)),
        strong: i % 5 == 2,
        cells: (0..columns)
            .map(|j| {
                let value = 0.5 + 0.49 * ((i * 7 + j) as f64 * 0.7).sin();
                let fill = match (i + 3 * j) % 11 {
                    0 => Fill::Crossed,
                    1 => Fill::Missing,
                    _ => Fill::Value(value),
                };
                let text = if let Fill::Value(v) = fill {
                    format!("{:.2}", v * 100.0)
                } else {
                    String::new()
                };
                Cell { fill, text, note: String::new(), said: format!("{i} {j}") }
            })
            .collect(),
    };
    Grid {
        title: "A heatmap".to_owned(),
        subtitle: "Of many runs".to_owned(),
        key: "Accuracy".to_owned(),
        colormap: Colormap::Sequential(Axis::percent(Scale::Linear(0.0, 1.0))),
        column_name: "seed".to_owned(),
        columns: (0..columns).map(|j| (1000 + j).to_string()).collect(),
        square: false,
        rows: (0..rows).map(row).collect(),
    }
}

#[test]
fn grids_from_two_by_two_to_forty_by_thirty() {
    let count = |grid: &Grid, what: &str| {
        output::svg(&FigureData::Grid(grid.clone()), Layout::Narrow).unwrap().matches(what).count()
    };
    for (name, grid) in [
        ("two", matrix(2, "adam-", true)),
        ("five", matrix(5, "momentum-", true)),
        ("twelve", matrix(12, "momentum-nesterov-weight-decay-1e-", true)),
        ("thirty", matrix(30, "momentum-nesterov-weight-decay-1e-", false)),
        ("forty-by-thirty", heatmap(40, 30)),
        ("ten-by-three", heatmap(10, 3)),
        ("ten-by-hundred", heatmap(10, 100)),
    ] {
        check(&format!("grid-{name}"), &FigureData::Grid(grid));
    }
    // Texts are there where they fit, and leave together where they do not.
    assert_eq!(count(&matrix(2, "adam-", true), ">p 0.0625<"), 2);
    assert_eq!(count(&matrix(12, "adam-", true), ">p 0.0625<"), 0);
    let inside = |grid: &Grid| {
        let cells = grid.rows.iter().flat_map(|r| &r.cells).filter(|c| !c.text.is_empty());
        cells.map(|c| count(grid, &format!(">{}<", c.text))).collect::<Vec<_>>()
    };
    assert!(inside(&heatmap(10, 3)).iter().all(|n| *n > 0));
    assert!(inside(&heatmap(40, 30)).iter().all(|n| *n == 0));
    // Rows of one label share its group.
    assert_eq!(count(&heatmap(40, 30), "<g data-series=\"7\">"), 5);
}
