//! Sentences for a figure's caption about the values at the ends of its axes.

use crate::FigureData;
use crate::axis::{Axis, End, Lane};

/// An axis with the ends of the bands and bars along it.
type Along = (Axis, Vec<f64>);

/// Returns every axis of values, with the ends that may be cut at it.
fn axes(ink: &FigureData) -> Vec<Along> {
    let both = |(low, high): (f64, f64)| [low, high];
    match ink {
        FigureData::Chart(chart) => {
            let along = |p: &crate::chart::Panel| {
                let points = p.curves.iter().flat_map(|c| &c.points);
                let bands: Vec<f64> = points.filter_map(|p| p.band).flat_map(both).collect();
                [(p.y, bands), (p.x, Vec::new())]
            };
            chart.panels.iter().flat_map(along).collect()
        }
        FigureData::Rows(rows) => {
            let bars = rows.rows.iter().filter_map(|r| r.interval).flat_map(both);
            vec![(rows.x, bars.collect())]
        }
        FigureData::Trend(trend) => trend
            .panels
            .iter()
            .map(|p| (p.y, p.points.iter().filter_map(|p| p.band).flat_map(both).collect()))
            .collect(),
        FigureData::Grid(grid) => vec![(grid.colormap.axis(), Vec::new())],
        FigureData::Map(_) => Vec::new(),
    }
}

/// Returns a sentence for each kind of lane, and one if a band or bar is cut.
pub(crate) fn said(ink: &FigureData) -> Vec<String> {
    let axes = axes(ink);
    let lanes = || axes.iter().flat_map(|(axis, _)| [axis.lane(End::Low), axis.lane(End::High)]);
    let place = match ink {
        FigureData::Grid(_) => "have the colour at the end of the key",
        _ => "are drawn in a lane at the end of the axis",
    };
    let infinite = |never: bool| {
        let axes = axes.iter().filter(move |(axis, _)| axis.never == never);
        axes.flat_map(|(axis, _)| axis.lanes).flatten().any(|lane| lane == Lane::Infinite)
    };
    let any = |kind: Lane| lanes().flatten().any(|lane| lane == kind);
    let mut out: Vec<String> = [
        (any(Lane::Zero), "Zeros, which have no logarithm,"),
        (any(Lane::Perfect), "Values of 100%, whose error rate has no logarithm,"),
        (infinite(false), "Runs that diverged"),
        (infinite(true), "Runs that never reached the target"),
        (any(Lane::Beyond), "Outliers that would squeeze all other values together"),
    ]
    .into_iter()
    .filter(|(there, _)| *there)
    .map(|(_, what)| format!("{what} {place}."))
    .collect();
    if axes.iter().any(|(axis, ends)| ends.iter().any(|v| axis.cut(*v).is_some())) {
        let cut =
            "A dashed edge or an arrow at the frame means that a band or bar continues beyond it.";
        out.push(cut.to_owned());
    }
    out
}
