//! Figures of the page over several experiments.

use crate::analysis::Clock;
use crate::cross_task::profile::{self, Profile};
use crate::cross_task::{CrossTask, Group, Standing, aggregate, cells, text};
use crate::escape;
use crate::figures::{Figure, axes, final_metric};
use crate::text::capitalised;
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
use plot::rows::Rows;
use plot::scale::Scale;

mod ranks;

pub use ranks::ranks;

/// File names of the strips, one per task; tasks beyond these have no strip here.
const STRIPS: [&str; 12] = [
    "task-01", "task-02", "task-03", "task-04", "task-05", "task-06", "task-07", "task-08",
    "task-09", "task-10", "task-11", "task-12",
];

/// File names of the distributions of scores, one per metric.
const SCORES: [&str; 4] = ["scores", "scores-2", "scores-3", "scores-4"];

/// File names of all figures that the page may have.
pub(crate) const NAMES: [&str; 18] = [
    "ranks", "profile", "scores", "scores-2", "scores-3", "scores-4", "task-01", "task-02",
    "task-03", "task-04", "task-05", "task-06", "task-07", "task-08", "task-09", "task-10",
    "task-11", "task-12",
];

/// Largest numbers of rows and columns of the heatmap.
const MOST: (usize, usize) = (30, 12);

/// Returns every figure with data, by file name without extension.
pub fn all(all: &CrossTask) -> Vec<(&'static str, Figure)> {
    let mut out = Vec::new();
    out.extend(ranks(all).map(|figure| ("ranks", figure)));
    out.extend(profile(all).map(|figure| ("profile", figure)));
    for (group, name) in SCORES.iter().enumerate() {
        out.extend(scores(all, group).map(|figure| (*name, figure)));
    }
    for (task, name) in STRIPS.iter().enumerate().take(all.tasks.tasks.len()) {
        out.extend(strip(all, task).map(|figure| (*name, figure)));
    }
    out.into_iter().map(|(name, figure)| (name, figure.explained())).collect()
}

/// Returns the task that a figure of this name shows, if it shows one.
pub(super) fn task_of(name: &str) -> Option<usize> {
    STRIPS.iter().position(|strip| *strip == name)
}

/// Returns sentences on figures that are left out.
pub(super) fn omitted(all: &CrossTask) -> Vec<String> {
    let mut out = Vec::new();
    if all.tasks.labels.len() > MOST.0 || all.tasks.tasks.len() > MOST.1 {
        out.push(format!(
            "The heatmap of ranks is left out: it shows at most {} optimizers and {} tasks.",
            MOST.0, MOST.1
        ));
    }
    if all.tasks.tasks.len() > STRIPS.len() {
        out.push(format!(
            "The strips of single seeds are those of the first {} tasks; the others are in their own reports.",
            STRIPS.len()
        ));
    }
    out
}

fn entry(all: &CrossTask, series: usize, note: String) -> Entry {
    Entry { series, label: escape::line(&all.tasks.labels[series].name), note }
}

/// Returns the standings in the order of the plans, like legends and colours, each with its index.
fn in_plan_order(all: &CrossTask) -> Vec<(usize, &Standing)> {
    let mut standings: Vec<(usize, &Standing)> = all.standings.iter().enumerate().collect();
    standings.sort_by_key(|(_, s)| s.label);
    standings
}

/// Draws the performance profile by samples and, if they are comparable, by seconds.
pub fn profile(all: &CrossTask) -> Option<Figure> {
    if all.standings.len() < 2 {
        return None;
    }
    let samples = profile::profile(all, Clock::Samples)?;
    let seconds = match &all.tasks.seconds_differ {
        None => profile::profile(all, Clock::Seconds),
        Some(_) => None,
    };
    let mut panels = vec![panel(all, &samples, samples.unit(all))];
    panels.extend(seconds.as_ref().map(|p| panel(all, p, "seconds of training")));
    let n = samples.tasks.len();
    let entries = in_plan_order(all)
        .into_iter()
        .map(|(at, s)| {
            let reached = samples.times.iter().filter(|times| times[at].is_finite()).count();
            entry(all, s.label, format!("{reached} of {n}"))
        })
        .collect();
    let coarse = if n < 3 {
        format!(" With {} it is coarse: it has only {} possible heights.", text::tasks(n), n + 1)
    } else {
        String::new()
    };
    Some(Figure {
        heading: "Performance profile: time to target",
        caption: format!(
            "Per cent of the tasks with a target that an optimizer solves within \u{3c4} times the time of the fastest of \
             those compared (Dolan and Mor\u{e9} 2002), over {}.",
            text::tasks(n)
        ),
        notes: format!(
            "Time is the median over seeds; a task counts as unsolved where half of the seeds or more never reached its \
             target.{coarse}"
        ),
        reading: "At the left end, \u{3c4} = 1, a line's height says in how many tasks the optimizer is the fastest of \
                  those compared. Further right it says how many it solves if it may take that many times longer; where it ends, how many it solves \
                  at all. A line above another all the way belongs to the better choice for such tasks.",
        data: FigureData::Chart(Chart {
            title: "Performance profile: time to target".to_owned(),
            subtitle: format!(
                "Tasks solved within \u{3c4} times the fastest of those compared, {}; in brackets: solved at all",
                text::tasks(n)
            ),
            entries,
            panels,
        }),
        variant_of: None,
    })
}

fn panel(all: &CrossTask, profile: &Profile, unit: &str) -> Panel {
    let last = profile.curves.iter().filter_map(|c| c.last()).map(|p| p.0).fold(1.0, f64::max);
    let end = (last * 1.15).max(1.5);
    let curves = in_plan_order(all)
        .into_iter()
        .map(|(at, s)| {
            let mut points: Vec<Point> =
                profile.curves[at].iter().map(|&(x, y)| Point { x, y, band: None }).collect();
            let y = points.last().map_or(0.0, |p| p.y);
            points.push(Point { x: end, y, band: None });
            Curve { series: s.label, points, kind: CurveKind::Steps, ringed: None }
        })
        .collect();
    Panel {
        title: "Tasks solved".to_owned(),
        x_label: format!("\u{3c4}, times the fastest, in {unit} (logarithmic)"),
        x: Axis::of(Scale::Log(1.0, end)),
        y: Axis::percent(Scale::Linear(0.0, 1.04)),
        curves,
        dots: Vec::new(),
        strip: Vec::new(),
        reference: None,
    }
}

/// Draws the distribution of scores over the runs of a group's tasks.
pub fn scores(all: &CrossTask, group: usize) -> Option<Figure> {
    let of = all.tasks.groups.get(group)?;
    let evaluation = &of.evaluation;
    let finite = |label: usize| aggregate::strata(&all.tasks, of, label).concat();
    let values: Vec<f64> = all.standings.iter().flat_map(|s| finite(s.label)).collect();
    if values.is_empty() {
        return None;
    }
    let x = axes::of_metric(evaluation.metric, &values, &[]);
    // Extends each curve over the whole axis.
    let least = values.iter().copied().fold(x.scale.ends().0, f64::min);
    let most = values.iter().copied().fold(x.scale.ends().1, f64::max);
    let mut entries = Vec::new();
    let mut curves = Vec::new();
    for (at, standing) in in_plan_order(all) {
        let label = standing.label;
        let steps = profile::scores(all, of, label);
        if steps.is_empty() {
            continue;
        }
        let pooled = &all.pooled[group][at];
        let total = (pooled.runs + pooled.diverged) as f64;
        // The height left of the first score: all runs that did not diverge, or none if less is
        // better.
        let start = if evaluation.higher_is_better() { pooled.runs as f64 / total } else { 0.0 };
        let end = steps.last().map_or(start, |p| p.1);
        let ends = [(least, start)].into_iter().chain(steps).chain([(most, end)]);
        let points = ends.map(|(x, y)| Point { x, y, band: None }).collect();
        curves.push(Curve { series: label, points, kind: CurveKind::Steps, ringed: None });
        entries.push(entry(all, label, format!("{} runs", pooled.runs + pooled.diverged)));
    }
    let said = Scored::of(all, of);
    let tasks = text::tasks(of.tasks.len());
    Some(Figure {
        heading: "Distribution of scores over all runs",
        caption: format!(
            "Per cent of {} (Agarwal et al. 2021), all seeds of {tasks} pooled, each optimizer at the configuration chosen in \
             each task.",
            said.runs
        ),
        notes: said.lost.trim_start().to_owned(),
        reading: said.reading,
        data: FigureData::Chart(Chart {
            title: "Distribution of scores over all runs".to_owned(),
            subtitle: format!("{}, {tasks} pooled", capitalised(&said.runs)),
            entries,
            panels: vec![Panel {
                title: said.panel,
                x_label: format!("\u{3c4}, {}{}", of.name, axes::spacing(&x)),
                x,
                y: Axis::percent(Scale::Linear(0.0, 1.04)),
                curves,
                dots: Vec::new(),
                strip: Vec::new(),
                reference: None,
            }],
        }),
        variant_of: None,
    })
}

/// Texts for the distribution of a group's scores.
struct Scored {
    /// The runs counted at τ.
    runs: String,
    /// The panel's title.
    panel: String,
    /// The sentence on runs that are never counted; empty where all are counted eventually.
    lost: String,
    reading: &'static str,
}

impl Scored {
    fn of(all: &CrossTask, group: &Group) -> Self {
        let evaluation = &group.evaluation;
        let labels: Vec<usize> = all.standings.iter().map(|s| s.label).collect();
        let lost = all.tasks.lost(&group.tasks, &labels).what();
        let lost = |than: &str| {
            lost.map_or(String::new(), |what| {
                format!(" A run that {what} is never {than} any \u{3c4}.")
            })
        };
        let early = "A line that is high early has more good runs. Plateaus lie between tasks of different difficulty, \
                     slopes within a task. Where lines cross, one optimizer has more very good runs and the other fewer bad \
                     ones.";
        let late = "A line that stays high further along has more good runs. Plateaus lie between tasks of different \
                    difficulty, slopes within a task. Where lines cross, one optimizer has more very good runs and the other \
                    fewer bad ones.";
        let (than, reading) = match evaluation.higher_is_better() {
            true => ("above", late),
            false => ("at or below", early),
        };
        if evaluation.reached() {
            return Scored {
                runs: format!(
                    "runs that reached the target within \u{3c4} {}",
                    cells::unit(evaluation)
                ),
                panel: "Runs that reached it within \u{3c4}".to_owned(),
                lost: lost("there within"),
                reading,
            };
        }
        Scored {
            runs: format!("runs with a {} {than} \u{3c4}", group.name),
            panel: format!("Runs {than} \u{3c4}"),
            lost: lost(than),
            reading,
        }
    }
}

/// Draws the seeds of one task, as in its own report, in the colours of this page.
pub fn strip(all: &CrossTask, task: usize) -> Option<Figure> {
    let own = &all.tasks.tasks[task];
    let name = escape::line(&own.name);
    let mut rows: Rows = final_metric::series(&own.analysis)?;
    for row in &mut rows.rows {
        let place = |places: &[Option<usize>]| places[task] == Some(row.series);
        row.series = all.tasks.labels.iter().position(|l| place(&l.places)).unwrap_or(row.series);
    }
    let evaluation = &own.analysis.evaluation;
    rows.x_label = rows.x_label.replacen(&evaluation.name(), &all.tasks.judged_by(task), 1);
    rows.title = format!("{name}: {}", all.tasks.judged_by(task));
    Some(Figure {
        heading: "Every seed of each task",
        caption: format!(
            "{}, in {name}: dots are single seeds, the best optimizer is on top.",
            capitalised(&all.tasks.measured_name(task, evaluation))
        ),
        notes: String::new(),
        reading: "Each dot is one training run. Optimizers whose dots mix cannot be told apart by a single run. The task's \
                  own report has this figure and many more.",
        data: FigureData::Rows(rows),
        variant_of: None,
    })
}
