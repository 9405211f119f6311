//! Labels of a chart's series: at the ends of lines, or in rows on top.

use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, FigureError, Stroke, Xy, fit_apart, font};
use crate::chart::Chart;
use crate::draw::geometry::Geometry;
use crate::draw::layout::place;
use crate::draw::legend::{Piece, SWATCH, gap, note, swatch, text};
use crate::style::{BODY, INK, LINE, MUTED, TICK, look};

/// Draws rows of labels above the panels of a narrow chart.
pub(crate) fn on_top(
    canvas: &mut Canvas<'_>,
    chart: &Chart,
    g: &Geometry,
) -> Result<(), FigureError> {
    let pad = g.head.pad;
    for (r, row) in g.legend.iter().enumerate() {
        let y = g.legend_top + (r as f64 + 0.5) * (LINE + 1.0);
        for Piece { entry, x, text, head } in row {
            let series = chart.entries[*entry].series;
            canvas.group(series);
            let at = (pad + x + SWATCH, y);
            if *head {
                swatch(canvas, (pad + x, y), series)?;
                canvas.text(at, text, font(BODY, INK, HPos::Left, false))?;
            } else {
                canvas.text(at, text, font(TICK, MUTED, HPos::Left, false))?;
            }
        }
    }
    canvas.group(None);
    Ok(())
}

/// Draws labels right of the last panel, each as near to the end of its line as the others allow.
pub(crate) fn at_ends(
    canvas: &mut Canvas<'_>,
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
    // Lines that end far from the border would need long leaders, so the labels are then in plan
    // order from the top.
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
    for (i, y) in order.into_iter().zip(spread(&wanted, gap(g.notes), plot.top, plot.bottom)) {
        let y = y - 0.45 * LINE * g.notes as f64;
        let entry = &chart.entries[i];
        canvas.group(entry.series);
        if let (true, Some(end)) = (near, ends[i]) {
            let color = look(entry.series).0;
            let leader = Stroke { color, alpha: 0.55, width: 1.0, dash: &[] };
            canvas.line(&[(end.0 + 5.0, end.1), (x - 3.0, y)], leader)?;
        }
        swatch(canvas, (x, y), entry.series)?;
        let color = if ends[i].is_some() { INK } else { MUTED };
        let room = g.head.width - g.head.pad.min(8.0) - (x + SWATCH);
        let own = if g.notes > 0 { entry.label.clone() } else { text(entry) };
        let own = fit_apart(&own, chart.entries.iter().map(|e| e.label.as_str()), BODY, room);
        canvas.text((x + SWATCH, y), &own, font(BODY, color, HPos::Left, false))?;
        let below = if g.notes > 0 { note(entry, room) } else { Vec::new() };
        for (n, line) in below.iter().enumerate() {
            let at = (x + SWATCH, y + 0.9 * LINE * (n + 1) as f64);
            canvas.text(at, line, font(TICK, MUTED, HPos::Left, false))?;
        }
    }
    canvas.group(None);
    Ok(())
}

/// Returns positions near the `wanted` ones (ascending), at least `gap` apart, between `low` and
/// `high` if they fit there: neighbours that are too close form a group around their mean, and
/// groups that touch merge.
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
