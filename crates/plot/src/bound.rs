//! Bounds of lanes: the value in the label of a lane, such as `> 18`.

use crate::tick::{End, TickFormat};
use text_format::number;

/// Smallest number of digits of a label: after the point for percentages, else in all.
const DIGITS: usize = 2;

/// Returns an end of a scale in as few digits as possible, such that all values between the ends
/// are on one side of it and `nearest`, the first value in the lane, is on the other.
pub(crate) fn outward(value: f64, end: End, nearest: f64, format: TickFormat) -> String {
    let apart = |x: f64| if end == End::High { x < nearest } else { x > nearest };
    let percent = format == TickFormat::Percent;
    // Rounded, because 0.91236 * 100 is not 91.236.
    let hundreds = (value * 1e12).round() / 1e10;
    let tried = (DIGITS..17).map(|digits| match percent {
        true => (digits, to_unit(hundreds, end, -(digits as i32)) / 100.0),
        false => (digits, to_unit(value, end, exponent(value) + 1 - digits as i32)),
    });
    let (digits, x) = tried.into_iter().find(|(_, x)| apart(*x)).unwrap_or((17, value));
    match percent {
        true => format!("{:.digits$}%", x * 100.0),
        false => number::short(x),
    }
}

/// Rounds a number away from the scale to a whole multiple of a power of ten.
fn to_unit(value: f64, end: End, power: i32) -> f64 {
    let near: f64 = match power {
        // Parsed from decimal text, because 0.1 * 3 is not 0.3.
        ..0 => format!("{value:.*}", power.unsigned_abs() as usize).parse().unwrap_or(value),
        _ => (value / 10f64.powi(power)).round() * 10f64.powi(power),
    };
    let unit = 10f64.powi(power);
    let moved = match end {
        End::High if near < value => near + unit,
        End::Low if near > value => near - unit,
        _ => return near,
    };
    format!("{moved:.*}", (-power).max(0) as usize).parse().unwrap_or(moved)
}

/// Returns the power of ten of a number's first digit; 0 for zero and for non-finite numbers.
fn exponent(value: f64) -> i32 {
    if value == 0.0 || !value.is_finite() { 0 } else { value.abs().log10().floor() as i32 }
}

#[cfg(test)]
mod tests {
    use crate::axis::{Axis, End};
    use crate::scale::Scale;

    #[test]
    fn a_lane_begins_between_the_frame_and_the_values_in_it() {
        let text = |axis: Axis, end, value: f64| axis.holding([value].into_iter()).lane_text(end);
        for (high, value, said) in
            [(17.86, 17.9, "> 17.86"), (17.86, 19.0, "> 18"), (0.4935, 0.4936, "> 0.4935")]
        {
            assert_eq!(text(Axis::linear(0.0, high), End::High, value).unwrap(), said);
        }
        assert_eq!(text(Axis::linear(1.42, 3.0), End::Low, 1.0).unwrap(), "< 1.4");
        assert_eq!(text(Axis::linear(1.42, 3.0), End::Low, 1.41).unwrap(), "< 1.42");
        let percent = Axis::percent(Scale::Linear(0.91236, 0.95));
        assert_eq!(text(percent, End::Low, 0.5).unwrap(), "< 91.23%");
        assert_eq!(text(percent, End::Low, 0.91235).unwrap(), "< 91.236%");
        // Values on a scale that has grown are in no lane.
        let grown = Axis::linear(0.0, 1.0).holding([1.2, 9.0].into_iter());
        let grown = grown.with_bands([(0.5, 1.3)].into_iter()).holding([9.0].into_iter());
        assert_eq!(grown.lane_text(End::High).unwrap(), "> 1.3");
    }
}
