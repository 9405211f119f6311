//! Draws a [`Trend`].

use plotters::style::RGBColor;
use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, FigureError, Rect, Stroke, Xy, fit, font, text_width, wrap};
use crate::draw::layout::{Head, rows_of_ticks};
use crate::draw::{Mark, frame, thinned};
use crate::style::{AXIS, BODY, GRID, INK, LINE, Layout, MUTED, Marker, PALETTE, PAPER, TICK};
use crate::trend::{StepMark, Trend, TrendPanel};

/// Height of a panel's plot.
const PLOT: f64 = 132.0;
/// Height of the room above a plot, for its title.
const ABOVE: f64 = 30.0;
/// Distance between panels side by side.
const GAP: f64 = 24.0;
/// Distance between lines below a tick.
const TICK_LINE: f64 = 14.0;
/// Largest number of breaks of the history that are explained below the panels.
const EXPLAINED: usize = 8;
/// Largest number of nights for which each has its dot.
const DOTTED: usize = 48;
/// Height of the texts inside a plot, at its top.
const NOTES: f64 = 15.0;

const MEAN: RGBColor = PALETTE[0];

fn tone(step: &StepMark) -> RGBColor {
    if step.worse { PALETTE[1] } else { PALETTE[2] }
}

/// Places of all parts of the figure.
struct Geometry {
    head: Head,
    height: f64,
    plots: Vec<Rect>,
    /// Left ends of the panels' titles.
    lefts: Vec<f64>,
    /// Explanations of the breaks.
    notes: Vec<String>,
    notes_top: f64,
}

impl Geometry {
    fn of(trend: &Trend, layout: Layout) -> Geometry {
        let head = Head::of(&trend.title, &trend.subtitle, layout);
        let columns = match (layout, trend.panels.len()) {
            (Layout::Narrow, _) | (_, 0 | 1) => 1,
            (_, 2 | 4) => 2,
            _ => 3,
        };
        let column = (head.room() - GAP * (columns as f64 - 1.0)) / columns as f64;
        let lines = trend.labels.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let below = 10.0 + TICK_LINE * lines as f64 + 10.0;
        let (mut plots, mut lefts) = (Vec::new(), Vec::new());
        let mut bottom = head.bottom;
        for (i, panel) in trend.panels.iter().enumerate() {
            let left = head.pad + (i % columns) as f64 * (column + GAP);
            let top = head.bottom + (i / columns) as f64 * (ABOVE + PLOT + below) + ABOVE;
            let labels = panel.y.ticks(rows_of_ticks(PLOT));
            let ticks = labels.iter().map(|(_, t)| text_width(t, TICK, false)).fold(0.0, f64::max);
            let right = left + column - 4.0;
            let rect = Rect { left: left + ticks + 10.0, top, right, bottom: top + PLOT };
            bottom = rect.bottom + below;
            plots.push(rect);
            lefts.push(left);
        }
        let notes = notes(trend, head.room());
        let height = (bottom + notes.len() as f64 * LINE + 8.0).ceil();
        Geometry { head, height, plots, lefts, notes, notes_top: bottom }
    }
}

/// Returns the numbered breaks, in lines no wider than `room`.
fn notes(trend: &Trend, room: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for (i, (_, why)) in trend.breaks.iter().enumerate().take(EXPLAINED) {
        let text = format!("{} {why}", i + 1);
        let wrapped = wrap(&text, TICK, false, room / 1.08);
        lines.extend(wrapped.iter().map(|line| fit(line, TICK, room)));
    }
    if trend.breaks.len() > EXPLAINED {
        lines.push(format!("and {} more", trend.breaks.len() - EXPLAINED));
    }
    lines
}

/// Returns width and height in logical pixels.
pub(crate) fn size(trend: &Trend, layout: Layout) -> (f64, f64) {
    let g = Geometry::of(trend, layout);
    (g.head.width, g.height)
}

/// Draws over the whole of a canvas of [`size`].
pub(crate) fn draw(
    trend: &Trend,
    layout: Layout,
    canvas: &mut Canvas<'_>,
) -> Result<(), FigureError> {
    let g = Geometry::of(trend, layout);
    g.head.draw(canvas)?;
    for ((panel, plot), left) in trend.panels.iter().zip(&g.plots).zip(&g.lefts) {
        title(canvas, panel, *plot, *left)?;
        axes(canvas, trend, panel, *plot)?;
        let taken = breaks(canvas, trend, *plot)?;
        canvas.frame(Some(*plot));
        values(canvas, trend, panel, *plot)?;
        steps(canvas, trend, panel, *plot, taken)?;
        canvas.frame(None);
    }
    for (i, line) in g.notes.iter().enumerate() {
        let y = g.notes_top + (i as f64 + 0.5) * LINE;
        canvas.text((g.head.pad, y), line, font(TICK, MUTED, HPos::Left, false))?;
    }
    Ok(())
}

/// Returns the frames of the panels.
pub(crate) fn frames(trend: &Trend, layout: Layout) -> Vec<Rect> {
    Geometry::of(trend, layout).plots
}

/// Returns the x of a point; a single one is in the middle.
fn across(trend: &Trend, plot: Rect, point: f64) -> f64 {
    let last = trend.labels.len().saturating_sub(1);
    // Room at both ends, so that the first and the last are not cut in half.
    let room = (0.5 * (plot.right - plot.left) / (last + 1) as f64).min(9.0);
    match last {
        0 => (plot.left + plot.right) / 2.0,
        _ => plot.left + room + point / last as f64 * (plot.right - plot.left - 2.0 * room),
    }
}

/// Returns the y of a position on the axis; the top of a plot is reserved for texts.
fn up(plot: Rect, unit: f64) -> f64 {
    plot.bottom - unit * (plot.bottom - plot.top - NOTES)
}

/// Draws the name of the metric, and the baseline's line with its value.
fn title(
    canvas: &mut Canvas<'_>,
    panel: &TrendPanel,
    plot: Rect,
    left: f64,
) -> Result<(), FigureError> {
    let y = plot.top - 14.0;
    let mut room = plot.right - left;
    if let Some((_, text)) = &panel.baseline {
        let text = fit(text, TICK, room * 0.5);
        let width = text_width(&text, TICK, false) * 1.08;
        canvas.text((plot.right, y), &text, font(TICK, MUTED, HPos::Right, false))?;
        let dash = [(plot.right - width - 26.0, y), (plot.right - width - 6.0, y)];
        canvas.line(&dash, baseline())?;
        room -= width + 34.0;
    }
    // Bold is wider than what `fit` measures.
    room /= 1.06;
    let size = if text_width(&panel.title, BODY, true) > room { TICK } else { BODY };
    canvas.text((left, y), &fit(&panel.title, size, room), font(size, INK, HPos::Left, true))
}

fn baseline() -> Stroke {
    Stroke { color: MUTED, alpha: 1.0, width: 1.3, dash: &[5.0, 4.0] }
}

fn axes(
    canvas: &mut Canvas<'_>,
    trend: &Trend,
    panel: &TrendPanel,
    plot: Rect,
) -> Result<(), FigureError> {
    for at in frame::borders(&panel.y) {
        let y = up(plot, at);
        canvas.line(&[(plot.left, y), (plot.right, y)], frame::border())?;
    }
    for (at, text) in panel.y.ticks(rows_of_ticks(PLOT)) {
        let y = up(plot, at);
        canvas.rule((plot.left, y), (plot.right, y), GRID, 1.0)?;
        canvas.text((plot.left - 7.0, y), &text, font(TICK, MUTED, HPos::Right, false))?;
    }
    for (point, x, anchor) in ticks(trend, plot) {
        let at = across(trend, plot, point as f64);
        canvas.rule((at, plot.bottom), (at, plot.bottom + 4.0), AXIS, 1.0)?;
        for (i, line) in trend.labels[point].iter().enumerate() {
            let y = plot.bottom + 13.0 + i as f64 * TICK_LINE;
            canvas.text((x, y), line, font(TICK, MUTED, anchor, false))?;
        }
    }
    canvas.rule((plot.left, plot.bottom), (plot.right, plot.bottom), AXIS, 1.0)
}

/// Returns nights that get a label, each with the label's x: as many as there is room for, evenly
/// from the first to the last.
fn ticks(trend: &Trend, plot: Rect) -> Vec<(usize, f64, HPos)> {
    let Some(last) = trend.labels.len().checked_sub(1) else { return Vec::new() };
    let width = |point: usize| {
        let lines = trend.labels[point].iter();
        lines.map(|line| text_width(line, TICK, false)).fold(0.0, f64::max) * 1.04
    };
    let widest = (0..=last).map(width).fold(1.0, f64::max);
    let most = ((plot.right - plot.left) / (widest + 16.0)) as usize;
    let gaps = most.clamp(1, last + 1) - 1;
    let mut out = Vec::new();
    let mut free = f64::INFINITY;
    for i in (0..=gaps).rev() {
        let point = (i * last + gaps / 2).checked_div(gaps).unwrap_or(last);
        let (x, w) = (across(trend, plot, point as f64), width(point));
        // Labels at the ends stay inside the panel.
        let (low, high) = (plot.left - 6.0, plot.right + 4.0);
        let left = (x - w / 2.0).min(high - w).max(low);
        if w <= high - low && left + w + 8.0 <= free {
            out.push((point, left, HPos::Left));
            free = left;
        }
    }
    out
}

/// Draws a line where the history starts anew, with its number to the left if there is room.
/// Returns the room that the numbers take.
fn breaks(
    canvas: &mut Canvas<'_>,
    trend: &Trend,
    plot: Rect,
) -> Result<Vec<(f64, f64)>, FigureError> {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for (i, (point, _)) in trend.breaks.iter().enumerate() {
        let x = across(trend, plot, (*point as f64 - 0.5).max(0.0));
        canvas.rule((x, plot.top), (x, plot.bottom), AXIS, 1.4)?;
        if i < EXPLAINED && taken.last().is_none_or(|(_, end)| x - 12.0 > *end) {
            let text = (i + 1).to_string();
            canvas.text((x - 4.0, plot.top + 7.0), &text, font(TICK, MUTED, HPos::Right, false))?;
            taken.push((x - 12.0, x + 1.0));
        }
    }
    Ok(taken)
}

/// Draws band, baseline, mean and levels; nothing is joined across a break.
fn values(
    canvas: &mut Canvas<'_>,
    trend: &Trend,
    panel: &TrendPanel,
    plot: Rect,
) -> Result<(), FigureError> {
    let at = |x: f64, y: f64| -> Xy { (across(trend, plot, x), up(plot, panel.y.unit(y))) };
    let edge = |x: f64, y: f64| -> Xy { (across(trend, plot, x), up(plot, panel.y.through(y))) };
    let segment = |x: f64| trend.breaks.iter().filter(|(from, _)| *from as f64 <= x).count();
    let parts = panel.points.chunk_by(|a, b| segment(a.x) == segment(b.x));
    for part in parts.clone() {
        let ends = part.iter().filter_map(|p| Some((p.x, p.band?)));
        let lower: Vec<Xy> = ends.clone().map(|(x, (low, _))| edge(x, low)).collect();
        let upper: Vec<Xy> = ends.map(|(x, (_, high))| edge(x, high)).collect();
        match (lower.as_slice(), upper.as_slice()) {
            ([low], [high]) => {
                let bar = Stroke { color: MEAN, alpha: 0.4, width: 2.0, dash: &[] };
                canvas.line(&[*low, *high], bar)?;
            }
            ([], _) | (_, []) => {}
            _ => {
                let around: Vec<Xy> = lower.into_iter().chain(upper.into_iter().rev()).collect();
                canvas.polygon(&around, MEAN, 0.18)?;
            }
        }
    }
    if let Some((value, _)) = panel.baseline {
        let y = up(plot, panel.y.unit(value));
        canvas.line(&[(plot.left, y), (plot.right, y)], baseline())?;
    }
    let dots = trend.labels.len() <= DOTTED;
    for part in parts {
        let line: Vec<Xy> = part.iter().map(|p| at(p.x, p.y)).collect();
        let width = if dots { 1.5 } else { 1.2 };
        canvas.line(&line, Stroke { color: MEAN, alpha: 1.0, width, dash: &[] })?;
        for spot in line.iter().filter(|_| dots || line.len() == 1) {
            canvas.disc(*spot, 2.2, MEAN, 1.0)?;
        }
    }
    for level in &panel.levels {
        let ends =
            [at(level.span.0 as f64, level.values.0), at(level.span.1 as f64, level.values.1)];
        canvas.line(&ends, Stroke { color: INK, alpha: 1.0, width: 2.4, dash: &[] })?;
    }
    Ok(())
}

/// Draws the first points of new levels, each with its commit if there is room.
fn steps(
    canvas: &mut Canvas<'_>,
    trend: &Trend,
    panel: &TrendPanel,
    plot: Rect,
    mut taken: Vec<(f64, f64)>,
) -> Result<(), FigureError> {
    // Alarms have the first choice of room.
    let mut order: Vec<&StepMark> = panel.steps.iter().collect();
    order.sort_by_key(|s| (!s.alarm, std::cmp::Reverse(s.at)));
    for step in order {
        let x = across(trend, plot, step.at as f64);
        let y = up(plot, panel.y.unit(step.value));
        let color = tone(step);
        let stroke = Stroke { color, alpha: 1.0, width: 1.2, dash: &[3.0, 2.5] };
        canvas.line(&[(x, plot.top + NOTES), (x, plot.bottom)], stroke)?;
        canvas.marker((x, y), Marker::Diamond, 4.6, color)?;
        if !step.alarm {
            canvas.disc((x, y), 2.0, PAPER, 1.0)?;
        }
        let width = text_width(&step.text, TICK, step.alarm) * 1.04;
        let left = (x - width / 2.0).min(plot.right - width).max(plot.left + 2.0);
        let free = |(from, to): &(f64, f64)| left + width + 6.0 < *from || left > to + 6.0;
        if width <= plot.right - plot.left && taken.iter().all(free) {
            let at = (left, plot.top + 7.0);
            canvas.text(at, &step.text, font(TICK, INK, HPos::Left, step.alarm))?;
            taken.push((left, left + width));
        }
    }
    Ok(())
}

/// Returns marks for the points of each panel, and for the first points of new levels.
pub(crate) fn marks(trend: &Trend, layout: Layout) -> Vec<Mark> {
    let g = Geometry::of(trend, layout);
    let mut marks = Vec::new();
    // Arrow keys treat each panel as one curve; no panel belongs to a label.
    for (panel, plot) in trend.panels.iter().zip(&g.plots) {
        let who =
            |point: usize| trend.labels.get(point).map(|lines| lines.join(" ")).unwrap_or_default();
        let spot =
            |point: f64, value: f64| (across(trend, *plot, point), up(*plot, panel.y.unit(value)));
        for p in thinned(panel.points.len(), 60).map(|i| &panel.points[i]) {
            let value = |v: f64| panel.y.text(v);
            let seeds = p.band.map(|(low, high)| format!(" ({} to {})", value(low), value(high)));
            let text = format!(
                "{} \u{b7} {}: {}{}",
                panel.title,
                who(p.x as usize),
                value(p.y),
                seeds.unwrap_or_default()
            );
            marks.push(Mark { series: None, at: spot(p.x, p.y), text });
        }
        for step in &panel.steps {
            let at = spot(step.at as f64, step.value);
            marks.push(Mark {
                series: None,
                at,
                text: format!("{} \u{b7} {}", panel.title, step.said),
            });
        }
    }
    marks
}
