//! The layers of a sweep file: the user's configuration, the file, the environment, and `--set`;
//! later ones win.
//!
//! Figment merges them. Its TOML and environment parsers know neither lines nor `1e-3`, so each
//! layer is parsed here. Figment gets the values, and their places are kept separately ([`layer`]):
//! the tag of a merged value identifies its layer, and so the place where it was written
//! ([`merged`]).

mod layer;
mod merged;
mod overrides;
mod places;
#[cfg(test)]
mod tests;

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Entry, Node, NodeValue, from_toml};
use super::source::Place;
use layer::{Layer, MARK};
pub use overrides::Overrides;

/// Number of the file's layer. It is the lowest, so that the file's keys come first, although the
/// user's configuration is merged first.
const FILE: usize = 0;
const USER: usize = 1;
const FIRST_OVERRIDE: usize = 2;

/// Parses the file's text and merges it over the user's configuration, and the overrides over it.
/// Problems go to `diagnostics`; `None` if the file is not TOML.
pub fn merge(file: usize, overrides: &Overrides, diagnostics: &mut Diagnostics) -> Option<Node> {
    let user = overrides.user.as_ref().and_then(|(name, text)| {
        let source = diagnostics.sources.add(name.clone(), text.clone());
        parse_toml(source, diagnostics)
    });
    let root = parse_toml(file, diagnostics)?;
    let file = file_layer(&root, diagnostics);
    let user = user_layer(user.as_ref(), diagnostics);
    let mut layers = vec![file, user];
    for (name, text) in overrides.texts() {
        if let Some((entry, depth)) = overrides::read(name, &text, diagnostics) {
            let mut layer = Layer::new(layers.len());
            layer.add_nested(&entry, depth);
            layers.push(layer);
        }
    }
    let order = [USER, FILE].into_iter().chain(FIRST_OVERRIDE..layers.len());
    // Missing keys are reported in the file, whichever layer wrote the first value.
    Some(Node { place: root.place.clone(), ..merged::merge(&layers, order, &root.place)? })
}

fn parse_toml(source: usize, diagnostics: &mut Diagnostics) -> Option<Node> {
    let text = diagnostics.sources.get(source).text.clone();
    let (table, errors) = toml::de::DeTable::parse_recoverable(&text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        diagnostics.push(
            Diagnostic::error("the text is not valid TOML", &Place { source, span })
                .label(error.message()),
        );
    }
    errors.is_empty().then(|| from_toml(table.get_ref(), table.span(), source))
}

/// Returns the layer of the file; `[[optimizer]]` becomes a table keyed by label.
fn file_layer(root: &Node, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer::new(FILE);
    for entry in root.entries() {
        match (&entry.value.value, entry.key.as_str()) {
            (NodeValue::Array(items), "optimizer") => {
                let optimizers = labelled(items, &entry.key_place, diagnostics);
                layer.add_without_place(&entry.key, &optimizers);
            }
            _ => layer.add(entry),
        }
    }
    layer
}

/// Returns the layer of the user's configuration, which may contain only `[slurm]`.
fn user_layer(root: Option<&Node>, diagnostics: &mut Diagnostics) -> Layer {
    let mut layer = Layer::new(USER);
    for entry in root.map(Node::entries).unwrap_or_default() {
        match &entry.value.value {
            NodeValue::Table(_) if entry.key == "slurm" => layer.add(entry),
            // Reported here, because a table of the sweep file would hide it in the merge.
            _ if entry.key == "slurm" => diagnostics.push(
                Diagnostic::error("`slurm` must be a table", &entry.value.place)
                    .label(format!("found {}", entry.value.describe()))
                    .help("write [slurm] on a line of its own, and its keys below"),
            ),
            _ => {
                let key = entry.key.escape_debug();
                diagnostics.push(
                    Diagnostic::error(
                        format!("the user's configuration has no key `{key}`"),
                        &entry.key_place,
                    )
                    .label("only [slurm] is allowed here")
                    .help("move it to the sweep file"),
                );
            }
        }
    }
    layer
}

/// Returns the optimizers by label, and refuses labels that occur twice.
fn labelled(items: &[Node], key_place: &Place, diagnostics: &mut Diagnostics) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut seen: Vec<(String, Place)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let text = |key: &str| match item.get(key).map(|e| &e.value) {
            Some(Node { value: NodeValue::Text(s), place }) => Some((s.clone(), place.clone())),
            _ => None,
        };
        let (label, place) = text("label")
            .or_else(|| text("kind"))
            .unwrap_or_else(|| (format!("#{}", i + 1), item.place.clone()));
        if let Some((_, first)) = seen.iter().find(|(l, _)| *l == label) {
            diagnostics.push(
                Diagnostic::error(format!("two optimizers have the label `{label}`"), &place)
                    .label("the second")
                    .also(first, "the first")
                    .help("give one of them a different `label`; the default is its kind"),
            );
            continue;
        }
        // The key of a mark is reserved; `parse` refuses such a label.
        let label = if label.starts_with(MARK) { format!("#{}", i + 1) } else { label };
        seen.push((label.clone(), place));
        entries.push(Entry { key: label, key_place: key_place.clone(), value: item.clone() });
    }
    entries
}
