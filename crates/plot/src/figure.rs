//! A figure as data, of whichever kind.

use std::fmt::{self, Display, Formatter};

use crate::chart::Chart;
use crate::grid::Grid;
use crate::map::Map;
use crate::rows::Rows;
use crate::trend::Trend;

/// A figure as data, of whichever kind.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureData {
    /// Lines and dots between two axes.
    Chart(Chart),
    /// Coloured cells.
    Grid(Grid),
    /// A row a label.
    Rows(Rows),
    /// Nights of a history.
    Trend(Trend),
    /// Maps of a function with descents.
    Map(Map),
}

impl FigureData {
    /// What the figure shows.
    pub fn title(&self) -> &str {
        match self {
            FigureData::Chart(chart) => &chart.title,
            FigureData::Grid(grid) => &grid.title,
            FigureData::Rows(rows) => &rows.title,
            FigureData::Trend(trend) => &trend.title,
            FigureData::Map(map) => &map.title,
        }
    }

    /// What its strokes are.
    pub fn subtitle(&self) -> &str {
        match self {
            FigureData::Chart(chart) => &chart.subtitle,
            FigureData::Grid(grid) => &grid.subtitle,
            FigureData::Rows(rows) => &rows.subtitle,
            FigureData::Trend(trend) => &trend.subtitle,
            FigureData::Map(map) => &map.subtitle,
        }
    }

    /// The same without a title, for a place that has a heading.
    pub fn untitled(&self) -> FigureData {
        let mut ink = self.clone();
        match &mut ink {
            FigureData::Chart(chart) => chart.title.clear(),
            FigureData::Grid(grid) => grid.title.clear(),
            FigureData::Rows(rows) => rows.title.clear(),
            FigureData::Trend(trend) => trend.title.clear(),
            FigureData::Map(map) => map.title.clear(),
        }
        ink
    }
}

impl Display for FigureData {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            FigureData::Chart(chart) => chart.fmt(f),
            FigureData::Grid(grid) => grid.fmt(f),
            FigureData::Rows(rows) => rows.fmt(f),
            FigureData::Trend(trend) => trend.fmt(f),
            FigureData::Map(map) => map.fmt(f),
        }
    }
}
