//! Grids of numbers: logarithmic, linear, and one minus the values of such a grid.

use spec::float::{one_minus, round_to_six_digits};
use spec::params::{Param, ParamType, Range, Value};

use super::{Axis, in_range, number};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Node, NodeValue};
use crate::source::Place;

/// Largest `points` of one axis; more are treated as a typing error.
const MAX_POINTS: i64 = 1_000_000;

/// Reads `{ one_minus = { log = [a, b] }, points = n }`: one minus each value of a grid, rising.
pub(super) fn lacking(
    axis: &mut Axis,
    param: &Param,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let inner = &node.get("one_minus")?.value;
    let form = ["log", "linear"].into_iter().find(|form| inner.get(form).is_some());
    let Some(form) = form else {
        diagnostics.push(
            Diagnostic::error("`one_minus` needs log or linear", &inner.place)
                .help("for example { one_minus = { log = [1e-3, 1e-1] }, points = 3 }"),
        );
        return None;
    };
    let mut entries = inner.entries().to_vec();
    entries.extend(node.get("points").cloned());
    let table = Node { value: NodeValue::Table(entries), place: node.place.clone() };
    // The range applies to one minus the value, not to the value.
    let free = Param { range: Range::Any, ..*param };
    read(axis, &free, form, &table, diagnostics)?;
    let mut all = true;
    for (value, place) in &mut axis.values {
        let left = one_minus(as_number(value).unwrap_or(0.0));
        all &= in_range(&axis.path, param, left, place, diagnostics);
        *value = Value::Float(left);
    }
    axis.values.reverse();
    all.then_some(())
}

/// Reads `{ log = [a, b], points = n }` or `{ linear = [a, b], points = n }`.
pub(super) fn read(
    axis: &mut Axis,
    param: &Param,
    form: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if !matches!(param.ty, ParamType::Float | ParamType::Int) {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` is not a number, so it cannot have a {form} grid", axis.path),
                &node.place,
            )
            .help(format!("it takes {}", param.ty)),
        );
        return None;
    }
    let ends = node.get(form)?;
    let (low, high) = two_numbers(form, &ends.value, diagnostics)?;
    let points = match node.get("points").map(|e| &e.value) {
        Some(Node { value: NodeValue::Int(n), .. }) if (1..=MAX_POINTS).contains(n) => *n,
        Some(other) => {
            diagnostics.push(Diagnostic::error(
                format!("`points` must be a whole number from 1 to {MAX_POINTS}"),
                &other.place,
            ));
            return None;
        }
        None => {
            diagnostics.push(
                Diagnostic::error(format!("`{form}` needs `points`"), &node.place)
                    .help("the number of values, both ends included"),
            );
            return None;
        }
    };
    check_ends(&axis.path, form, (low, high), points > 1, &ends.value.place, diagnostics)?;
    for i in 0..points {
        let t = if points == 1 { 0.0 } else { i as f64 / (points - 1) as f64 };
        let x = match form {
            "log" => (low.ln() + t * (high.ln() - low.ln())).exp(),
            _ => low + t * (high - low),
        };
        let x = round_to_six_digits(x);
        let value =
            if param.ty == ParamType::Int { Value::Int(x.round() as i64) } else { Value::Float(x) };
        if !in_range(&axis.path, param, x, &ends.value.place, diagnostics) {
            return None;
        }
        // Grids rise, so equal whole numbers are adjacent.
        if axis.values.last().is_none_or(|(v, _)| *v != value) {
            axis.values.push((value, ends.value.place.clone()));
        }
    }
    Some(())
}

/// Reads the ends `[a, b]` of a grid or a range.
pub(super) fn two_numbers(
    form: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<(f64, f64)> {
    let numbers = match &node.value {
        NodeValue::Array(items) => items.iter().map(number).collect::<Option<Vec<f64>>>(),
        _ => None,
    };
    let Some([low, high]) = numbers.as_deref() else {
        diagnostics.push(
            Diagnostic::error(format!("`{form}` takes two numbers"), &node.place)
                .help(format!("{form} = [first, last]")),
        );
        return None;
    };
    Some((*low, *high))
}

/// Checks that ends are finite, above 0 for `log`, and increasing if `rising` is set.
pub(super) fn check_ends(
    path: &str,
    form: &str,
    (low, high): (f64, f64),
    rising: bool,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let reason = if form == "log" && low <= 0.0 {
        "a logarithmic grid must start above 0"
    } else if !low.is_finite() || !high.is_finite() || low >= high && rising {
        "the first end must be below the last, both finite"
    } else {
        return Some(());
    };
    diagnostics.push(Diagnostic::error(format!("invalid grid for `{path}`"), place).label(reason));
    None
}

/// Returns a value as a number; `None` for other types.
pub(super) fn as_number(value: &Value) -> Option<f64> {
    match value {
        Value::Float(x) => Some(*x),
        Value::Int(i) => Some(*i as f64),
        _ => None,
    }
}
