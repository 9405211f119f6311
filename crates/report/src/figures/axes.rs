//! Axes that suit a metric's values.

use spec::record::Split;

use crate::analysis::Analysis;
use crate::figures::chart::{Panel, Point};
use crate::figures::scale::{Axis, Scale, TickFormat};

/// Losses as [`Axis::around`] has them; accuracies by error rate where that
/// spans much, else magnified.
pub fn of_metric(metric: &str, values: &[f64]) -> Axis {
    let fallback = Axis::linear(0.0, 1.0);
    if !crate::number::is_percentage(metric) {
        return Axis::around(values.iter().copied(), 0.9).unwrap_or(fallback);
    }
    let percent = |scale| Axis { scale, format: TickFormat::Percent, whole: false };
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() {
        return percent(Scale::Linear(0.0, 1.0));
    }
    // A perfect score has no logarithm; half of the smallest other error stands for it.
    let smallest =
        values.iter().map(|v| 1.0 - v).filter(|e| *e > 0.0).fold(f64::INFINITY, f64::min).min(0.5);
    let top = (1.0 - high).max(smallest / 2.0);
    if (1.0 - low) / top > 5.0 {
        return percent(Scale::Error(1.0 - ((1.0 - low) * 1.08).min(1.0), 1.0 - top * 0.88));
    }
    let room = 0.08 * (high - low).max(0.005);
    percent(Scale::Linear((low - room).max(0.0), (high + room).min(1.0)))
}

/// What a loss is called over an axis: `Test loss (cross-entropy, logarithmic)`, of
/// a function `Value (logarithmic)`.
pub fn loss_title(analysis: &Analysis, split: Split, y: &Axis) -> String {
    let name = match (analysis.goal.function, split) {
        (true, Split::Train) => "Mean value",
        (true, _) => "Value",
        (false, Split::Train) => "Training loss",
        (false, Split::Validation) => "Validation loss",
        (false, Split::Test) => "Test loss",
    };
    let mut notes: Vec<&str> = Vec::new();
    for run in analysis.plan.runs.iter().filter(|_| !analysis.goal.function) {
        if !notes.contains(&run.spec.train.loss.name()) {
            notes.push(run.spec.train.loss.name());
        }
    }
    notes.extend(y.is_log().then_some("logarithmic"));
    if notes.is_empty() { name.to_owned() } else { format!("{name} ({})", notes.join(", ")) }
}

/// How an axis is spaced, to stand behind its name.
pub fn spacing(axis: &Axis) -> &'static str {
    match axis.scale {
        Scale::Linear(..) => "",
        Scale::Log(..) => " (logarithmic)",
        Scale::Error(..) => " (spaced by error rate)",
    }
}

/// One vertical axis of losses for all panels, so that they compare. None
/// without values.
pub fn share_losses(panels: &mut [Panel]) -> Option<()> {
    let points = || panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points);
    // A wide interval may come as near to zero as it likes; the lines need the room.
    let least = points().map(|p| p.y).filter(|y| *y > 0.0).fold(f64::INFINITY, f64::min) / 2.0;
    // One optimizer that fits everything (L-BFGS on a small network) would press
    // all others into a line: it leaves the frame where it is 300 times below their middle.
    let mut ends_at: Vec<f64> = panels
        .iter()
        .flat_map(|p| &p.curves)
        .filter_map(|c| c.points.last().map(|p| p.y))
        .filter(|y| *y > 0.0)
        .collect();
    ends_at.sort_by(f64::total_cmp);
    let floor = ends_at.get(ends_at.len() / 2).map_or(0.0, |middle| middle / 300.0);
    let least = least.max(floor);
    let ends = |p: &Point| p.band.map_or([p.y, p.y], |(low, high)| [low.max(least.min(p.y)), high]);
    let mut y =
        Axis::around(points().flat_map(ends).map(|y| if y > 0.0 { y.max(floor) } else { y }), 0.9)?;
    if let Scale::Linear(low, _) = &mut y.scale {
        *low = low.max(0.0);
    }
    panels.iter_mut().for_each(|p| p.y = y);
    Some(())
}
