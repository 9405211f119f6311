//! Accuracy against epoch: each label at its best configuration, validation
//! beside test.

use spec::record::Split;

use crate::analysis::Analysis;
use crate::figures::chart::{Chart, Curve, CurveKind, Panel};
use crate::figures::points::Points;
use crate::figures::scale::{Axis, Scale, TickFormat};
use crate::figures::{Figure, entries, epochs, seeds_text, shown};

/// The figure; none before any run has finished.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let chart = series(analysis, points)?;
    let from_zero =
        chart.panels.iter().all(|p| matches!(p.y.scale, Scale::Linear(low, _) if low <= 0.0));
    let zoom = if from_zero { "" } else { " The axis does not start at zero." };
    Some(Figure {
        heading: "Accuracy against epoch",
        caption: format!(
            "Each optimizer at its best configuration: {}.{zoom}",
            seeds_text(analysis)
        ),
        reading: "The share of samples that the model puts into the right class after each epoch; higher is better. \
                  Configurations were chosen on the validation samples, so the test samples on the right, which had no \
                  say in anything, are the fairer judge. Small differences late in training are easily chance: look \
                  whether the bands overlap.",
        chart,
    })
}

/// The data: one curve a label and panel.
pub fn series(analysis: &Analysis, points: &Points) -> Option<Chart> {
    let epochs = epochs(analysis);
    let mut panels: Vec<Panel> =
        [(Split::Validation, "Validation accuracy"), (Split::Test, "Test accuracy")]
            .into_iter()
            .filter_map(|(split, title)| {
                let curves: Vec<Curve> = shown(analysis)
                    .into_iter()
                    .map(|config| Curve {
                        series: config.label,
                        points: points
                            .mean(analysis, config, split, "accuracy", |p| p.epoch as f64),
                        kind: CurveKind::Marked,
                        ringed: None,
                    })
                    .filter(|c| !c.points.is_empty())
                    .collect();
                (!curves.is_empty()).then(|| Panel {
                    title: title.to_owned(),
                    x_label: "epoch".to_owned(),
                    x: Axis::whole(0.0, epochs as f64),
                    y: Axis::linear(0.0, 1.0),
                    curves,
                    dots: Vec::new(),
                    strip: Vec::new(),
                })
            })
            .collect();
    if panels.is_empty() {
        return None;
    }
    let scale = zoom(&panels, epochs);
    for panel in &mut panels {
        panel.y = Axis { scale, format: TickFormat::Percent, whole: false };
        // Before training a model guesses, which a magnified axis does not show.
        if let Scale::Linear(low, _) = scale
            && low > 0.0
        {
            panel.x = Axis::whole(1.0, epochs as f64);
            panel.curves.iter_mut().for_each(|c| c.points.retain(|p| p.x >= 1.0));
        }
    }
    Some(Chart {
        title: "Accuracy against epoch".to_owned(),
        subtitle: format!("Each optimizer at its best configuration; {}", seeds_text(analysis)),
        entries: entries(analysis),
        panels,
    })
}

/// From just below the lowest value after the first epoch, where that is high;
/// else from zero.
fn zoom(panels: &[Panel], epochs: u64) -> Scale {
    let trained =
        || panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points).filter(|p| p.x >= 1.0);
    let low = trained().map(|p| p.band.map_or(p.y, |b| b.0)).fold(f64::INFINITY, f64::min);
    let high = trained().map(|p| p.band.map_or(p.y, |b| b.1)).fold(f64::NEG_INFINITY, f64::max);
    if epochs == 1 || !low.is_finite() || low < 0.5 {
        return Scale::Linear(0.0, 1.0);
    }
    let room = 0.08 * (high - low).max(0.005);
    Scale::Linear(low - room, (high + room).min(1.0))
}
