//! A figure as data, of any kind.

use std::fmt::{self, Display, Formatter};

use crate::chart::Chart;
use crate::grid::Grid;
use crate::map::Map;
use crate::rows::Rows;
use crate::trend::Trend;

/// A figure as data, of any kind.
#[derive(Clone, Debug, PartialEq)]
pub enum FigureData {
    /// Lines and dots between two axes.
    Chart(Chart),
    /// A matrix of coloured cells.
    Grid(Grid),
    /// One row for each label.
    Rows(Rows),
    /// Metrics over the nights of a history.
    Trend(Trend),
    /// Maps of a function, with the paths of optimizers.
    Map(Map),
}

impl FigureData {
    /// Returns the title: what the figure shows.
    pub fn title(&self) -> &str {
        match self {
            FigureData::Chart(chart) => &chart.title,
            FigureData::Grid(grid) => &grid.title,
            FigureData::Rows(rows) => &rows.title,
            FigureData::Trend(trend) => &trend.title,
            FigureData::Map(map) => &map.title,
        }
    }

    /// Returns the subtitle: the meaning of its lines and marks.
    pub fn subtitle(&self) -> &str {
        match self {
            FigureData::Chart(chart) => &chart.subtitle,
            FigureData::Grid(grid) => &grid.subtitle,
            FigureData::Rows(rows) => &rows.subtitle,
            FigureData::Trend(trend) => &trend.subtitle,
            FigureData::Map(map) => &map.subtitle,
        }
    }

    /// Returns a copy without a title, for a place that has a heading.
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
