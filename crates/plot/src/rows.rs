//! One row a label on a common axis, as data.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use text_format::number::significant;

/// Rows over a horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// What the figure shows.
    pub title: String,
    /// What its dots and bars are.
    pub subtitle: String,
    /// Name of the axis with its unit.
    pub x_label: String,
    /// The axis.
    pub x: Axis,
    /// Values marked by a line over all rows.
    pub lines: Vec<f64>,
    /// From top to bottom.
    pub rows: Vec<Row>,
}

/// What one label reached.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Place in the plan.
    pub series: usize,
    /// The label.
    pub label: String,
    /// Single values, each with what it is: `seed 3`.
    pub dots: Vec<(f64, String)>,
    /// The mean, a marker; of what may never be reached the median, see [`Rows::average`].
    pub mean: Option<f64>,
    /// The interval of the mean, a bar.
    pub interval: Option<(f64, f64)>,
    /// The value in words, at the right.
    pub text: String,
    /// A smaller line: `2 of 5 seeds diverged`.
    pub note: String,
}

impl Rows {
    /// The name of a row's marker. Of what may never be reached there is no mean.
    pub fn average(&self) -> &'static str {
        if self.x.never { "median" } else { "mean" }
    }
}

impl Display for Rows {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n  {}: {}", self.title, self.subtitle, self.x_label, self.x)?;
        for value in &self.lines {
            writeln!(f, "  line at {}", significant(*value, 4))?;
        }
        for row in &self.rows {
            write!(f, "  #{} {} [{}] [{}]", row.series, row.label, row.text, row.note)?;
            if let Some(mean) = row.mean {
                write!(f, " {} {}", self.average(), significant(mean, 4))?;
            }
            if let Some((low, high)) = row.interval {
                write!(f, " {}..{}", significant(low, 4), significant(high, 4))?;
            }
            for (value, name) in &row.dots {
                write!(f, " ({name} {})", significant(*value, 4))?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}
