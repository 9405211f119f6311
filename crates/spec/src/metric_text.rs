//! Values of metrics as text, with digits that depend on the metric's unit.

use text_format::number::{count, percent, short, significant};

use crate::metric::{Metric, Unit};

impl Metric {
    /// Returns a value as text: accuracies as a percentage with two decimals, losses with four
    /// significant digits, samples as a count (`never` if infinite).
    pub fn format(self, value: f64) -> String {
        match self.description().unit {
            Unit::Count if value.is_finite() => count(value.round() as u64),
            Unit::Count => "never".to_owned(),
            Unit::Percent => percent(value),
            Unit::Number => significant(value, 4),
        }
    }

    /// Returns a value with all the digits that the user gave: `84.4444%`.
    pub fn format_given(self, value: f64) -> String {
        if self.description().unit != Unit::Percent {
            return short(value);
        }
        // Multiplying by 100 adds no digits except by rounding, which this removes.
        let percent = format!("{:.12e}", value * 100.0).parse().unwrap_or(value * 100.0);
        format!("{}%", short(percent))
    }

    /// Returns the absolute difference of two values as text: percentage points with two decimals
    /// for accuracies, a count for samples, `digits` significant digits for others. A nonzero
    /// difference never reads as zero.
    pub fn format_difference(self, value: f64, digits: usize) -> String {
        let unit = self.description().unit;
        let size = if unit == Unit::Percent { (value * 100.0).abs() } else { value.abs() };
        let text = match unit {
            _ if !size.is_finite() => return significant(size, digits),
            Unit::Count => count(size.round() as u64),
            Unit::Percent => format!("{size:.2}"),
            Unit::Number => significant(size, digits),
        };
        let none = text.chars().all(|c| matches!(c, '0' | '.'));
        if none && size > 0.0 { significant(size, 2) } else { text }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unit_decides_the_digits() {
        assert_eq!(Metric::ACCURACY.format(0.97914), "97.91%");
        assert_eq!(Metric::TOP5_ACCURACY.format(0.5), "50.00%");
        assert_eq!(Metric::F1.format(0.5), "0.5000");
        assert_eq!(Metric::LOSS.format(f64::NAN), "NaN");
        let samples = Metric::SAMPLES_TO_TARGET;
        assert_eq!([12_000.0, f64::INFINITY].map(|x| samples.format(x)), ["12,000", "never"]);
    }

    #[test]
    fn a_difference_is_zero_only_where_it_is() {
        assert_eq!(Metric::ACCURACY.format_difference(-0.0123, 3), "1.23");
        assert_eq!(Metric::ACCURACY.format_difference(1e-6, 3), "0.00010");
        assert_eq!(Metric::LOSS.format_difference(0.0, 3), "0");
        assert_eq!(Metric::LOSS.format_difference(f64::INFINITY, 3), "infinite");
    }

    #[test]
    fn what_was_asked_for_keeps_its_digits() {
        assert_eq!(Metric::ACCURACY.format_given(0.844_444), "84.4444%");
        assert_eq!(Metric::ACCURACY.format_given(0.29), "29%");
        assert_eq!(Metric::LOSS.format_given(0.5), "0.5");
    }
}
