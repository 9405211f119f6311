//! Labels of ticks, and the two ends of an axis.

use text_format::number;

/// Format of tick labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TickFormat {
    /// A plain number.
    Number,
    /// A fraction as a percentage.
    Percent,
}

impl TickFormat {
    /// Returns the label of a tick.
    pub fn text(self, value: f64) -> String {
        match self {
            // Commas separate thousands on both sides of zero.
            TickFormat::Number if value < 0.0 => format!("\u{2212}{}", number::tick(-value)),
            TickFormat::Number => number::tick(value),
            // Rounded, because 0.29 * 100 is not 29.
            TickFormat::Percent => format!("{}%", number::tick((value * 1e8).round() / 1e6)),
        }
    }
}

/// An end of an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Left or below.
    Low,
    /// Right or above.
    High,
}
