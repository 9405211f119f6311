//! Loss against epoch: each label at its best configuration, training beside
//! held-out loss.

use spec::record::Split;

use crate::analysis::Analysis;
use crate::figures::chart::{Chart, Curve, CurveKind, Panel, Point};
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::scale::{Axis, Scale};
use crate::figures::{Figure, entries, epochs, seeds_text, shown};

/// The figure; none before any run has finished.
pub fn figure(analysis: &Analysis, points: &Points) -> Option<Figure> {
    let chart = series(analysis, points)?;
    let train = if epochs(analysis) == 1 {
        "With a single epoch, the training loss is shown as the mean over each twentieth of the epoch."
    } else {
        "The training loss of epoch e is the mean over the batches fed during it; held-out loss at epoch 0 is that of \
         the untrained weights."
    };
    Some(Figure {
        heading: "Convergence: loss against epoch",
        caption: format!(
            "Each optimizer at its best configuration: {}. {train}",
            seeds_text(analysis)
        ),
        reading: "Each line is one optimizer. It starts high, because untrained weights guess, and falls as training \
                  goes on; a line that falls faster learns faster, one that ends lower has learned more. On the left is \
                  the loss on the data it trains on, on the right the loss on data it has never trained on: the right \
                  one counts. Where the right line turns up while the left one still falls, the model begins to learn \
                  its training data by heart. On a logarithmic axis equal distances are equal ratios.",
        ink: Ink::Chart(chart),
        variant_of: None,
    })
}

/// The data: one curve a label and panel.
pub fn series(analysis: &Analysis, points: &Points) -> Option<Chart> {
    let epochs = epochs(analysis);
    let held_out = [Split::Validation, Split::Test].into_iter().find(|s| points.has(*s, "loss"));
    let mut panels = Vec::new();
    let train = if epochs == 1 { "window_loss" } else { "loss" };
    panels.extend(panel(analysis, points, Split::Train, train, "Training loss", epochs));
    if let Some(split) = held_out {
        let name = if split == Split::Validation { "Validation loss" } else { "Test loss" };
        panels.extend(panel(analysis, points, split, "loss", name, epochs));
    }
    share_axis(&mut panels)?;
    for panel in &mut panels {
        let scale = if panel.y.is_log() { ", logarithmic" } else { "" };
        panel.title = format!("{} (cross-entropy{scale})", panel.title);
    }
    Some(Chart {
        title: "Loss against epoch".to_owned(),
        subtitle: format!("Each optimizer at its best configuration; {}", seeds_text(analysis)),
        entries: entries(analysis),
        panels,
    })
}

fn panel(
    analysis: &Analysis,
    points: &Points,
    split: Split,
    metric: &str,
    title: &str,
    epochs: u64,
) -> Option<Panel> {
    let curves: Vec<Curve> = shown(analysis)
        .into_iter()
        .map(|config| {
            let per_epoch = analysis.planned(config).spec.steps_per_epoch().max(1) as f64;
            let points = points.mean(analysis, config, split, metric, |p| {
                if metric == "window_loss" { p.step as f64 / per_epoch } else { p.epoch as f64 }
            });
            Curve { series: config.label, points, kind: CurveKind::Marked, ringed: None }
        })
        .filter(|c| !c.points.is_empty())
        .collect();
    if curves.is_empty() {
        return None;
    }
    let x = if epochs == 1 { Axis::linear(0.0, 1.0) } else { Axis::whole(0.0, epochs as f64) };
    Some(Panel { curves, ..Panel::new(title, "epoch", x, Axis::linear(0.0, 1.0)) })
}

/// One vertical axis for all panels, so that they compare.
fn share_axis(panels: &mut [Panel]) -> Option<()> {
    let ends = |p: &Point| p.band.map_or([p.y, p.y], |(low, high)| [low, high]);
    let values = panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points).flat_map(ends);
    let mut y = Axis::around(values, 0.9)?;
    if let Scale::Linear(low, _) = &mut y.scale {
        *low = low.max(0.0);
    }
    panels.iter_mut().for_each(|p| p.y = y);
    Some(())
}
