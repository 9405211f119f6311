//! Samples: a figure of each kind, with every stroke that it uses.

use plot::FigureData;
use plot::axis::{Axis, TickFormat};
use plot::chart::{Chart, Curve, CurveKind, Dot, Entry, Panel, Point, StripRow};
use plot::colormap::Colormap;
use plot::grid::{Cell, Fill, Grid, GridRow};
use plot::map::{Field, Map, Path};
use plot::rows::{Row, Rows};
use plot::trend::{Level, StepMark, Trend, TrendPanel};

/// Returns one sample of each kind, by name.
pub fn all() -> [(&'static str, FigureData); 6] {
    [
        ("chart", chart()),
        ("grid", grid()),
        ("rows", rows()),
        ("trend", trend()),
        ("maps", maps(false)),
        ("animation", animation()),
    ]
}

/// Returns one map over which several paths move.
pub fn animation() -> FigureData {
    maps(true)
}

/// Returns numbers that look random, from -0.5 to 0.5, the same each time.
fn noise(i: usize) -> f64 {
    ((i * 7919 + 13) % 101) as f64 / 101.0 - 0.5
}

/// Returns lines of every kind with bands, a lane of infinite values, rows of crosses and a target.
pub fn chart() -> FigureData {
    const KINDS: [CurveKind; 6] = [
        CurveKind::Marked,
        CurveKind::Barred,
        CurveKind::Plain,
        CurveKind::Faint,
        CurveKind::Steps,
        CurveKind::Sloped,
    ];
    let value = |series: usize, x: usize| {
        let loss = 2.0 / (1.0 + 0.4 * (series + 1) as f64 * x as f64);
        loss * (1.0 + 0.3 * noise(series * 31 + x))
    };
    let curve = |(series, kind): (usize, CurveKind)| {
        let point = |x: usize| {
            let y = value(series, x);
            Point { x: x as f64, y, band: Some((y * 0.8, y * 1.25)) }
        };
        let mut points: Vec<Point> = (0..=40).map(point).collect();
        if series == 0 {
            points[40] = Point { x: 40.0, y: f64::INFINITY, band: None };
        }
        Curve { series, points, kind, ringed: (series == 1).then_some(20) }
    };
    let curves: Vec<Curve> = KINDS.into_iter().enumerate().map(curve).collect();
    let values: Vec<f64> = curves.iter().flat_map(|c| c.points.iter().map(|p| p.y)).collect();
    let y = Axis::around(values.iter().copied(), 0.9).unwrap().holding(values.into_iter());
    let panel = |title: &str| {
        let mut panel = Panel::new(title, "epoch", Axis::whole(0.0, 40.0), y);
        panel.curves = curves.clone();
        panel.dots = vec![Dot { series: 6, x: 12.0, y: 0.9, name: "seed 3".to_owned() }];
        panel.strip = vec![StripRow {
            series: 7,
            label: "rprop".to_owned(),
            marks: vec![(5.0, "3/5".to_owned()), (30.0, "5/5".to_owned())],
        }];
        panel.reference = Some((0.12, "target 0.12".to_owned()));
        panel
    };
    let labels = ["sgd", "momentum", "AdaGrad", "rmsprop", "adam", "Yogi (β 0.9)"];
    let entry = |(series, label): (usize, &str)| Entry {
        series,
        label: label.to_owned(),
        note: if series == 0 { "diverged".to_owned() } else { String::new() },
    };
    FigureData::Chart(Chart {
        title: "Loss against epoch".to_owned(),
        subtitle:
            "Mean of 5 seeds, 97.5\u{2013}98.2% of them; AV, To, 7.1: letters that stand closer"
                .to_owned(),
        entries: labels.into_iter().enumerate().map(entry).collect(),
        panels: vec![panel("Training loss"), panel("Validation loss")],
    })
}

fn grid() -> FigureData {
    let heads = ["sgd", "adam", "lion"];
    let fill = |row: usize, column: usize| match (row, column) {
        (0, 1) => Fill::Crossed,
        (0, 2) => Fill::Never,
        (1, 0) => Fill::Missing,
        (2, 0) => Fill::NoLead,
        _ if row == column => Fill::Blank,
        _ => Fill::Value(2.0 * noise(row * 3 + column)),
    };
    let cell = |row: usize, column: usize| {
        let fill = fill(row, column);
        let text = match fill {
            Fill::Value(value) => format!("{value:+.2}"),
            _ => String::new(),
        };
        Cell { fill, text, note: "p 0.03".to_owned(), said: String::new() }
    };
    let row = |(row, head): (usize, &&str)| GridRow {
        series: Some(row),
        group: "digits".to_owned(),
        head: (*head).to_owned(),
        strong: row == 1,
        cells: (0..heads.len()).map(|column| cell(row, column)).collect(),
    };
    FigureData::Grid(Grid {
        title: "Leads".to_owned(),
        subtitle: "Of the row over the column".to_owned(),
        key: "lead in points".to_owned(),
        colormap: Colormap::diverging([-1.0, 1.0].into_iter(), TickFormat::Number),
        column_name: "over".to_owned(),
        columns: heads.map(str::to_owned).to_vec(),
        square: true,
        rows: heads.iter().enumerate().map(row).collect(),
    })
}

fn rows() -> FigureData {
    let row = |series: usize| {
        let values: Vec<f64> = (0..5).map(|i| 3.0 + noise(series * 5 + i)).collect();
        let mean = values.iter().sum::<f64>() / 5.0;
        Row {
            series,
            label: format!("label {series}"),
            dots: values.iter().map(|value| (*value, "seed".to_owned())).collect(),
            mean: Some(mean),
            interval: Some((mean - 0.2, mean + 0.3)),
            text: format!("{mean:.2} ({:.2}\u{2013}{:.2})", mean - 0.2, mean + 0.3),
            note: "2 of 5 seeds diverged".to_owned(),
        }
    };
    FigureData::Rows(Rows {
        title: "Last loss".to_owned(),
        subtitle: "Every seed, mean and interval".to_owned(),
        x_label: "loss".to_owned(),
        x: Axis::linear(2.0, 4.0),
        lines: vec![2.5],
        rows: (0..8).map(row).collect(),
    })
}

fn trend() -> FigureData {
    let point = |point: usize| {
        let y = if point < 12 { 0.8 } else { 0.7 } + 0.02 * noise(point);
        Point { x: point as f64, y, band: Some((y - 0.03, y + 0.02)) }
    };
    let panel = |title: &str| TrendPanel {
        title: title.to_owned(),
        y: Axis::linear(0.6, 0.9),
        points: (0..20).map(point).collect(),
        levels: vec![
            Level { span: (0, 11), values: (0.8, 0.81) },
            Level { span: (12, 19), values: (0.7, 0.7) },
        ],
        steps: vec![StepMark {
            at: 12,
            value: 0.7,
            text: "0a1b2c3".to_owned(),
            said: String::new(),
            worse: true,
            alarm: true,
        }],
        baseline: Some((0.78, "baseline 0.78".to_owned())),
    };
    FigureData::Trend(Trend {
        title: "Nights".to_owned(),
        subtitle: "Mean and range of the seeds".to_owned(),
        labels: (0..20).map(|point| vec![format!("{:02}-11", point + 1)]).collect(),
        breaks: vec![(6, "another machine".to_owned())],
        panels: ["test accuracy", "seconds"].map(panel).to_vec(),
    })
}

/// Returns a map for each path, or one map over which all of them move.
fn maps(animated: bool) -> FigureData {
    let field = Field::sample([[-2.0, -2.0], [2.0, 2.0]], |[x, y]| x * x + 3.0 * y * y);
    let path = |series: usize| {
        let rate = 0.02 * (series + 1) as f64;
        let position = |step: u64| {
            let left = |curvature: f64| (1.0 - rate * curvature).powi(step as i32);
            [-1.8 * left(2.0), 1.6 * left(6.0)]
        };
        Path {
            series,
            label: format!("label {series}"),
            note: format!("lr {rate:.2}"),
            text: String::new(),
            points: (0..30).map(|step| (step, position(step))).collect(),
        }
    };
    FigureData::Map(Map {
        title: "Descents".to_owned(),
        subtitle: "From one start".to_owned(),
        field,
        crosses: vec![[0.0, 0.0]],
        paths: (0..7).map(path).collect(),
        animated,
    })
}
