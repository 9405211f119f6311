//! Layout of parts that several kinds of figures share, in logical pixels.

use plotters::style::text_anchor::HPos;

use crate::canvas::{Canvas, FigureError, Rect, Xy, fit, font, text_width, wrap};
use crate::chart::Panel;
use crate::style::{BODY, INK, LINE, Layout, MUTED, TITLE};

/// Radius of a ring around a point.
pub(crate) const RING: f64 = 7.5;

/// Height of a row of crosses below a panel.
pub(crate) const STRIP_ROW: f64 = 18.0;

/// Title and subtitle, and the figure's width and margins.
pub(crate) struct Head {
    pub(super) width: f64,
    pub(super) pad: f64,
    /// Upper edge of the figure's body.
    pub(super) bottom: f64,
    top: f64,
    title: Vec<String>,
    subtitle: Vec<String>,
}

impl Head {
    pub(crate) fn of(title: &str, subtitle: &str, layout: Layout) -> Head {
        let (width, pad) = if layout == Layout::Wide { (960.0, 18.0) } else { (400.0, 12.0) };
        let room = width - 2.0 * pad;
        let lines = |text: &str, size: f64, bold: bool| -> Vec<String> {
            let cut = |line: String| match text_width(&line, size, bold) > room {
                // One word that is wider than the figure. `fit` does not account for bold text.
                true => fit(&line, size, room * if bold { 0.92 } else { 1.0 }),
                false => line,
            };
            wrap(text, size, bold, room).into_iter().map(cut).collect()
        };
        let (title, subtitle) = (lines(title, TITLE, true), lines(subtitle, BODY, false));
        // Without a title the figure stands under a heading of the page.
        let top = if title.is_empty() { 2.0 } else { pad };
        let bottom = top + title.len() as f64 * 22.0 + subtitle.len() as f64 * LINE + 8.0;
        Head { width, pad, bottom, top, title, subtitle }
    }

    /// Returns the width between the margins.
    pub(crate) fn room(&self) -> f64 {
        self.width - 2.0 * self.pad
    }

    pub(crate) fn draw(&self, canvas: &mut Canvas<'_>) -> Result<(), FigureError> {
        let mut y = self.top + 10.0;
        for line in &self.title {
            canvas.text((self.pad, y), line, font(TITLE, INK, HPos::Left, true))?;
            y += 22.0;
        }
        for line in &self.subtitle {
            canvas.text((self.pad, y), line, font(BODY, MUTED, HPos::Left, false))?;
            y += LINE;
        }
        Ok(())
    }
}

/// Returns the gap between a panel and its rows of crosses.
pub(crate) fn strip_gap(panel: &Panel) -> f64 {
    if panel.strip.is_empty() { 0.0 } else { 10.0 }
}

/// Returns the y of the horizontal axis, below the rows of crosses.
pub(crate) fn floor(panel: &Panel, plot: Rect) -> f64 {
    plot.bottom + panel.strip.len() as f64 * STRIP_ROW + strip_gap(panel)
}

/// Returns the number of ticks for which a vertical axis has room.
pub(crate) fn rows_of_ticks(height: f64) -> usize {
    (height / 34.0) as usize
}

/// Returns the place of a value in a panel, always inside its frame.
pub(crate) fn place(panel: &Panel, plot: Rect, x: f64, y: f64) -> Xy {
    let across = plot.left + panel.x.unit(x) * (plot.right - plot.left);
    (across, up(panel, plot, panel.y.unit(y)))
}

/// Returns the y of a position from 0 to 1 on the vertical axis. If points are ringed, there is
/// room for rings at both ends.
pub(crate) fn up(panel: &Panel, plot: Rect, unit: f64) -> f64 {
    let ringed = panel.curves.iter().any(|c| c.ringed.is_some());
    let room = if ringed { RING + 1.0 } else { 0.0 };
    plot.bottom - room - unit * (plot.bottom - plot.top - 2.0 * room)
}
