//! What tuning buys: the result to expect from the best of k configurations.

use crate::analysis::{Analysis, TuningCurve, tuning};
use crate::escape;
use crate::figures::axis::Axis;
use crate::figures::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};
use crate::figures::ink::Ink;
use crate::figures::points::Points;
use crate::figures::{Figure, axes};
use crate::page::words::capitalised;

/// The figure; none where every label has a single configuration.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let chart = series(analysis)?;
    Some(Figure {
        heading: "What tuning buys: the best of k configurations",
        caption: format!(
            "{} of the best of k configurations drawn at random from those tried: the best is chosen by {}, as in \
             this report. Lines are medians over all possible draws, bands their quartiles, both exact; a line begins \
             where the median draw has a configuration that does not diverge, and a band is cut at the frame where a \
             quartile has none.",
            capitalised(&analysis.judge.name()),
            analysis.goal.averaged_name()
        ),
        reading: "At the left is what you get from one configuration picked blindly from the grid, at the right what the \
                  whole grid gives. A line that is high from the start belongs to an optimizer that works without tuning; \
                  one that rises late has to be tuned. Compare optimizers at equal k: the best of many tries is no fair \
                  match for the best of few.",
        ink: Ink::Chart(chart),
        variant_of: None,
    })
}

/// The data: one curve a label.
pub fn series(analysis: &Analysis) -> Option<Chart> {
    let tuned: Vec<TuningCurve> =
        (0..analysis.plan.optimizers.len()).filter_map(|label| tuning(analysis, label)).collect();
    let curves: Vec<Curve> = tuned.iter().filter_map(curve).collect();
    let most = curves.iter().filter_map(|c| c.points.last()).map(|p| p.x).fold(1.0, f64::max);
    if curves.is_empty() || most < 2.0 {
        return None;
    }
    // Quartiles are values of configurations, as medians are.
    let ends = |p: &Point| {
        let (low, high) = p.band.unwrap_or((p.y, p.y));
        [low, p.y, high]
    };
    let points = || curves.iter().flat_map(|c| &c.points);
    let finite = points().flat_map(ends).filter(|v| v.is_finite());
    let values: Vec<f64> = finite.chain(points().map(|p| p.y)).collect();
    let y = axes::of_metric(&analysis.judge.metric, &values, &[]);
    let entries = tuned
        .iter()
        .map(|c| {
            let n = c.points.len();
            Entry {
                series: c.label,
                label: escape::line(&analysis.plan.optimizers[c.label].label),
                note: format!("{n} tried"),
            }
        })
        .collect();
    Some(Chart {
        title: "What tuning buys: the best of k configurations".to_owned(),
        subtitle: "Median over all draws of k configurations; bands: quartiles".to_owned(),
        entries,
        panels: vec![Panel {
            title: format!("{}{}", capitalised(&analysis.judge.name()), axes::spacing(&y)),
            x_label: "k, configurations tried".to_owned(),
            x: Axis::whole(1.0, most),
            y,
            curves,
            dots: Vec::new(),
            strip: Vec::new(),
            reference: None,
        }],
    })
}

fn curve(tuned: &TuningCurve) -> Option<Curve> {
    let known = tuned.points.iter().filter(|p| !p.median.is_nan());
    let points: Vec<Point> =
        known.map(|p| Point { x: p.k as f64, y: p.median, band: Some(p.quartiles) }).collect();
    let kind = CurveKind::Marked;
    let finite = points.iter().any(|p| p.y.is_finite());
    finite.then_some(Curve { series: tuned.label, points, kind, ringed: None })
}
