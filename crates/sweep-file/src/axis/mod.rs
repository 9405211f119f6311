//! Axes: hyper-parameters with one value, a list, a grid, or random draws.

mod augment;
mod extend;
mod grid;
mod layers;
pub(crate) mod random;
mod range;
mod sobol;

use spec::growth::Extend;
use spec::params::{Param, ParamType, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::node::{Node, NodeValue};
use crate::percent;
use crate::source::Place;
pub(crate) use random::Random;

/// Value of `batch_size` for all training samples at once.
pub(crate) const FULL: &str = "full";

/// The values a parameter takes.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Dotted path: `optimizer.lr`.
    pub path: String,
    /// The values, at least one, each with its place.
    pub values: Vec<(Value, Place)>,
    /// The name of its zip group, whose axes advance together; `None` = the axis is crossed.
    pub zip: Option<String>,
    /// The source of a random axis, whose `values` are then placeholders; `None` = not random.
    pub random: Option<Random>,
    /// The growth of its grid; `None` = it does not grow.
    pub extend: Option<Extend>,
    /// The place of its value.
    pub place: Place,
}

/// Reads the axis of `param`: a scalar, a list, or a table such as `{ log, points }` or
/// `{ random, samples }`. Problems go to `diagnostics`.
pub fn read(path: &str, param: &Param, node: &Node, diagnostics: &mut Diagnostics) -> Option<Axis> {
    let mut axis = Axis {
        path: path.to_owned(),
        values: Vec::new(),
        zip: None,
        random: None,
        extend: None,
        place: node.place.clone(),
    };
    match (&node.value, param.ty) {
        (NodeValue::Table(_), _) if !augment::at(path) => {
            table(&mut axis, param, node, diagnostics)?
        }
        (NodeValue::Array(items), ty) if !matches!(ty, ParamType::IntList | ParamType::Layers) => {
            list(&mut axis, param, items, &node.place, diagnostics)?;
        }
        _ => axis.values.push((scalar(path, param, node, diagnostics)?, node.place.clone())),
    }
    Some(axis)
}

pub(crate) fn list(
    axis: &mut Axis,
    param: &Param,
    items: &[Node],
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if items.is_empty() {
        diagnostics.push(
            Diagnostic::error(format!("`{}` has no values", axis.path), place)
                .label("empty list")
                .help("an axis needs at least one value; leave the key out for the default"),
        );
        return None;
    }
    let mut complete = true;
    for item in items {
        match scalar(&axis.path, param, item, diagnostics) {
            Some(value) => {
                if let Some((_, first)) = axis.values.iter().find(|(v, _)| *v == value) {
                    diagnostics.push(
                        Diagnostic::error(
                            format!("`{}` has the value {value} twice", axis.path),
                            &item.place,
                        )
                        .also(first, "first here"),
                    );
                    complete = false;
                }
                axis.values.push((value, item.place.clone()));
            }
            None => complete = false,
        }
    }
    complete.then_some(())
}

/// The forms of a grid, one of which its table has.
const GRIDS: [&str; 5] = ["log", "linear", "values", "one_minus", "powers_of_two"];

fn table(axis: &mut Axis, param: &Param, node: &Node, diagnostics: &mut Diagnostics) -> Option<()> {
    if node.get("random").is_some() || node.get("quasi").is_some() {
        if let Some(extend) = node.get("extend") {
            let message = format!("`{}` is drawn at random and cannot grow", axis.path);
            let help = "remove `extend`, and draw from a wider range";
            diagnostics.push(Diagnostic::error(message, &extend.key_place).help(help));
            return None;
        }
        return random::read(axis, param, node, diagnostics);
    }
    const KEYS: &[&str] =
        &["log", "linear", "values", "one_minus", "powers_of_two", "points", "zip", "extend"];
    let mut complete = true;
    for entry in node.entries() {
        if !KEYS.contains(&entry.key.as_str()) {
            let mut d = Diagnostic::error(
                format!("`{}` is not a key of an axis", entry.key),
                &entry.key_place,
            )
            .label("unknown key");
            d = match nearest(&entry.key, KEYS.iter().copied()) {
                Some(name) => d.help(format!("did you mean `{name}`?")),
                None => d.help("an axis is { log = [a, b], points = n }, { linear = [a, b], points = n }, { values = [...] } (each with an optional zip, or an extend = { at_most = n }) or { random = { log = [a, b] }, samples = n }"),
            };
            diagnostics.push(d);
            complete = false;
        }
    }
    complete &= zip(axis, node, diagnostics);
    let forms: Vec<&str> = GRIDS.into_iter().filter(|k| node.get(k).is_some()).collect();
    match forms[..] {
        ["powers_of_two"] => {
            let ends = &node.get("powers_of_two")?.value;
            let values = range::powers(axis, param, ends, diagnostics)?;
            axis.values = values.into_iter().map(|value| (value, ends.place.clone())).collect();
        }
        ["one_minus"] => grid::lacking(axis, param, node, diagnostics)?,
        ["values"] => {
            let values = node.get("values")?;
            if let Some(points) = node.get("points") {
                diagnostics.push(Diagnostic::error(
                    "`points` cannot be used with `values`",
                    &points.key_place,
                ));
                complete = false;
            }
            match &values.value.value {
                NodeValue::Array(items) => {
                    list(axis, param, items, &values.value.place, diagnostics)?
                }
                _ => {
                    diagnostics
                        .push(Diagnostic::error("`values` takes a list", &values.value.place));
                    complete = false;
                }
            }
        }
        [form] => grid::read(axis, param, form, node, diagnostics)?,
        _ => {
            diagnostics.push(
                Diagnostic::error(
                    format!("`{}` needs exactly one of {}", axis.path, GRIDS.join(", ")),
                    &node.place,
                )
                .help("for example { log = [1e-3, 1e0], points = 4 }"),
            );
            complete = false;
        }
    }
    if let [form] = forms[..] {
        extend::read(axis, param, form, node, diagnostics)?;
    }
    complete.then_some(())
}

/// Reads the zip group of an axis; returns false if it is not a string, which is reported.
fn zip(axis: &mut Axis, node: &Node, diagnostics: &mut Diagnostics) -> bool {
    let Some(zip) = node.get("zip") else { return true };
    if let NodeValue::Text(name) = &zip.value.value {
        axis.zip = Some(name.clone());
        return true;
    }
    let message = "`zip` must be a string, the name of a group";
    diagnostics.push(Diagnostic::error(message, &zip.value.place));
    false
}

fn number(node: &Node) -> Option<f64> {
    match node.value {
        NodeValue::Int(i) => Some(i as f64),
        NodeValue::Float(x) => Some(x),
        _ => None,
    }
}

pub(crate) fn in_range(
    path: &str,
    param: &Param,
    x: f64,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> bool {
    let ok = param.range.contains(x);
    if !ok {
        diagnostics.push(
            Diagnostic::error(format!("`{path}` = {x} is out of range"), place)
                .label(format!("must be {}", param.range)),
        );
    }
    ok
}

/// Reads one value of the parameter's type and range; `None` if it is invalid, which is reported.
pub fn scalar(
    path: &str,
    param: &Param,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<Value> {
    match (param.ty, &node.value) {
        (_, NodeValue::HugeInt(_)) => {
            diagnostics.push(
                Diagnostic::error(format!("`{path}` is too large"), &node.place)
                    .label("does not fit in 64 bits"),
            );
            None
        }
        (ParamType::Float, NodeValue::Int(_) | NodeValue::Float(_)) => {
            let x = number(node)?;
            in_range(path, param, x, &node.place, diagnostics).then_some(Value::Float(x + 0.0))
        }
        (ParamType::Int, NodeValue::Int(i)) => {
            if *i < 0 {
                diagnostics.push(
                    Diagnostic::error(format!("`{path}` = {i} is out of range"), &node.place)
                        .label("must not be negative"),
                );
                return None;
            }
            in_range(path, param, *i as f64, &node.place, diagnostics).then_some(Value::Int(*i))
        }
        (ParamType::Int, NodeValue::Text(s)) if s == FULL && path == "data.batch_size" => {
            Some(Value::Text(s.clone()))
        }
        (ParamType::Int | ParamType::Float, NodeValue::Text(text)) if percent::is_allowed(path) => {
            percent::read(path, param, text, &node.place).map_err(|d| diagnostics.push(*d)).ok()
        }
        (ParamType::Bool, NodeValue::Bool(b)) => Some(Value::Bool(*b)),
        (ty, NodeValue::Text(s)) if ty.choices().is_some() => {
            let names = ty.choices().unwrap_or_default();
            if names.contains(&s.as_str()) {
                return Some(Value::Text(s.clone()));
            }
            diagnostics.push(unknown_name(
                &format!("`{s}` is not a value of `{path}`"),
                s,
                names,
                &node.place,
            ));
            None
        }
        (ParamType::IntList, NodeValue::Array(items))
            if !items.is_empty()
                && items.iter().all(|item| matches!(item.value, NodeValue::Array(_))) =>
        {
            let text = &diagnostics.sources.get(node.place.source).text;
            let lists = text.get(node.place.span.clone()).unwrap_or("[[64], [128, 64]]");
            let lists: Vec<&str> = lists.split_whitespace().collect();
            let help = format!("to try each list in turn: {{ values = {} }}", lists.join(" "));
            let error = Diagnostic::error(format!("`{path}` has the wrong type"), &node.place)
                .label(format!("expected {}, found a list of lists", param.ty))
                .help(help);
            diagnostics.push(error);
            None
        }
        (ParamType::IntList, NodeValue::Array(items)) => {
            let element = Param { ty: ParamType::Int, ..*param };
            let values: Vec<Option<Value>> =
                items.iter().map(|n| scalar(path, &element, n, diagnostics)).collect();
            values.into_iter().collect::<Option<Vec<_>>>().map(Value::List)
        }
        (_, NodeValue::Table(_)) if augment::at(path) => augment::read(node, diagnostics),
        (ParamType::Layers, NodeValue::Array(_)) => layers::read(path, node, diagnostics),
        _ => {
            diagnostics.push(wrong_type(path, param, node));
            None
        }
    }
}

/// Returns the problem of a value whose type is not the parameter's.
fn wrong_type(path: &str, param: &Param, node: &Node) -> Diagnostic {
    let d = Diagnostic::error(format!("`{path}` has the wrong type"), &node.place).label(format!(
        "expected {}, found {}",
        param.ty,
        node.describe()
    ));
    let help = match &node.value {
        NodeValue::Text(text) => percent::elsewhere(path, text),
        _ => None,
    };
    match help {
        Some(help) => d.help(help),
        None => d,
    }
}

/// Returns the problem of an unknown name; its help has the nearest name and the available ones.
pub fn unknown_name(message: &str, name: &str, candidates: &[&str], place: &Place) -> Diagnostic {
    /// Number of names above which only those of the same table are listed.
    const MANY: usize = 30;
    let d = Diagnostic::error(message, place).label("unknown");
    let table = |name: &str| name.rsplit_once('.').map(|(table, _)| table.to_owned());
    let related: Vec<&str> = if candidates.len() > MANY && table(name).is_some() {
        candidates.iter().copied().filter(|c| table(c) == table(name)).collect()
    } else {
        candidates.to_vec()
    };
    let shown = if related.is_empty() { candidates } else { &related };
    match nearest(name, candidates.iter().copied()) {
        Some(near) => d.help(format!("did you mean `{near}`? Available: {}", shown.join(", "))),
        None => d.help(format!("available: {}", shown.join(", "))),
    }
}
