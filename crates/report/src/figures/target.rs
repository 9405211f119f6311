//! The race to the target: the fraction of seeds that have reached it, against time.

use spec::record::Split;

use crate::analysis::{Analysis, Clock, LabelTimes, TimeToTarget};
use crate::escape;
use crate::figures::Figure;
use crate::figures::points::Points;
use crate::text;
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
use plot::scale::Scale;
use stats::survival;

/// The advice on reading a line, whatever the clock counts.
macro_rules! early {
    () => {
        "A line that rises early belongs to an optimizer that is fast; one that ends below 100% did not reach the \
         target with every seed."
    };
}

/// The advice on comparing two clocks.
macro_rules! other {
    () => {
        ": an optimizer that computes more per step can win by one and lose by the other."
    };
}

/// The figure; `None` without a target value, or if no run reached it.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let time_to_target = analysis.time_to_target()?;
    let chart = series(analysis)?;
    let all = time_to_target.by_label.iter().all(|r| r.reached == r.runs);
    let below =
        if all { "" } else { " A run that never reaches the target keeps its line below 100%." };
    let seconds =
        time_to_target.seconds_differ.as_ref().map_or(String::new(), |why| format!(" {why}"));
    Some(Figure {
        heading: "The race to the target",
        caption: format!(
            "Fraction of runs that have reached {} over time, each optimizer at its chosen configuration.",
            goal(analysis, time_to_target)
        ),
        notes: format!(
            "The target is checked {}; evaluation time is not counted.{below}{seconds}",
            analysis
                .selection
                .grain
                .pick("at the end of each epoch", "each time a run is evaluated")
        ),
        reading: match analysis.selection.function {
            true => {
                concat!(
                    early!(),
                    " Steps count the moves made, seconds what the machine needed for them",
                    other!()
                )
            }
            false => {
                concat!(
                    early!(),
                    " Samples count the data fed, seconds what the machine needed for it",
                    other!()
                )
            }
        },
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

/// `validation accuracy of 97%`, for functions `a value of at most 1.5`.
fn goal(analysis: &Analysis, time_to_target: &TimeToTarget) -> String {
    let target = &analysis.plan.target;
    let value = text::metric(target.metric, time_to_target.value);
    match (analysis.selection.function, target.split) {
        (true, Split::Train) => format!("a mean value of at most {value}"),
        (true, _) => format!("a value of at most {value}"),
        (false, _) => format!("{} of {value}", text::target_name(target)),
    }
}

/// The data: a stepped curve per label, against samples (steps of a function) and, if they can be
/// compared, against seconds.
pub fn series(analysis: &Analysis) -> Option<Chart> {
    let time_to_target = analysis.time_to_target()?;
    if time_to_target.by_label.iter().all(|r| r.reached == 0) {
        return None;
    }
    let mut panels = vec![panel(analysis, time_to_target, Clock::Samples)];
    let timed = time_to_target
        .by_label
        .iter()
        .any(|r| r.times[Clock::Seconds.place()].iter().any(|t| t.is_finite()));
    if time_to_target.seconds_differ.is_none() && timed {
        panels.push(panel(analysis, time_to_target, Clock::Seconds));
    }
    let mut by_label: Vec<&LabelTimes> = time_to_target.by_label.iter().collect();
    by_label.sort_by_key(|r| analysis.configs[r.config].label);
    let entries = by_label
        .iter()
        .map(|r| {
            let config = &analysis.configs[r.config];
            Entry {
                series: config.label,
                label: escape::line(&analysis.planned(config).label),
                note: format!("{} of {}", r.reached, r.runs),
            }
        })
        .collect();
    Some(Chart {
        title: "The race to the target".to_owned(),
        subtitle: format!(
            "Runs that have reached {}; in brackets: how many did",
            goal(analysis, time_to_target)
        ),
        entries,
        panels,
    })
}

fn panel(analysis: &Analysis, time_to_target: &TimeToTarget, clock: Clock) -> Panel {
    let at = clock.place();
    let finite =
        time_to_target.by_label.iter().flat_map(|r| &r.times[at]).filter(|t| t.is_finite());
    let last = finite.copied().fold(0.0, f64::max);
    let end = (last * 1.08).max(1e-3);
    let curves = time_to_target
        .by_label
        .iter()
        .map(|label_times| {
            let mut points: Vec<Point> = survival::reached(&label_times.times[at])
                .into_iter()
                .map(|(x, y)| Point { x, y, band: None })
                .collect();
            let y = points.last().map_or(0.0, |p| p.y);
            points.push(Point { x: end, y, band: None });
            let series = analysis.configs[label_times.config].label;
            Curve { series, points, kind: CurveKind::Steps, ringed: None }
        })
        .collect();
    Panel {
        title: "Runs that have reached it".to_owned(),
        x_label: match clock {
            Clock::Epochs => "epoch",
            Clock::Samples if analysis.selection.function => "steps",
            Clock::Samples => "training samples",
            Clock::Steps => "optimizer step",
            Clock::Seconds => "seconds of training",
        }
        .to_owned(),
        x: Axis::linear(0.0, end),
        y: Axis::percent(Scale::Linear(0.0, 1.04)),
        curves,
        dots: Vec::new(),
        strip: Vec::new(),
        reference: None,
    }
}
