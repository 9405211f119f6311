//! Hyper-parameter values: one, a list, a logarithmic or linear grid.

mod augment;
mod layers;
pub(crate) mod random;

use spec::float::round_to_six_digits;
use spec::params::{Param, ParamType, Value};

use crate::diagnostic::{Diagnostic, Diagnostics, nearest};
use crate::node::{Node, NodeValue};
use crate::percent;
use crate::source::Place;
pub(crate) use random::Random;

/// `batch_size` of all training samples at once.
pub(crate) const FULL: &str = "full";

/// More points than this on one axis are taken for a slip of the keyboard.
const MAX_POINTS: i64 = 1_000_000;

/// The values a parameter takes.
#[derive(Clone, Debug)]
pub struct Axis {
    /// Dotted path: `optimizer.lr`.
    pub path: String,
    /// At least one value, each with its place.
    pub values: Vec<(Value, Place)>,
    /// Axes of one zip name advance together.
    pub zip: Option<String>,
    /// For a random axis where its values come from; `values` then holds the first draws.
    pub random: Option<Random>,
    /// Where it is written.
    pub place: Place,
}

/// Reads the value of `param`: a scalar, a list, or one of the tables `{ log, points }`,
/// `{ linear, points }`, `{ values }`, each with an optional `zip`. Problems go to `diagnostics`.
pub fn read(path: &str, param: &Param, node: &Node, diagnostics: &mut Diagnostics) -> Option<Axis> {
    let mut axis = Axis {
        path: path.to_owned(),
        values: Vec::new(),
        zip: None,
        random: None,
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

fn table(axis: &mut Axis, param: &Param, node: &Node, diagnostics: &mut Diagnostics) -> Option<()> {
    if node.get("random").is_some() {
        return random::read(axis, param, node, diagnostics);
    }
    const KEYS: &[&str] = &["log", "linear", "values", "points", "zip"];
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
                None => d.help("an axis is { log = [a, b], points = n }, { linear = [a, b], points = n }, { values = [...] } (each with an optional zip) or { random = { log = [a, b] }, samples = n }"),
            };
            diagnostics.push(d);
            complete = false;
        }
    }
    if let Some(zip) = node.get("zip") {
        match &zip.value.value {
            NodeValue::Text(name) => axis.zip = Some(name.clone()),
            _ => {
                diagnostics.push(Diagnostic::error(
                    "`zip` is the name of a group, a string",
                    &zip.value.place,
                ));
                complete = false;
            }
        }
    }
    let forms: Vec<&str> =
        ["log", "linear", "values"].into_iter().filter(|k| node.get(k).is_some()).collect();
    match forms[..] {
        ["values"] => {
            let values = node.get("values")?;
            if let Some(points) = node.get("points") {
                diagnostics.push(Diagnostic::error(
                    "`points` does not go with `values`",
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
        [form] => grid(axis, param, form, node, diagnostics)?,
        _ => {
            diagnostics.push(
                Diagnostic::error(
                    format!("`{}` needs exactly one of log, linear, values", axis.path),
                    &node.place,
                )
                .help("for example { log = [1e-3, 1e0], points = 4 }"),
            );
            complete = false;
        }
    }
    complete.then_some(())
}

fn grid(
    axis: &mut Axis,
    param: &Param,
    form: &str,
    node: &Node,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    if !matches!(param.ty, ParamType::Float | ParamType::Int) {
        diagnostics.push(
            Diagnostic::error(
                format!("`{}` is not a number and has no {form} grid", axis.path),
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
                format!("`points` is a whole number from 1 to {MAX_POINTS}"),
                &other.place,
            ));
            return None;
        }
        None => {
            diagnostics.push(
                Diagnostic::error(format!("`{form}` needs `points`"), &node.place)
                    .help("how many values, both ends included"),
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
        // Grids rise, so that equal whole numbers stand side by side.
        if axis.values.last().is_none_or(|(v, _)| *v != value) {
            axis.values.push((value, ends.value.place.clone()));
        }
    }
    Some(())
}

/// The ends `[a, b]` of a grid or a range.
pub(crate) fn two_numbers(
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

/// Ends that rise (unless they may be one point), finite, above 0 for `log`.
pub(crate) fn check_ends(
    path: &str,
    form: &str,
    (low, high): (f64, f64),
    rising: bool,
    place: &Place,
    diagnostics: &mut Diagnostics,
) -> Option<()> {
    let reason = if form == "log" && low <= 0.0 {
        "a logarithmic grid starts above 0"
    } else if !low.is_finite() || !high.is_finite() || low >= high && rising {
        "the first end must be below the last, both finite"
    } else {
        return Some(());
    };
    diagnostics.push(Diagnostic::error(format!("`{path}` has no such grid"), place).label(reason));
    None
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

/// Reads one value of the parameter's type and range.
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
                    .label("does not fit 64 bits"),
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
                &format!("`{path}` has no choice `{s}`"),
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

/// A value of another type than the parameter's.
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

/// An unknown name with its nearest neighbour or the whole choice.
pub fn unknown_name(message: &str, name: &str, candidates: &[&str], place: &Place) -> Diagnostic {
    /// More names than this are no help; those of the same table are.
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
        Some(near) => d.help(format!("did you mean `{near}`? There are: {}", shown.join(", "))),
        None => d.help(format!("there are: {}", shown.join(", "))),
    }
}
