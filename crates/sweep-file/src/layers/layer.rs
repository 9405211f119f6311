//! One layer: its values, which figment merges, and their places, which are kept separately.

use std::collections::BTreeMap;

use figment::value::{Dict, Map, Value};
use figment::{Metadata, Profile, Provider};

use super::places::{Places, whole};
use crate::node::{Entry, NodeValue};
use crate::source::Place;

/// Key of the mark in the dictionary of a table that has a place. The mark's tag identifies the
/// layer of that place; the tag of the dictionary itself is that of the last layer that wrote a
/// key.
pub(super) const MARK: &str = "\u{0}";

/// Keys that make a table a single value (an axis or a seed range) instead of a group.
const VALUE_KEYS: &[&str] = &["log", "linear", "values", "random", "count"];

/// The values of one layer, and their places by path.
pub(super) struct Layer {
    number: usize,
    values: Dict,
    places: BTreeMap<Vec<String>, Placed>,
    written: usize,
}

/// The place of a value that a layer wrote at a path.
pub(super) struct Placed {
    /// The layer's number and the position in it.
    pub(super) order: (usize, usize),
    pub(super) key_place: Place,
    pub(super) value: Places,
}

impl Layer {
    /// Returns a layer without values. Its number identifies it in the merge, and orders the keys
    /// that it alone wrote.
    pub(super) fn new(number: usize) -> Self {
        Self { number, values: Dict::new(), places: BTreeMap::new(), written: 0 }
    }

    /// Returns the place of the value at a path; `None` if the layer wrote none.
    pub(super) fn at(&self, path: &[String]) -> Option<&Placed> {
        self.places.get(path)
    }

    /// Adds a key of the top level, where every table is a group.
    pub(super) fn add(&mut self, entry: &Entry) {
        let path = below(&[], &entry.key);
        let value = match &entry.value.value {
            NodeValue::Table(entries) => self.table(&path, entry, entries),
            _ => self.leaf(&path, entry),
        };
        self.values.insert(free(&entry.key), value);
    }

    /// Adds a table of the top level that has no place.
    pub(super) fn add_without_place(&mut self, key: &str, entries: &[Entry]) {
        let dict = self.groups(&below(&[], key), entries);
        self.values.insert(free(key), Value::from(dict));
    }

    /// Adds a value `depth` keys below a key of the top level. The tables above it have no place.
    pub(super) fn add_nested(&mut self, entry: &Entry, depth: usize) {
        let value = self.nested(&below(&[], &entry.key), entry, depth);
        self.values.insert(free(&entry.key), value);
    }

    fn nested(&mut self, path: &[String], entry: &Entry, depth: usize) -> Value {
        match entry.value.entries() {
            [child] if depth > 0 => {
                let value = self.nested(&below(path, &child.key), child, depth - 1);
                Value::from(Dict::from([(free(&child.key), value)]))
            }
            _ => self.leaf(path, entry),
        }
    }

    /// Converts a table into a dictionary with a mark.
    fn table(&mut self, path: &[String], entry: &Entry, entries: &[Entry]) -> Value {
        self.place(path, &entry.key_place, Places::of_table(&entry.value.place));
        let mut dict = self.groups(path, entries);
        dict.insert(MARK.to_owned(), Value::from(true));
        Value::from(dict)
    }

    /// Converts the keys below a path. A table becomes a dictionary, so that single keys of it can
    /// be overridden; anything else, including tables that are a single value, becomes a leaf.
    fn groups(&mut self, path: &[String], entries: &[Entry]) -> Dict {
        let mut dict = Dict::new();
        for entry in entries {
            let path = below(path, &entry.key);
            let is_value =
                entry.value.entries().iter().any(|e| VALUE_KEYS.contains(&e.key.as_str()));
            let value = match &entry.value.value {
                NodeValue::Table(entries) if !is_value => self.table(&path, entry, entries),
                _ => self.leaf(&path, entry),
            };
            dict.insert(free(&entry.key), value);
        }
        dict
    }

    fn leaf(&mut self, path: &[String], entry: &Entry) -> Value {
        self.place(path, &entry.key_place, Places::of(&entry.value));
        whole(&entry.value)
    }

    fn place(&mut self, path: &[String], key_place: &Place, value: Places) {
        let order = (self.number, self.written);
        self.written += 1;
        self.places.insert(path.to_vec(), Placed { order, key_place: key_place.clone(), value });
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.number.to_string())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.values.clone())]))
    }
}

/// Returns the key, changed if it is that of the mark; it is then unknown.
fn free(key: &str) -> String {
    if key == MARK { MARK.repeat(2) } else { key.to_owned() }
}

fn below(path: &[String], key: &str) -> Vec<String> {
    [path, &[free(key)]].concat()
}
