//! Draws [`Rows`].

use plotters::style::text_anchor::HPos;

use crate::axis::End;
use crate::canvas::{Canvas, FigureError, Rect, Stroke, Xy, fit, fit_apart, font, text_width};
use crate::draw::layout::Head;
use crate::draw::legend::{self, SWATCH};
use crate::draw::{Mark, frame};
use crate::rows::{Row, Rows};
use crate::style::{BODY, GRID, INK, Layout, MUTED, TICK, look};

/// Radius of a single value's dot, and the distance by which overlapping dots are moved up.
const DOT: f64 = 2.8;
const LANE: f64 = 5.6;
/// Number of lanes of dots for which every row has room, and the largest number that a row may
/// have: beyond that the number of dots is written above a pile.
const LANES: usize = 3;
const MOST_LANES: usize = 10;

/// Places of all parts of the figure.
struct Geometry {
    head: Head,
    height: f64,
    /// The area of the dots, all rows.
    plot: Rect,
    /// Upper edge of each row, and the middle of its dots and bar.
    rows: Vec<(f64, f64)>,
    /// Single values of each row.
    dots: Vec<Vec<Dot>>,
    wide: bool,
}

/// Place of a single value: x, lane from below, and the number of values in its pile if some of
/// those found no free lane.
#[derive(Clone, Copy)]
struct Dot {
    x: f64,
    lane: usize,
    pile: Option<usize>,
}

impl Geometry {
    fn of(rows: &Rows, layout: Layout) -> Geometry {
        let wide = layout == Layout::Wide;
        let head = Head::of(&rows.title, &rows.subtitle, layout);
        let widest = |text: &dyn Fn(&Row) -> f64| rows.rows.iter().map(text).fold(0.0, f64::max);
        let (mut left, mut right) = (head.pad + 8.0, head.width - head.pad - 8.0);
        if wide {
            let label = widest(&|r| text_width(&r.label, BODY, false));
            let value =
                widest(&|r| text_width(&r.text, BODY, true).max(text_width(&r.note, TICK, false)));
            left = head.pad + (label * 1.08 + SWATCH + 16.0).min(270.0);
            right = head.width - head.pad - (value * 1.08 + 18.0).min(300.0);
        }
        let dots: Vec<Vec<Dot>> = rows
            .rows
            .iter()
            .map(|row| swarm(row, |v| left + rows.x.unit(v) * (right - left)))
            .collect();
        let mut y = head.bottom;
        let mut places = Vec::new();
        for (row, dots) in rows.rows.iter().zip(&dots) {
            // Narrow rows have their texts above their dots.
            let text = match (wide, row.note.is_empty()) {
                (true, _) => 0.0,
                (false, true) => 20.0,
                (false, false) => 34.0,
            };
            let lanes = dots.iter().map(|d| d.lane + 1).max().unwrap_or(0);
            let counted = if dots.iter().any(|d| d.pile.is_some()) { 13.0 } else { 0.0 };
            let piled = lanes.saturating_sub(LANES) as f64 * LANE + counted;
            places.push((y, y + text + piled + 20.0));
            y += text + piled + 40.0;
        }
        let plot = Rect { left, top: head.bottom, right, bottom: y };
        let height = (y + 44.0 + head.pad - 6.0).ceil();
        Geometry { head, height, plot, rows: places, dots, wide }
    }
}

/// Returns width and height in logical pixels.
pub(crate) fn size(rows: &Rows, layout: Layout) -> (f64, f64) {
    let g = Geometry::of(rows, layout);
    (g.head.width, g.height)
}

/// Draws over the whole of a canvas of [`size`].
pub(crate) fn draw(
    rows: &Rows,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(rows, layout);
    g.head.draw(canvas)?;
    frame::horizontal(canvas, &rows.x, g.plot, &rows.x_label)?;
    for value in &rows.lines {
        let at = x(rows, &g, *value);
        let stroke = Stroke { color: MUTED, alpha: 1.0, width: 1.2, dash: &[5.0, 4.0] };
        if g.wide {
            canvas.line(&[(at, g.plot.top), (at, g.plot.bottom)], stroke)?;
            continue;
        }
        // Narrow rows have their texts above their dots.
        for (_, middle) in &g.rows {
            canvas.line(&[(at, middle - 16.0), (at, middle + 18.0)], stroke)?;
        }
    }
    let (from, to) = (g.head.pad, g.head.width - g.head.pad);
    for (i, row) in rows.rows.iter().enumerate() {
        let (top, _) = g.rows[i];
        if i > 0 {
            canvas.rule((from, top), (to, top), GRID, 1.0)?;
        }
        canvas.group(row.series);
        canvas.frame(Some(g.plot));
        spread(canvas, rows, &g, i)?;
        canvas.frame(None);
        texts(canvas, rows, &g, i)?;
        canvas.group(None);
    }
    Ok(())
}

/// Returns the only frame.
pub(crate) fn frames(rows: &Rows, layout: Layout) -> Vec<Rect> {
    vec![Geometry::of(rows, layout).plot]
}

fn x(rows: &Rows, g: &Geometry, value: f64) -> f64 {
    g.plot.left + rows.x.unit(value) * (g.plot.right - g.plot.left)
}

/// Draws dots above, interval and mean below, and a cross for what diverged.
fn spread(canvas: &mut Canvas<'_>, rows: &Rows, g: &Geometry, i: usize) -> Result<(), FigureError> {
    let (row, middle) = (&rows.rows[i], g.rows[i].1);
    let (color, _, marker) = look(row.series);
    let mut told: Vec<f64> = Vec::new();
    for (dot, (value, _)) in g.dots[i].iter().zip(&row.dots) {
        let at = (dot.x, up(middle, dot.lane));
        if value.is_infinite() {
            canvas.cross(at, DOT, color, 1.6)?;
        } else {
            canvas.disc(at, DOT, color, 0.6)?;
        }
        let (Some(n), true) = (dot.pile, dot.lane + 1 == MOST_LANES) else { continue };
        let text = format!("\u{d7}{n}");
        let half = text_width(&text, TICK, false) / 2.0;
        let x = dot.x.clamp(g.plot.left + half, g.plot.right - half);
        if told.iter().all(|other| (other - x).abs() > 2.0 * half + 2.0) {
            let at = (x, up(middle, MOST_LANES) - 4.0);
            canvas.text(at, &text, font(TICK, MUTED, HPos::Center, false))?;
            told.push(x);
        }
    }
    let y = middle + 9.0;
    if let Some((low, high)) = row.interval {
        let bar = Stroke { color, alpha: 1.0, width: 2.2, dash: &[] };
        let at = |v: f64| g.plot.left + rows.x.through(v) * (g.plot.right - g.plot.left);
        canvas.line(&[(at(low), y), (at(high), y)], bar)?;
        for end in [low, high] {
            let x = at(end);
            // An arrow replaces an end that is outside.
            let cap = match rows.x.cut(end) {
                None => vec![(x, y - 4.0), (x, y + 4.0)],
                Some(End::Low) => vec![(x + 5.0, y - 4.0), (x, y), (x + 5.0, y + 4.0)],
                Some(End::High) => vec![(x - 5.0, y - 4.0), (x, y), (x - 5.0, y + 4.0)],
            };
            canvas.line(&cap, bar)?;
        }
    }
    match row.mean {
        Some(mean) => canvas.marker((x(rows, g, mean), y), marker, 4.4, color),
        None => Ok(()),
    }
}

/// Returns the y of a lane's dots.
fn up(middle: f64, lane: usize) -> f64 {
    middle - 1.5 - lane as f64 * LANE
}

/// Returns the places of the single values, in their order: those that would touch another one are
/// moved up a lane, in a reproducible order.
fn swarm(row: &Row, x: impl Fn(f64) -> f64) -> Vec<Dot> {
    let mut order: Vec<usize> = (0..row.dots.len()).collect();
    order.sort_by(|a, b| row.dots[*a].0.total_cmp(&row.dots[*b].0).then(a.cmp(b)));
    let mut ends = [f64::NEG_INFINITY; MOST_LANES];
    let mut places = vec![Dot { x: 0.0, lane: 0, pile: None }; row.dots.len()];
    let mut crowded: Vec<f64> = Vec::new();
    for i in order {
        let at = x(row.dots[i].0);
        let free = ends.iter().position(|end| at - end >= 2.0 * DOT);
        // If all lanes are taken, use the one whose last dot is furthest away.
        let lane = free.unwrap_or_else(|| {
            crowded.push(at);
            (0..MOST_LANES).min_by(|a, b| ends[*a].total_cmp(&ends[*b])).unwrap_or(0)
        });
        ends[lane] = at;
        places[i] = Dot { x: at, lane, pile: None };
    }
    // A pile consists of all dots that touch those without a free lane.
    let near = |a: f64, b: f64| (a - b).abs() < 2.0 * DOT;
    let piles: Vec<Option<usize>> = places
        .iter()
        .map(|dot| {
            let full = crowded.iter().any(|at| near(*at, dot.x));
            full.then(|| places.iter().filter(|other| near(other.x, dot.x)).count())
        })
        .collect();
    places.iter_mut().zip(piles).for_each(|(dot, pile)| dot.pile = pile);
    places
}

fn texts(canvas: &mut Canvas<'_>, rows: &Rows, g: &Geometry, i: usize) -> Result<(), FigureError> {
    let (row, (top, middle)) = (&rows.rows[i], g.rows[i]);
    let (left, right) = (g.head.pad, g.head.width - g.head.pad);
    let value = if g.wide { g.plot.right + 16.0 } else { right };
    let y = if g.wide { middle } else { top + 12.0 };
    legend::swatch(canvas, (left, y), row.series)?;
    let bold = font(BODY, INK, if g.wide { HPos::Left } else { HPos::Right }, true);
    let small = |anchor| font(TICK, MUTED, anchor, false);
    let text = fit(&row.text, BODY, if g.wide { right - value + 8.0 } else { 190.0 });
    let room = if g.wide {
        g.plot.left - left - SWATCH - 8.0
    } else {
        right - text_width(&text, BODY, true) * 1.08 - 8.0 - left - SWATCH
    };
    let others = rows.rows.iter().map(|r| r.label.as_str());
    let label = fit_apart(&row.label, others, BODY, room);
    canvas.text((left + SWATCH, y), &label, font(BODY, INK, HPos::Left, false))?;
    if !g.wide {
        canvas.text((value, y), &text, bold)?;
        let at = (left + SWATCH, top + 27.0);
        return canvas.text(at, &fit(&row.note, TICK, right - at.0), small(HPos::Left));
    }
    let off = if row.note.is_empty() { 0.0 } else { 8.0 };
    canvas.text((value, middle - off), &text, bold)?;
    let note = fit(&row.note, TICK, right - value + 8.0);
    canvas.text((value, middle + off), &note, small(HPos::Left))
}

/// Returns marks for the mean of each row with its interval, then for its single values.
pub(crate) fn marks(rows: &Rows, layout: Layout) -> Vec<Mark> {
    let g = Geometry::of(rows, layout);
    let mut marks = Vec::new();
    for ((row, (_, middle)), placed) in rows.rows.iter().zip(&g.rows).zip(&g.dots) {
        let mut put = |at: Xy, text: String| {
            let text = format!("{} \u{b7} {text}", row.label);
            marks.push(Mark { series: Some(row.series), at, text });
        };
        let text = |v: f64| rows.x.text(v);
        if let Some(mean) = row.mean {
            let ends = row.interval.map(|(a, b)| format!(" ({} to {})", text(a), text(b)));
            let said = format!("{}: {}{}", rows.average(), text(mean), ends.unwrap_or_default());
            put((x(rows, &g, mean), middle + 9.0), said);
        }
        for (dot, (value, name)) in placed.iter().zip(&row.dots) {
            put((dot.x, up(*middle, dot.lane)), format!("{name}: {}", text(*value)));
        }
    }
    marks
}
