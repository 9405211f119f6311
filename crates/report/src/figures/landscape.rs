//! Descents on functions: a map a label with the path of its best run, the
//! distance to the optimum against steps, and all descents as one film.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use spec::landscape::{Function, Position};
use spec::record::Split;

use crate::analysis::landscape::Task;
use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::chart::{Chart, Curve, CurveKind, Panel, Point};
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::scale::Axis;
use crate::figures::style::PALETTE;
use crate::figures::{Figure, entries, seeds_text, spread};
use crate::number;
use crate::stats::estimate_mean;

/// Distances below this are drawn at it: positions are 32-bit floats.
const NEAREST: f64 = 1e-7;

/// Maps or a film of descents on one function.
#[derive(Clone, Debug, PartialEq)]
pub struct Landscape {
    /// What the figure shows.
    pub title: String,
    /// What its strokes are.
    pub subtitle: String,
    /// What is descended.
    pub function: Function,
    /// One a label, in plan order.
    pub descents: Vec<Descent>,
    /// Whether all run over one map and move, in place of a map each.
    pub film: bool,
}

/// The best run of a label.
#[derive(Clone, Debug, PartialEq)]
pub struct Descent {
    /// Place in the plan.
    pub series: usize,
    /// The label.
    pub label: String,
    /// Its learning rate, and what became of it.
    pub note: String,
    /// Step and position, from the start on.
    pub path: Vec<(u64, Position)>,
}

/// File names of a function's map and distances.
fn files(function: Function) -> (&'static str, &'static str) {
    match function {
        Function::Beale => ("landscape-beale", "distance-beale"),
        Function::Rosenbrock => ("landscape-rosenbrock", "distance-rosenbrock"),
        Function::Rastrigin => ("landscape-rastrigin", "distance-rastrigin"),
        Function::Himmelblau => ("landscape-himmelblau", "distance-himmelblau"),
        Function::Saddle => ("landscape-saddle", "distance-saddle"),
        Function::MonkeySaddle => ("landscape-monkey-saddle", "distance-monkey-saddle"),
        Function::Ravine => ("landscape-ravine", "distance-ravine"),
    }
}

/// Every file name that a report's figures of functions may have.
pub fn names() -> impl Iterator<Item = &'static str> {
    Function::ALL.iter().map(|f| files(*f)).flat_map(|(map, distance)| [map, distance])
}

/// What a function teaches.
fn lesson(function: Function) -> &'static str {
    match function {
        Function::Beale => {
            "The walls in the corners are a thousand times steeper than the valley: a learning rate that is safe on the \
             wall crawls along the floor. Methods that divide by the gradient's size take both at one pace."
        }
        Function::Rosenbrock => {
            "Any method finds the floor of the bent valley in a few steps. Following it is the hard part: across it the \
             slope turns sign at every step, along it the slope is slight and always the same way, which is what \
             momentum adds up."
        }
        Function::Rastrigin => {
            "Every dent is a local minimum. A small step stays in the dent where it began; a heavy ball, or a step longer \
             than a dent, rolls over rims. Where one ends is luck of start and step length, not skill."
        }
        Function::Himmelblau => {
            "Four minima of equal depth: which one is reached depends on the path, and a long first step may land in \
             another basin than a short one."
        }
        Function::Saddle => {
            "Along x it is a valley, along y a ridge. Plain descent slides towards the middle, where the gradient \
             vanishes, and has to wait until the slightest slope along y has grown; methods that scale each parameter \
             by its own gradient leave at once, because to them a tiny slope is a slope."
        }
        Function::MonkeySaddle => {
            "Three valleys and three ridges meet in a middle that is flat to second order: curvature vanishes there with \
             the slope, so that it holds plain descent far longer than an ordinary saddle."
        }
        Function::Ravine => {
            "A hundred times steeper across than along: one learning rate for both is too long across or too short \
             along. Momentum evens the zigzag out, a scale for each parameter makes the ravine round."
        }
    }
}

/// One figure of maps a function.
pub fn maps(analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    let figure = |task: &Task| {
        let map = series(task, points, false)?;
        Some((
            files(task.function).0,
            Figure {
                heading: heading(task.function),
                caption: format!(
                    "f(x, y) = {}. {}. One map an optimizer with the path of its best run, from the ring at the start; dots \
                     are single steps, a cross is {} {}. Darker is higher; the levels are the same in every map.{}",
                    task.function.info().formula,
                    chosen(task),
                    if task.function.info().optima.len() > 1 { "a" } else { "the" },
                    kind(task.function),
                    thrown(task)
                ),
                reading: lesson(task.function),
                ink: Ink::Landscape(map),
                variant_of: None,
            },
        ))
    };
    analysis.tasks().iter().filter_map(figure).collect()
}

/// One figure of distances a function.
pub fn distances(analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    let figure = |task: &Task| {
        let saddle = task.function.info().saddle;
        let what = if saddle {
            "The farther the better: a line that ends early has left the box. A line that lies low for long is held at the \
             saddle point, where the gradient is next to nothing; it leaves by what little there is."
        } else {
            "The lower the better; on a logarithmic axis a straight fall is a distance that shrinks by the same share each \
             step. A line that levels off is stuck, in another minimum or bouncing between two walls with steps that \
             are too long to come closer; one that wavers overshoots."
        };
        Some((
            files(task.function).1,
            Figure {
                heading: distance_heading(task.function),
                caption: format!(
                    "Distance to the {} against optimizer steps. {}: {}.{}",
                    target(task.function),
                    chosen(task),
                    seeds_text(&task.analysis),
                    if saddle {
                        ""
                    } else {
                        " Distances below 1e-7 are drawn there: positions are 32-bit floats."
                    }
                ),
                reading: what,
                ink: Ink::Chart(distance(task, points)?),
                variant_of: None,
            },
        ))
    };
    analysis.tasks().iter().filter_map(figure).collect()
}

/// The film of the first function.
pub fn film(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let task = analysis.tasks().first()?;
    Some(Figure {
        heading: "The descent as a film",
        caption: format!(
            "All optimizers on {} at once, each at its best configuration: a ball a run, from the ring to where it ends{}. The \
             film slows down at the start: its time is the square root of the steps. Where less motion is wished for it \
             stands still at its end, as in the PNG.",
            task.function,
            if task.analysis.best.len() > PALETTE.len() {
                ", with its number in the list"
            } else {
                ""
            }
        ),
        reading: "A heavy ball keeps rolling: with momentum it overshoots, swings back and settles. Plain descent goes \
                  straight down the slope and slows as the slope does. Balls that set off at one even pace divide by \
                  the size of the gradient, so that a steep wall does not throw them.",
        ink: Ink::Landscape(series(task, points, true)?),
        variant_of: None,
    })
}

fn chosen(task: &Task) -> &'static str {
    if task.function.info().saddle {
        "Each optimizer at the learning rate that left the box in the fewest steps, among those of which no step was longer \
         than a tenth of the box\u{2019}s width"
    } else {
        "Each optimizer at the learning rate that ended lowest"
    }
}

/// Labels that have no map, with the reason.
fn thrown(task: &Task) -> String {
    let labels = task.analysis.plan.optimizers.iter().zip(&task.analysis.best);
    let without: Vec<String> = labels
        .filter(|(_, best)| best.is_none())
        .map(|(optimizer, _)| escape::line(&optimizer.label))
        .collect();
    if without.is_empty() || !task.function.info().saddle {
        return String::new();
    }
    format!(" Without a run of steps so short, and so without a map: {}.", without.join(", "))
}

/// What a function's optima are.
fn kind(function: Function) -> &'static str {
    match function {
        Function::Saddle | Function::MonkeySaddle => "saddle point",
        // All its other minima are in the way.
        Function::Rastrigin => "global minimum",
        _ => "minimum",
    }
}

/// What distances are measured to.
fn target(function: Function) -> String {
    let nearest = if function.info().optima.len() > 1 { "nearest " } else { "" };
    format!("{nearest}{}", kind(function))
}

fn heading(function: Function) -> &'static str {
    match function {
        Function::Beale => "Descents on Beale\u{2019}s function",
        Function::Rosenbrock => "Descents on Rosenbrock\u{2019}s valley",
        Function::Rastrigin => "Descents on Rastrigin\u{2019}s function",
        Function::Himmelblau => "Descents on Himmelblau\u{2019}s function",
        Function::Saddle => "Descents on a saddle",
        Function::MonkeySaddle => "Descents on the monkey saddle",
        Function::Ravine => "Descents in a ravine",
    }
}

fn distance_heading(function: Function) -> &'static str {
    match function {
        Function::Beale => "Distance to the minimum: Beale",
        Function::Rosenbrock => "Distance to the minimum: Rosenbrock",
        Function::Rastrigin => "Distance to the global minimum: Rastrigin",
        Function::Himmelblau => "Distance to the nearest minimum: Himmelblau",
        Function::Saddle => "Distance from the saddle point",
        Function::MonkeySaddle => "Distance from the monkey saddle\u{2019}s middle",
        Function::Ravine => "Distance to the minimum: ravine",
    }
}

/// The data of maps or film; none without a path.
pub fn series(task: &Task, points: &Points, film: bool) -> Option<Landscape> {
    let notes = entries(&task.analysis);
    let best = task.analysis.best.iter().flatten().map(|&i| &task.analysis.configs[i]);
    let descents: Vec<Descent> = best
        .zip(notes)
        .map(|(config, entry)| Descent {
            series: config.label,
            label: entry.label,
            note: entry.note,
            path: shown_run(task, config).map(|run| path(task, points, run)).unwrap_or_default(),
        })
        .collect();
    if descents.iter().all(|d| d.path.is_empty()) {
        return None;
    }
    let seeds = task.analysis.plan.seeds.len();
    let of_seeds = if seeds > 1 { format!(" of {seeds} seeds") } else { String::new() };
    Some(Landscape {
        title: format!("{} on {}", if film { "All optimizers" } else { "Descents" }, task.function),
        subtitle: format!("The best run{of_seeds} at each optimizer\u{2019}s best configuration"),
        function: task.function,
        descents,
        film,
    })
}

/// The run of a configuration that ended best; of equally good ones the first.
fn shown_run(task: &Task, config: &Config) -> Option<usize> {
    let goal = &task.analysis.goal;
    let value = |run: usize| goal.outcome(&task.analysis.rows[run]);
    let results = config.runs.iter().copied().filter(|&run| value(run).is_some());
    results.min_by(|&a, &b| {
        let (a, b) = (value(a).unwrap_or(f64::NAN), value(b).unwrap_or(f64::NAN));
        goal.better_first(a, b)
    })
}

/// Where a run of a task was, step by step.
fn path(task: &Task, points: &Points, run: usize) -> Vec<(u64, Position)> {
    let of = |name: &str| points.of(task.runs[run], Split::Train, name);
    let pairs = of("x").iter().zip(of("y")).filter(|(x, y)| x.step == y.step);
    let pairs = pairs.filter(|(x, y)| x.value.is_finite() && y.value.is_finite());
    pairs.map(|(x, y)| (x.step, [x.value, y.value])).collect()
}

/// The data of distances: a curve a label, the mean over its completed seeds at
/// each step that all of them reached. None without any.
pub fn distance(task: &Task, points: &Points) -> Option<Chart> {
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
    let y = Axis::around(all().map(|p| p.y), 0.9)?;
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

fn mean_distance(task: &Task, points: &Points, config: &Config) -> Vec<Point> {
    let analysis = &task.analysis;
    let runs: Vec<usize> =
        config.runs.iter().copied().filter(|&r| analysis.rows[r].completed()).collect();
    // Beyond the box there is nothing to see, and a throw would squeeze the rest.
    let [low, high] = task.function.info().domain;
    let most = (high[0] - low[0]).hypot(high[1] - low[1]);
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
            let band = spread::band(analysis.plan.report.band, "distance", &e);
            let band = band.map(|(low, high)| (low.max(NEAREST), high));
            Some(Point { x: step as f64, y: e.mean?, band })
        })
        .collect()
}

impl Descent {
    /// How it ended, in words.
    pub fn said(&self, function: Function) -> String {
        let Some((step, end)) = self.path.last() else {
            return format!("{} \u{b7} {}", self.label, self.note);
        };
        format!(
            "{} \u{b7} {} \u{b7} step {}: f = {}, {} from the {}",
            self.label,
            self.note,
            number::count(*step),
            number::significant(function.value(*end), 3),
            number::significant(function.distance(*end), 3),
            target(function)
        )
    }
}

impl Display for Landscape {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        for descent in &self.descents {
            let label = escape::line(&descent.label);
            write!(
                f,
                "{} {label} ({}), {} points:",
                descent.series,
                descent.note,
                descent.path.len()
            )?;
            let some = [0, descent.path.len() / 2, descent.path.len().saturating_sub(1)];
            for (step, [x, y]) in some.iter().filter_map(|&i| descent.path.get(i)) {
                let round = |v: f64| number::significant(v, 4);
                write!(f, " {step}: {}, {};", round(*x), round(*y))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
