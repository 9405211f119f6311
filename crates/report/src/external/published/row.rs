//! Deserialization of a row, and validation of its parts against each other.

use serde::Deserialize;

use super::{Known, Origin, Ours, Row, Rule, Theirs, moments};
use crate::external::printed::Printed;

/// A row whose parts have not been validated against each other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRow {
    what: String,
    source: Option<String>,
    #[serde(default)]
    origin: Origin,
    theirs: RawTheirs,
    ours: Ours,
    rule: Rule,
    known: Option<Known>,
    #[serde(default)]
    information: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTheirs {
    value: Option<Printed>,
    sd: Option<Printed>,
    n: Option<usize>,
    values: Option<Vec<f64>>,
    #[serde(default)]
    diverges: bool,
    #[serde(default)]
    program: bool,
}

impl TryFrom<RawRow> for Row {
    type Error = String;

    fn try_from(raw: RawRow) -> Result<Row, String> {
        let RawRow { what, source, origin, theirs, ours, rule, known, information } = raw;
        let fail = |problem: String| Err(format!("row `{what}`: {problem}"));
        let theirs = match Theirs::try_from(theirs) {
            Ok(theirs) => theirs,
            Err(problem) => return fail(problem),
        };
        let explained = || known.as_ref().and_then(|known| known.unfit(&ours, rule));
        if let Some(problem) = unfit(&theirs, &ours, rule).or_else(explained) {
            return fail(problem);
        }
        if matches!(theirs, Theirs::Program) && origin == Origin::Published {
            return fail("what a program measures here is `\"origin\": \"computed\"`".to_owned());
        }
        Ok(Row { what, source, origin, theirs, ours, rule, known, information })
    }
}

impl TryFrom<RawTheirs> for Theirs {
    type Error = String;

    fn try_from(raw: RawTheirs) -> Result<Theirs, String> {
        let RawTheirs { value, sd, n, values, diverges, program } = raw;
        match (value, sd, n, values, diverges, program) {
            (Some(value), None, None, None, false, false) => Ok(Theirs::Value(value)),
            (Some(mean), Some(sd), Some(n), None, false, false) if n >= 2 => {
                Ok(Theirs::Mean { mean, sd, n })
            }
            (None, None, None, Some(values), false, false) if values.len() >= 2 => {
                let (mean, sd) = moments(&values);
                let (mean, sd) = (Printed::computed(mean, 4), Printed::computed(sd, 2));
                Ok(Theirs::Mean { mean, sd, n: values.len() })
            }
            (None, None, None, None, true, false) => Ok(Theirs::Diverges),
            (None, None, None, None, false, true) => Ok(Theirs::Program),
            _ => Err(
                "`theirs` is one of {\"value\"}, {\"value\", \"sd\", \"n\"} with n of at least 2, \
                      {\"values\"} with at least two numbers, {\"diverges\": true} and \
                      {\"program\": true}"
                    .to_owned(),
            ),
        }
    }
}

/// Returns the reason why a rule cannot compare these two; `None` if it can.
fn unfit(theirs: &Theirs, ours: &Ours, rule: Rule) -> Option<String> {
    let sweep = matches!(ours, Ours::Sweep(_));
    let (needs, fits) = match rule {
        Rule::Means => ("a value with `sd` and `n`", matches!(theirs, Theirs::Mean { .. })),
        Rule::Single | Rule::Expectation | Rule::Absolute(_) => {
            ("a value without `sd`", matches!(theirs, Theirs::Value(_)))
        }
        Rule::Diverges => ("`theirs` with `diverges`", matches!(theirs, Theirs::Diverges)),
        Rule::Relative(_) | Rule::Decimals(_) => (
            "one value, or a program for both",
            matches!(theirs, Theirs::Value(_) | Theirs::Program),
        ),
    };
    if !fits {
        return Some(format!("its rule needs {needs}"));
    }
    let exact = matches!(rule, Rule::Relative(_) | Rule::Decimals(_));
    if !exact && !sweep {
        return Some(
            "its rule is for runs of a sweep; give {\"relative\": ..} or {\"decimals\": ..}"
                .to_owned(),
        );
    }
    if matches!(theirs, Theirs::Program) != matches!(ours, Ours::Program(_)) {
        return Some("a program measures both numbers or none".to_owned());
    }
    match rule {
        Rule::Relative(limit) if !(limit > 0.0 && limit < 1.0) => {
            Some("`relative` is a fraction between 0 and 1".to_owned())
        }
        Rule::Absolute(limit) if !(limit > 0.0 && limit.is_finite()) => {
            Some("`absolute` is a number above 0".to_owned())
        }
        Rule::Decimals(places) if !(0..=12).contains(&places) => {
            Some("`decimals` is from 0 to 12".to_owned())
        }
        _ => None,
    }
}
