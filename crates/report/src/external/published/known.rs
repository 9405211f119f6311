//! Explanations of differences, with the value expected of our side.

use serde::Deserialize;

use crate::external::printed::Printed;
use crate::external::published::{Ours, Rule, Theirs};
use crate::number;

/// The explanation of a difference. The row is still listed as a difference on the page, but does
/// not fail the command as long as our value is the expected one.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The cause.
    pub reason: String,
    /// The side that is correct and why, in a sentence.
    pub right: String,
    /// The value that our number must have, whether or not it agrees with the published one.
    pub expected: Expected,
}

/// The expected value of our side of a row.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "RawExpected")]
pub struct Expected {
    /// Our value.
    pub value: ExpectedValue,
    /// Largest number of seeds that may never reach the value to be reached. Default: 0.
    pub never: usize,
}

/// The expected value of our number.
#[derive(Clone, Debug)]
pub enum ExpectedValue {
    /// Our number or mean is between these two, inclusive.
    Range(f64, f64),
    /// Our number agrees with this one by the row's own rule, or with this mean by the rule of two
    /// means.
    Like(Theirs),
}

impl Known {
    /// Returns the reason why it cannot explain a row with this source and rule; `None` if it can.
    pub(super) fn unfit(&self, ours: &Ours, rule: Rule) -> Option<String> {
        let sweep = match ours {
            Ours::Sweep(from) => Some(from),
            _ => None,
        };
        let problem = match (&self.expected.value, rule) {
            _ if self.reason.trim().is_empty() => "`known` needs a `reason`",
            _ if self.right.trim().is_empty() => "`known` needs the side that is `right`, and why",
            _ if self.expected.never > 0 && sweep.is_none_or(|from| from.reach.is_none()) => {
                "`never` in `expected` is for rows with `reach`"
            }
            (ExpectedValue::Like(Theirs::Mean { .. }), _) if sweep.is_none() => {
                "`expected` with `sd` and `n` is for runs of a sweep"
            }
            (ExpectedValue::Like(Theirs::Value(_)), Rule::Means) => {
                "its rule needs `sd` and `n` of the value in `expected`, or [low, high]"
            }
            (ExpectedValue::Like(_), Rule::Diverges) => "its rule needs [low, high] in `expected`",
            _ => return None,
        };
        Some(problem.to_owned())
    }
}

impl Expected {
    /// Returns a short form: `0.5 to 0.85`, `141.81 ± 0.20 (5000)`.
    pub(in crate::external) fn text(&self) -> String {
        let value = match &self.value {
            ExpectedValue::Range(low, high) => {
                format!("{} to {}", number::short(*low), number::short(*high))
            }
            ExpectedValue::Like(theirs) => theirs.text().unwrap_or_default(),
        };
        match self.never {
            0 => value,
            most => format!("{value}; at most {most} never get there"),
        }
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "`expected` is one of [low, high], {\"value\"}, {\"value\", \"sd\", \"n\"} and \
                 {\"range\": [low, high]}, the last two with \"never\" where seeds may never get there"
)]
enum RawExpected {
    Range([f64; 2]),
    Object(RawObject),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawObject {
    range: Option<[f64; 2]>,
    value: Option<Printed>,
    sd: Option<Printed>,
    n: Option<usize>,
    #[serde(default)]
    never: usize,
}

impl TryFrom<RawExpected> for Expected {
    type Error = String;

    fn try_from(raw: RawExpected) -> Result<Expected, String> {
        let RawObject { range, value, sd, n, never } = match raw {
            RawExpected::Range(range) => {
                RawObject { range: Some(range), value: None, sd: None, n: None, never: 0 }
            }
            RawExpected::Object(object) => object,
        };
        let value = match (range, value, sd, n) {
            (Some([low, high]), None, None, None) if low < high && (high - low).is_finite() => {
                ExpectedValue::Range(low, high)
            }
            (Some([low, high]), None, None, None) => {
                return Err(format!("the range of `expected` is empty: [{low}, {high}]"));
            }
            (None, Some(value), None, None) => ExpectedValue::Like(Theirs::Value(value)),
            (None, Some(mean), Some(sd), Some(n)) if n >= 2 => {
                ExpectedValue::Like(Theirs::Mean { mean, sd, n })
            }
            _ => {
                return Err("`expected` is a range, a value, or a mean with `sd` and `n` of at \
                            least 2"
                    .to_owned());
            }
        };
        Ok(Expected { value, never })
    }
}
