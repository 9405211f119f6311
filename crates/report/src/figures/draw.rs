//! Ink for a [`Chart`]: layout and strokes, the same for SVG and PNG.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, RGBColor};
use plotters::style::text_anchor::HPos;

use crate::figures::canvas::{Canvas, FigureError, Font, Rect, Xy, clip, fit, text_width, wrap};
use crate::figures::chart::{Chart, Curve, CurveKind, Entry, Panel, StripRow};
use crate::figures::style::{AXIS, GRID, INK, Layout, MUTED, Marker, PAPER, Style, look};

const TITLE: f64 = 17.0;
const BODY: f64 = 12.5;
const TICK: f64 = 11.5;
const LINE: f64 = 17.0;
const STRIP_ROW: f64 = 18.0;
const SWATCH: f64 = 26.0;

/// Where everything goes, in logical pixels.
struct Geometry {
    width: f64,
    height: f64,
    pad: f64,
    /// Blank above the first line of text.
    head: f64,
    title: Vec<String>,
    subtitle: Vec<String>,
    /// Legend rows of a narrow figure: entries with their x.
    legend: Vec<Vec<(usize, f64)>>,
    legend_top: f64,
    plots: Vec<Rect>,
    /// Left ends of the panels' titles.
    lefts: Vec<f64>,
}

impl Geometry {
    fn of(chart: &Chart, layout: Layout) -> Geometry {
        let wide = layout == Layout::Wide;
        let (width, pad) = if wide { (960.0, 18.0) } else { (400.0, 12.0) };
        let room = width - 2.0 * pad;
        let title = wrap(&chart.title, TITLE, true, room);
        let subtitle = wrap(&chart.subtitle, BODY, false, room);
        // Without a title the figure stands under a heading of the page.
        let head = if title.is_empty() { 2.0 } else { pad };
        let mut y = head + title.len() as f64 * 22.0 + subtitle.len() as f64 * LINE + 8.0;
        let (legend_top, mut legend) = (y, Vec::new());
        let mut gutter = 0.0;
        if wide {
            let widest = chart
                .entries
                .iter()
                .map(|e| text_width(&entry_text(e), BODY, false))
                .fold(0.0, f64::max);
            gutter = (widest * 1.08 + SWATCH + 24.0).clamp(60.0, 260.0);
        } else {
            legend = legend_rows(&chart.entries, room);
            y += legend.len() as f64 * (LINE + 1.0) + 6.0;
        }
        let entries = chart.entries.len() as f64 * LINE;
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
            let plot = Rect {
                left: left + tick_room,
                top,
                right: left + column,
                bottom: top + plot_height,
            };
            plots.push(plot);
            lefts.push(left);
            let end = plot.bottom + panel.strip.len() as f64 * STRIP_ROW + strip_gap(panel) + 44.0;
            bottom = f64::max(bottom, end);
            if !wide {
                y = end + 10.0;
            }
        }
        let height = (bottom + pad - 6.0).ceil();
        Geometry { width, height, pad, head, title, subtitle, legend, legend_top, plots, lefts }
    }
}

fn strip_gap(panel: &Panel) -> f64 {
    if panel.strip.is_empty() { 0.0 } else { 10.0 }
}

fn rows_of_ticks(height: f64) -> usize {
    (height / 34.0) as usize
}

fn entry_text(entry: &Entry) -> String {
    if entry.note.is_empty() {
        entry.label.clone()
    } else {
        format!("{} ({})", entry.label, entry.note)
    }
}

fn legend_rows(entries: &[Entry], room: f64) -> Vec<Vec<(usize, f64)>> {
    let mut rows: Vec<Vec<(usize, f64)>> = Vec::new();
    let mut x = f64::INFINITY;
    for (i, entry) in entries.iter().enumerate() {
        let width = (text_width(&entry_text(entry), BODY, false) + SWATCH + 6.0).min(room);
        if x + width > room {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push((i, x));
        }
        x += width + 14.0;
    }
    rows
}

/// Width and height of a chart in logical pixels.
pub fn size(chart: &Chart, layout: Layout) -> (f64, f64) {
    let geometry = Geometry::of(chart, layout);
    (geometry.width, geometry.height)
}

/// Draws a chart over the whole of `area`, whose size must be [`size`] times
/// `style.unit`.
///
/// # Errors
/// The backend's.
pub fn draw<DB: DrawingBackend>(
    chart: &Chart,
    style: &Style,
    area: &DrawingArea<DB, Shift>,
) -> Result<(), FigureError> {
    let canvas = Canvas::new(area, style);
    let g = Geometry::of(chart, style.layout);
    canvas.fill(PAPER)?;
    let mut y = g.head + 10.0;
    for line in &g.title {
        canvas.text((g.pad, y), line, font(TITLE, INK, HPos::Left, true))?;
        y += 22.0;
    }
    for line in &g.subtitle {
        canvas.text((g.pad, y), line, font(BODY, MUTED, HPos::Left, false))?;
        y += LINE;
    }
    for ((panel, plot), left) in chart.panels.iter().zip(&g.plots).zip(&g.lefts) {
        frame(&canvas, panel, *plot, *left)?;
        for faint in [true, false] {
            for c in panel.curves.iter().filter(|c| (c.kind == CurveKind::Faint) == faint) {
                curve(&canvas, panel, *plot, c)?;
            }
        }
        for dot in &panel.dots {
            let at = place(panel, *plot, dot.x, dot.y);
            if inside(at, *plot) {
                canvas.disc(at, 2.3, look(dot.series).0, 0.45)?;
            }
        }
        for c in &panel.curves {
            markers(&canvas, panel, *plot, c)?;
        }
        strip(&canvas, panel, *plot)?;
    }
    match style.layout {
        Layout::Wide => end_labels(&canvas, chart, &g),
        Layout::Narrow => legend(&canvas, chart, &g),
    }
}

fn font(size: f64, color: RGBColor, anchor: HPos, bold: bool) -> Font {
    Font { size, bold, color, anchor }
}

fn place(panel: &Panel, plot: Rect, x: f64, y: f64) -> Xy {
    let across = plot.left + panel.x.scale.unit(x) * (plot.right - plot.left);
    (across, plot.bottom - panel.y.scale.unit(y) * (plot.bottom - plot.top))
}

fn inside((x, y): Xy, r: Rect) -> bool {
    x >= r.left - 0.5 && x <= r.right + 0.5 && y >= r.top - 0.5 && y <= r.bottom + 0.5
}

/// Grid, axes, tick labels and names.
fn frame<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    plot: Rect,
    left: f64,
) -> Result<(), FigureError> {
    let floor = plot.bottom + panel.strip.len() as f64 * STRIP_ROW + strip_gap(panel);
    for (value, text) in panel.y.ticks(rows_of_ticks(plot.bottom - plot.top)) {
        let (_, y) = place(panel, plot, 0.0, value);
        canvas.line(&[(plot.left, y), (plot.right, y)], GRID, 1.0, 1.0, &[])?;
        canvas.text((plot.left - 7.0, y), &text, font(TICK, MUTED, HPos::Right, false))?;
    }
    // As many ticks as their widest label leaves room for.
    let width = plot.right - plot.left;
    let mut room = (width / 46.0) as usize;
    let mut ticks = panel.x.ticks(room);
    let crowded = |ticks: &[(f64, String)]| {
        let spans: Vec<(f64, f64)> = ticks
            .iter()
            .map(|(v, t)| (place(panel, plot, *v, 0.0).0, text_width(t, TICK, false) / 2.0 + 4.0))
            .collect();
        spans.windows(2).any(|p| p[0].0 + p[0].1 > p[1].0 - p[1].1)
    };
    while room > 2 && crowded(&ticks) {
        room -= 1;
        ticks = panel.x.ticks(room);
    }
    for (value, text) in ticks {
        let (x, _) = place(panel, plot, value, 0.0);
        canvas.line(&[(x, plot.top), (x, floor)], GRID, 1.0, 1.0, &[])?;
        canvas.line(&[(x, floor), (x, floor + 4.0)], AXIS, 1.0, 1.0, &[])?;
        canvas.text((x, floor + 14.0), &text, font(TICK, MUTED, HPos::Center, false))?;
    }
    canvas.line(&[(plot.left, plot.bottom), (plot.right, plot.bottom)], AXIS, 1.0, 1.0, &[])?;
    if !panel.strip.is_empty() {
        canvas.line(&[(plot.left, floor), (plot.right, floor)], AXIS, 1.0, 1.0, &[])?;
    }
    let middle = (plot.left + plot.right) / 2.0;
    canvas.text((middle, floor + 32.0), &panel.x_label, font(BODY, INK, HPos::Center, false))?;
    let size =
        if text_width(&panel.title, BODY, true) * 1.1 > plot.right - left { TICK } else { BODY };
    canvas.text((left, plot.top - 17.0), &panel.title, font(size, INK, HPos::Left, true))
}

/// Band and line.
fn curve<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let (color, dash, _) = look(c.series);
    let banded: Vec<(f64, (f64, f64))> =
        c.points.iter().filter_map(|p| Some((p.x, p.band?))).collect();
    if banded.len() > 1 {
        let edge = |(x, y): (f64, f64)| {
            let (x, y) = place(panel, plot, x, y);
            (x, y.clamp(plot.top, plot.bottom))
        };
        let lower = banded.iter().map(|(x, (low, _))| edge((*x, *low)));
        let upper = banded.iter().rev().map(|(x, (_, high))| edge((*x, *high)));
        canvas.polygon(&lower.chain(upper).collect::<Vec<_>>(), color, 0.16)?;
    } else if let [(x, (low, high))] = banded[..] {
        let (from, to) = (place(panel, plot, x, low), place(panel, plot, x, high));
        canvas.line(&[from, to], color, 0.5, 1.2, &[])?;
    }
    let mut points: Vec<Xy> = Vec::with_capacity(c.points.len());
    for p in &c.points {
        let at = place(panel, plot, p.x, p.y);
        if let (CurveKind::Steps, Some(before)) = (c.kind, points.last()) {
            points.push((at.0, before.1));
        }
        points.push(at);
    }
    let (alpha, width, dash): (f64, f64, &[f64]) = match c.kind {
        CurveKind::Faint => (0.4, 1.0, &[]),
        // Dashes of a noisy line look like noise.
        CurveKind::Plain => (1.0, 1.9, &[]),
        _ => (1.0, 2.0, dash),
    };
    for part in clip(&points, plot) {
        canvas.line(&part, color, alpha, width, dash)?;
    }
    Ok(())
}

/// Markers at points, at most about a dozen a curve.
fn markers<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let (color, _, marker) = look(c.series);
    let every = match c.kind {
        CurveKind::Faint => return Ok(()),
        CurveKind::Marked => c.points.len().div_ceil(12).max(1),
        CurveKind::Plain => c.points.len().div_ceil(6).max(1),
        CurveKind::Steps => usize::MAX,
    };
    let last = c.points.len().saturating_sub(1);
    for (i, p) in c.points.iter().enumerate() {
        let at = place(panel, plot, p.x, p.y);
        if !(last - i).is_multiple_of(every) || !inside(at, plot) {
            continue;
        }
        canvas.marker(at, marker, 3.6, color)?;
    }
    if let Some(p) = c.ringed.and_then(|i| c.points.get(i)) {
        canvas.ring(place(panel, plot, p.x, p.y), 7.5, INK, 1.3)?;
    }
    Ok(())
}

/// Crosses of what diverged, one row a label, between plot and axis.
fn strip<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    panel: &Panel,
    plot: Rect,
) -> Result<(), FigureError> {
    for (i, row) in panel.strip.iter().enumerate() {
        let y = plot.bottom + strip_gap(panel) / 2.0 + (i as f64 + 0.5) * STRIP_ROW;
        let color = look(row.series).0;
        let places: Vec<f64> =
            row.marks.iter().map(|(x, _)| place(panel, plot, *x, 0.0).0).collect();
        for (x, (_, text)) in places.iter().zip(&row.marks) {
            canvas.cross((*x, y), 4.2, color, 2.0)?;
            // The text stands left of a cross at the right border.
            let flip = x + 9.0 + text_width(text, TICK, false) > plot.right;
            let (dx, anchor) = if flip { (-9.0, HPos::Right) } else { (9.0, HPos::Left) };
            canvas.text((x + dx, y), text, font(TICK, MUTED, anchor, false))?;
        }
        strip_name(canvas, plot, y, row, &places)?;
    }
    Ok(())
}

/// The name of a strip's row, in the wider of its two free ends.
fn strip_name<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
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

/// Whether no line of the chart is dashed.
fn solid(chart: &Chart) -> bool {
    let mut curves = chart.panels.iter().flat_map(|p| &p.curves);
    curves.all(|c| matches!(c.kind, CurveKind::Plain | CurveKind::Faint))
}

/// A short piece of a label's line with its marker.
fn swatch<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    (x, y): Xy,
    series: usize,
    solid: bool,
) -> Result<(), FigureError> {
    let (color, dash, marker) = look(series);
    let dash = if solid { &[] } else { dash };
    canvas.line(&[(x, y), (x + SWATCH - 6.0, y)], color, 1.0, 2.0, dash)?;
    let size = if marker == Marker::Plus { 3.8 } else { 3.4 };
    canvas.marker((x + (SWATCH - 6.0) / 2.0, y), marker, size, color)
}

/// Labels right of the last panel, each as near to its line's end as the others let it.
fn end_labels<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    chart: &Chart,
    g: &Geometry,
) -> Result<(), FigureError> {
    let (Some(panel), Some(plot)) = (chart.panels.last(), g.plots.last().copied()) else {
        return Ok(());
    };
    let ends: Vec<Option<Xy>> = chart
        .entries
        .iter()
        .map(|e| panel.end(e.series).map(|p| place(panel, plot, p.x, p.y)))
        .map(|at| at.map(|(x, y)| (x, y.clamp(plot.top, plot.bottom))))
        .collect();
    // Lines that end far from the border would need long leaders; then the
    // labels stand in plan order from the top.
    let near = ends.iter().flatten().all(|e| plot.right - e.0 < 0.06 * (plot.right - plot.left));
    let mut order: Vec<usize> = (0..ends.len()).collect();
    // Labels without a line go to the bottom, in plan order.
    let wanted = |i: usize| match ends[i] {
        _ if !near => plot.top + 10.0,
        Some(end) => end.1,
        None => plot.bottom,
    };
    order.sort_by(|a, b| {
        ends[*a].is_none().cmp(&ends[*b].is_none()).then(wanted(*a).total_cmp(&wanted(*b)))
    });
    let wanted: Vec<f64> = order.iter().map(|i| wanted(*i)).collect();
    let x = plot.right + 20.0;
    for (i, y) in order.into_iter().zip(spread(&wanted, LINE, plot.top, plot.bottom)) {
        let entry = &chart.entries[i];
        if let (true, Some(end)) = (near, ends[i]) {
            canvas.line(
                &[(end.0 + 5.0, end.1), (x - 3.0, y)],
                look(entry.series).0,
                0.55,
                1.0,
                &[],
            )?;
        }
        swatch(canvas, (x, y), entry.series, solid(chart))?;
        let color = if ends[i].is_some() { INK } else { MUTED };
        let room = g.width - g.pad.min(8.0) - (x + SWATCH);
        canvas.text(
            (x + SWATCH, y),
            &fit(&entry_text(entry), BODY, room),
            font(BODY, color, HPos::Left, false),
        )?;
    }
    Ok(())
}

fn legend<DB: DrawingBackend>(
    canvas: &Canvas<'_, DB>,
    chart: &Chart,
    g: &Geometry,
) -> Result<(), FigureError> {
    for (r, row) in g.legend.iter().enumerate() {
        let y = g.legend_top + (r as f64 + 0.5) * (LINE + 1.0);
        for (i, x) in row {
            let entry = &chart.entries[*i];
            swatch(canvas, (g.pad + x, y), entry.series, solid(chart))?;
            let at = g.pad + x + SWATCH;
            let text = fit(&entry_text(entry), BODY, g.width - g.pad - at);
            canvas.text((at, y), &text, font(BODY, INK, HPos::Left, false))?;
        }
    }
    Ok(())
}

/// Positions near the `wanted` ones (ascending), at least `gap` apart, between
/// `low` and `high` where they fit: neighbours that are too close form a group
/// around their mean, and groups that touch merge.
fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    struct Group {
        start: usize,
        len: usize,
        center: f64,
    }
    let half = |len: usize| (len as f64 - 1.0) * gap / 2.0;
    let bounded = |center: f64, len: usize| center.min(high - half(len)).max(low + half(len));
    let mut groups: Vec<Group> = Vec::new();
    for (i, y) in wanted.iter().enumerate() {
        groups.push(Group { start: i, len: 1, center: bounded(*y, 1) });
        while let [.., a, b] = groups.as_slice() {
            if b.center - half(b.len) - a.center - half(a.len) >= gap - 1e-9 {
                break;
            }
            let (start, len) = (a.start, a.len + b.len);
            let mean = wanted[start..start + len].iter().sum::<f64>() / len as f64;
            groups.truncate(groups.len() - 2);
            groups.push(Group { start, len, center: bounded(mean, len) });
        }
    }
    groups
        .iter()
        .flat_map(|g| {
            (0..g.len).map(|i| g.center - half(g.len) + i as f64 * gap).collect::<Vec<_>>()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn labels_keep_their_distance() {
        assert_eq!(spread(&[10.0, 50.0], 16.0, 0.0, 100.0), [10.0, 50.0]);
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[99.0, 100.0], 10.0, 0.0, 100.0), [90.0, 100.0]);
        assert_eq!(spread(&[0.0, 1.0, 12.0], 10.0, 0.0, 100.0), [0.0, 10.0, 20.0]);
        let many: Vec<f64> = (0..12).map(|i| f64::from(i % 3)).collect();
        let placed = spread(&many, 17.0, 0.0, 300.0);
        assert!(placed.windows(2).all(|p| p[1] - p[0] > 16.9), "{placed:?}");
    }
}
