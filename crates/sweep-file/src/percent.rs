//! Percentages of the run, which the lengths of schedules accept: `"5%"`, `"12.5%"`.

use spec::params::{Param, Value};
use spec::schedule::{LENGTHS, is_length};

use super::diagnostic::Diagnostic;
use super::source::Place;

/// Largest number of decimals of a percentage.
const DECIMALS: usize = 6;
/// Largest number of whole digits that is parsed; more than 100% is then reported as out of range.
const DIGITS: usize = 9;
const UNIT: u64 = 10_u64.pow(DECIMALS as u32);

/// A percentage in millionths of a percent, which is exact for any accepted text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Percent(u64);

impl Percent {
    /// Parses digits, optionally a point and up to six decimals, and `%`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let number = text.strip_suffix('%')?;
        let (whole, part) = match number.split_once('.') {
            Some((_, "")) => return None,
            Some(both) => both,
            None => (number, ""),
        };
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let known = !whole.is_empty() && digits(whole) && digits(part);
        if !known || whole.len() > DIGITS || part.len() > DECIMALS {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = format!("{part:0<DECIMALS$}").parse().ok()?;
        Some(Percent(whole * UNIT + part))
    }

    /// Returns this percentage of `whole` units, rounded to the nearest unit, halves up.
    pub(crate) fn of(self, whole: u64) -> u64 {
        let all = u128::from(100 * UNIT);
        let units = (u128::from(self.0) * u128::from(whole) + all / 2) / all;
        u64::try_from(units).unwrap_or(u64::MAX)
    }

    pub(crate) fn is_zero(self) -> bool {
        self.0 == 0
    }
}

/// Returns whether the value at a path may be a percentage.
pub(crate) fn is_allowed(path: &str) -> bool {
    path.strip_prefix("schedule.").is_some_and(is_length)
}

/// Reads a text in place of the number of a length. The value stays the text until the length of
/// the run is known.
pub(crate) fn read(
    path: &str,
    param: &Param,
    text: &str,
    place: &Place,
) -> Result<Value, Box<Diagnostic>> {
    let out = |label: &str| {
        let message = format!("`{path}` = {} is out of range", text.escape_debug());
        Box::new(Diagnostic::error(message, place).label(label))
    };
    if text.strip_prefix('-').is_some_and(|rest| Percent::parse(rest).is_some()) {
        return Err(out("must not be negative"));
    }
    match Percent::parse(text) {
        Some(percent) if percent > Percent(100 * UNIT) => {
            Err(out("must be at most 100% of the run"))
        }
        Some(percent) if percent.is_zero() && !param.range.contains(0.0) => {
            Err(out("must be above 0%"))
        }
        Some(_) => Ok(Value::Text(text.to_owned())),
        None => {
            let label = format!("expected {} or a percentage of the run, found a string", param.ty);
            let help = instead(text);
            let message = format!("`{path}` has the wrong type");
            Err(Box::new(Diagnostic::error(message, place).label(label).help(help)))
        }
    }
}

/// Returns the help for a text that is not a percentage.
fn instead(text: &str) -> String {
    let joined: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    if Percent::parse(&joined).is_some() {
        return format!("write \"{joined}\", without a space");
    }
    let of_run = "for that share of the run";
    match Percent::parse(&format!("{joined}%")) {
        Some(_) => format!("write {joined} without quotes, or \"{joined}%\" {of_run}"),
        None => {
            format!("write a number of units, or \"5%\" {of_run}, with up to {DECIMALS} decimals")
        }
    }
}

/// Returns the help for a percentage at a path that takes none; `None` if the text is not one.
pub(crate) fn elsewhere(path: &str, text: &str) -> Option<String> {
    Percent::parse(text)?;
    let key = path.rsplit('.').next().unwrap_or(path);
    Some(if is_allowed(path) {
        format!("write a list: {key} = [\"{text}\"]")
    } else {
        format!("only lengths of schedules take a percentage of the run: {}", LENGTHS.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_number_and_its_sign_is_a_percentage() {
        for (text, millionths) in [
            ("0%", 0),
            ("5%", 5_000_000),
            ("05%", 5_000_000),
            ("5.0%", 5_000_000),
            ("12.5%", 12_500_000),
            ("0.000001%", 1),
            ("100%", 100_000_000),
            ("150%", 150_000_000),
        ] {
            assert_eq!(Percent::parse(text), Some(Percent(millionths)), "{text}");
        }
        for text in [
            "",
            "%",
            "5",
            "5 %",
            " 5%",
            "5% ",
            "-5%",
            "+5%",
            ".5%",
            "5.%",
            "1e1%",
            "5%%",
            "five%",
            "5,5%",
            "٥%",
            "0.0000001%",
            "9999999999%",
            "nan%",
            "inf%",
        ] {
            assert_eq!(Percent::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn it_is_rounded_to_the_nearest_unit_a_half_up() {
        let of = |text: &str, whole| Percent::parse(text).unwrap().of(whole);
        assert_eq!([of("5%", 9), of("5%", 10), of("5%", 29), of("5%", 30)], [0, 1, 1, 2]);
        assert_eq!([of("0%", 7), of("100%", 7), of("50%", 7), of("49.999%", 7)], [0, 7, 4, 3]);
        // Exact, where 64-bit floats are not: 14.5% of 1,000 and of 10^15.
        assert_eq!([of("14.5%", 1000), of("0.35%", 1000)], [145, 4]);
        assert_eq!(of("14.5%", 10_u64.pow(15)), 145 * 10_u64.pow(12));
        assert_eq!(of("100%", u64::MAX), u64::MAX);
    }
}
