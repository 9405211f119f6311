//! Layout of a chart, in logical pixels.

use crate::axis::Axis;
use crate::canvas::{Rect, text_width};
use crate::chart::{Chart, Entry};
use crate::draw::layout::{Head, floor, rows_of_ticks};
use crate::draw::legend::{self, Piece, SWATCH};
use crate::style::{BODY, LINE, Layout, TICK};

/// Largest width of the labels at the ends of lines.
const WIDEST_GUTTER: f64 = 260.0;

/// Places of all parts of a chart.
pub(crate) struct Geometry {
    pub(super) head: Head,
    pub(super) height: f64,
    /// Legend rows of a narrow figure.
    pub(super) legend: Vec<Vec<Piece>>,
    pub(super) legend_top: f64,
    /// Lines of notes below each label of a wide figure; 0 if label and note fit side by side.
    pub(super) notes: usize,
    pub(super) plots: Vec<Rect>,
    /// Left ends of the panels' titles.
    pub(super) lefts: Vec<f64>,
}

impl Geometry {
    pub(crate) fn of(chart: &Chart, layout: Layout) -> Geometry {
        let wide = layout == Layout::Wide;
        let head = Head::of(&chart.title, &chart.subtitle, layout);
        let (pad, room) = (head.pad, head.room());
        let mut y = head.bottom;
        let (legend_top, mut legend) = (y, Vec::new());
        let (mut gutter, mut notes) = (0.0, 0);
        if wide && !chart.entries.is_empty() {
            let needed = |text: &dyn Fn(&Entry) -> f64| {
                chart.entries.iter().map(text).fold(0.0, f64::max) * 1.08 + SWATCH + 24.0
            };
            let side_by_side = needed(&|e| text_width(&legend::text(e), BODY, false));
            let broken = side_by_side > WIDEST_GUTTER;
            gutter = match broken {
                true => needed(&|e| {
                    text_width(&e.label, BODY, false).max(text_width(&e.note, TICK, false))
                }),
                false => side_by_side,
            };
            gutter = gutter.clamp(60.0, WIDEST_GUTTER);
            if broken {
                // From the labels' left end to the figure's margin.
                let room = gutter + pad - 20.0 - pad.min(8.0) - SWATCH;
                let lines = chart.entries.iter().map(|e| legend::note(e, room).len());
                notes = lines.max().unwrap_or(0).max(1);
            }
        } else if !wide {
            legend = legend::rows(&chart.entries, room);
            y += legend.len() as f64 * (LINE + 1.0) + 6.0;
        }
        let entries = chart.entries.len() as f64 * legend::gap(notes);
        let empty = chart.panels.iter().all(|p| p.curves.is_empty());
        let plot_height = match (wide, empty) {
            (true, false) => entries.max(300.0),
            (true, true) => entries.max(60.0),
            (false, false) => 210.0,
            (false, true) => 60.0,
        };
        let columns = if wide { chart.panels.len().max(1) } else { 1 };
        let gap = 26.0;
        let column = (room - gutter - gap * (columns - 1) as f64) / columns as f64;
        let (mut plots, mut lefts) = (Vec::new(), Vec::new());
        let mut bottom = y;
        for (i, panel) in chart.panels.iter().enumerate() {
            let left = pad + if wide { i as f64 * (column + gap) } else { 0.0 };
            let top = y + 28.0;
            let labels = panel.y.ticks(rows_of_ticks(plot_height));
            let tick_room =
                labels.iter().map(|(_, t)| text_width(t, TICK, false)).fold(0.0, f64::max) + 10.0;
            let beyond = overhang(&panel.x, column - tick_room);
            let plot = Rect {
                left: left + tick_room,
                top,
                right: left + column - if wide { 0.0 } else { (beyond - pad + 2.0).max(0.0) },
                bottom: top + plot_height,
            };
            plots.push(plot);
            lefts.push(left);
            let end = floor(panel, plot) + 44.0;
            bottom = f64::max(bottom, end);
            if !wide {
                y = end + 10.0;
            }
        }
        let height = (bottom + pad - 6.0).ceil();
        Geometry { head, height, legend, legend_top, notes, plots, lefts }
    }
}

/// Returns the width by which the label of the last tick of a horizontal axis extends beyond the
/// axis's right end, in logical pixels. A label is centred below its tick.
fn overhang(axis: &Axis, width: f64) -> f64 {
    let beyond =
        |(at, text): &(f64, String)| text_width(text, TICK, false) / 2.0 - (1.0 - at) * width;
    axis.ticks((width / 46.0) as usize).last().map_or(0.0, beyond).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::{Curve, CurveKind, Panel, Point};

    #[test]
    fn the_last_label_of_a_narrow_figure_is_not_cut() {
        assert!(crate::style::fonts());
        let point = |x: f64| Point { x, y: 1.0, band: None };
        let points = vec![point(0.0), point(2_000.0)];
        let curve = Curve { series: 0, points, kind: CurveKind::Plain, ringed: None };
        let (x, y) = (Axis::linear(0.0, 2_000.0), Axis::linear(0.0, 1.0));
        let panel = Panel { curves: vec![curve], ..Panel::new("Loss", "step", x, y) };
        let chart = Chart {
            title: "Loss".to_owned(),
            subtitle: String::new(),
            entries: Vec::new(),
            panels: vec![panel],
        };
        let plot = Geometry::of(&chart, Layout::Narrow).plots[0];
        let half = text_width("2,000", TICK, false) / 2.0;
        assert!(plot.right + half <= 400.0, "{} + {half}", plot.right);
    }
}
