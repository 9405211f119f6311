//! A map of a function of two variables with paths over it, as data.

use std::fmt::{self, Display, Formatter};

use text_format::escape;
use text_format::number::significant;

/// A point of the plane, x and y, in the function's coordinates.
pub type Position = [f64; 2];

/// Number of squares along each side of the box.
pub const GRID: usize = 90;

/// A function of two variables over a box, sampled at the corners of a grid of [`GRID`] by
/// [`GRID`] squares.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    domain: [Position; 2],
    values: Vec<f64>,
}

impl Field {
    /// Samples `function` over the box given by its lower left and its upper right corner.
    pub fn sample(domain: [Position; 2], function: impl Fn(Position) -> f64) -> Field {
        let mut field = Field { domain, values: Vec::new() };
        let corners = (0..=GRID).flat_map(|j| (0..=GRID).map(move |i| (i, j)));
        field.values = corners.map(|(i, j)| function(field.corner(i, j))).collect();
        field
    }

    /// Returns the lower left and the upper right corner of the box.
    pub fn domain(&self) -> [Position; 2] {
        self.domain
    }

    /// Returns the values at the corners, row by row from below, each from left to right.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Returns the value at a corner of the grid: column and row, from 0 to [`GRID`].
    pub(crate) fn value(&self, i: usize, j: usize) -> f64 {
        self.values[j * (GRID + 1) + i]
    }

    /// Returns the position of a corner of the grid.
    pub(crate) fn corner(&self, i: usize, j: usize) -> Position {
        let [low, high] = self.domain;
        let along =
            |axis: usize, k: usize| low[axis] + (high[axis] - low[axis]) * k as f64 / GRID as f64;
        [along(0, i), along(1, j)]
    }

    /// Returns whether a position is in the box or on its border.
    pub(crate) fn contains(&self, position: Position) -> bool {
        let [low, high] = self.domain;
        !position.iter().zip(low.iter().zip(high)).any(|(v, (l, h))| v < l || *v > h)
    }
}

/// Maps with one path each, or one map over which all paths move.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// Title: what the figure shows.
    pub title: String,
    /// Subtitle: the meaning of its lines and marks.
    pub subtitle: String,
    /// Function that is mapped.
    pub field: Field,
    /// Positions marked with a cross.
    pub crosses: Vec<Position>,
    /// Paths, one for each series.
    pub paths: Vec<Path>,
    /// Whether all paths move over one map, instead of one map for each.
    pub animated: bool,
}

/// A path over a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Number of the series, which sets its colour.
    pub series: usize,
    /// Name of the series.
    pub label: String,
    /// Note after or below the name.
    pub note: String,
    /// Text shown on hover over its end.
    pub text: String,
    /// Steps and positions, ascending by step.
    pub points: Vec<(u64, Position)>,
}

impl Display for Map {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}", self.title, self.subtitle)?;
        for path in &self.paths {
            let label = escape::line(&path.label);
            write!(f, "{} {label} ({}), {} points:", path.series, path.note, path.points.len())?;
            let some = [0, path.points.len() / 2, path.points.len().saturating_sub(1)];
            for (step, [x, y]) in some.iter().filter_map(|&i| path.points.get(i)) {
                write!(f, " {step}: {}, {};", significant(*x, 4), significant(*y, 4))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
