//! Comparison of a published number with ours by a rule.

use crate::external::printed::Printed;
use crate::external::published::{Expected, ExpectedValue, Published, Row, Rule, Theirs, moments};
use crate::external::sample::{self, Found, Sources};
use crate::number;

/// Largest difference, in standard errors or standard deviations, at which two numbers agree.
pub const LIMIT: f64 = 3.0;

/// Tolerance for floating-point rounding where a difference meets its limit exactly.
const SLACK: f64 = 1.0 + 1e-9;

/// The outcome of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The numbers agree by the rule.
    Agrees,
    /// The numbers differ by the rule.
    Differs,
    /// The numbers differ for a reason that the file gives, and ours is what the file expects.
    Known,
    /// The spread of our runs is so large that no number on one side of their mean could fail the
    /// rule.
    NotToldApart,
    /// Our number is not available here.
    Skipped,
}

impl Verdict {
    /// Returns the word for the table.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Agrees => "agrees",
            Verdict::Differs => "differs",
            Verdict::Known => "differs, understood",
            Verdict::NotToldApart => "not told apart",
            Verdict::Skipped => "skipped",
        }
    }
}

/// A row with our number and its verdict.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// The row.
    pub row: &'a Row,
    /// Source of the row, or else of the file.
    pub source: &'a str,
    /// The published number as displayed.
    pub theirs: String,
    /// The published number; `None` where the run diverged or the number is missing.
    pub their_value: Option<f64>,
    /// Our number as displayed; empty if it is missing.
    pub ours: String,
    /// Our number or mean; `None` if there is none.
    pub our_value: Option<f64>,
    /// Ours minus theirs in units of the rule: standard errors, standard deviations or the
    /// tolerance. `None` if the rule has no unit or a side is missing.
    pub difference: Option<f64>,
    /// The verdict.
    pub verdict: Verdict,
    /// A sentence on a difference, or the remedy for a skipped number; else empty.
    pub note: String,
}

/// Judges one row.
///
/// # Errors
/// The row refers to something that its file or sweep does not have, or has too few seeds.
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
    let compared = compare(row.rule, &row.theirs, &found, judged.their_value);
    let (fit, difference) = compared.map_err(of_row)?;
    judged.difference = difference;
    (judged.verdict, judged.note) = match &row.known {
        None => (fit.verdict(), if fit == Fit::Open { OPEN.to_owned() } else { String::new() }),
        Some(known) if !holds(&known.expected, row.rule, &found).map_err(of_row)? => {
            let expected = known.expected.text();
            let note = format!("Ours is not what the file expects, {expected}. {}", known.reason);
            (Verdict::Differs, note)
        }
        Some(known) => match fit {
            Fit::Within => {
                let reason = &known.reason;
                let note = format!("It agrees, although a difference is explained: {reason}");
                (Verdict::Agrees, note)
            }
            Fit::Beyond => (Verdict::Known, format!("{} {}", known.reason, known.right)),
            Fit::Open => (Verdict::NotToldApart, OPEN.to_owned()),
        },
    };
    Ok(judged)
}

/// Relation of the two numbers by a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    /// The difference is within the limit.
    Within,
    /// The difference is beyond the limit.
    Beyond,
    /// The difference is within the limit, as that of every positive number on the same side would
    /// be.
    Open,
}

impl Fit {
    fn verdict(self) -> Verdict {
        match self {
            Fit::Within => Verdict::Agrees,
            Fit::Beyond => Verdict::Differs,
            Fit::Open => Verdict::NotToldApart,
        }
    }
}

/// Note of a row that cannot be told apart.
const OPEN: &str = "Our runs spread so far that the limit below their mean lies at or below 0: no lower \
                    number could fail the rule.";

/// Returns whether our number is the one that the file expects.
fn holds(expected: &Expected, rule: Rule, found: &Found) -> Result<bool, String> {
    let allowed = match found {
        Found::Seeds { values, diverged, never } if *never <= expected.never => {
            &Found::Seeds { values: values.clone(), diverged: *diverged, never: 0 }
        }
        other => other,
    };
    let theirs = match &expected.value {
        ExpectedValue::Like(theirs) => theirs,
        ExpectedValue::Range(low, high) => {
            let whole =
                !matches!(allowed, Found::Seeds { diverged, never, .. } if diverged + never > 0);
            let within = |value: f64| (*low..=*high).contains(&value);
            return Ok(whole && our_value(allowed).is_some_and(within));
        }
    };
    let rule = if matches!(theirs, Theirs::Mean { .. }) { Rule::Means } else { rule };
    let (fit, _) = compare(rule, theirs, allowed, their_value(theirs, allowed))?;
    Ok(fit == Fit::Within)
}

/// Returns the relation of the two numbers, and their difference in units of the rule.
fn compare(
    rule: Rule,
    theirs: &Theirs,
    found: &Found,
    their_value: Option<f64>,
) -> Result<(Fit, Option<f64>), String> {
    let one = |value: f64| (vec![value], 0);
    let (values, lost) = match found {
        Found::Number(value) | Found::Pair(value, _) => one(*value),
        Found::Seeds { values, diverged, never } => (values.clone(), diverged + never),
        Found::Missing { .. } => return Ok((Fit::Beyond, None)),
    };
    let fit = |within: bool| if within { Fit::Within } else { Fit::Beyond };
    if rule == Rule::Diverges {
        let all = matches!(found, Found::Seeds { never: 0, diverged, .. } if *diverged > 0);
        return Ok((fit(all && values.is_empty()), None));
    }
    // A mean over the remaining seeds would be biased.
    let (Some(value), 0) = (their_value, lost) else { return Ok((Fit::Beyond, None)) };
    let rounding = match theirs {
        Theirs::Value(printed) | Theirs::Mean { mean: printed, .. } => printed.half_unit,
        Theirs::Diverges | Theirs::Program => 0.0,
    };
    let unit = match rule {
        Rule::Absolute(limit) => {
            let size = (moments(&values).0 - value) / limit;
            return Ok((fit(size.abs() <= SLACK), Some(size)));
        }
        Rule::Relative(tolerance) => {
            let size = furthest(&values, value, tolerance * value.abs());
            return Ok((fit(size.abs() <= SLACK), Some(size)));
        }
        Rule::Decimals(places) => {
            let size = furthest(&values, value, 0.5 * 10f64.powi(-places));
            return Ok((fit(size.abs() <= SLACK), Some(size)));
        }
        Rule::Diverges => return Err("a divergence has no size".to_owned()),
        Rule::Single | Rule::Expectation | Rule::Means if values.len() < 2 => {
            return Err("its rule needs at least two of our seeds".to_owned());
        }
        Rule::Single | Rule::Expectation | Rule::Means => unit(rule, theirs, &values)?,
    };
    let (mean, _) = moments(&values);
    let size = beyond(mean - value, rounding, unit);
    let open = values.iter().all(|ours| *ours > 0.0) && mean - LIMIT * unit <= 0.0;
    Ok(match size.abs() <= LIMIT * SLACK {
        true if open => (Fit::Open, Some(size)),
        within => (fit(within), Some(size)),
    })
}

/// Returns the standard error or standard deviation of a difference, by a rule for seeds.
fn unit(rule: Rule, theirs: &Theirs, values: &[f64]) -> Result<f64, String> {
    let ((_, sd), n) = (moments(values), values.len() as f64);
    match (rule, theirs) {
        (Rule::Single, _) => Ok(sd * (1.0 + 1.0 / n).sqrt()),
        (Rule::Expectation, _) => Ok(sd / n.sqrt()),
        (_, Theirs::Mean { sd: their_sd, n: their_n, .. }) => {
            Ok((sd * sd / n + their_sd.value.powi(2) / *their_n as f64).sqrt())
        }
        _ => Err("its rule needs the `sd` and `n` of theirs".to_owned()),
    }
}

/// Returns a difference in units, minus the rounding error of the published number.
fn beyond(difference: f64, rounding: f64, unit: f64) -> f64 {
    let left = (difference.abs() - rounding).max(0.0);
    match left == 0.0 {
        true => 0.0,
        false => difference.signum() * left / unit,
    }
}

/// Returns the difference, in units, of the value that is furthest off.
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
        Found::Seeds { values, .. } => stats::location::mean(values),
        Found::Missing { .. } => None,
    }
}

fn theirs_text(theirs: &Theirs, found: &Found) -> String {
    match (theirs.text(), found) {
        (Some(text), _) => text,
        (None, Found::Pair(_, theirs)) => number::significant(*theirs, 7),
        (None, _) => String::new(),
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
