//! Parts of a legend: labels, their notes, and a line with a marker beside them.

use crate::canvas::{Canvas, FigureError, Stroke, Xy, fit, fit_apart, text_width, wrap};
use crate::chart::Entry;
use crate::style::{BODY, LINE, Marker, TICK, look};

/// Width of a label's line and marker with the blank after it.
pub(crate) const SWATCH: f64 = 26.0;

/// Returns a label with its note in brackets.
pub(crate) fn text(entry: &Entry) -> String {
    if entry.note.is_empty() {
        entry.label.clone()
    } else {
        format!("{} ({})", entry.label, entry.note)
    }
}

/// Returns the distance between labels at the ends of lines, with `notes` lines of notes below
/// each.
pub(crate) fn gap(notes: usize) -> f64 {
    LINE + notes as f64 * (LINE - 1.0)
}

/// Returns a note in lines no wider than `room`.
pub(crate) fn note(entry: &Entry, room: f64) -> Vec<String> {
    // Some browsers' fonts are wider than the measured one, as in `fit`.
    let lines = wrap(&entry.note, TICK, false, room / 1.08);
    lines.into_iter().map(|line| fit(&line, TICK, room)).collect()
}

/// A piece of a legend above the panels.
pub(crate) struct Piece {
    /// Index of the entry.
    pub(super) entry: usize,
    pub(super) x: f64,
    pub(super) text: String,
    /// Whether it is the label, with its note if there is room; otherwise a line of the note.
    pub(super) head: bool,
}

/// Arranges entries in rows no wider than `room`. A note without room beside its label goes below
/// it.
pub(crate) fn rows(entries: &[Entry], room: f64) -> Vec<Vec<Piece>> {
    let mut rows: Vec<Vec<Piece>> = Vec::new();
    let mut x = f64::INFINITY;
    for (entry, of) in entries.iter().enumerate() {
        let whole = text(of);
        if text_width(&whole, BODY, false) * 1.08 + SWATCH > room {
            let others = entries.iter().map(|e| e.label.as_str());
            let label = fit_apart(&of.label, others, BODY, room - SWATCH);
            rows.push(vec![Piece { entry, x: 0.0, text: label, head: true }]);
            let below = note(of, room - SWATCH).into_iter();
            rows.extend(below.map(|text| vec![Piece { entry, x: 0.0, text, head: false }]));
            x = f64::INFINITY;
            continue;
        }
        let width = text_width(&whole, BODY, false) + SWATCH + 6.0;
        if x + width > room {
            rows.push(Vec::new());
            x = 0.0;
        }
        if let Some(row) = rows.last_mut() {
            row.push(Piece { entry, x, text: whole, head: true });
        }
        x += width + 14.0;
    }
    rows
}

/// Draws a short piece of a label's line with its marker.
pub(crate) fn swatch(
    canvas: &mut Canvas<'_>,
    (x, y): Xy,
    series: usize,
) -> Result<(), FigureError> {
    let (color, dash, marker) = look(series);
    let stroke = Stroke { color, alpha: 1.0, width: 2.0, dash };
    canvas.line(&[(x, y), (x + SWATCH - 6.0, y)], stroke)?;
    let size = if marker == Marker::Plus { 3.8 } else { 3.4 };
    canvas.marker((x + (SWATCH - 6.0) / 2.0, y), marker, size, color)
}
