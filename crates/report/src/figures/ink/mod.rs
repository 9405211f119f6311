//! The kinds of figures and their ink, the same for SVG and PNG.

mod chart;
mod ends;
mod frame;
mod grid;
mod landscape;
mod layout;
mod legend;
mod rows;
mod trend;

use std::fmt::{self, Display, Formatter};

use crate::figures::canvas::{Canvas, FigureError, Rect, Xy};
use crate::figures::chart::Chart;
use crate::figures::grid::Grid;
use crate::figures::landscape::Landscape;
use crate::figures::rows::Rows;
use crate::figures::style::{Layout, PAPER, fonts};
use crate::figures::trend::Trend;

/// A figure as data, of whichever kind.
#[derive(Clone, Debug, PartialEq)]
pub enum Ink {
    /// Lines and dots between two axes.
    Chart(Chart),
    /// Coloured cells.
    Grid(Grid),
    /// A row a label.
    Rows(Rows),
    /// Nights of a history.
    Trend(Trend),
    /// Maps of a function with descents.
    Landscape(Landscape),
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
            Ink::Grid(grid) => &grid.title,
            Ink::Rows(rows) => &rows.title,
            Ink::Trend(trend) => &trend.title,
            Ink::Landscape(map) => &map.title,
        }
    }

    /// What its strokes are.
    pub fn subtitle(&self) -> &str {
        match self {
            Ink::Chart(chart) => &chart.subtitle,
            Ink::Grid(grid) => &grid.subtitle,
            Ink::Rows(rows) => &rows.subtitle,
            Ink::Trend(trend) => &trend.subtitle,
            Ink::Landscape(map) => &map.subtitle,
        }
    }

    /// The same without a title, for a place that has a heading.
    pub fn untitled(&self) -> Ink {
        let mut ink = self.clone();
        match &mut ink {
            Ink::Chart(chart) => chart.title.clear(),
            Ink::Grid(grid) => grid.title.clear(),
            Ink::Rows(rows) => rows.title.clear(),
            Ink::Trend(trend) => trend.title.clear(),
            Ink::Landscape(map) => map.title.clear(),
        }
        ink
    }

    /// Width and height in logical pixels.
    pub fn size(&self, layout: Layout) -> (f64, f64) {
        match self {
            Ink::Chart(chart) => chart::size(chart, layout),
            Ink::Grid(grid) => grid::size(grid, layout),
            Ink::Rows(rows) => rows::size(rows, layout),
            Ink::Trend(trend) => trend::size(trend, layout),
            Ink::Landscape(map) => landscape::size(map, layout),
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
            Ink::Grid(grid) => grid::draw(grid, layout, canvas),
            Ink::Rows(rows) => rows::draw(rows, layout, canvas),
            Ink::Trend(trend) => trend::draw(trend, layout, canvas),
            Ink::Landscape(map) => landscape::draw(map, layout, canvas),
        }
    }

    /// What stands at the ends of the axes because the scales have no place for it,
    /// a sentence for each kind, for the caption.
    pub fn at_the_ends(&self) -> Vec<String> {
        ends::said(self)
    }

    /// The areas in which all that shows values stands, in logical pixels: a panel's
    /// plot with its rows of crosses, the cells of a grid, a map.
    pub fn frames(&self, layout: Layout) -> Vec<Rect> {
        fonts();
        match self {
            Ink::Chart(chart) => chart::frames(chart, layout),
            Ink::Grid(grid) => grid::frames(grid, layout),
            Ink::Rows(rows) => rows::frames(rows, layout),
            Ink::Trend(trend) => trend::frames(trend, layout),
            Ink::Landscape(map) => landscape::frames(map, layout),
        }
    }

    /// What can be hovered, in an order that does not depend on the layout; of
    /// a long curve about every n-th point.
    pub fn marks(&self, layout: Layout) -> Vec<Mark> {
        // Widths of texts decide where everything stands.
        fonts();
        match self {
            Ink::Chart(chart) => chart::marks(chart, layout),
            Ink::Grid(grid) => grid::marks(grid, layout),
            Ink::Rows(rows) => rows::marks(rows, layout),
            Ink::Trend(trend) => trend::marks(trend, layout),
            Ink::Landscape(map) => landscape::marks(map, layout),
        }
    }
}

impl Display for Ink {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Ink::Chart(chart) => chart.fmt(f),
            Ink::Grid(grid) => grid.fmt(f),
            Ink::Rows(rows) => rows.fmt(f),
            Ink::Trend(trend) => trend.fmt(f),
            Ink::Landscape(map) => map.fmt(f),
        }
    }
}

/// Which of `len` points are worth a mark: at most about `most`, the last always.
fn thinned(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let every = len.div_ceil(most).max(1);
    (0..len).filter(move |i| (len - 1 - i).is_multiple_of(every))
}
