//! Descents on functions: one map per label with the path of one seed, the same for all, and all
//! these descents as one animation.

use spec::landscape::{Function, Position};
use spec::metric::Metric;
use spec::record::Split;

use crate::analysis::landscape::Task;
use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::{Figure, entries};
use crate::number;
use plot::FigureData;
use plot::map::{Field, Map, Path};
use plot::style::PALETTE;

/// File names of a function's map and distances.
pub(super) fn files(function: Function) -> (&'static str, &'static str) {
    match function {
        Function::Beale => ("landscape-beale", "distance-beale"),
        Function::Rosenbrock => ("landscape-rosenbrock", "distance-rosenbrock"),
        Function::Rastrigin => ("landscape-rastrigin", "distance-rastrigin"),
        Function::Himmelblau => ("landscape-himmelblau", "distance-himmelblau"),
        Function::Saddle => ("landscape-saddle", "distance-saddle"),
        Function::MonkeySaddle => ("landscape-monkey-saddle", "distance-monkey-saddle"),
        Function::Ravine => ("landscape-ravine", "distance-ravine"),
        Function::Sphere => ("landscape-sphere", "distance-sphere"),
        Function::Ackley => ("landscape-ackley", "distance-ackley"),
        Function::Branin => ("landscape-branin", "distance-branin"),
    }
}

/// Every file name that a report's figures of functions may have.
pub fn names() -> impl Iterator<Item = &'static str> {
    Function::ALL.iter().map(|f| files(*f)).flat_map(|(map, distance)| [map, distance])
}

/// The lesson of a function.
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
             than a dent, rolls over rims. Where a path ends is a matter of start and step length, not of skill."
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
        Function::Sphere => {
            "Equally steep in every direction: the slope points at the minimum, and one learning rate suits both \
             variables. What is slow here is slow everywhere."
        }
        Function::Ackley => {
            "Far from the hole the plain is nearly flat and full of dents: slopes of dents are steeper than the way \
             down. Momentum and long steps carry across dents; a step as long as a dent reveals nothing about the plain."
        }
        Function::Branin => {
            "Three minima of equal depth in one bent valley: which one is reached follows from the start and from how \
             far momentum carries along the floor."
        }
    }
}

/// One figure of maps per function.
pub fn maps(analysis: &Analysis, points: &Points) -> Vec<(&'static str, Figure)> {
    let figure = |task: &Task| {
        let map = series(task, points, false)?;
        Some((
            files(task.function).0,
            Figure {
                heading: heading(task.function),
                caption: format!(
                    "f(x, y) = {}: one map per optimizer with the path of {}.",
                    task.function.info().formula,
                    which(task, points)
                ),
                notes: format!(
                    "Each optimizer is shown at the learning rate that {}.{} A path starts at the ring; dots are single \
                     steps, a square on the border is where it leaves the map for good, a cross is {} {}. Darker is \
                     higher; the levels are the same in every map.{}",
                    chosen(task),
                    short_steps(task),
                    if task.function.info().optima.len() > 1 { "a" } else { "the" },
                    kind(task.function),
                    thrown(task)
                ),
                reading: lesson(task.function),
                data: FigureData::Map(map),
                variant_of: None,
            },
        ))
    };
    analysis.tasks().iter().filter_map(figure).collect()
}

/// The descents on the first function as an animation.
pub fn animation(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let task = analysis.tasks().first()?;
    Some(Figure {
        heading: "The descent as an animation",
        caption: format!(
            "All optimizers on {} at once, each at its best configuration: a ball is {}, from the ring to where it ends, \
             or to the border{}.",
            task.function,
            which(task, points),
            if task.analysis.best.len() > PALETTE.len() {
                ", with its number in the list"
            } else {
                ""
            }
        ),
        notes: "The animation is slower at the start: its time is the square root of the steps. For readers who \
                prefer reduced motion it shows the end alone, as the PNG does."
            .to_owned(),
        reading: "A heavy ball keeps rolling: with momentum it overshoots, swings back and settles. Plain descent goes \
                  straight down the slope and slows as the slope does. Balls that set off at one even pace divide by \
                  the size of the gradient, so that a steep wall does not throw them.",
        data: FigureData::Map(series(task, points, true)?),
        variant_of: None,
    })
}

/// The property of the learning rate at which each optimizer is shown.
pub(super) fn chosen(task: &Task) -> &'static str {
    if task.function.info().saddle { "left the box in the fewest steps" } else { "ended lowest" }
}

/// The sentence on the learning rates among which that of a saddle is chosen; empty for others.
pub(super) fn short_steps(task: &Task) -> &'static str {
    if task.function.info().saddle {
        " Learning rates with a step longer than a tenth of the box\u{2019}s width are left out."
    } else {
        ""
    }
}

/// The sentence on labels without a map; empty if all have one.
fn thrown(task: &Task) -> String {
    let labels = task.analysis.plan.optimizers.iter().zip(&task.analysis.best);
    let without: Vec<String> = labels
        .filter(|(_, best)| best.is_none())
        .map(|(optimizer, _)| escape::line(&optimizer.label))
        .collect();
    if without.is_empty() || !task.function.info().saddle {
        return String::new();
    }
    format!(" Without such a learning rate, and so without a map: {}.", without.join(", "))
}

/// The name of a function's optima.
fn kind(function: Function) -> &'static str {
    match function {
        Function::Saddle | Function::MonkeySaddle => "saddle point",
        // These have local minima, too.
        Function::Rastrigin | Function::Ackley => "global minimum",
        _ => "minimum",
    }
}

/// The point to which distances are measured.
pub(super) fn target(function: Function) -> String {
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
        Function::Sphere => "Descents in a sphere",
        Function::Ackley => "Descents on Ackley\u{2019}s function",
        Function::Branin => "Descents on Branin\u{2019}s function",
    }
}

/// The data of maps, or of one animated map; `None` without a path.
pub fn series(task: &Task, points: &Points, animated: bool) -> Option<Map> {
    let seed = common_seed(task, points)?;
    let notes = entries(&task.analysis);
    let paths: Vec<Path> = best(task)
        .zip(notes)
        .map(|(config, entry)| {
            let run = of_seed(task, config, seed);
            let path = run.map(|run| path(task, points, run)).unwrap_or_default();
            let lost = path.is_empty() && config.counts.results() > 0;
            let note = if lost { format!("no result of seed {seed}") } else { entry.note };
            let text = said(task.function, &entry.label, &note, &path);
            Path { series: config.label, label: entry.label, note, text, points: path }
        })
        .collect();
    let seeds = task.analysis.plan.seeds.len();
    let of_seeds = match seeds {
        1 => String::new(),
        _ => format!(": seed {seed} of {seeds}, the same for all"),
    };
    let info = task.function.info();
    Some(Map {
        title: format!(
            "{} on {}",
            if animated { "All optimizers" } else { "Descents" },
            task.function
        ),
        subtitle: format!("Each optimizer at its best configuration{of_seeds}"),
        field: Field::sample(info.domain, |p| task.function.value(p)),
        crosses: info.optima.to_vec(),
        paths,
        animated,
    })
}

fn best(task: &Task) -> impl Iterator<Item = &Config> {
    task.analysis.best.iter().flatten().map(|&i| &task.analysis.configs[i])
}

/// The run of a configuration with a seed.
fn of_seed(task: &Task, config: &Config, seed: u64) -> Option<usize> {
    let runs = &task.analysis.plan.runs;
    config.runs.iter().copied().find(|&run| runs[run].spec.seed == seed)
}

/// The seed whose descents are shown: the same for every optimizer, because seeds may differ in
/// their start and in the noise on the gradient. It is the first of the seeds for which the most
/// optimizers have a path; `None` without any path.
fn common_seed(task: &Task, points: &Points) -> Option<u64> {
    let paths = |seed: u64| {
        let runs = best(task).filter_map(|config| of_seed(task, config, seed));
        runs.filter(|&run| !path(task, points, run).is_empty()).count()
    };
    let counted = task.analysis.plan.seeds.iter().map(|&seed| (paths(seed), seed));
    let most = counted.rev().max_by_key(|(paths, _)| *paths)?;
    (most.0 > 0).then_some(most.1)
}

/// The text on the run whose path is shown.
fn which(task: &Task, points: &Points) -> String {
    match (task.analysis.plan.seeds.len(), common_seed(task, points)) {
        (0 | 1, _) | (_, None) => "its run".to_owned(),
        (_, Some(seed)) => {
            format!("its run of seed {seed}, the same seed for all so that they start alike")
        }
    }
}

/// The positions of a run of a task, by step.
pub(super) fn path(task: &Task, points: &Points, run: usize) -> Vec<(u64, Position)> {
    let of = |name: Metric| points.of(task.runs[run], Split::Train, name);
    let pairs = of(Metric::X).iter().zip(of(Metric::Y)).filter(|(x, y)| x.step == y.step);
    let pairs = pairs.filter(|(x, y)| x.value.is_finite() && y.value.is_finite());
    pairs.map(|(x, y)| (x.step, [x.value, y.value])).collect()
}

/// The tooltip at the end of a descent: its last step, value and distance to the optimum.
fn said(function: Function, label: &str, note: &str, path: &[(u64, Position)]) -> String {
    let Some((step, end)) = path.last() else { return format!("{label} \u{b7} {note}") };
    format!(
        "{label} \u{b7} {note} \u{b7} step {}: f = {}, {} from the {}",
        number::count(*step),
        number::significant(function.value(*end), 3),
        number::significant(function.distance(*end), 3),
        target(function)
    )
}
