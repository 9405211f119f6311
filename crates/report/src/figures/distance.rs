//! Descents on functions as distance to the optimum against steps.

use std::collections::{BTreeMap, BTreeSet};

use spec::landscape::Function;
use spec::metric::Bounds;

use crate::analysis::landscape::Task;
use crate::analysis::{Analysis, Config};
use crate::figures::landscape::{chosen, files, path, short_steps, target};
use crate::figures::points::Points;
use crate::figures::{Figure, bands, entries, seeds_text, text};
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Panel, Point};
use stats::estimate_mean;

/// Smallest distance that is drawn, in units of the coordinates: positions are 32-bit floats.
const NEAREST: f64 = 1e-7;

/// One figure of distances per function.
pub fn figures(analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    let figure = |task: &Task| {
        let saddle = task.function.info().saddle;
        let what = if saddle {
            "The farther the better: a line that ends early has left the box. A line that stays low for long is held at \
             the saddle point, where the gradient is almost zero."
        } else {
            "The lower the better; on a logarithmic axis a straight fall is a distance that shrinks by the same fraction \
             each step. A line that levels off is stuck in another minimum, or bounces between two walls with steps too \
             long to come closer; one that wavers overshoots."
        };
        Some((
            files(task.function).1,
            Figure {
                heading: heading(task.function),
                caption: format!(
                    "Distance to the {} against optimizer steps, each optimizer at the learning rate that {}: {}.",
                    target(task.function),
                    chosen(task),
                    seeds_text(&task.analysis)
                ),
                notes: text::notes(&[short_steps(task), &limits(task, points)]),
                reading: what,
                data: FigureData::Chart(series(task, points)?),
                variant_of: None,
            },
        ))
    };
    analysis.tasks().iter().filter_map(figure).collect()
}

fn heading(function: Function) -> &'static str {
    match function {
        Function::Beale => "Distance to the minimum: Beale",
        Function::Rosenbrock => "Distance to the minimum: Rosenbrock",
        Function::Rastrigin => "Distance to the global minimum: Rastrigin",
        Function::Himmelblau => "Distance to the nearest minimum: Himmelblau",
        Function::Saddle => "Distance from the saddle point",
        Function::MonkeySaddle => "Distance from the monkey saddle\u{2019}s middle",
        Function::Ravine => "Distance to the minimum: ravine",
        Function::Sphere => "Distance to the minimum: sphere",
        Function::Ackley => "Distance to the global minimum: Ackley",
        Function::Branin => "Distance to the nearest minimum: Branin",
    }
}

/// The data of distances: a curve per label, the mean over its completed seeds at each step that
/// all of them reached. `None` without any.
pub fn series(task: &Task, points: &Points) -> Option<Chart> {
    let analysis = &task.analysis;
    let best: Vec<&Config> =
        analysis.best.iter().flatten().map(|&i| &analysis.configs[i]).collect();
    let curves: Vec<Curve> = best
        .iter()
        .map(|config| Curve {
            series: config.label,
            points: mean_distance(task, points, config),
            kind: CurveKind::Plain,
            ringed: None,
        })
        .filter(|curve| curve.points.len() > 1)
        .collect();
    let all = || curves.iter().flat_map(|c| &c.points);
    let y = Axis::around(all().map(|p| p.y), 0.9)?.with_bands(all().filter_map(|p| p.band));
    let last = all().map(|p| p.x).fold(1.0, f64::max);
    Some(Chart {
        title: format!("{}: distance to the {}", task.function, target(task.function)),
        subtitle: "Each optimizer at its best configuration".to_owned(),
        entries: entries(analysis),
        panels: vec![Panel {
            curves,
            ..Panel::new(
                format!("Distance{}", if y.is_log() { " (logarithmic)" } else { "" }),
                "optimizer step",
                Axis::linear(0.0, last),
                y,
            )
        }],
    })
}

/// The diagonal of the function's box, the largest distance that is drawn: longer ones would
/// squeeze the rest.
fn farthest(task: &Task) -> f64 {
    let [low, high] = task.function.info().domain;
    (high[0] - low[0]).hypot(high[1] - low[1])
}

/// The sentences on distances that are drawn elsewhere; empty without any.
fn limits(task: &Task, points: &Points) -> String {
    let analysis = &task.analysis;
    let mut away: Vec<f64> = Vec::new();
    for config in analysis.best.iter().flatten().map(|&i| &analysis.configs[i]) {
        let line = mean_distance(task, points, config);
        let drawn: BTreeSet<u64> = line.iter().map(|p| p.x as u64).collect();
        let runs = config.runs.iter().filter(|&&run| analysis.rows[run].completed());
        let places = runs.flat_map(|&run| path(task, points, run));
        let places = places.filter(|(step, _)| drawn.len() > 1 && drawn.contains(step));
        away.extend(places.map(|(_, position)| task.function.distance(position)));
    }
    let mut said = String::new();
    if away.iter().any(|d| *d > farthest(task)) {
        said.push_str(" Distances beyond the box\u{2019}s diagonal are drawn at it.");
    }
    if away.iter().any(|d| *d < NEAREST) {
        said.push_str(" Distances below 1e-7 are drawn at it: positions are 32-bit floats.");
    }
    said
}

fn mean_distance(task: &Task, points: &Points, config: &Config) -> Vec<Point> {
    let analysis = &task.analysis;
    let runs: Vec<usize> =
        config.runs.iter().copied().filter(|&r| analysis.rows[r].completed()).collect();
    let most = farthest(task);
    let mut at: BTreeMap<u64, Vec<f64>> = BTreeMap::new();
    for &run in &runs {
        for (step, position) in path(task, points, run) {
            let away = task.function.distance(position);
            at.entry(step).or_default().push(away.clamp(NEAREST, most));
        }
    }
    at.into_iter()
        .filter(|(_, values)| values.len() == runs.len())
        .filter_map(|(step, values)| {
            let e = estimate_mean(values);
            let band = bands::band(analysis.plan.report.band, Bounds::NonNegative, &e);
            let band = band.map(|(low, high)| (low.max(NEAREST), high));
            Some(Point { x: step as f64, y: e.mean?, band })
        })
        .collect()
}
