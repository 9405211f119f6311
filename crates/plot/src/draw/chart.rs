//! Draws a [`Chart`].

use plotters::style::text_anchor::HPos;

use crate::axis::End;
use crate::canvas::{Canvas, FigureError, Rect, Stroke, Xy, fit, font, text_width};
use crate::chart::{Chart, Curve, CurveKind, Panel, Point, StripRow};
use crate::draw::geometry::Geometry;
use crate::draw::layout::{RING, STRIP_ROW, floor, place, strip_gap, up};
use crate::draw::{Mark, frame, labels, thinned};
use crate::style::{INK, Layout, MUTED, TICK, look};

/// Radius of the dot of a single value, and the largest number of equal ones side by side.
const DOT: f64 = 2.3;
const COLUMNS: usize = 12;
/// Distance between markers side by side.
const MARKER: f64 = 9.0;
/// Half the width of a cross for what diverged.
const CROSS: f64 = 4.2;
/// Dashes of the line along the frame where a band is cut.
const CUT: [f64; 2] = [2.0, 2.5];

/// Returns width and height in logical pixels.
pub(crate) fn size(chart: &Chart, layout: Layout) -> (f64, f64) {
    let geometry = Geometry::of(chart, layout);
    (geometry.head.width, geometry.height)
}

/// Draws over the whole of a canvas of [`size`].
pub(crate) fn draw(
    chart: &Chart,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(chart, layout);
    g.head.draw(canvas)?;
    for ((panel, plot), left) in chart.panels.iter().zip(&g.plots).zip(&g.lefts) {
        frame::panel(canvas, panel, *plot, *left)?;
        canvas.frame(Some(whole(panel, *plot)));
        for faint in [true, false] {
            for c in panel.curves.iter().filter(|c| (c.kind == CurveKind::Faint) == faint) {
                canvas.group(c.series);
                spread(canvas, panel, *plot, c)?;
                line(canvas, panel, *plot, c)?;
            }
        }
        for (dot, at) in panel.dots.iter().zip(dots(panel, *plot)) {
            canvas.group(dot.series);
            match dot.y.is_infinite() {
                true => canvas.cross(at, 3.6, look(dot.series).0, 1.8)?,
                false => canvas.disc(at, DOT, look(dot.series).0, 0.45)?,
            }
        }
        // Ringed points are drawn last, so that no other marker covers them.
        for c in &panel.curves {
            canvas.group(c.series);
            markers(canvas, panel, *plot, c)?;
        }
        for c in &panel.curves {
            let Some(p) = c.ringed.and_then(|i| c.points.get(i)) else { continue };
            let at = spot(panel, *plot, c, p);
            let (color, _, marker) = look(c.series);
            canvas.group(c.series);
            canvas.marker(at, marker, 3.6, color)?;
            canvas.ring(at, RING, INK, 1.3)?;
        }
        strip(canvas, panel, *plot)?;
        canvas.group(None);
        canvas.frame(None);
    }
    match layout {
        Layout::Wide => labels::at_ends(canvas, chart, &g),
        Layout::Narrow => labels::on_top(canvas, chart, &g),
    }
}

/// Returns the place of a point's marker. Markers that would cover each other in a lane are side by
/// side.
fn spot(panel: &Panel, plot: Rect, c: &Curve, p: &Point) -> Xy {
    let (x, y) = place(panel, plot, p.x, p.y);
    let here = |q: &Point| q.x == p.x && q.y == p.y;
    let alike = panel.curves.iter().filter(|o| p.y.is_infinite() && o.points.iter().any(here));
    let alike: Vec<&Curve> = alike.collect();
    let own = alike.iter().position(|o| o.series == c.series);
    let Some(own) = own.filter(|_| alike.len() > 1) else { return (x, y) };
    let ringed = |o: &&Curve| o.ringed.and_then(|i| o.points.get(i)).is_some_and(here);
    let room = if alike.iter().any(ringed) { RING + 1.0 } else { MARKER / 2.0 };
    let most = 0.25 * (plot.right - plot.left);
    let gap = f64::min(2.0 * room, most / alike.len() as f64);
    let half = gap * (alike.len() - 1) as f64 / 2.0;
    let middle = x.clamp(plot.left + half + room, plot.right - half - room);
    (middle - half + own as f64 * gap, y)
}

/// Returns a plot's area with its rows of crosses.
fn whole(panel: &Panel, plot: Rect) -> Rect {
    Rect { bottom: floor(panel, plot), ..plot }
}

/// Returns the frames of the panels.
pub(crate) fn frames(chart: &Chart, layout: Layout) -> Vec<Rect> {
    let g = Geometry::of(chart, layout);
    chart.panels.iter().zip(g.plots).map(|(panel, plot)| whole(panel, plot)).collect()
}

/// Returns the places of single values. Those at one position that would cover each other are side
/// by side, in a reproducible order.
fn dots(panel: &Panel, plot: Rect) -> Vec<Xy> {
    let mut order: Vec<usize> = (0..panel.dots.len()).collect();
    let key = |i: usize| &panel.dots[i];
    order.sort_by(|&a, &b| {
        let (p, q) = (key(a), key(b));
        p.series.cmp(&q.series).then(p.x.total_cmp(&q.x)).then(p.y.total_cmp(&q.y)).then(a.cmp(&b))
    });
    let mut places = vec![(0.0, 0.0); panel.dots.len()];
    // Last dot of each column: the middle one, right and left of it, and so on.
    let mut columns: Vec<f64> = Vec::new();
    let mut before: Option<usize> = None;
    for i in order {
        let dot = key(i);
        if before.is_none_or(|b| key(b).series != dot.series || key(b).x != dot.x) {
            columns.clear();
        }
        before = Some(i);
        let (x, y) = place(panel, plot, dot.x, dot.y);
        let free = columns.iter().position(|last| (last - y).abs() >= 2.0 * DOT);
        let column = free.unwrap_or(columns.len()) % COLUMNS;
        match columns.get_mut(column) {
            Some(last) => *last = y,
            None => columns.push(y),
        }
        let side = if column.is_multiple_of(2) { -1.0 } else { 1.0 };
        let away = side * column.div_ceil(2) as f64 * 2.0 * DOT;
        places[i] = ((x + away).clamp(plot.left, plot.right), y);
    }
    places
}

/// Draws the spread of the points, as a band or as a bar at each, and marks where it is cut at the
/// frame.
fn spread(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let color = look(c.series).0;
    let edge = |x: f64, y: f64| (place(panel, plot, x, y).0, up(panel, plot, panel.y.through(y)));
    let banded: Vec<(f64, (f64, f64))> =
        c.points.iter().filter_map(|p| Some((p.x, p.band?))).collect();
    if matches!(c.kind, CurveKind::Barred | CurveKind::Loose) || banded.len() == 1 {
        let bar = Stroke { color, alpha: 0.75, width: 1.4, dash: &[] };
        for (x, (low, high)) in banded {
            canvas.line(&[edge(x, low), edge(x, high)], bar)?;
            for end in [low, high] {
                let (x, y) = edge(x, end);
                // An arrow replaces an end that is outside.
                let cap = match panel.y.cut(end) {
                    None => vec![(x - 4.0, y), (x + 4.0, y)],
                    Some(End::Low) => vec![(x - 4.0, y - 5.0), (x, y), (x + 4.0, y - 5.0)],
                    Some(End::High) => vec![(x - 4.0, y + 5.0), (x, y), (x + 4.0, y + 5.0)],
                };
                canvas.line(&cap, bar)?;
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
    canvas.polygon(&around, color, 0.16)?;
    let cut = Stroke { color, alpha: 0.8, width: 1.6, dash: &CUT };
    let ends: [Vec<(f64, f64)>; 2] = [
        banded.iter().map(|(x, (low, _))| (*x, *low)).collect(),
        banded.iter().map(|(x, (_, high))| (*x, *high)).collect(),
    ];
    for ends in ends {
        for part in ends.chunk_by(|a, b| panel.y.cut(a.1) == panel.y.cut(b.1)) {
            let line: Vec<Xy> = part.iter().map(|(x, y)| edge(*x, *y)).collect();
            match line.as_slice() {
                _ if panel.y.cut(part[0].1).is_none() => {}
                [(x, y)] => {
                    let (from, to) = ((x - 4.0).max(plot.left), (x + 4.0).min(plot.right));
                    canvas.line(&[(from, *y), (to, *y)], cut)?;
                }
                line => canvas.line(line, cut)?,
            }
        }
    }
    Ok(())
}

/// Returns the corners of a line through points; for steps, with one more between two points.
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
    if c.kind == CurveKind::Loose {
        return Ok(());
    }
    let (alpha, width) = match c.kind {
        CurveKind::Faint => (0.4, 1.0),
        CurveKind::Plain => (1.0, 1.9),
        _ => (1.0, 2.0),
    };
    // No line leads to an infinite value.
    for part in c.points.split(|p| p.y.is_infinite()) {
        let points = outline(c.kind, part.iter().map(|p| place(panel, plot, p.x, p.y)));
        canvas.line(&points, Stroke { color, alpha, width, dash })?;
    }
    Ok(())
}

/// Draws markers, at about a dozen points of a curve at most.
fn markers(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    plot: Rect,
    c: &Curve,
) -> Result<(), FigureError> {
    let (color, _, marker) = look(c.series);
    let every = match c.kind {
        CurveKind::Faint | CurveKind::Bare => return Ok(()),
        CurveKind::Marked => c.points.len().div_ceil(12).max(1),
        CurveKind::Barred | CurveKind::Loose => 1,
        CurveKind::Plain => c.points.len().div_ceil(6).max(1),
        CurveKind::Steps | CurveKind::Sloped => usize::MAX,
    };
    let last = c.points.len().saturating_sub(1);
    for (i, p) in c.points.iter().enumerate() {
        let marked = (last - i).is_multiple_of(every) || p.y.is_infinite();
        if marked && c.ringed != Some(i) {
            canvas.marker(spot(panel, plot, c, p), marker, 3.6, color)?;
        }
    }
    Ok(())
}

/// Draws crosses for what diverged, one row for each label, between plot and axis.
fn strip(canvas: &mut Canvas<'_>, panel: &Panel, plot: Rect) -> Result<(), FigureError> {
    for (i, row) in panel.strip.iter().enumerate() {
        let y = strip_y(panel, plot, i);
        let color = look(row.series).0;
        canvas.group(row.series);
        let mut taken: Vec<(f64, f64)> = row
            .marks
            .iter()
            .map(|(x, _)| place(panel, plot, *x, 0.0).0)
            .map(|x| (x - CROSS, x + CROSS))
            .collect();
        for (nth, (_, text)) in row.marks.iter().enumerate() {
            let x = (taken[nth].0 + taken[nth].1) / 2.0;
            canvas.cross((x, y), CROSS, color, 2.0)?;
            let Some((from, to)) = beside(plot, &taken, x, text_width(text, TICK, false)) else {
                continue;
            };
            canvas.text((from, y), text, font(TICK, MUTED, HPos::Left, false))?;
            taken.push((from, to));
        }
        strip_name(canvas, plot, y, row, &taken)?;
    }
    Ok(())
}

/// Returns the place, as left and right end, for the count of a cross at `x`: right of it, else
/// left of it, clear of all that is `taken`. Crosses side by side may leave no room; the count is
/// then shown on hover, as the caption states.
fn beside(plot: Rect, taken: &[(f64, f64)], x: f64, width: f64) -> Option<(f64, f64)> {
    let width = width * 1.04;
    let places = [x + 2.0 * CROSS, x - 2.0 * CROSS - width].map(|from| (from, from + width));
    let inside = |(from, to): &(f64, f64)| *from >= plot.left && *to <= plot.right + 2.0;
    let clear = |(from, to): &(f64, f64)| taken.iter().all(|t| t.0 - to > 2.0 || from - t.1 > 2.0);
    places.into_iter().find(|place| inside(place) && clear(place))
}

fn strip_y(panel: &Panel, plot: Rect, row: usize) -> f64 {
    plot.bottom + strip_gap(panel) / 2.0 + (row as f64 + 0.5) * STRIP_ROW
}

/// Draws the name of a strip's row, in the wider of its two free ends.
fn strip_name(
    canvas: &mut Canvas<'_>,
    plot: Rect,
    y: f64,
    row: &StripRow,
    taken: &[(f64, f64)],
) -> Result<(), FigureError> {
    let first = taken.iter().map(|t| t.0).fold(f64::INFINITY, f64::min) - 8.0;
    let last = taken.iter().map(|t| t.1).fold(f64::NEG_INFINITY, f64::max) + 8.0;
    let text = format!("{} diverged", row.label);
    let on_left = first - plot.left >= plot.right - last;
    let room = if on_left { first - plot.left } else { plot.right - last };
    let (x, anchor) =
        if on_left { (plot.left + 4.0, HPos::Left) } else { (plot.right - 2.0, HPos::Right) };
    canvas.text((x, y), &fit(&text, TICK, room.max(0.0)), font(TICK, MUTED, anchor, false))
}

/// Returns marks for the points of the main curves, single seeds and crosses.
pub(crate) fn marks(chart: &Chart, layout: Layout) -> Vec<Mark> {
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
            // Single windows of a noisy line are not informative.
            let most = if c.kind == CurveKind::Plain { 60 } else { 120 };
            for p in thinned(c.points.len(), most).map(|i| &c.points[i]) {
                put(c.series, spot(panel, *plot, c, p), point(panel, c.kind, p));
            }
        }
        for (dot, at) in panel.dots.iter().zip(dots(panel, *plot)) {
            let (x, y) = (panel.x.position(dot.x), panel.y.text(dot.y));
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
        // A value that holds between two steps was set, not measured.
        CurveKind::Steps | CurveKind::Sloped if v.is_finite() => panel.y.position(v),
        _ => panel.y.text(v),
    };
    let band = p.band.map(|(low, high)| format!(" ({} to {})", value(low), value(high)));
    format!("{}: {}{}", panel.x.position(p.x), value(p.y), band.unwrap_or_default())
}
