//! Where the parts of a figure stand, in logical pixels.

use plotters::style::text_anchor::HPos;

use crate::figures::canvas::{Canvas, FigureError, Rect, fit, font, text_width, wrap};
use crate::figures::chart::{Chart, Entry, Panel};
use crate::figures::ink::legend::{self, Piece, SWATCH};
use crate::figures::style::{BODY, INK, LINE, Layout, MUTED, TICK, TITLE};

/// Height of a row of crosses below a panel.
pub(super) const STRIP_ROW: f64 = 18.0;

/// Width that labels at the lines' ends take at most.
const WIDEST_GUTTER: f64 = 260.0;

/// Title and subtitle, and the width they and all else have.
pub(super) struct Head {
    pub(super) width: f64,
    pub(super) pad: f64,
    /// Where the figure's body begins.
    pub(super) bottom: f64,
    top: f64,
    title: Vec<String>,
    subtitle: Vec<String>,
}

impl Head {
    pub(super) fn of(title: &str, subtitle: &str, layout: Layout) -> Head {
        let (width, pad) = if layout == Layout::Wide { (960.0, 18.0) } else { (400.0, 12.0) };
        let room = width - 2.0 * pad;
        let lines = |text: &str, size: f64, bold: bool| -> Vec<String> {
            let cut = |line: String| match text_width(&line, size, bold) > room {
                // One word that is wider than the figure. Bold is wider than `fit` knows.
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

    /// Width between the margins.
    pub(super) fn room(&self) -> f64 {
        self.width - 2.0 * self.pad
    }

    pub(super) fn draw(&self, canvas: &mut Canvas<'_>) -> Result<(), FigureError> {
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

/// Where everything of a chart goes.
pub(super) struct Geometry {
    pub(super) head: Head,
    pub(super) height: f64,
    /// Legend rows of a narrow figure.
    pub(super) legend: Vec<Vec<Piece>>,
    pub(super) legend_top: f64,
    /// Lines that the notes of a wide figure's labels have below them; none where both
    /// fit side by side.
    pub(super) notes: usize,
    pub(super) plots: Vec<Rect>,
    /// Left ends of the panels' titles.
    pub(super) lefts: Vec<f64>,
}

impl Geometry {
    pub(super) fn of(chart: &Chart, layout: Layout) -> Geometry {
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
            let plot = Rect {
                left: left + tick_room,
                top,
                right: left + column,
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

/// Blank between a panel and its rows of crosses.
pub(super) fn strip_gap(panel: &Panel) -> f64 {
    if panel.strip.is_empty() { 0.0 } else { 10.0 }
}

/// Where the horizontal axis has its ticks: below the rows of crosses.
pub(super) fn floor(panel: &Panel, plot: Rect) -> f64 {
    plot.bottom + panel.strip.len() as f64 * STRIP_ROW + strip_gap(panel)
}

/// Ticks that a vertical axis has room for.
pub(super) fn rows_of_ticks(height: f64) -> usize {
    (height / 34.0) as usize
}
