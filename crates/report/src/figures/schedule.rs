//! Learning rate against step, at each label's best configuration.

use spec::metric::Metric;
use spec::record::Split;
use spec::schedule::Per;
use spec::{RunSpec, ScheduleSpec};

use crate::analysis::{Analysis, Config};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::text::{self, LineEnd};
use crate::figures::{Figure, thin};
use crate::number;
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
use plot::scale::Scale;

/// The figure; `None` before any run has reported its learning rate.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let chart = series(analysis, points)?;
    Some(Figure {
        heading: "Learning-rate schedule",
        caption: "Learning rate of each optimizer at its best configuration, step by step."
            .to_owned(),
        notes: notes(analysis),
        reading: "The learning rate is the length of a step. A flat line keeps it throughout; a falling line takes \
                  long steps first to get near the valley and short ones at the end to settle in it; a rise at the \
                  start (warmup) is careful while the first gradients are still wild; a leap back up (restart) leaves \
                  one valley for another. Learning rates of different optimizers cannot be compared: a step of \
                  Adam does not mean the same as one of SGD.",
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

fn notes(analysis: &Analysis) -> String {
    let best = analysis.best.iter().flatten().map(|&i| &analysis.configs[i]);
    let watched =
        |c: &Config| matches!(analysis.planned(c).spec.schedule, ScheduleSpec::Plateau(_));
    let seeds = if best.into_iter().any(watched) {
        "A plateau schedule follows what its run measures, so each seed has its own; one seed is shown."
    } else {
        "It is the same for every seed."
    };
    format!("{seeds}{}", text::ended_early(analysis, LineEnd::Last))
}

/// The data: one curve per label.
pub fn series(analysis: &Analysis, points: &Points) -> Option<Chart> {
    let best: Vec<&Config> =
        analysis.best.iter().flatten().map(|&i| &analysis.configs[i]).collect();
    let curves: Vec<Curve> =
        best.iter().filter_map(|config| curve(analysis, points, config)).collect();
    let steps = curves.iter().flat_map(|c| c.points.last()).map(|p| p.x).fold(0.0, f64::max);
    let rates = || curves.iter().flat_map(|c| &c.points).map(|p| p.y).filter(|y| *y > 0.0);
    let top = |c: &Curve| c.points.iter().map(|p| p.y).fold(0.0, f64::max);
    let base = curves.iter().map(top).fold(f64::INFINITY, f64::min);
    // A schedule may come arbitrarily close to zero at either end; two decades below the
    // smallest peak suffice to see it. Zero and rates further down get a lane.
    let mut y = Axis::around(rates().filter(|r| *r >= base / 100.0), 0.7)?;
    if let Scale::Linear(low, _) = &mut y.scale {
        *low = 0.0;
    }
    let y = y.holding(curves.iter().flat_map(|c| &c.points).map(|p| p.y));
    let scale = if y.is_log() { " (logarithmic)" } else { "" };
    let entries = best
        .iter()
        .map(|config| {
            let run = analysis.planned(config);
            let lr = format!("lr {}", number::brief(run.spec.optimizer.lr()));
            let note = match run.spec.schedule.kind() {
                "constant" => lr,
                kind => format!("{lr}, {kind}"),
            };
            Entry { series: config.label, label: escape::line(&run.label), note }
        })
        .collect();
    Some(Chart {
        title: "Learning rate against optimizer step".to_owned(),
        subtitle: "Each optimizer at its best configuration".to_owned(),
        entries,
        panels: vec![Panel {
            curves,
            ..Panel::new(
                format!("Learning rate{scale}"),
                "optimizer step",
                Axis::linear(0.0, steps.max(1.0)),
                y,
            )
        }],
    })
}

fn curve(analysis: &Analysis, points: &Points, config: &Config) -> Option<Curve> {
    // A diverged run used the same schedule, but saw less of it.
    let run = config.runs.iter().copied().max_by_key(|&r| {
        let row = &analysis.rows[r];
        (row.completed(), row.steps, std::cmp::Reverse(r))
    })?;
    let measured = points.of(run, Split::Train, Metric::LR);
    let mut line: Vec<Point> = Vec::with_capacity(measured.len() + 2);
    for p in measured.iter().filter(|p| p.value.is_finite()) {
        // The first rate holds from the start, at whichever step it was noted.
        let x = if line.is_empty() { 0.0 } else { p.step as f64 };
        line.push(Point { x, y: p.value, band: None });
    }
    let last = *line.last()?;
    let end = analysis.rows[run].steps.unwrap_or(0).max(last.x as u64) as f64;
    if end > last.x {
        line.push(Point { x: end, ..last });
    }
    Some(Curve {
        series: config.label,
        points: thin(line, 1500),
        kind: if is_smooth(&analysis.planned(config).spec) {
            CurveKind::Sloped
        } else {
            CurveKind::Steps
        },
        ringed: None,
    })
}

/// Returns whether the rate changes at every step, so that lines between the recorded points are
/// closer to it than stairs. Stairs are right for a schedule that also holds its rate.
fn is_smooth(spec: &RunSpec) -> bool {
    match &spec.schedule {
        ScheduleSpec::Constant(_) => spec.warmup.as_ref().is_some_and(|w| w.per == Per::Batch),
        ScheduleSpec::Step(_)
        | ScheduleSpec::MultiStep(_)
        | ScheduleSpec::Sequential(_)
        | ScheduleSpec::Plateau(_) => false,
        other => other.per() == Per::Batch,
    }
}
