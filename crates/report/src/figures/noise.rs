//! Training loss within epochs: the noise behind the smooth means.

use spec::metric::Metric;
use spec::record::Split;

use crate::analysis::Analysis;
use crate::figures::points::Points;
use crate::figures::text::LineEnd;
use crate::figures::{Figure, axes, entries, extent, shown, text};
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Panel, Point};

/// The figure; `None` for sweeps of one epoch, where the figure of convergence shows the same.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    if extent(analysis) == 1 {
        return None;
    }
    let chart = series(analysis, points)?;
    let function = analysis.selection.function;
    let what = if function { "value" } else { "training loss" };
    let lines = match pale(&chart) {
        true => ": pale for the first finished seed, strong for the mean over seeds",
        false => "",
    };
    Some(Figure {
        heading: match function {
            true => "The walk downhill: values within epochs",
            false => analysis.selection.grain.pick(
                "The walk downhill: training loss within epochs",
                "The walk downhill: training loss in fine pieces",
            ),
        },
        caption: format!(
            "Mean {what} over {}, at each optimizer's best configuration{lines}.",
            text::pieces(analysis)
        ),
        notes: text::notes(&[
            &text::left_out(analysis),
            &text::ended_early(
                analysis,
                if pale(&chart) { LineEnd::Strong } else { LineEnd::First },
            ),
        ]),
        reading: match (function, pale(&chart)) {
            (true, true) => {
                "Each step follows a gradient that may be noisy, so it goes downhill on average but may stagger on the way: the \
                 pale line shows how much. The mean over seeds is smoother, because the staggering of different seeds cancels out."
            }
            (true, false) => {
                "Each step follows a gradient that may be noisy, so it goes downhill on average but may stagger on the way."
            }
            (false, true) => {
                "Each step sees only one batch, so it goes downhill on average but staggers on the way: the pale line shows \
                 how much. The mean over seeds is smoother, because the staggering of different seeds cancels out. The saw \
                 teeth are real: at the start of an epoch the model sees samples again that it has just learned from."
            }
            (false, false) => {
                "Each step sees only one batch, so it goes downhill on average but staggers on the way. The saw teeth are \
                 real: at the start of an epoch the model sees samples again that it has just learned from."
            }
        },
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

/// Returns whether single seeds are drawn.
fn pale(chart: &Chart) -> bool {
    chart.panels.iter().flat_map(|p| &p.curves).any(|c| c.kind == CurveKind::Faint)
}

/// The data: the first completed seed and the mean of each label.
pub fn series(analysis: &Analysis, points: &Points) -> Option<Chart> {
    let mut curves = Vec::new();
    for config in shown(analysis) {
        let mean =
            points.mean(analysis, config, Split::Train, Metric::WINDOW_LOSS, |p| p.step as f64);
        let first = config.runs.iter().copied().find(|&r| analysis.rows[r].completed());
        if config.counts.completed > 1
            && let Some(run) = first
        {
            let walk = points
                .of(run, Split::Train, Metric::WINDOW_LOSS)
                .iter()
                .filter(|p| p.value.is_finite());
            let points: Vec<Point> =
                walk.map(|p| Point { x: p.step as f64, y: p.value, band: None }).collect();
            curves.push(Curve {
                series: config.label,
                points,
                kind: CurveKind::Faint,
                ringed: None,
            });
        }
        let points = mean.into_iter().map(|p| Point { band: None, ..p }).collect();
        curves.push(Curve { series: config.label, points, kind: CurveKind::Plain, ringed: None });
    }
    curves.retain(|c| !c.points.is_empty());
    let values = curves.iter().flat_map(|c| &c.points);
    let steps = values.clone().map(|p| p.x).fold(0.0, f64::max);
    let y = Axis::around(values.map(|p| p.y), 0.9)?;
    let mut chart = Chart {
        title: match analysis.selection.function {
            true => "Mean value against optimizer step".to_owned(),
            false => "Training loss against optimizer step".to_owned(),
        },
        subtitle: format!("Mean over {}", text::pieces(analysis)),
        entries: entries(analysis),
        panels: vec![Panel {
            curves,
            ..Panel::new(
                axes::loss_title(analysis, Split::Train, &y),
                "optimizer step",
                Axis::linear(0.0, steps.max(1.0)),
                y,
            )
        }],
    };
    if pale(&chart) {
        chart.subtitle.push_str("; pale: the first seed, strong: the mean over seeds");
    }
    Some(chart)
}
