//! `extend = { at_most = n }` of a grid: adds values beyond an edge while the best value is at it.

use spec::float::{digits, one_minus};
use spec::growth::{Extend, Scale, stands_alone};
use spec::params::{Param, ParamType, Range};

use super::Axis;
use super::grid::as_number;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Node, NodeValue};

/// Largest `at_most`; more added values on one axis are treated as a typing error.
const MOST: i64 = 1_000;

/// Significant digits of the values of a grid.
const DIGITS: usize = 6;

/// Reads `extend` of an axis whose values were read from a grid of this form. Problems go to
/// `diagnostics`.
pub(super) fn read(
    axis: &mut Axis,
    param: &Param,
    form: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let Some(entry) = node.get("extend") else { return Some(()) };
    let refuse = |message: String| Diagnostic::error(message, &entry.key_place);
    if !matches!(param.ty, ParamType::Float | ParamType::Int) {
        let message = format!("`{}` is not a number, so its grid cannot grow", axis.path);
        diagnostics.push(refuse(message).help("remove `extend`"));
        return None;
    }
    if !stands_alone(&axis.path) {
        let message = format!("`extend` cannot be used with `{}`", axis.path);
        diagnostics.push(
            refuse(message).help(
                "only an optimizer's own numbers can grow, such as lr, momentum, weight_decay",
            ),
        );
        return None;
    }
    if axis.zip.is_some() {
        let message = format!("`{}` is zipped and cannot grow alone", axis.path);
        diagnostics.push(refuse(message).help("remove `extend`, or `zip`"));
        return None;
    }
    let at_most = at_most(&axis.path, &entry.value, diagnostics)?;
    let Some(extend) = grown(axis, param, form, at_most) else {
        let message = format!("`{}` has no step to grow by", axis.path);
        diagnostics
            .push(refuse(message).help("give it two or more values above 0, or remove `extend`"));
        return None;
    };
    axis.extend = Some(extend);
    Some(())
}

/// Reads the number of `{ at_most = n }`.
fn at_most(path: &str, node: &Node, diagnostics: &mut Diagnostics) -> Option<u64> {
    let remedy = "write extend = { at_most = 3 }: up to three values beyond the edges";
    let NodeValue::Table(entries) = &node.value else {
        let message = format!("`extend` of `{path}` must be a table");
        diagnostics.push(Diagnostic::error(message, &node.place).help(remedy));
        return None;
    };
    if let Some(unknown) = entries.iter().find(|entry| entry.key != "at_most") {
        let message = format!("`extend` has no key `{}`", unknown.key);
        diagnostics.push(Diagnostic::error(message, &unknown.key_place).help(remedy));
        return None;
    }
    match node.get("at_most").map(|entry| &entry.value) {
        Some(Node { value: NodeValue::Int(n), .. }) if (1..=MOST).contains(n) => Some(*n as u64),
        Some(other) => {
            let message = format!("`at_most` must be a whole number from 1 to {MOST}");
            diagnostics.push(Diagnostic::error(message, &other.place));
            None
        }
        None => {
            let message = "`extend` needs `at_most`";
            diagnostics.push(Diagnostic::error(message, &node.place).help(remedy));
            None
        }
    }
}

/// Returns the growth of an axis; `None` if it has fewer than two values on its scale.
fn grown(axis: &Axis, param: &Param, form: &str, at_most: u64) -> Option<Extend> {
    let mut values: Vec<f64> = axis.values.iter().filter_map(|(v, _)| as_number(v)).collect();
    values.sort_by(f64::total_cmp);
    let share = matches!(param.range, Range::BelowOne | Range::UpToOne)
        || axis.path == "optimizer.momentum";
    let scale = match form {
        "linear" => Scale::Linear,
        "one_minus" => Scale::OneMinus,
        // A share grows on the scale of one minus its value, as the report proposes it.
        "values" if share && values.iter().all(|x| *x < 1.0) => Scale::OneMinus,
        _ => Scale::Log,
    };
    let on_scale = |x: f64| if scale == Scale::OneMinus { one_minus(x) } else { x };
    let mut points: Vec<f64> = values.into_iter().map(on_scale).collect();
    // A decay of 0 has no logarithm, and no value is below it.
    points.retain(|x| scale == Scale::Linear || *x > 0.0);
    points.sort_by(f64::total_cmp);
    let (low, high) = (*points.first()?, *points.last()?);
    let digits = match form {
        "values" => points.iter().map(|x| digits(*x)).max().unwrap_or(1).min(DIGITS),
        _ => DIGITS,
    };
    (points.len() > 1).then(|| Extend {
        path: axis.path.clone(),
        at_most,
        scale,
        ends: [low, high],
        points: points.len() as u64,
        digits: digits as u64,
        whole: param.ty == ParamType::Int,
    })
}
