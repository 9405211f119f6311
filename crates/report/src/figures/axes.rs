//! Axes that suit a metric's values.

use spec::metric::Metric;
use spec::record::Split;

use crate::analysis::Analysis;
use plot::axis::{Axis, LEAST_ERROR, ordinary};
use plot::chart::Panel;
use plot::scale::Scale;

/// Returns the axis of a metric: losses as [`Axis::around`] spaces them; accuracies by error rate
/// if that spans more than a factor of 5, else magnified. Room for bands is as in
/// [`Axis::with_bands`]. Infinite values stand for runs that diverged or, of
/// [`Metric::SAMPLES_TO_TARGET`], never reached the target.
pub fn of_metric(metric: Metric, values: &[f64], bands: &[(f64, f64)]) -> Axis {
    let all = || values.iter().copied();
    let fallback = Axis::linear(0.0, 1.0);
    if !metric.is_percentage() {
        let axis = Axis::around(all(), 0.9).unwrap_or(fallback.holding(all()));
        return Axis { never: metric == Metric::SAMPLES_TO_TARGET, ..axis }
            .with_bands(bands.iter().copied())
            .holding(all());
    }
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let low = finite().fold(f64::INFINITY, f64::min);
    let high = finite().fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() {
        return Axis::percent(Scale::Linear(0.0, 1.0)).holding(all());
    }
    // A perfect score has an error rate without a logarithm; it stands in a separate lane.
    let errors = finite().map(|v| 1.0 - v).filter(|e| *e > LEAST_ERROR);
    let smallest = errors.fold(f64::INFINITY, f64::min);
    let top = (1.0 - high).max(smallest.min(0.5) / 2.0);
    let scale = if (1.0 - low) / top > 5.0 {
        Scale::Error(1.0 - ((1.0 - low) * 1.08).min(1.0), 1.0 - smallest * 0.88)
    } else {
        let room = 0.08 * (high - low).max(0.005);
        Scale::Linear((low - room).max(0.0), (high + room).min(1.0))
    };
    Axis::percent(scale).with_bands(bands.iter().copied()).holding(all())
}

/// Returns the title of an axis of losses: `Test loss (cross-entropy, logarithmic)`, for a
/// function `Value (logarithmic)`.
pub fn loss_title(analysis: &Analysis, split: Split, y: &Axis) -> String {
    let name = match (analysis.selection.function, split) {
        (true, Split::Train) => "Mean value",
        (true, _) => "Value",
        (false, Split::Train) => "Training loss",
        (false, Split::Validation) => "Validation loss",
        (false, Split::Test) => "Test loss",
    };
    let mut notes: Vec<&str> = Vec::new();
    for run in analysis.plan.runs.iter().filter(|_| !analysis.selection.function) {
        if !notes.contains(&run.spec.train.loss.name()) {
            notes.push(run.spec.train.loss.name());
        }
    }
    notes.extend(y.is_log().then_some("logarithmic"));
    if notes.is_empty() { name.to_owned() } else { format!("{name} ({})", notes.join(", ")) }
}

/// Returns the spacing of an axis, as a suffix of its name; empty for a linear one.
pub fn spacing(axis: &Axis) -> &'static str {
    match axis.scale {
        Scale::Linear(..) => "",
        Scale::Log(..) => " (logarithmic)",
        Scale::Error(..) => " (spaced by error rate)",
    }
}

/// Distance by which a logarithmic axis is extended for values below it, as a fraction of its
/// span: values further down would squeeze all others.
const FURTHER: f64 = 0.5;

/// Gives all panels the same vertical axis of losses, so that they can be compared; `None` without
/// values.
pub fn share_losses(panels: &mut [Panel]) -> Option<()> {
    let points = || panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points);
    // One optimizer that fits everything (L-BFGS on a small network) would squeeze all others
    // into a line: what is 300 times below the median of all ends gets a lane.
    let mut ends_at: Vec<f64> = panels
        .iter()
        .flat_map(|p| &p.curves)
        .filter_map(|c| c.points.last().map(|p| p.y))
        .filter(|y| *y > 0.0)
        .collect();
    ends_at.sort_by(f64::total_cmp);
    // Absurdly high ends must not decide what is too low.
    let sensible = ordinary(&ends_at[..ends_at.len().min(1)]);
    ends_at.retain(|y| *y <= sensible);
    let floor = ends_at.get(ends_at.len() / 2).map_or(0.0, |middle| middle / 300.0);
    let above = || points().map(|p| p.y).filter(|y| *y >= floor);
    let y = Axis::around(above(), 0.9).or_else(|| Axis::around(points().map(|p| p.y), 0.9))?;
    let mut y = y.with_bands(points().filter_map(|p| p.band));
    if let Scale::Linear(low, _) = &mut y.scale {
        *low = low.max(0.0);
    }
    // A logarithmic axis has room for values a little below.
    if let Scale::Log(low, high) = y.scale {
        let within = low * (low / high).powf(FURTHER);
        let below = points().map(|p| p.y).filter(|v| (within..low).contains(v));
        let least = below.fold(low, f64::min);
        if least < low {
            let room = (low / high).powf(0.05);
            y.scale = Scale::Log((least * room).max(f64::MIN_POSITIVE), high);
        }
    }
    let dots = panels.iter().flat_map(|p| &p.dots).map(|d| d.y);
    let y = y.holding(points().map(|p| p.y).chain(dots));
    panels.iter_mut().for_each(|p| p.y = y);
    Some(())
}
