//! The gain from tuning: the result to expect from the best of k configurations.

use crate::analysis::{Analysis, Config, TuningCurve, TuningPoint, tuning};
use crate::escape;
use crate::figures::points::Points;
use crate::figures::{Figure, axes};
use crate::plural;
use crate::text::{capitalised, list};
use plot::FigureData;
use plot::axis::Axis;
use plot::chart::{Chart, Curve, CurveKind, Entry, Panel, Point};

/// The figure; `None` if every label has a single configuration.
pub fn figure(analysis: &Analysis, _: &Points) -> Option<Figure> {
    let chart = series(analysis)?;
    let points = || chart.panels.iter().flat_map(|p| &p.curves).flat_map(|c| &c.points);
    let good = if analysis.evaluation.reached() {
        "that more than half of its seeds reach the target with"
    } else {
        "that does not diverge"
    };
    // Only an infinite median makes a line begin late.
    let begins = match points().any(|p| p.y.is_infinite()) {
        true => format!("; a line begins where the median draw has a configuration {good}"),
        false => String::new(),
    };
    let cut =
        points().any(|p| p.y.is_finite() && p.band.is_some_and(|(a, b)| !(b - a).is_finite()));
    let cut = match (cut, begins.is_empty()) {
        (false, _) => "",
        (true, true) => "; a band is cut at the frame where a quartile has none",
        (true, false) => ", and a band is cut at the frame where a quartile has none",
    };
    // The mean of the surviving seeds is no result to expect.
    let lost =
        |c: &Config| c.judged.mean.is_some() && c.judged_median.is_some_and(f64::is_infinite);
    let half = match !analysis.evaluation.reached() && analysis.configs.iter().any(lost) {
        true => " A configuration of which half of the seeds or more diverged counts as diverged.",
        false => "",
    };
    Some(Figure {
        heading: "What tuning buys: the best of k configurations",
        caption: format!(
            "{} of the best of k configurations drawn at random from those tried: the best is chosen by {}, as in \
             this report.",
            capitalised(&analysis.evaluation.name()),
            analysis.selection.averaged_name()
        ),
        notes: format!(
            "Lines are medians over all possible draws, bands their quartiles, both exact{begins}{cut}.{half}{}",
            without_line(analysis, &chart)
        ),
        reading: reading(analysis),
        data: FigureData::Chart(chart),
        variant_of: None,
    })
}

/// The sentence on labels without a line; empty if all have one.
fn without_line(analysis: &Analysis, chart: &Chart) -> String {
    let drawn: Vec<usize> = chart.panels.iter().flat_map(|p| &p.curves).map(|c| c.series).collect();
    let labels = analysis.plan.optimizers.iter().enumerate();
    let names: Vec<String> = labels
        .filter(|(label, _)| !drawn.contains(label))
        .map(|(_, optimizer)| escape::line(&optimizer.label))
        .collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(
            " {} {} no line: fewer than two configurations have a result.",
            list(&names),
            plural::has_or_have(names.len())
        ),
    }
}

fn reading(analysis: &Analysis) -> &'static str {
    match analysis.evaluation.higher_is_better() {
        true => {
            "The left end is the result of one configuration picked blindly from those tried, the right end that of \
             choosing from all. A line that is high from the start belongs to an optimizer that works without tuning; \
             one that rises late has to be tuned. Compare optimizers at equal k: the best of many tries is no fair match \
             for the best of few."
        }
        false => {
            "The left end is the result of one configuration picked blindly from those tried, the right end that of \
             choosing from all. Lower is better: a line that is low from the start belongs to an optimizer that works \
             without tuning; one that falls late has to be tuned. Compare optimizers at equal k: the best of many tries \
             is no fair match for the best of few."
        }
    }
}

/// The data: one curve per label.
pub fn series(analysis: &Analysis) -> Option<Chart> {
    let labels = 0..analysis.plan.optimizers.len();
    let tuned: Vec<TuningCurve> = labels
        .filter_map(|label| tuning(analysis, label).or_else(|| hopeless(analysis, label)))
        .collect();
    let curves: Vec<Curve> = tuned.iter().map(curve).filter(|c| !c.points.is_empty()).collect();
    let points = || curves.iter().flat_map(|c| &c.points);
    let most = points().map(|p| p.x).fold(1.0, f64::max);
    if !points().any(|p| p.y.is_finite()) || most < 2.0 {
        return None;
    }
    // Quartiles are values of configurations, as medians are.
    let ends = |p: &Point| {
        let (low, high) = p.band.unwrap_or((p.y, p.y));
        [low, p.y, high]
    };
    let finite = points().flat_map(ends).filter(|v| v.is_finite());
    let values: Vec<f64> = finite.chain(points().map(|p| p.y)).collect();
    let y = axes::of_metric(analysis.evaluation.metric, &values, &[]);
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
            title: format!("{}{}", capitalised(&analysis.evaluation.name()), axes::spacing(&y)),
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

/// The curve of a label without any value: whatever is drawn diverges or never reaches the target.
/// `None` for fewer than two configurations with a result.
fn hopeless(analysis: &Analysis, label: usize) -> Option<TuningCurve> {
    let of_label = |c: &&Config| c.counts.results() > 0;
    let tried = analysis.tried(label).filter(of_label).count();
    let worst = analysis.evaluation.worst();
    let point = |k| TuningPoint { k, median: worst, quartiles: (worst, worst) };
    (tried > 1).then(|| TuningCurve { label, points: (1..=tried).map(point).collect() })
}

fn curve(tuned: &TuningCurve) -> Curve {
    let known = tuned.points.iter().filter(|p| !p.median.is_nan());
    let band = |(low, high): (f64, f64)| (low != high || low.is_finite()).then_some((low, high));
    let points: Vec<Point> =
        known.map(|p| Point { x: p.k as f64, y: p.median, band: band(p.quartiles) }).collect();
    Curve { series: tuned.label, points, kind: CurveKind::Marked, ringed: None }
}
