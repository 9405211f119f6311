//! The two halves of a [`Node`]: its value in figment's types, and its places.

use figment::value::{Dict, Num, Value};

use crate::node::{Entry, Node, NodeValue};
use crate::source::Place;

/// The place of a value, and those of its parts.
pub(super) struct Places {
    pub(super) place: Place,
    parts: Parts,
}

/// The parts of a value, and types that figment lacks.
enum Parts {
    /// No parts with places; the figment value has the type.
    None,
    /// A date, stored in figment as text.
    Datetime,
    /// A whole number beyond 64 bits, stored in figment as text.
    HugeInt,
    /// The items of an array.
    Items(Vec<Places>),
    /// The keys of a table that is a single value, in the order of the text.
    Keys(Vec<(String, Place, Places)>),
}

impl Places {
    /// Returns the place of a table whose keys are separate values.
    pub(super) fn of_table(place: &Place) -> Self {
        Self { place: place.clone(), parts: Parts::None }
    }

    /// Returns the places of a value that is replaced as a whole.
    pub(super) fn of(node: &Node) -> Self {
        let parts = match &node.value {
            NodeValue::Datetime(_) => Parts::Datetime,
            NodeValue::HugeInt(_) => Parts::HugeInt,
            NodeValue::Array(items) => Parts::Items(items.iter().map(Self::of).collect()),
            NodeValue::Table(entries) => {
                let key = |e: &Entry| (e.key.clone(), e.key_place.clone(), Self::of(&e.value));
                Parts::Keys(entries.iter().map(key).collect())
            }
            _ => Parts::None,
        };
        Self { place: node.place.clone(), parts }
    }

    /// Joins a merged figment value with its places.
    pub(super) fn join(&self, value: &Value) -> Node {
        let value = match (&self.parts, value) {
            (Parts::None, Value::Bool(_, b)) => NodeValue::Bool(*b),
            (Parts::None, Value::Num(_, Num::I64(n))) => NodeValue::Int(*n),
            (Parts::None, Value::Num(_, Num::F64(x))) => NodeValue::Float(*x),
            (Parts::None, Value::String(_, text)) => NodeValue::Text(text.clone()),
            (Parts::Datetime, Value::String(_, text)) => NodeValue::Datetime(text.clone()),
            (Parts::HugeInt, Value::String(_, text)) => NodeValue::HugeInt(text.clone()),
            (Parts::Items(places), Value::Array(_, items)) => {
                NodeValue::Array(places.iter().zip(items).map(|(p, item)| p.join(item)).collect())
            }
            (Parts::Keys(_), Value::Array(_, whole)) => return self.join(&whole[0]),
            (Parts::Keys(keys), Value::Dict(_, dict)) => {
                let entry = |(key, key_place, places): &(String, Place, Places)| Entry {
                    key: key.clone(),
                    key_place: key_place.clone(),
                    value: places.join(&dict[key]),
                };
                NodeValue::Table(keys.iter().map(entry).collect())
            }
            (_, value) => unreachable!("the places are not those of {value:?}"),
        };
        Node { value, place: self.place.clone() }
    }
}

/// Converts a node that is replaced as a whole. Figment merges dictionaries key by key but replaces
/// arrays, so a table is wrapped in an array.
pub(super) fn whole(node: &Node) -> Value {
    match &node.value {
        NodeValue::Table(_) => Value::from(vec![plain(node)]),
        _ => plain(node),
    }
}

fn plain(node: &Node) -> Value {
    match &node.value {
        NodeValue::Bool(b) => Value::from(*b),
        NodeValue::Int(n) => Value::from(*n),
        NodeValue::Float(x) => Value::from(*x),
        NodeValue::Text(text) | NodeValue::Datetime(text) | NodeValue::HugeInt(text) => {
            Value::from(text.as_str())
        }
        NodeValue::Array(items) => Value::from(items.iter().map(plain).collect::<Vec<_>>()),
        NodeValue::Table(entries) => {
            let dict = entries.iter().map(|e| (e.key.clone(), plain(&e.value)));
            Value::from(dict.collect::<Dict>())
        }
    }
}
