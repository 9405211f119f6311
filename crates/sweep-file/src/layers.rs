//! The layers of a sweep file: the user's configuration, the file, then the
//! environment, then `--set`; later wins.
//!
//! Figment merges. Its own TOML and environment parsers know neither lines nor
//! `1e-3`, so each layer is parsed here, and what figment sees as a leaf is the
//! index of a [`Node`] in an arena: after the merge every value still knows
//! where it was written.

use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};

use super::diagnostic::{Diagnostic, Diagnostics};
use super::node::{Entry, Node, NodeValue, from_toml};
use super::source::Place;

/// Key under which a table's own arena index stands in figment's dictionary.
const SELF: &str = "\u{0}";

/// Keys that make a table one value (an axis or a seed range) and not a group.
const VALUE_KEYS: &[&str] = &["log", "linear", "values", "random", "count"];

/// What the user set beside the file: below it the configuration, above it the rest.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// The user's configuration: the name that is shown, and its text. It holds
    /// `[slurm]` alone, changes no plan and is no part of [`Overrides::lines`].
    pub user: Option<(String, String)>,
    /// Environment variables with the prefix `SWEEP__`, name and value.
    pub environment: Vec<(String, String)>,
    /// Arguments of `--set`, as typed.
    pub set: Vec<String>,
    /// `--smoke`: one seed, one epoch, the first value of each axis, and a
    /// name that ends in `-smoke`.
    pub smoke: bool,
}

impl Overrides {
    /// One line for each that stands above the file, for the plan.
    pub fn lines(&self) -> Vec<String> {
        let env = self.environment.iter().map(|(name, value)| format!("{name}={value}"));
        let set = self.set.iter().map(|s| format!("--set {s}"));
        env.chain(set).chain(self.smoke.then(|| "--smoke".to_owned())).collect()
    }

    /// The overrides behind [`Overrides::lines`].
    pub fn of_lines(lines: &[String]) -> Self {
        let mut out = Overrides::default();
        for line in lines {
            if let Some(set) = line.strip_prefix("--set ") {
                out.set.push(set.to_owned());
            } else if line == "--smoke" {
                out.smoke = true;
            } else if let Some((name, value)) = line.split_once('=') {
                out.environment.push((name.to_owned(), value.to_owned()));
            }
        }
        out
    }
}

#[derive(Default)]
struct Arena(Vec<(Place, Node)>);

impl Arena {
    fn add(&mut self, key_place: &Place, node: &Node) -> Value {
        self.0.push((key_place.clone(), node.clone()));
        Value::from(self.0.len() - 1)
    }
}

struct Layer {
    name: String,
    dict: Dict,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        Ok(Map::from([(Profile::Default, self.dict.clone())]))
    }
}

/// Parses the file's text and merges it over the user's configuration, and the
/// overrides over it.
///
/// # Errors
/// None directly: problems go to `diagnostics`; `None` when the file is not TOML.
pub fn merge(file: usize, overrides: &Overrides, diagnostics: &mut Diagnostics) -> Option<Node> {
    let mut arena = Arena::default();
    let user = overrides.user.as_ref().and_then(|(name, text)| {
        let source = diagnostics.sources.add(name.clone(), text.clone());
        parse_toml(source, diagnostics)
    });
    let root = parse_toml(file, diagnostics)?;
    // The file's values come first in the arena, and so in the order of what is
    // restored, though the user's come first in the merge.
    let file = file_dict(&root, &mut arena, diagnostics);
    let user = user.map(|user| user_dict(&user, &mut arena, diagnostics)).unwrap_or_default();
    let mut figment = Figment::new()
        .merge(Layer { name: "the user's configuration".to_owned(), dict: user })
        .merge(Layer { name: "file".to_owned(), dict: file });
    let given = overrides
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), environment_text(name, value)));
    let given = given.chain(overrides.set.iter().map(|text| ("--set".to_owned(), text.clone())));
    for (name, text) in given {
        if let Some(dict) = override_dict(&name, &text, &mut arena, diagnostics) {
            figment = figment.merge(Layer { name, dict });
        }
    }
    let merged = figment.data().ok()?.remove(&Profile::Default)?;
    // What is missing is missing from the file, whichever layer wrote the first value.
    Some(Node { place: root.place.clone(), ..restore(&merged, &arena, &root) })
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

/// The file's tables as figment's dictionaries; `[[optimizer]]` is keyed by label.
fn file_dict(root: &Node, arena: &mut Arena, diagnostics: &mut Diagnostics) -> Dict {
    let mut dict = Dict::new();
    for entry in root.entries() {
        let value = match (&entry.value.value, entry.key.as_str()) {
            (NodeValue::Array(items), "optimizer") => {
                Value::from(labelled(items, &entry.key_place, arena, diagnostics))
            }
            (NodeValue::Table(entries), _) => table(entry, entries, arena),
            _ => group(entry, arena),
        };
        dict.insert(free(&entry.key), value);
    }
    dict
}

/// `[slurm]` of the user's configuration, which holds nothing else.
fn user_dict(root: &Node, arena: &mut Arena, diagnostics: &mut Diagnostics) -> Dict {
    let mut dict = Dict::new();
    for entry in root.entries() {
        match &entry.value.value {
            NodeValue::Table(entries) if entry.key == "slurm" => {
                dict.insert(entry.key.clone(), table(entry, entries, arena));
            }
            // Told here: a table of the sweep file's would hide it in the merge.
            _ if entry.key == "slurm" => diagnostics.push(
                Diagnostic::error("`slurm` is a table", &entry.value.place)
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
                    .label("it holds [slurm] alone")
                    .help("the sweep file holds the rest"),
                );
            }
        }
    }
    dict
}

/// A key that is not the one of a table's own place; such a key is then unknown.
fn free(key: &str) -> String {
    if key == SELF { SELF.repeat(2) } else { key.to_owned() }
}

/// A table as a dictionary with its own place.
fn table(entry: &Entry, entries: &[Entry], arena: &mut Arena) -> Value {
    let mut dict = Dict::new();
    dict.insert(SELF.to_owned(), arena.add(&entry.key_place, &entry.value));
    for child in entries {
        dict.insert(free(&child.key), group(child, arena));
    }
    Value::from(dict)
}

fn labelled(
    items: &[Node],
    key_place: &Place,
    arena: &mut Arena,
    diagnostics: &mut Diagnostics,
) -> Dict {
    let mut dict = Dict::new();
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
                    .help(
                        "give one of them a `label` of its own; without one the label is the kind",
                    ),
            );
            continue;
        }
        // The key of a table's own place must stay free; `parse` refuses such a label.
        let label = if label.starts_with(SELF) { format!("#{}", i + 1) } else { label };
        seen.push((label.clone(), place));
        let node = Entry { key: label.clone(), key_place: key_place.clone(), value: item.clone() };
        dict.insert(label, group(&node, arena));
    }
    dict
}

/// A table becomes a dictionary, so that single keys of it can be overridden;
/// anything else, tables that are one value included, becomes a leaf.
fn group(entry: &Entry, arena: &mut Arena) -> Value {
    let is_value = entry.value.entries().iter().any(|e| VALUE_KEYS.contains(&e.key.as_str()));
    match &entry.value.value {
        NodeValue::Table(entries) if !is_value => table(entry, entries, arena),
        _ => arena.add(&entry.key_place, &entry.value),
    }
}

/// `SWEEP__TRAIN__EPOCHS=2` as the TOML line `train.epochs = 2`.
fn environment_text(name: &str, value: &str) -> String {
    let path =
        name.trim_start_matches("SWEEP__").to_lowercase().split("__").collect::<Vec<_>>().join(".");
    format!("{path} = {value}")
}

/// Splits at the first `=` that is not inside a quoted part of the key.
fn split_override(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), _) if open == c => quote = None,
            (None, '=') => return Some((&text[..i], &text[i + 1..])),
            _ => {}
        }
    }
    None
}

/// One override: a dotted key and a value, which is a leaf as a whole.
fn override_dict(
    name: &str,
    text: &str,
    arena: &mut Arena,
    diagnostics: &mut Diagnostics,
) -> Option<Dict> {
    let source = diagnostics.sources.add(name, text);
    let whole = Place { source, span: 0..text.len() };
    let Some((key, value)) = split_override(text) else {
        diagnostics.push(
            Diagnostic::error("an override is written as path=value", &whole)
                .help("for example --set train.epochs=2"),
        );
        return None;
    };
    // A bare word is taken as a string, so that `data.dataset=digits` needs no quotes
    // inside quotes, and so is `4G`, `30m` or `5%`, which begins as a number and is none.
    let word = value.trim();
    let bare = word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:%".contains(c))
        && !["true", "false", "inf", "nan"].contains(&word)
        && (word.starts_with(|c: char| c.is_ascii_alphabetic())
            || toml::de::DeTable::parse(&format!("x={word}")).is_err());
    let quoted = format!("{key}=\"{word}\"");
    let parsed = if bare { &quoted } else { text };
    let (table, errors) = toml::de::DeTable::parse_recoverable(parsed);
    if let Some(error) = errors.first() {
        let span = error.span().unwrap_or(0..text.len());
        diagnostics.push(
            Diagnostic::error("the override is not valid TOML", &Place { source, span })
                .label(error.message()),
        );
        return None;
    }
    let mut root = from_toml(table.get_ref(), table.span(), source);
    if bare {
        // The quotes are ours: point at the word as it was typed.
        let start = key.len() + 1 + value.len() - value.trim_start().len();
        set_leaf_span(&mut root, start..start + word.len());
    }
    let probe = format!("{key}=0");
    let depth =
        levels(&from_toml(toml::de::DeTable::parse_recoverable(&probe).0.get_ref(), 0..0, source));
    let [entry] = root.entries() else {
        diagnostics.push(Diagnostic::error("an override sets one path", &whole));
        return None;
    };
    Some(Dict::from([(free(&entry.key), nest(entry, depth.saturating_sub(1), arena))]))
}

fn set_leaf_span(node: &mut Node, span: std::ops::Range<usize>) {
    match &mut node.value {
        NodeValue::Table(entries) => {
            if let Some(entry) = entries.first_mut() {
                set_leaf_span(&mut entry.value, span);
            }
        }
        _ => node.place.span = span,
    }
}

fn levels(node: &Node) -> usize {
    node.entries().first().map_or(0, |e| 1 + levels(&e.value))
}

fn nest(entry: &Entry, depth: usize, arena: &mut Arena) -> Value {
    match entry.value.entries() {
        [child] if depth > 0 => {
            Value::from(Dict::from([(free(&child.key), nest(child, depth - 1, arena))]))
        }
        _ => arena.add(&entry.key_place, &entry.value),
    }
}

/// Back from figment's dictionary to nodes with places, in the order of the text.
fn restore(dict: &Dict, arena: &Arena, root: &Node) -> Node {
    let own = dict.get(SELF).and_then(index).map(|i| arena.0[i].1.place.clone());
    let mut entries: Vec<(usize, Entry)> = Vec::new();
    for (key, value) in dict {
        if key == SELF {
            continue;
        }
        let (order, key_place, node) = match value {
            Value::Dict(_, inner) => {
                let node = restore(inner, arena, root);
                let own = inner.get(SELF).and_then(index);
                let order = own.or_else(|| first_index(inner)).unwrap_or(usize::MAX);
                let key_place =
                    arena.0.get(order).map_or_else(|| root.place.clone(), |(p, _)| p.clone());
                (order, key_place, node)
            }
            other => {
                let Some(i) = index(other) else { continue };
                (i, arena.0[i].0.clone(), arena.0[i].1.clone())
            }
        };
        entries.push((order, Entry { key: key.clone(), key_place, value: node }));
    }
    entries.sort_by_key(|(order, _)| *order);
    let entries: Vec<Entry> = entries.into_iter().map(|(_, e)| e).collect();
    let place = own
        .or_else(|| entries.first().map(|e| e.key_place.clone()))
        .unwrap_or_else(|| root.place.clone());
    Node { value: NodeValue::Table(entries), place }
}

fn index(value: &Value) -> Option<usize> {
    value.to_u128().and_then(|n| usize::try_from(n).ok())
}

fn first_index(dict: &Dict) -> Option<usize> {
    dict.values()
        .filter_map(|v| match v {
            Value::Dict(_, inner) => first_index(inner),
            other => index(other),
        })
        .min()
}
