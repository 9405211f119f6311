//! Rows on a common axis, one for each label, as data.

use std::fmt::{self, Display, Formatter};

use crate::axis::Axis;
use text_format::number::significant;

/// Rows over a horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Rows {
    /// Title: what the figure shows.
    pub title: String,
    /// Subtitle: the meaning of its dots and bars.
    pub subtitle: String,
    /// Name of the axis with its unit.
    pub x_label: String,
    /// The axis.
    pub x: Axis,
    /// Values marked by a line across all rows.
    pub lines: Vec<f64>,
    /// Rows from top to bottom.
    pub rows: Vec<Row>,
}

/// Results of one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Place in the plan.
    pub series: usize,
    /// The label.
    pub label: String,
    /// Single values, each with its name: `seed 3`.
    pub dots: Vec<(f64, String)>,
    /// Mean, drawn as a marker; the median if the target may never be reached, see
    /// [`Rows::average`]. `None` draws no marker.
    pub mean: Option<f64>,
    /// Interval of the mean, drawn as a bar; `None` draws no bar.
    pub interval: Option<(f64, f64)>,
    /// Value as text, at the right.
    pub text: String,
    /// Smaller line: `2 of 5 seeds diverged`; empty for none.
    pub note: String,
}

impl Rows {
    /// Returns the name of the rows' marker: `median` if the target may never be reached, because
    /// there is then no mean, else `mean`.
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
