//! Floats in stored forms: non-finite values as strings, since JSON cannot represent them, and
//! the shortest text that reads back to the same bits.

use std::fmt::{self, Formatter};

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use text_format::number::shortest as short;

/// An `f64` that round-trips through JSON: finite as a number, else `"nan"`, `"inf"`, `"-inf"`.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Float(pub f64);

impl Serialize for Float {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            x if x.is_finite() => s.serialize_f64(x),
            x if x.is_nan() => s.serialize_str("nan"),
            x if x > 0.0 => s.serialize_str("inf"),
            _ => s.serialize_str("-inf"),
        }
    }
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Float;

            fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
                f.write_str("a number, \"nan\", \"inf\" or \"-inf\"")
            }

            fn visit_f64<E: Error>(self, x: f64) -> Result<Float, E> {
                Ok(Float(x))
            }

            fn visit_i64<E: Error>(self, x: i64) -> Result<Float, E> {
                Ok(Float(x as f64))
            }

            fn visit_u64<E: Error>(self, x: u64) -> Result<Float, E> {
                Ok(Float(x as f64))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Float, E> {
                match text {
                    "nan" => Ok(Float(f64::NAN)),
                    "inf" => Ok(Float(f64::INFINITY)),
                    "-inf" => Ok(Float(f64::NEG_INFINITY)),
                    _ => Err(E::custom(format!("`{text}` is not a number"))),
                }
            }
        }
        // An untagged enum would buffer a copy of each value, and a journal holds a million.
        d.deserialize_any(Number)
    }
}

impl From<f64> for Float {
    fn from(x: f64) -> Self {
        Float(x)
    }
}

/// Rounds to six significant decimal digits, so that generated grid points are the numbers that
/// a person would have typed and hash the same everywhere.
pub fn round_to_six_digits(x: f64) -> f64 {
    round_to_digits(x, 6)
}

/// Rounds to `digits` significant decimal digits; 0 is treated as 1.
pub fn round_to_digits(x: f64, digits: usize) -> f64 {
    format!("{x:.*e}", digits.saturating_sub(1)).parse().unwrap_or(x)
}

/// Returns 1 - x, rounded to twelve decimal places: 0.99 for 0.01.
pub fn one_minus(x: f64) -> f64 {
    format!("{:.12}", 1.0 - x).parse().unwrap_or(1.0 - x)
}

/// Returns the number of significant digits in the shortest text of a number.
pub fn digits(x: f64) -> usize {
    let text = format!("{x:e}");
    text.split('e').next().map_or(1, |m| m.chars().filter(char::is_ascii_digit).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_of_numbers() {
        assert_eq!([0.01, 0.03, 1.0, 0.316228, 20.0, 1.5e-3].map(digits), [1, 1, 1, 6, 1, 2]);
        assert_eq!(round_to_digits(0.0316228, 2), 0.032);
        assert_eq!(one_minus(0.01), 0.99);
    }

    #[test]
    fn non_finite_floats_survive_json() {
        for x in [f64::INFINITY, f64::NEG_INFINITY, 0.1, 5e-324, f64::MAX] {
            let text = serde_json::to_string(&Float(x)).unwrap();
            assert_eq!(
                serde_json::from_str::<Float>(&text).unwrap().0.to_bits(),
                x.to_bits(),
                "{text}"
            );
        }
        assert!(serde_json::from_str::<Float>("\"nan\"").unwrap().0.is_nan());
        for text in ["\"many\"", "null", "true", "[1]"] {
            assert!(serde_json::from_str::<Float>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Vec<Float>>("[3, -3]").unwrap(), [3.0, -3.0].map(Float));
    }

    #[test]
    fn generated_points_are_rounded() {
        assert_eq!(round_to_six_digits(10f64.powf(-2.5)), 0.00316228);
        assert_eq!(round_to_six_digits(0.01), 0.01);
    }
}
