//! What stands at the ends of a figure's axes, in words for its caption.

use crate::figures::axis::{Axis, End, Lane};
use crate::figures::ink::Ink;

/// An axis with the ends of the bands and bars along it.
type Along = (Axis, Vec<f64>);

/// Every axis of values, with what may be cut at it.
fn axes(ink: &Ink) -> Vec<Along> {
    let both = |(low, high): (f64, f64)| [low, high];
    match ink {
        Ink::Chart(chart) => {
            let along = |p: &crate::figures::chart::Panel| {
                let points = p.curves.iter().flat_map(|c| &c.points);
                let bands: Vec<f64> = points.filter_map(|p| p.band).flat_map(both).collect();
                [(p.y, bands), (p.x, Vec::new())]
            };
            chart.panels.iter().flat_map(along).collect()
        }
        Ink::Rows(rows) => {
            let bars = rows.rows.iter().filter_map(|r| r.interval).flat_map(both);
            vec![(rows.x, bars.collect())]
        }
        Ink::Trend(trend) => trend
            .panels
            .iter()
            .map(|p| (p.y, p.points.iter().filter_map(|p| p.band).flat_map(both).collect()))
            .collect(),
        Ink::Grid(grid) => vec![(grid.tint.axis(), Vec::new())],
        Ink::Landscape(_) => Vec::new(),
    }
}

/// A sentence for each kind of lane, and one where a band or bar is cut.
pub(super) fn said(ink: &Ink) -> Vec<String> {
    let axes = axes(ink);
    let lanes = || axes.iter().flat_map(|(axis, _)| [axis.lane(End::Low), axis.lane(End::High)]);
    let place = match ink {
        Ink::Grid(_) => "have the colour at the end of the key",
        _ => "stand in a lane at the end of the axis",
    };
    let what = |lane: Lane| match lane {
        Lane::Zero => "Zeros, which have no logarithm,",
        Lane::Perfect => "Values of 100%, whose error rate has no logarithm,",
        Lane::Infinite => "Runs that diverged or never got there (\u{221e})",
        Lane::Beyond => "Values so far off that they would press all others together",
    };
    let mut out: Vec<String> = [Lane::Zero, Lane::Perfect, Lane::Infinite, Lane::Beyond]
        .into_iter()
        .filter(|kind| lanes().flatten().any(|lane| lane == *kind))
        .map(|kind| format!("{} {place}.", what(kind)))
        .collect();
    if axes.iter().any(|(axis, ends)| ends.iter().any(|v| axis.outside(*v).is_some())) {
        let cut =
            "A dashed edge or an arrow at the frame says that a band or bar goes on beyond it.";
        out.push(cut.to_owned());
    }
    out
}
