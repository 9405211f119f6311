//! The drawing of each kind of figure, the same for SVG and PNG.

mod chart;
mod ends;
mod frame;
mod geometry;
mod grid;
mod labels;
mod layout;
mod legend;
mod map;
mod rows;
mod trend;

use crate::FigureData;
use crate::canvas::{Canvas, FigureError, Rect, Xy};
use crate::style::{Layout, PAPER, fonts};

/// Text that is shown when a pointer hovers over a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Number of the series that it belongs to; `None` for no series.
    pub series: Option<usize>,
    /// Place in logical pixels, which are the units of the SVG's view box.
    pub at: Xy,
    /// Plain text: `adam · epoch 3: 0.05120 (0.04900 to 0.05340)`.
    pub text: String,
}

impl FigureData {
    /// Returns width and height in logical pixels.
    pub fn size(&self, layout: Layout) -> (f64, f64) {
        match self {
            FigureData::Chart(chart) => chart::size(chart, layout),
            FigureData::Grid(grid) => grid::size(grid, layout),
            FigureData::Rows(rows) => rows::size(rows, layout),
            FigureData::Trend(trend) => trend::size(trend, layout),
            FigureData::Map(map) => map::size(map, layout),
        }
    }

    /// Draws over the whole of a canvas of [`FigureData::size`].
    ///
    /// # Errors
    /// Those of the surface.
    pub fn draw(&self, layout: Layout, canvas: &mut Canvas<'_>) -> Result<(), FigureError> {
        canvas.group(None);
        canvas.fill(PAPER)?;
        match self {
            FigureData::Chart(chart) => chart::draw(chart, layout, canvas),
            FigureData::Grid(grid) => grid::draw(grid, layout, canvas),
            FigureData::Rows(rows) => rows::draw(rows, layout, canvas),
            FigureData::Trend(trend) => trend::draw(trend, layout, canvas),
            FigureData::Map(map) => map::draw(map, layout, canvas),
        }
    }

    /// Returns sentences for the caption: one for each kind of value that is drawn at the end of an
    /// axis because the scale has no place for it, and one if a band or bar is cut.
    pub fn at_the_ends(&self) -> Vec<String> {
        ends::said(self)
    }

    /// Returns the areas that contain everything that shows values, in logical pixels: a panel's
    /// plot with its rows of crosses, the cells of a grid, a map.
    pub fn frames(&self, layout: Layout) -> Vec<Rect> {
        fonts();
        match self {
            FigureData::Chart(chart) => chart::frames(chart, layout),
            FigureData::Grid(grid) => grid::frames(grid, layout),
            FigureData::Rows(rows) => rows::frames(rows, layout),
            FigureData::Trend(trend) => trend::frames(trend, layout),
            FigureData::Map(map) => map::frames(map, layout),
        }
    }

    /// Returns the places that can be hovered over, in an order that does not depend on the layout;
    /// for a long curve about every n-th point.
    pub fn marks(&self, layout: Layout) -> Vec<Mark> {
        // The layout depends on the widths of texts.
        fonts();
        match self {
            FigureData::Chart(chart) => chart::marks(chart, layout),
            FigureData::Grid(grid) => grid::marks(grid, layout),
            FigureData::Rows(rows) => rows::marks(rows, layout),
            FigureData::Trend(trend) => trend::marks(trend, layout),
            FigureData::Map(map) => map::marks(map, layout),
        }
    }
}

/// Returns the indices, of `len` points, that get a mark: about `most` at most, the last one
/// always.
fn thinned(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let every = len.div_ceil(most).max(1);
    (0..len).filter(move |i| (len - 1 - i).is_multiple_of(every))
}
