//! The distributions from which random axes draw their values.

use spec::float::{one_minus, round_to_six_digits};
use spec::params::{Param, ParamType, Value};

use super::grid::{self, as_number};
use super::{self as axis, Axis};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Node, NodeValue};
use crate::source::Place;

/// The forms of a distribution, one of which its table has.
pub(super) const FORMS: [&str; 6] =
    ["log", "linear", "values", "one_minus", "ratio", "powers_of_two"];

/// The distribution of a random axis.
#[derive(Clone, Debug)]
pub(super) enum From {
    /// Log-uniform between the two ends.
    Log(f64, f64, ParamType),
    Linear(f64, f64, ParamType),
    /// One of these values, all equally likely.
    Values(Vec<Value>),
    /// One minus the draw, as for a momentum.
    OneMinus(Box<From>),
    /// The draw times the value of another axis: its name, and the place of the name.
    Ratio(String, Place, Box<From>),
}

impl From {
    /// Returns the value at `u` in [0, 1); `None` for a ratio.
    pub(super) fn value(&self, u: f64) -> Option<Value> {
        // Only the ends were checked, and rounding may exceed them.
        let within = |x: f64, (a, b): (f64, f64), ty: ParamType| match ty {
            ParamType::Int => Value::Int(x.round().clamp(a.ceil(), b.floor().max(a.ceil())) as i64),
            _ => Value::Float(round_to_six_digits(x).clamp(a, b)),
        };
        Some(match self {
            From::Log(a, b, ty) => within((a.ln() + u * (b.ln() - a.ln())).exp(), (*a, *b), *ty),
            From::Linear(a, b, ty) => within(a + u * (b - a), (*a, *b), *ty),
            From::Values(all) => all[((u * all.len() as f64) as usize).min(all.len() - 1)].clone(),
            From::OneMinus(lack) => Value::Float(one_minus(as_number(&lack.value(u)?)?)),
            From::Ratio(..) => return None,
        })
    }

    /// Returns the name of the axis that a ratio refers to, with its place.
    pub(super) fn ratio_of(&self) -> Option<(&str, &Place)> {
        match self {
            From::Ratio(of, place, _) => Some((of, place)),
            _ => None,
        }
    }

    /// Returns the value at `u` of a ratio to `base`.
    pub(super) fn ratio(&self, base: f64, u: f64) -> Value {
        let From::Ratio(_, _, factor) = self else { unreachable!("a ratio") };
        let factor = factor.value(u).as_ref().and_then(as_number).unwrap_or(1.0);
        Value::Float(round_to_six_digits(base * factor))
    }

    /// Returns whether the draws are numbers that do not depend on another axis.
    pub(super) fn is_number(&self) -> bool {
        match self {
            From::Values(all) => all.iter().all(|value| as_number(value).is_some()),
            From::Ratio(..) => false,
            _ => true,
        }
    }
}

/// Reads the distribution of a random axis and its place.
pub(super) fn read(
    axis: &Axis,
    param: &Param,
    range: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(From, Place)> {
    let given: Vec<&str> = FORMS.into_iter().filter(|form| range.get(form).is_some()).collect();
    let [form] = given[..] else {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` needs exactly one of {} to draw from", axis.path, FORMS.join(", ")),
                &range.place,
            )
            .help("for example { random = { log = [1e-4, 1e0] }, samples = 20 }"),
        );
        return None;
    };
    let ends = &range.get(form)?.value;
    match form {
        "values" => {
            let mut drawn = Axis { values: Vec::new(), ..axis.clone() };
            let NodeValue::Array(items) = &ends.value else {
                diagnostics.push(Diagnostic::error("`values` takes a list", &ends.place));
                return None;
            };
            axis::list(&mut drawn, param, items, &ends.place, diagnostics)?;
            let values = drawn.values.into_iter().map(|(value, _)| value).collect();
            Some((From::Values(values), ends.place.clone()))
        }
        "powers_of_two" => {
            let values = powers(axis, param, ends, diagnostics)?;
            Some((From::Values(values), ends.place.clone()))
        }
        "one_minus" => one_minus_of(axis, param, ends, diagnostics),
        "ratio" => ratio_of(axis, param, ends, diagnostics),
        _ => {
            let (low, high) = numbers(axis, param, form, ends, diagnostics)?;
            let checked = [low, high];
            if checked
                .iter()
                .any(|end| !axis::in_range(&axis.path, param, *end, &ends.place, diagnostics))
            {
                return None;
            }
            let from = match form {
                "log" => From::Log(low, high, param.ty),
                _ => From::Linear(low, high, param.ty),
            };
            Some((from, ends.place.clone()))
        }
    }
}

/// Reads the two ends of a range of numbers.
fn numbers(
    axis: &Axis,
    param: &Param,
    form: &str,
    ends: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(f64, f64)> {
    if !matches!(param.ty, ParamType::Float | ParamType::Int) {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` is not a number, so it cannot have a {form} range", axis.path),
                &ends.place,
            )
            .help(format!("it takes {}; draw from values = [...]", param.ty)),
        );
        return None;
    }
    let (low, high) = grid::two_numbers(form, ends, diagnostics)?;
    grid::check_ends(&axis.path, form, (low, high), true, &ends.place, diagnostics)?;
    Some((low, high))
}

/// Reads a range of numbers inside another form: `{ log = [a, b] }` or `{ linear = [a, b] }`.
fn inner(
    axis: &Axis,
    param: &Param,
    within: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<((f64, f64), From)> {
    let given: Vec<&str> =
        ["log", "linear"].into_iter().filter(|form| node.get(form).is_some()).collect();
    let [form] = given[..] else {
        diagnostics.push(
            Diagnostic::error(format!("`{within}` needs log or linear"), &node.place)
                .help(format!("for example {within} = {{ log = [1e-3, 1e-1] }}")),
        );
        return None;
    };
    let (low, high) = numbers(axis, param, form, &node.get(form)?.value, diagnostics)?;
    let from = match form {
        "log" => From::Log(low, high, ParamType::Float),
        _ => From::Linear(low, high, ParamType::Float),
    };
    Some(((low, high), from))
}

fn only_numbers(axis: &Axis, param: &Param, form: &str, node: &Node) -> Option<Diagnostic> {
    (param.ty != ParamType::Float).then(|| {
        Diagnostic::error(format!("`{}` cannot have a {form} range", axis.path), &node.place)
            .label(format!("it takes {}", param.ty))
    })
}

/// Reads `one_minus = { log = [a, b] }`.
fn one_minus_of(
    axis: &Axis,
    param: &Param,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(From, Place)> {
    if let Some(problem) = only_numbers(axis, param, "one_minus", node) {
        diagnostics.push(problem);
        return None;
    }
    let ((low, high), from) = inner(axis, param, "one_minus", node, diagnostics)?;
    for end in [low, high] {
        if !axis::in_range(&axis.path, param, one_minus(end), &node.place, diagnostics) {
            return None;
        }
    }
    Some((From::OneMinus(Box::new(from)), node.place.clone()))
}

/// Reads `ratio = { of = "lr", log = [a, b] }`.
fn ratio_of(
    axis: &Axis,
    param: &Param,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(From, Place)> {
    if let Some(problem) = only_numbers(axis, param, "ratio", node) {
        diagnostics.push(problem);
        return None;
    }
    // A ratio can give values of any size.
    if !param.range.contains(1e9) {
        diagnostics.push(
            Diagnostic::error(format!("`{}` cannot have a ratio range", axis.path), &node.place)
                .label(format!("its values are bounded: {}", param.range)),
        );
        return None;
    }
    let of = node.get("of").map(|entry| (&entry.value.value, &entry.value.place));
    let Some((NodeValue::Text(of), place)) = of else {
        diagnostics.push(
            Diagnostic::error("`ratio` needs `of`, the name of another axis", &node.place)
                .help("for example ratio = { of = \"lr\", log = [1e-3, 1e0] }"),
        );
        return None;
    };
    let (_, from) = inner(axis, param, "ratio", node, diagnostics)?;
    Some((From::Ratio(of.clone(), place.clone(), Box::new(from)), node.place.clone()))
}

/// Returns the powers of two between two numbers, both included.
pub(super) fn powers(
    axis: &Axis,
    param: &Param,
    ends: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<Vec<Value>> {
    if param.ty != ParamType::Int {
        let message =
            format!("`{}` is not a whole number, so it cannot have powers of two", axis.path);
        diagnostics.push(Diagnostic::error(message, &ends.place));
        return None;
    }
    let (low, high) = grid::two_numbers("powers_of_two", ends, diagnostics)?;
    let all: Vec<i64> =
        (0..62).map(|k| 1i64 << k).filter(|n| (low..=high).contains(&(*n as f64))).collect();
    let (Some(first), Some(last)) = (all.first(), all.last()) else {
        let message = format!("there is no power of two between {low} and {high}");
        diagnostics.push(
            Diagnostic::error(message, &ends.place).help("for example powers_of_two = [16, 256]"),
        );
        return None;
    };
    let fits = [*first, *last]
        .iter()
        .all(|n| axis::in_range(&axis.path, param, *n as f64, &ends.place, diagnostics));
    fits.then(|| all.into_iter().map(Value::Int).collect())
}
