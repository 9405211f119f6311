//! Ink for a [`Chart`].

use plotters::style::text_anchor::HPos;

use crate::figures::canvas::{Canvas, FigureError, Rect, Stroke, Xy, clip, fit, font, text_width};
use crate::figures::chart::{Chart, Curve, CurveKind, Panel, Point, StripRow};
use crate::figures::ink::layout::{Geometry, STRIP_ROW, strip_gap};
use crate::figures::ink::{Mark, frame, legend, thinned};
use crate::figures::style::{INK, Layout, MUTED, TICK, look};

/// Width and height in logical pixels.
pub(super) fn size(chart: &Chart, layout: Layout) -> (f64, f64) {
    let geometry = Geometry::of(chart, layout);
    (geometry.head.width, geometry.height)
}

/// Draws over the whole of a canvas of [`size`].
pub(super) fn draw(
    chart: &Chart,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(chart, layout);
    g.head.draw(canvas)?;
    for ((panel, plot), left) in chart.panels.iter().zip(&g.plots).zip(&g.lefts) {
        frame::panel(canvas, panel, *plot, *left)?;
        for faint in [true, false] {
            for c in panel.curves.iter().filter(|c| (c.kind == CurveKind::Faint) == faint) {
                canvas.group(c.series);
                spread(canvas, panel, *plot, c)?;
                line(canvas, panel, *plot, c)?;
            }
        }
        for dot in &panel.dots {
            let at = place(panel, *plot, dot.x, dot.y);
            if shows(panel, dot.x, dot.y) {
                canvas.group(dot.series);
                canvas.disc(at, 2.3, look(dot.series).0, 0.45)?;
            }
        }
        // Ringed points last: no other marker may cover them.
        for c in &panel.curves {
            canvas.group(c.series);
            markers(canvas, panel, *plot, c)?;
        }
        for c in &panel.curves {
            let Some(p) = c.ringed.and_then(|i| c.points.get(i)) else { continue };
            let at = place(panel, *plot, p.x, p.y);
            let (color, _, marker) = look(c.series);
            canvas.group(c.series);
            canvas.marker(at, marker, 3.6, color)?;
            canvas.ring(at, 7.5, INK, 1.3)?;
        }
        strip(canvas, panel, *plot)?;
        canvas.group(None);
    }
    match layout {
        Layout::Wide => legend::at_ends(canvas, chart, &g),
        Layout::Narrow => legend::on_top(canvas, chart, &g),
    }
}

/// Where a value of a panel stands.
pub(super) fn place(panel: &Panel, plot: Rect, x: f64, y: f64) -> Xy {
    let across = plot.left + panel.x.scale.unit(x) * (plot.right - plot.left);
    (across, plot.bottom - panel.y.scale.unit(y) * (plot.bottom - plot.top))
}

/// Whether a value lies within both axes, or on their ends.
fn shows(panel: &Panel, x: f64, y: f64) -> bool {
    [panel.x.scale.unit(x), panel.y.scale.unit(y)].iter().all(|u| (-0.003..=1.003).contains(u))
}

/// What the spread of the points is drawn as: a band, or a bar at each.
fn spread(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let color = look(c.series).0;
    let edge = |x: f64, y: f64| {
        let (x, y) = place(panel, plot, x, y);
        (x, y.clamp(plot.top, plot.bottom))
    };
    let banded: Vec<(f64, (f64, f64))> =
        c.points.iter().filter_map(|p| Some((p.x, p.band?))).collect();
    if c.kind == CurveKind::Barred || banded.len() == 1 {
        let bar = Stroke { color, alpha: 0.75, width: 1.4, dash: &[] };
        for (x, (low, high)) in banded {
            canvas.line(&[edge(x, low), edge(x, high)], bar)?;
            // A bar that is cut at the border has no end there.
            for end in [low, high].into_iter().filter(|y| shows(panel, x, *y)) {
                let (x, y) = edge(x, end);
                canvas.line(&[(x - 4.0, y), (x + 4.0, y)], bar)?;
            }
        }
        return Ok(());
    }
    if banded.is_empty() {
        return Ok(());
    }
    let lower = outline(c.kind, banded.iter().map(|(x, (low, _))| edge(*x, *low)));
    let upper = outline(c.kind, banded.iter().map(|(x, (_, high))| edge(*x, *high)));
    let around: Vec<Xy> = lower.into_iter().chain(upper.into_iter().rev()).collect();
    canvas.polygon(&around, color, 0.16)
}

/// The corners of a line through points: for steps, one more between two.
fn outline(kind: CurveKind, points: impl Iterator<Item = Xy>) -> Vec<Xy> {
    let mut line: Vec<Xy> = Vec::new();
    for at in points {
        if let (CurveKind::Steps, Some(before)) = (kind, line.last()) {
            line.push((at.0, before.1));
        }
        line.push(at);
    }
    line
}

fn line(canvas: &mut Canvas<'_>, panel: &Panel, plot: Rect, c: &Curve) -> Result<(), FigureError> {
    let (color, dash, _) = look(c.series);
    let points = outline(c.kind, c.points.iter().map(|p| place(panel, plot, p.x, p.y)));
    let (alpha, width, dash): (f64, f64, &[f64]) = match c.kind {
        CurveKind::Faint => (0.4, 1.0, &[]),
        // Dashes of a noisy line look like noise.
        CurveKind::Plain => (1.0, 1.9, &[]),
        _ => (1.0, 2.0, dash),
    };
    for part in clip(&points, plot) {
        canvas.line(&part, Stroke { color, alpha, width, dash })?;
    }
    Ok(())
}

/// Markers at points, at most about a dozen a curve.
fn markers(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let (color, _, marker) = look(c.series);
    let every = match c.kind {
        CurveKind::Faint => return Ok(()),
        CurveKind::Marked => c.points.len().div_ceil(12).max(1),
        CurveKind::Barred => 1,
        CurveKind::Plain => c.points.len().div_ceil(6).max(1),
        CurveKind::Steps | CurveKind::Sloped => usize::MAX,
    };
    let last = c.points.len().saturating_sub(1);
    for (i, p) in c.points.iter().enumerate() {
        if (last - i).is_multiple_of(every) && c.ringed != Some(i) && shows(panel, p.x, p.y) {
            canvas.marker(place(panel, plot, p.x, p.y), marker, 3.6, color)?;
        }
    }
    Ok(())
}

/// Crosses of what diverged, one row a label, between plot and axis.
fn strip(canvas: &mut Canvas<'_>, panel: &Panel, plot: Rect) -> Result<(), FigureError> {
    for (i, row) in panel.strip.iter().enumerate() {
        let y = strip_y(panel, plot, i);
        let color = look(row.series).0;
        canvas.group(row.series);
        let places: Vec<f64> =
            row.marks.iter().map(|(x, _)| place(panel, plot, *x, 0.0).0).collect();
        for (nth, (x, (_, text))) in places.iter().zip(&row.marks).enumerate() {
            canvas.cross((*x, y), 4.2, color, 2.0)?;
            // The text stands left of a cross at the right border.
            let width = text_width(text, TICK, false);
            let flip = x + 9.0 + width > plot.right;
            let (dx, anchor) = if flip { (-9.0, HPos::Right) } else { (9.0, HPos::Left) };
            // Crosses side by side leave no room for it; it can be pointed at.
            let beside = if flip { nth.checked_sub(1) } else { Some(nth + 1) };
            let beside = beside.and_then(|i| places.get(i));
            if beside.is_some_and(|other| (other - x).abs() < 9.0 + width) {
                continue;
            }
            canvas.text((x + dx, y), text, font(TICK, MUTED, anchor, false))?;
        }
        strip_name(canvas, plot, y, row, &places)?;
    }
    Ok(())
}

fn strip_y(panel: &Panel, plot: Rect, row: usize) -> f64 {
    plot.bottom + strip_gap(panel) / 2.0 + (row as f64 + 0.5) * STRIP_ROW
}

/// The name of a strip's row, in the wider of its two free ends.
fn strip_name(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    y: f64,
    row: &StripRow,
    at: &[f64],
) -> Result<(), FigureError> {
    let first = at.iter().copied().fold(f64::INFINITY, f64::min) - 38.0;
    let last = at.iter().copied().fold(f64::NEG_INFINITY, f64::max) + 38.0;
    let text = format!("{} diverged", row.label);
    let on_left = first - plot.left >= plot.right - last;
    let room = if on_left { first - plot.left } else { plot.right - last };
    let (x, anchor) =
        if on_left { (plot.left + 4.0, HPos::Left) } else { (plot.right - 2.0, HPos::Right) };
    canvas.text((x, y), &fit(&text, TICK, room.max(0.0)), font(TICK, MUTED, anchor, false))
}

/// Points of the main curves, single seeds and crosses.
pub(super) fn marks(chart: &Chart, layout: Layout) -> Vec<Mark> {
    let g = Geometry::of(chart, layout);
    let label = |series: usize| {
        let entry = chart.entries.iter().find(|e| e.series == series);
        entry.map_or_else(String::new, |e| format!("{} \u{b7} ", e.label))
    };
    let mut marks = Vec::new();
    for (panel, plot) in chart.panels.iter().zip(&g.plots) {
        let name = panel.x_label.split(" (").next().unwrap_or_default();
        let mut put = |series: usize, at: Xy, text: String| {
            let text = format!("{}{name} {text}", label(series));
            marks.push(Mark { series: Some(series), at, text });
        };
        for c in panel.curves.iter().filter(|c| c.kind != CurveKind::Faint) {
            // The single windows of a noisy line say little.
            let most = if c.kind == CurveKind::Plain { 60 } else { 120 };
            for p in thinned(c.points.len(), most).map(|i| &c.points[i]) {
                if shows(panel, p.x, p.y) {
                    put(c.series, place(panel, *plot, p.x, p.y), point(panel, c.kind, p));
                }
            }
        }
        for dot in panel.dots.iter().filter(|d| shows(panel, d.x, d.y)) {
            let (x, y) = (panel.x.position(dot.x), panel.y.text(dot.y));
            let at = place(panel, *plot, dot.x, dot.y);
            put(dot.series, at, format!("{x}, {}: {y}", dot.name));
        }
        for (i, row) in panel.strip.iter().enumerate() {
            for (x, text) in &row.marks {
                let at = (place(panel, *plot, *x, 0.0).0, strip_y(panel, *plot, i));
                put(row.series, at, format!("{}: {text} diverged", panel.x.position(*x)));
            }
        }
    }
    marks
}

fn point(panel: &Panel, kind: CurveKind, p: &Point) -> String {
    let value = |v: f64| match kind {
        // What holds between two steps was set, not measured.
        CurveKind::Steps | CurveKind::Sloped => panel.y.position(v),
        _ => panel.y.text(v),
    };
    let band = p.band.map(|(low, high)| format!(" ({} to {})", value(low), value(high)));
    format!("{}: {}{}", panel.x.position(p.x), value(p.y), band.unwrap_or_default())
}
