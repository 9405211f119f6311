//! The kinds of figures and their ink, the same for SVG and PNG.

mod chart;
mod frame;
mod layout;
mod legend;

use std::fmt::{self, Display, Formatter};

use crate::figures::canvas::{Canvas, FigureError, Xy};
use crate::figures::chart::Chart;
use crate::figures::style::{Layout, PAPER, fonts};

/// A figure as data, of whichever kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Ink {
    /// Lines and dots between two axes.
    Chart(Chart),
}

/// What a pointer hovering at a place should be told.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// The label it belongs to: its place in the plan.
    pub series: Option<usize>,
    /// The place in logical pixels, which are the units of the SVG's view box.
    pub at: Xy,
    /// Plain text: `adam · epoch 3: 0.05120 (0.04900 to 0.05340)`.
    pub text: String,
}

impl Ink {
    /// What the figure shows.
    pub fn title(&self) -> &str {
        match self {
            Ink::Chart(chart) => &chart.title,
        }
    }

    /// What its strokes are.
    pub fn subtitle(&self) -> &str {
        match self {
            Ink::Chart(chart) => &chart.subtitle,
        }
    }

    /// The same without a title, for a place that has a heading.
    pub fn untitled(&self) -> Ink {
        let mut ink = self.clone();
        match &mut ink {
            Ink::Chart(chart) => chart.title.clear(),
        }
        ink
    }

    /// Width and height in logical pixels.
    pub fn size(&self, layout: Layout) -> (f64, f64) {
        match self {
            Ink::Chart(chart) => chart::size(chart, layout),
        }
    }

    /// Draws over the whole of a canvas of [`Ink::size`].
    ///
    /// # Errors
    /// The surface's.
    pub fn draw(&self, layout: Layout, canvas: &mut Canvas<'_>) -> Result<(), FigureError> {
        canvas.group(None);
        canvas.fill(PAPER)?;
        match self {
            Ink::Chart(chart) => chart::draw(chart, layout, canvas),
        }
    }

    /// What can be hovered, in an order that does not depend on the layout; of
    /// a long curve about every n-th point.
    pub fn marks(&self, layout: Layout) -> Vec<Mark> {
        // Widths of texts decide where everything stands.
        fonts();
        match self {
            Ink::Chart(chart) => chart::marks(chart, layout),
        }
    }
}

impl Display for Ink {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Ink::Chart(chart) => chart.fmt(f),
        }
    }
}

/// Which of `len` points are worth a mark: at most about 120, the last always.
fn thinned(len: usize) -> impl Iterator<Item = usize> {
    let every = len.div_ceil(120).max(1);
    (0..len).filter(move |i| (len - 1 - i).is_multiple_of(every))
}
