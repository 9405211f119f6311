//! The merge of layers, and the conversion of figment's values back to nodes with places.

use std::slice;

use figment::value::{Dict, Value};
use figment::{Figment, Profile, Provider};

use super::layer::{Layer, MARK, Placed};
use crate::node::{Entry, Node, NodeValue};
use crate::source::Place;

/// Merges the layers of these numbers, of which later ones win. Keys are in the order of the text,
/// those of a lower layer number first. A table without place and keys gets the place `start`.
pub(super) fn merge(
    layers: &[Layer],
    numbers: impl Iterator<Item = usize>,
    start: &Place,
) -> Option<Node> {
    let figment = numbers.fold(Figment::new(), |figment, number| figment.merge(&layers[number]));
    let values = figment.data().ok()?.remove(&Profile::Default)?;
    Some(Merged { figment, layers, start }.table(&values, &[]).1)
}

/// The merged values, with the layers in which places are looked up.
struct Merged<'a> {
    figment: Figment,
    layers: &'a [Layer],
    start: &'a Place,
}

impl<'a> Merged<'a> {
    /// Returns the table at a path, in the order of the text, and its place: its own, else that of
    /// its first key. `None` means a table without keys and place.
    fn table(&self, dict: &Dict, path: &[String]) -> (Option<&'a Placed>, Node) {
        let own = dict.get(MARK).map(|mark| self.placed(mark, path));
        let keys = dict.iter().filter(|(key, _)| *key != MARK);
        let mut entries: Vec<(Option<&Placed>, Entry)> = keys
            .map(|(key, value)| {
                let path = [path, slice::from_ref(key)].concat();
                let (first, value) = match value {
                    Value::Dict(_, dict) => self.table(dict, &path),
                    leaf => {
                        let placed = self.placed(leaf, &path);
                        (Some(placed), placed.value.join(leaf))
                    }
                };
                let key_place = first.map_or(self.start, |placed| &placed.key_place).clone();
                (first, Entry { key: key.clone(), key_place, value })
            })
            .collect();
        entries.sort_by_key(|(first, _)| (first.is_none(), first.map(|placed| placed.order)));
        let first = own.or_else(|| entries.first().and_then(|(first, _)| *first));
        let place = match own {
            Some(own) => own.value.place.clone(),
            None => entries.first().map_or(self.start, |(_, entry)| &entry.key_place).clone(),
        };
        let entries = entries.into_iter().map(|(_, entry)| entry).collect();
        (first, Node { value: NodeValue::Table(entries), place })
    }

    /// Returns the place of a value at a path, in the layer that it is from.
    fn placed(&self, value: &Value, path: &[String]) -> &'a Placed {
        let metadata = self.figment.get_metadata(value.tag());
        let layer = metadata.and_then(|m| m.name.parse::<usize>().ok()).map(|n| &self.layers[n]);
        layer.and_then(|layer| layer.at(path)).expect("a layer has a place for each of its values")
    }
}
