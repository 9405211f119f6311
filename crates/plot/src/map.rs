//! A map of a function of two variables with paths over it, as data.

use std::fmt::{self, Display, Formatter};

use text_format::escape;
use text_format::number::significant;

/// A point of the plane: x, y.
pub type Position = [f64; 2];

/// Squares along each side of the box.
pub const GRID: usize = 90;

/// A function of two variables over a box, sampled at the corners of a grid of [`GRID`] by
/// [`GRID`] squares.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    domain: [Position; 2],
    values: Vec<f64>,
}

impl Field {
    /// Samples `function` over the box between its lower left and its upper right corner.
    pub fn sample(domain: [Position; 2], function: impl Fn(Position) -> f64) -> Field {
        let mut field = Field { domain, values: Vec::new() };
        let corners = (0..=GRID).flat_map(|j| (0..=GRID).map(move |i| (i, j)));
        field.values = corners.map(|(i, j)| function(field.corner(i, j))).collect();
        field
    }

    /// The lower left and the upper right corner of the box.
    pub fn domain(&self) -> [Position; 2] {
        self.domain
    }

    /// The values, row by row from below, each from left to right.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value at a corner of the grid: column and row, from 0 to [`GRID`].
    pub(crate) fn value(&self, i: usize, j: usize) -> f64 {
        self.values[j * (GRID + 1) + i]
    }

    /// The position of a corner of the grid.
    pub(crate) fn corner(&self, i: usize, j: usize) -> Position {
        let [low, high] = self.domain;
        let along =
            |axis: usize, k: usize| low[axis] + (high[axis] - low[axis]) * k as f64 / GRID as f64;
        [along(0, i), along(1, j)]
    }

    /// True where a position lies in the box or on its border.
    pub(crate) fn contains(&self, position: Position) -> bool {
        let [low, high] = self.domain;
        !position.iter().zip(low.iter().zip(high)).any(|(v, (l, h))| v < l || *v > h)
    }
}

/// Maps with a path each, or one map over which all paths move.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    /// What the figure shows.
    pub title: String,
    /// What its strokes are.
    pub subtitle: String,
    /// The function that is mapped.
    pub field: Field,
    /// Places that bear a cross.
    pub crosses: Vec<Position>,
    /// The paths, one a series.
    pub paths: Vec<Path>,
    /// True where all paths run over one map and move, in place of a map each.
    pub animated: bool,
}

/// A path over a map.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// Number of the series, which decides its colour.
    pub series: usize,
    /// Name of the series.
    pub label: String,
    /// What stands behind the name.
    pub note: String,
    /// The text of a pointer that hovers over its end.
    pub text: String,
    /// Step and position, ascending by step.
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
