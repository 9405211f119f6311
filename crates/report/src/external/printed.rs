//! Numbers as their source prints them, whose digits imply their precision.

use serde::Deserialize;

use crate::number;

/// A published number. It is a string in the file, so that no digit is lost: `"87.30"`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub struct Printed {
    /// The number.
    pub value: f64,
    /// Half a unit of its last digit, the largest rounding error. 0 if it is computed.
    pub half_unit: f64,
    /// Its text.
    pub text: String,
}

impl Printed {
    /// Creates a number that was computed from published ones and is not rounded, displayed with
    /// this many significant digits.
    pub fn computed(value: f64, digits: usize) -> Printed {
        Printed { value, half_unit: 0.0, text: number::significant(value, digits) }
    }

    /// Formats another number like this one, with one more digit.
    pub fn like(&self, value: f64) -> String {
        let magnitude = self.value.abs().max(f64::MIN_POSITIVE).log10().floor() as i32;
        let shown = self.text.trim_start_matches('-').split(['e', 'E']).next().unwrap_or_default();
        let digits =
            shown.trim_start_matches(['0', '.']).chars().filter(char::is_ascii_digit).count();
        if self.text.contains(['e', 'E']) || !(-5..7).contains(&magnitude) {
            return number::significant(value, digits + 1);
        }
        let decimals = shown.split_once('.').map_or(0, |(_, after)| after.len());
        format!("{value:.*}", decimals + 1)
    }
}

impl TryFrom<String> for Printed {
    type Error = String;

    fn try_from(text: String) -> Result<Printed, String> {
        let wrong = || format!("`{text}` is not a number; write it as printed: \"87.30\"");
        let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+' | 'e' | 'E');
        if !text.chars().all(plain) {
            return Err(wrong());
        }
        let value: f64 = text.parse().map_err(|_| wrong())?;
        if !value.is_finite() {
            return Err(wrong());
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().map_err(|_| wrong())?),
            None => (text.as_str(), 0),
        };
        let decimals = mantissa.split_once('.').map_or(0, |(_, after)| after.len() as i32);
        Ok(Printed { value, half_unit: 0.5 * 10f64.powi(exponent - decimals), text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Printed {
        Printed::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn the_digits_say_how_far_rounding_went() {
        for (text, value, half) in [
            ("87.30", 87.3, 0.005),
            ("0.0001", 1e-4, 5e-5),
            ("1.5e-3", 1.5e-3, 5e-5),
            ("-4.0150", -4.015, 5e-5),
            ("43", 43.0, 0.5),
        ] {
            let printed = of(text);
            assert_eq!(printed.value, value);
            assert!((printed.half_unit / half - 1.0).abs() < 1e-12, "{text}: {printed:?}");
        }
    }

    #[test]
    fn ours_is_shown_with_one_digit_more() {
        assert_eq!(of("87.30").like(87.296_77), "87.297");
        assert_eq!(of("0.0001").like(0.000_067_1), "0.00007");
        assert_eq!(of("43").like(51.1), "51.1");
        assert_eq!(of("1.5e-9").like(1.517e-9), "1.52e-9");
    }

    #[test]
    fn what_is_no_number_is_refused_with_a_remedy() {
        for text in ["", "inf", "NaN", "1,5", "87.3 ± 0.1", "1e999"] {
            let error = Printed::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains("not a number") && error.contains("87.30"), "{error}");
        }
    }
}
