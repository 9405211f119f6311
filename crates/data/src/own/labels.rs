//! What is a class: a whole number from 0, below a bound that catches
//! regression targets and timestamps before a model gets a million outputs.

/// Most classes of own data.
pub(super) const MOST_CLASSES: i64 = 100_000;

/// How to mend a label that is no class.
pub(super) const REMEDY: &str = "number the classes 0, 1, 2 and so on";

/// The number as a class, or why it is none.
pub(super) fn class(value: i64) -> Result<i64, String> {
    match value {
        0..MOST_CLASSES => Ok(value),
        ..0 => Err(format!("class {value} is negative")),
        _ => Err(format!("class {value} is above {}, the largest", MOST_CLASSES - 1)),
    }
}

/// The number as a class if it is whole, or why it is none.
pub(super) fn class_of_float(value: f64) -> Result<i64, String> {
    if !value.is_finite() || value.fract() != 0.0 {
        return Err(format!("class {value} is not a whole number"));
    }
    // The cast saturates, and what it saturates to is no class either.
    class(value as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_from_0_are_classes() {
        assert_eq!(class(0), Ok(0));
        assert_eq!(class(99_999), Ok(99_999));
        assert_eq!(class_of_float(3.0), Ok(3));
        assert_eq!(class_of_float(-0.0), Ok(0));
    }

    #[test]
    fn others_are_refused_with_the_reason() {
        assert_eq!(class(-1).unwrap_err(), "class -1 is negative");
        assert_eq!(class(100_000).unwrap_err(), "class 100000 is above 99999, the largest");
        assert_eq!(class(i64::MIN).unwrap_err(), format!("class {} is negative", i64::MIN));
        assert_eq!(class_of_float(0.5).unwrap_err(), "class 0.5 is not a whole number");
        assert_eq!(class_of_float(f64::NAN).unwrap_err(), "class NaN is not a whole number");
        assert!(class_of_float(1e300).is_err() && class_of_float(-1e300).is_err());
    }
}
