//! Accuracy against epoch: each label at its best configuration, validation
//! beside test.

use spec::metric::Metric;
use spec::record::Split;

use crate::analysis::Analysis;
use crate::figures::points::Points;
use crate::figures::text::LineEnd;
use crate::figures::{Figure, entries, extent, seeds_text, shown, text};
use plot::FigureData;
use plot::axis::{Axis, LEAST_ERROR};
use plot::chart::{Chart, Curve, CurveKind, Panel, Point};
use plot::scale::Scale;
use spec::grain::Grain;

/// A sentence that defines accuracy.
macro_rules! share {
    () => {
        "The share of samples that the model puts into the right class; higher is better."
    };
}

/// A sentence on the panel to trust.
macro_rules! fairer {
    () => {
        " Configurations were chosen on the validation samples, so the test samples on the right, which played no \
         part in any choice, are the fairer judge."
    };
}

/// The beginning of a sentence on small differences.
macro_rules! late {
    () => {
        " Small differences late in training may well be chance"
    };
}

/// The figure; `None` before any run has finished.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let chart = series(analysis, points)?;
    let from_zero =
        chart.panels.iter().all(|p| matches!(p.y.scale, Scale::Linear(low, _) if low <= 0.0));
    let zoom = match chart.panels[0].y.scale {
        Scale::Error(..) => format!(" {}", super::ERROR_SPACING),
        _ if from_zero => String::new(),
        _ => " The axis does not start at zero.".to_owned(),
    };
    Some(Figure {
        heading: heading(analysis),
        caption: format!("Each optimizer at its best configuration: {}.", seeds_text(analysis)),
        notes: text::notes(&[
            &text::left_out(analysis),
            &text::ended_early(analysis, LineEnd::First),
            &zoom,
        ]),
        reading: match (judged_apart(analysis, &chart), banded(&chart)) {
            (true, true) => {
                concat!(share!(), fairer!(), late!(), ": check whether the bands overlap.")
            }
            (true, false) => concat!(share!(), fairer!(), late!(), "."),
            (false, true) => concat!(share!(), late!(), ": check whether the bands overlap."),
            (false, false) => concat!(share!(), late!(), "."),
        },
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

fn heading(analysis: &Analysis) -> &'static str {
    let grain = analysis.selection.grain;
    grain.pick("Accuracy against epoch", "Accuracy against optimizer step")
}

/// Returns whether the figure shows both the validation samples, on which configurations were
/// chosen, and the test samples.
fn judged_apart(analysis: &Analysis, chart: &Chart) -> bool {
    chart.panels.len() > 1 && analysis.selection.split == Split::Validation
}

fn banded(chart: &Chart) -> bool {
    chart.panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points).any(|p| p.band.is_some())
}

/// The data: one curve per label and panel.
pub fn series(analysis: &Analysis, points: &Points) -> Option<Chart> {
    let (grain, extent) = (analysis.selection.grain, extent(analysis));
    let mut panels: Vec<Panel> =
        [(Split::Validation, "Validation accuracy"), (Split::Test, "Test accuracy")]
            .into_iter()
            .filter_map(|(split, title)| {
                let curves: Vec<Curve> = shown(analysis)
                    .into_iter()
                    .map(|config| Curve {
                        series: config.label,
                        points: points.mean(analysis, config, split, Metric::ACCURACY, |p| {
                            grain.pick(p.epoch, p.step) as f64
                        }),
                        kind: CurveKind::Marked,
                        ringed: None,
                    })
                    .filter(|c| !c.points.is_empty())
                    .collect();
                let end = extent as f64;
                let x = grain.pick(Axis::whole(0.0, end), Axis::linear(0.0, end));
                let x_label = grain.pick("epoch", "optimizer step");
                let panel = Panel::new(title, x_label, x, Axis::linear(0.0, 1.0));
                (!curves.is_empty()).then_some(Panel { curves, ..panel })
            })
            .collect();
    if panels.is_empty() {
        return None;
    }
    let y = zoom(&panels, extent);
    for panel in &mut panels {
        panel.y = y;
        if let Scale::Error(..) = y.scale {
            panel.title.push_str(" (spaced by error rate)");
        }
        // Before training a model guesses, far below a magnified axis.
        if let Scale::Linear(low, _) = y.scale
            && low > 0.0
        {
            if grain == Grain::Epochs {
                panel.x = Axis::whole(1.0, extent as f64);
            }
            panel.curves.iter_mut().for_each(|c| c.points.retain(|p| p.x >= 1.0));
        }
    }
    Some(Chart {
        title: heading(analysis).to_owned(),
        subtitle: format!("Each optimizer at its best configuration; {}", seeds_text(analysis)),
        entries: entries(analysis),
        panels,
    })
}

/// The vertical axis: magnified from just below the lowest value after the first epoch if that is
/// at least 50 %, else whole, and spaced by error rate if errors shrink to less than a fifth.
fn zoom(panels: &[Panel], extent: u64) -> Axis {
    let points = || panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points);
    let trained = || points().filter(|p| p.x >= 1.0);
    let low = trained().map(|p| p.band.map_or(p.y, |b| b.0)).fold(f64::INFINITY, f64::min);
    // An interval that reaches 100 % would hide the errors that are left.
    let upper = |p: &Point| p.band.map_or(p.y, |b| b.1.min((1.0 + p.y) / 2.0));
    let high = trained().map(upper).fold(f64::NEG_INFINITY, f64::max);
    let whole = Axis::percent(Scale::Linear(0.0, 1.0));
    if extent == 1 || !low.is_finite() {
        return whole;
    }
    if low < 0.5 {
        let low = points().map(|p| p.y).fold(low, f64::min).max(0.0);
        // Without errors there is no error rate: such points have a lane.
        let errors = trained().map(|p| 1.0 - upper(p)).filter(|e| *e > LEAST_ERROR);
        let least = errors.fold(f64::INFINITY, f64::min);
        // From guessing to nearly right: even steps would press the ends of all lines together.
        if !least.is_finite() || (1.0 - low) / least <= 5.0 {
            return whole;
        }
        let axis = Axis::percent(Scale::Error(low, 1.0 - 0.85 * least));
        return axis.holding(points().map(|p| p.y));
    }
    let room = 0.08 * (high - low).max(0.005);
    Axis::percent(Scale::Linear(low - room, (high + room).min(1.0)))
}
