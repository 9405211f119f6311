//! Lists of layers: each layer is a table with its `kind` and keys that have one value.

use spec::model::layers::{Layer, MOST_DEPTH, Padding};
use spec::params::{Kind, Param, ParamDefault, ParamType, ParamValue, Range, Value, Values};

use super::{scalar, unknown_name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Node, NodeValue};

/// Reads a list of layers; `path` is that of the list, such as `model.layers`. The problems of all
/// layers go to `diagnostics`.
pub(super) fn read(path: &str, list: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    let NodeValue::Array(items) = &list.value else { return None };
    if path.matches('[').count() > MOST_DEPTH {
        let message = format!("residual layers can be nested at most {MOST_DEPTH} deep");
        diagnostics.push(Diagnostic::error(message, &list.place));
        return None;
    }
    let read = |(i, item)| layer(&format!("{path}[{i}]"), item, diagnostics);
    let layers: Vec<Option<Layer>> = items.iter().enumerate().map(read).collect();
    layers.into_iter().collect::<Option<Vec<Layer>>>().map(|layers| layers.to_value())
}

fn layer(path: &str, item: &Node, diagnostics: &mut Diagnostics) -> Option<Layer> {
    let kind = kind(path, item, diagnostics)?;
    let of = format!("the layer `{}`", kind.name);
    let mut complete = true;
    let mut known: Vec<&str> = kind.params.iter().map(|p| p.name).collect();
    known.push("kind");
    for entry in item.entries().iter().filter(|e| !known.contains(&e.key.as_str())) {
        let message = format!("{of} has no key `{}`", entry.key);
        diagnostics.push(unknown_name(&message, &entry.key, &known, &entry.key_place));
        complete = false;
    }
    let mut values = Values::new();
    for param in kind.params {
        let value = match (item.get(param.name), param.default) {
            (Some(entry), _) => value(path, param, &entry.value, diagnostics),
            (None, ParamDefault::Value(default)) => Some(default()),
            (None, ParamDefault::Required | ParamDefault::Derived(_)) => {
                diagnostics.push(
                    Diagnostic::error(format!("{of} needs `{}`", param.name), &item.place)
                        .help(format!("{} ({})", param.doc.trim(), param.ty)),
                );
                None
            }
        };
        complete &= value.is_some();
        values.extend(value.map(|value| (param.name.to_owned(), value)));
    }
    let read = complete.then(|| Layer::from_values(kind.name, &values))?;
    read.map(Layer::normal)
}

/// Reads the `kind` of a layer.
fn kind(path: &str, item: &Node, diagnostics: &mut Diagnostics) -> Option<&'static Kind> {
    let names: Vec<&str> = Layer::KINDS.iter().map(|kind| kind.name).collect();
    let found = item.get("kind").map(|entry| &entry.value);
    match (&item.value, found) {
        (NodeValue::Table(_), Some(Node { value: NodeValue::Text(name), place })) => {
            let kind = Layer::descriptor(name);
            if kind.is_none() {
                let message = format!("there is no layer `{name}`");
                diagnostics.push(unknown_name(&message, name, &names, place));
            }
            return kind;
        }
        (NodeValue::Table(_), _) => diagnostics.push(
            Diagnostic::error(format!("`{path}` needs a `kind`, a string"), &item.place)
                .help(format!("available: {}", names.join(", "))),
        ),
        (NodeValue::Text(name), _) if Layer::descriptor(name).is_some() => diagnostics.push(
            Diagnostic::error("a layer must be a table", &item.place)
                .help(format!("write {{ kind = \"{name}\" }}")),
        ),
        _ => diagnostics.push(
            Diagnostic::error("a layer must be a table", &item.place)
                .label(format!("found {}", item.describe()))
                .help(
                    "for example layers = [{ kind = \"dense\", units = 64 }, { kind = \"relu\" }]",
                ),
        ),
    }
    None
}

/// Reads the value of a key of a layer.
fn value(path: &str, param: &Param, node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    let path = format!("{path}.{}", param.name);
    let ParamType::Own(_) = param.ty else {
        return scalar(&path, param, node, diagnostics);
    };
    // The only key with a form of its own is `padding`: a number or a word.
    let (low, high) = Padding::EACH;
    match &node.value {
        NodeValue::Text(word) if word == Padding::SAME => Some(Value::Text(word.clone())),
        NodeValue::Int(_) => {
            let number = Param { ty: ParamType::Int, range: Range::Within(low, high), ..*param };
            scalar(&path, &number, node, diagnostics)
        }
        _ => scalar(&path, param, node, diagnostics),
    }
}
