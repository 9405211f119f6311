//! Axes: grid lines, tick labels, names.

use plotters::style::text_anchor::HPos;

use crate::axis::{Axis, End};
use crate::canvas::{Canvas, FigureError, Rect, Stroke, font, text_width};
use crate::chart::Panel;
use crate::draw::layout::{floor, rows_of_ticks, up};
use crate::style::{AXIS, BODY, GRID, INK, MUTED, TICK};

/// Draws a horizontal axis with labels below `rect`, and grid lines over its height.
pub(crate) fn horizontal(
    canvas: &mut Canvas<'_>,
    axis: &Axis,
    rect: Rect,
    label: &str,
) -> Result<(), FigureError> {
    let width = rect.right - rect.left;
    let place = |at: f64| rect.left + at * width;
    // As many ticks as their widest label leaves room for.
    let mut room = (width / 46.0) as usize;
    let mut ticks = axis.ticks(room);
    let crowded = |ticks: &[(f64, String)]| {
        let spans: Vec<(f64, f64)> = ticks
            .iter()
            .map(|(v, t)| (place(*v), text_width(t, TICK, false) / 2.0 + 4.0))
            .collect();
        spans.windows(2).any(|p| p[0].0 + p[0].1 > p[1].0 - p[1].1)
    };
    while room > 2 && crowded(&ticks) {
        room -= 1;
        ticks = axis.ticks(room);
    }
    let floor = rect.bottom;
    for (value, _) in &ticks {
        canvas.rule((place(*value), rect.top), (place(*value), floor), GRID, 1.0)?;
    }
    for at in borders(axis) {
        canvas.line(&[(place(at), rect.top), (place(at), floor)], border())?;
    }
    for (value, _) in &ticks {
        canvas.rule((place(*value), floor), (place(*value), floor + 4.0), AXIS, 1.0)?;
    }
    for (value, text) in &ticks {
        let at = (place(*value), floor + 14.0);
        canvas.text(at, text, font(TICK, MUTED, HPos::Center, false))?;
    }
    canvas.rule((rect.left, floor), (rect.right, floor), AXIS, 1.0)?;
    let middle = (rect.left + rect.right) / 2.0;
    canvas.text((middle, floor + 32.0), label, font(BODY, INK, HPos::Center, false))
}

/// Returns the positions, from 0 to 1, at which lanes begin.
pub(crate) fn borders(axis: &Axis) -> impl Iterator<Item = f64> {
    let (low, high) = axis.inner();
    let ends = [(axis.lane(End::Low), low), (axis.lane(End::High), high)];
    ends.into_iter().filter_map(|(lane, at)| lane.map(|_| at))
}

/// Returns the style of the line between a scale and a lane, where the axis is interrupted.
pub(crate) fn border() -> Stroke {
    Stroke { color: AXIS, alpha: 1.0, width: 1.0, dash: &[3.0, 3.0] }
}

/// Draws both axes of a panel; its title begins at `left`.
pub(crate) fn panel(
    canvas: &mut Canvas<'_>,
    panel: &Panel,
    plot: Rect,
    left: f64,
) -> Result<(), FigureError> {
    let ticks = panel.y.ticks(rows_of_ticks(plot.bottom - plot.top));
    let place = |at: f64| up(panel, plot, at);
    for (value, _) in &ticks {
        let y = place(*value);
        canvas.rule((plot.left, y), (plot.right, y), GRID, 1.0)?;
    }
    for at in borders(&panel.y) {
        canvas.line(&[(plot.left, place(at)), (plot.right, place(at))], border())?;
    }
    for (value, text) in &ticks {
        let at = (plot.left - 7.0, place(*value));
        canvas.text(at, text, font(TICK, MUTED, HPos::Right, false))?;
    }
    let below = Rect { bottom: floor(panel, plot), ..plot };
    horizontal(canvas, &panel.x, below, &panel.x_label)?;
    if !panel.strip.is_empty() {
        canvas.rule((plot.left, plot.bottom), (plot.right, plot.bottom), AXIS, 1.0)?;
    }
    if let Some((value, text)) = &panel.reference {
        let y = place(panel.y.unit(*value));
        let stroke = Stroke { color: MUTED, alpha: 1.0, width: 1.2, dash: &[5.0, 4.0] };
        canvas.line(&[(plot.left, y), (plot.right, y)], stroke)?;
        // Near the upper border, the text is below the line.
        let above = if y - plot.top < 16.0 { 9.0 } else { -9.0 };
        let at = (plot.left + 5.0, y + above);
        canvas.text(at, text, font(TICK, MUTED, HPos::Left, false))?;
    }
    let size =
        if text_width(&panel.title, BODY, true) * 1.1 > plot.right - left { TICK } else { BODY };
    canvas.text((left, plot.top - 17.0), &panel.title, font(size, INK, HPos::Left, true))
}
