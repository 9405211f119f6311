//! TOML values with their places in the text.

use toml::de::{DeTable, DeValue};

use super::source::Place;

/// A value with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The value.
    pub value: NodeValue,
    /// Its place in the text.
    pub place: Place,
}

/// The value of a [`Node`].
#[derive(Clone, Debug)]
pub enum NodeValue {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number that fits in a signed 64-bit integer.
    Int(i64),
    /// A number with point, exponent, or one of `inf`, `nan`.
    Float(f64),
    /// A string.
    Text(String),
    /// The text of a date or time, which no key of a sweep file accepts.
    Datetime(String),
    /// The text of a whole number beyond 64 bits.
    HugeInt(String),
    /// An array.
    Array(Vec<Node>),
    /// A table, in the order of the text.
    Table(Vec<Entry>),
}

/// One key of a table.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The place of the key.
    pub key_place: Place,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// Returns the type of the value, for messages.
    pub fn describe(&self) -> &'static str {
        match self.value {
            NodeValue::Bool(_) => "a boolean",
            NodeValue::Int(_) | NodeValue::HugeInt(_) => "a whole number",
            NodeValue::Float(_) => "a number",
            NodeValue::Text(_) => "a string",
            NodeValue::Datetime(_) => "a date",
            NodeValue::Array(_) => "a list",
            NodeValue::Table(_) => "a table",
        }
    }

    /// Returns the entry of a table by key; `None` for any other value.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|e| e.key == key)
    }

    /// Returns the entries of a table; empty for any other value.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            NodeValue::Table(entries) => entries,
            _ => &[],
        }
    }
}

/// Converts a parsed TOML table; `source` is the index of its text.
pub fn from_toml(table: &DeTable<'_>, span: std::ops::Range<usize>, source: usize) -> Node {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref().to_string(),
            key_place: Place { source, span: key.span() },
            value: from_value(value.get_ref(), value.span(), source),
        })
        .collect();
    entries.sort_by_key(|e| e.key_place.span.start);
    Node { value: NodeValue::Table(entries), place: Place { source, span } }
}

fn from_value(value: &DeValue<'_>, span: std::ops::Range<usize>, source: usize) -> Node {
    let place = Place { source, span: span.clone() };
    let value = match value {
        DeValue::String(s) => NodeValue::Text(s.to_string()),
        DeValue::Integer(i) => {
            let fits = i64::from_str_radix(i.as_str(), i.radix());
            fits.map_or_else(|_| NodeValue::HugeInt(i.to_string()), NodeValue::Int)
        }
        DeValue::Float(x) => {
            x.as_str().parse().map_or(NodeValue::Float(f64::NAN), NodeValue::Float)
        }
        DeValue::Boolean(b) => NodeValue::Bool(*b),
        DeValue::Datetime(date) => NodeValue::Datetime(date.to_string()),
        DeValue::Array(items) => NodeValue::Array(
            items.iter().map(|v| from_value(v.get_ref(), v.span(), source)).collect(),
        ),
        DeValue::Table(table) => return from_toml(table, span, source),
    };
    Node { value, place }
}
