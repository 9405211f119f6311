//! The rules by which a published number and ours agree.

use crate::external::printed::Printed;
use crate::external::published::{Published, Row, Rule, Theirs};
use crate::external::sample::{self, Found, Sources, moments};
use crate::number;

/// The standard errors or deviations within which two numbers agree.
pub const LIMIT: f64 = 3.0;

/// Room for the rounding of binary numbers where a difference meets its limit exactly.
const SLACK: f64 = 1.0 + 1e-9;

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The numbers agree by the rule.
    Agrees,
    /// They do not.
    Differs,
    /// They do not, for a reason that the file gives, with who is right.
    Known,
    /// Ours was not found here.
    Skipped,
}

impl Verdict {
    /// Returns the word of the table.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Differs => "differs",
            Verdict::Known => "differs, understood",
            Verdict::Skipped => "skipped",
        }
    }
}

/// A row with our number and the verdict.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The row.
    pub row: &'a Row,
    /// Its source, or that of the file.
    pub source: &'a str,
    /// The published number as shown.
    pub theirs: String,
    /// The published number; none where the run diverged or was not made.
    pub their_value: Option<f64>,
    /// Our number as shown; empty where it was not found.
    pub ours: String,
    /// Our number or mean; none where there is none.
    pub our_value: Option<f64>,
    /// Ours minus theirs in units of the rule: standard errors, standard deviations or the
    /// tolerance. None where the rule has no unit or a side is missing.
    pub difference: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// A sentence on a miss, or what brings a skipped number; else empty.
    pub note: String,
}

/// Judges one row.
///
/// # Errors
/// The row names something that its file or its sweep does not have, or too few seeds.
pub fn judge<'a>(
    published: &'a Published,
    row: &'a Row,
    sources: &Sources<'_>,
) -> Result<Judged<'a>, String> {
    let of_row = |problem: String| format!("row `{}`: {problem}", row.what);
    let found = sample::find(published, &row.ours, sources).map_err(of_row)?;
    let mut judged = Judged {
        row,
        source: row.source.as_deref().unwrap_or(&published.source),
        theirs: theirs_text(&row.theirs, &found),
        their_value: their_value(&row.theirs, &found),
        ours: ours_text(&row.theirs, &found),
        our_value: our_value(&found),
        difference: None,
        verdict: Verdict::Skipped,
        note: String::new(),
    };
    if let Found::Missing { why, remedy } = found {
        judged.note = if remedy.is_empty() { why } else { format!("{why}: {remedy}") };
        return Ok(judged);
    }
    let (agrees, difference) = compare(row, &found, judged.their_value).map_err(of_row)?;
    judged.difference = difference;
    (judged.verdict, judged.note) = match (agrees, &row.known) {
        (true, None) => (Verdict::Agrees, String::new()),
        (true, Some(known)) => (
            Verdict::Agrees,
            format!("It agrees, although a difference is explained: {}", known.reason),
        ),
        (false, None) => (Verdict::Differs, String::new()),
        (false, Some(known)) => match &known.right {
            Some(right) => (Verdict::Known, format!("{} {right}", known.reason)),
            None => {
                (Verdict::Differs, format!("{} The file does not say who is right.", known.reason))
            }
        },
    };
    Ok(judged)
}

/// Returns whether the two sides agree, and their difference in units of the rule.
fn compare(row: &Row, found: &Found, theirs: Option<f64>) -> Result<(bool, Option<f64>), String> {
    let one = |value: f64| (vec![value], 0);
    let (values, lost) = match found {
        Found::Number(value) | Found::Pair(value, _) => one(*value),
        Found::Seeds { values, diverged, never } => (values.clone(), diverged + never),
        Found::Missing { .. } => return Ok((false, None)),
    };
    if row.rule == Rule::Diverges {
        let all = matches!(found, Found::Seeds { never: 0, diverged, .. } if *diverged > 0);
        return Ok((all && values.is_empty(), None));
    }
    // A mean over those that are left would say more than is known.
    let (Some(theirs), 0) = (theirs, lost) else { return Ok((false, None)) };
    let rounding = match &row.theirs {
        Theirs::Value(printed) | Theirs::Mean { mean: printed, .. } => printed.half_unit,
        Theirs::Diverges | Theirs::Program => 0.0,
    };
    let spread = || match values.len() {
        0 | 1 => Err("its rule needs two seeds of ours or more".to_owned()),
        n => Ok((moments(&values), n as f64)),
    };
    let (size, limit) = match row.rule {
        Rule::Relative(tolerance) => (furthest(&values, theirs, tolerance * theirs.abs()), 1.0),
        Rule::Decimals(places) => (furthest(&values, theirs, 0.5 * 10f64.powi(-places)), 1.0),
        Rule::Single => {
            let ((mean, sd), n) = spread()?;
            (beyond(mean - theirs, rounding, sd * (1.0 + 1.0 / n).sqrt()), LIMIT)
        }
        Rule::Expectation => {
            let ((mean, sd), n) = spread()?;
            (beyond(mean - theirs, rounding, sd / n.sqrt()), LIMIT)
        }
        Rule::Means => {
            let ((mean, sd), n) = spread()?;
            let Theirs::Mean { sd: their_sd, n: their_n, .. } = &row.theirs else {
                return Err("its rule needs the `sd` and `n` of theirs".to_owned());
            };
            let squares = sd * sd / n + their_sd.value.powi(2) / *their_n as f64;
            (beyond(mean - theirs, rounding, squares.sqrt()), LIMIT)
        }
        Rule::Diverges => return Err("a divergence has no size".to_owned()),
    };
    Ok((size.abs() <= limit * SLACK, Some(size)))
}

/// Returns a difference in units, less what the rounding of the published number explains.
fn beyond(difference: f64, rounding: f64, unit: f64) -> f64 {
    let left = (difference.abs() - rounding).max(0.0);
    match left == 0.0 {
        true => 0.0,
        false => difference.signum() * left / unit,
    }
}

/// Returns the difference in units of the value that is furthest off.
fn furthest(values: &[f64], theirs: f64, unit: f64) -> f64 {
    let sizes = values.iter().map(|value| match value == &theirs {
        true => 0.0,
        false => (value - theirs) / unit,
    });
    sizes.fold(0.0, |worst: f64, size| match size.is_nan() || size.abs() > worst.abs() {
        true if size.is_nan() => f64::INFINITY,
        true => size,
        false => worst,
    })
}

fn their_value(theirs: &Theirs, found: &Found) -> Option<f64> {
    match (theirs, found) {
        (Theirs::Value(printed) | Theirs::Mean { mean: printed, .. }, _) => Some(printed.value),
        (Theirs::Program, Found::Pair(_, theirs)) => Some(*theirs),
        _ => None,
    }
}

fn our_value(found: &Found) -> Option<f64> {
    match found {
        Found::Number(value) | Found::Pair(value, _) => Some(*value),
        Found::Seeds { values, .. } => crate::stats::location::mean(values),
        Found::Missing { .. } => None,
    }
}

fn theirs_text(theirs: &Theirs, found: &Found) -> String {
    match (theirs, found) {
        (Theirs::Value(printed), _) => printed.text.clone(),
        (Theirs::Mean { mean, sd, n }, _) => {
            format!("{} \u{b1} {} ({n})", mean.text, sd.text)
        }
        (Theirs::Diverges, _) => "diverges".to_owned(),
        (Theirs::Program, Found::Pair(_, theirs)) => number::significant(*theirs, 7),
        (Theirs::Program, _) => String::new(),
    }
}

fn ours_text(theirs: &Theirs, found: &Found) -> String {
    let like = |value: f64| match theirs {
        Theirs::Value(printed) | Theirs::Mean { mean: printed, .. } => {
            Printed::like(printed, value)
        }
        Theirs::Diverges => number::significant(value, 5),
        Theirs::Program => number::significant(value, 7),
    };
    match found {
        Found::Missing { .. } => String::new(),
        Found::Number(value) | Found::Pair(value, _) => like(*value),
        Found::Seeds { values, diverged, never } => {
            let n = values.len() + diverged + never;
            let mean = match values.as_slice() {
                [] => None,
                [one] => Some(like(*one)),
                several => {
                    let (mean, sd) = moments(several);
                    Some(format!(
                        "{} \u{b1} {} ({})",
                        like(mean),
                        number::significant(sd, 2),
                        several.len()
                    ))
                }
            };
            let of = |count: usize, word: &str| {
                (count > 0).then(|| match count == n && n > 1 {
                    true => format!("all {n} {word}"),
                    false => format!("{count} of {n} {word}"),
                })
            };
            let parts = [mean, of(*diverged, "diverged"), of(*never, "never got there")];
            parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
