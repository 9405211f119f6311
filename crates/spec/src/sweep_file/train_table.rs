//! `[train]` beside its hyper-parameters, and own data in `[data]`.

use crate::event::Save;
use crate::own_data::{OwnFiles, OwnKind, OwnRequest, Scaling};
use crate::params::{Kind, ParamType, Params, Range, Value};
use crate::plan::Keeping;
use crate::stopping::EarlyStopping;

use super::axis::{self, Axis};
use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::parse::Reader;
use super::settings::setting;
use super::source::Place;

/// Keys of `[train]` that are no hyper-parameters.
pub(super) const TRAIN_SETTINGS: &[&str] =
    &["early_stopping", "checkpoint_every", "save", "timeout"];

/// The formats of own data, as a registry's kinds.
const OWN_KINDS: &[Kind] = &[
    Kind { name: OwnKind::Csv.name(), doc: "", source: "", params: &[] },
    Kind { name: OwnKind::Npy.name(), doc: "", source: "", params: &[] },
    Kind { name: OwnKind::Idx.name(), doc: "", source: "", params: &[] },
];

impl Reader<'_> {
    pub(super) fn early_stopping(&mut self, train: &Node) -> Option<(Vec<Axis>, Place)> {
        let node = train.get("early_stopping")?.value.clone();
        if !matches!(node.value, NodeValue::Table(_)) {
            self.diagnostics.push(
                Diagnostic::error("`early_stopping` is a table", &node.place)
                    .label(format!("found {}", node.describe()))
                    .help("write [train.early_stopping] on a line of its own, and its keys below"),
            );
            return None;
        }
        let axes = self.axes(
            "train.early_stopping",
            EarlyStopping::PARAMS,
            &node,
            &[],
            "[train.early_stopping]",
        );
        Some((axes, node.place.clone()))
    }

    pub(super) fn keeping(&mut self, train: &Node) -> Keeping {
        let mut out = Keeping::default();
        let every = setting("checkpoint_every", ParamType::Int, Range::Within(0.0, 1e6));
        if let Some(entry) = train.get("checkpoint_every")
            && let Some(Value::Int(n)) =
                axis::scalar("train.checkpoint_every", &every, &entry.value, self.diagnostics)
        {
            out.checkpoint_every = n as u64;
        }
        let save = setting("save", ParamType::Choice(Save::NAMES), Range::Any);
        if let Some(entry) = train.get("save")
            && let Some(Value::Text(name)) =
                axis::scalar("train.save", &save, &entry.value, self.diagnostics)
        {
            out.save = Save::from_name(&name).unwrap_or_default();
        }
        if let Some(entry) = train.get("timeout") {
            out.timeout = seconds(&entry.value);
            if out.timeout.is_none() {
                self.diagnostics.push(
                    Diagnostic::error("`timeout` is no length of time", &entry.value.place)
                        .label("at least a millisecond, at most a year")
                        .help("write seconds, or a string such as \"90s\", \"30m\", \"2h\""),
                );
            }
        }
        out
    }

    /// `dataset` of `[data]`, where it is a table of own data.
    pub(super) fn own_data(&mut self, data: &Node) -> Option<(OwnRequest, Place)> {
        let node = &data.get("dataset")?.value;
        let is_axis = ["values", "log", "linear", "random"].iter().any(|k| node.get(k).is_some());
        if !matches!(node.value, NodeValue::Table(_)) || is_axis {
            return None;
        }
        const KEYS: &[&str] =
            &["kind", "path", "labels", "test_path", "test_labels", "test", "scaling"];
        self.known_keys(node, KEYS, "own data");
        let kind = self.kind(node, OWN_KINDS, "format of own data").map(|k| k.name);
        let kind = kind.and_then(OwnKind::from_name).unwrap_or(OwnKind::Csv);
        let mut path = |key: &str| {
            let text = self.text(node, key);
            if let (Some(t), Some(entry)) = (&text, node.get(key))
                && (t.trim().is_empty() || t.contains('\0'))
            {
                self.diagnostics.push(Diagnostic::error(
                    format!("`{key}` is no path of a file"),
                    &entry.value.place,
                ));
            }
            text
        };
        let files = OwnFiles {
            kind,
            path: path("path").unwrap_or_default(),
            labels: path("labels"),
            test_path: path("test_path"),
            test_labels: path("test_labels"),
        };
        self.own_files(node, &files);
        let count = setting("test", ParamType::Int, Range::Within(1.0, 1e12));
        let test = node
            .get("test")
            .and_then(|e| axis::scalar("data.dataset.test", &count, &e.value, self.diagnostics));
        let test = if let Some(Value::Int(n)) = test { Some(n as u64) } else { None };
        let scaling = setting("scaling", ParamType::Choice(Scaling::NAMES), Range::Any);
        let scaling = node.get("scaling").and_then(|e| {
            match axis::scalar("data.dataset.scaling", &scaling, &e.value, self.diagnostics)? {
                Value::Text(name) => Scaling::from_name(&name),
                _ => None,
            }
        });
        Some((OwnRequest { files, test, scaling }, node.place.clone()))
    }

    /// The files that a format needs, and those that do not go together.
    fn own_files(&mut self, node: &Node, files: &OwnFiles) {
        let mut missing = |key: &str, why: &str| {
            if node.get(key).is_none() {
                self.diagnostics.push(
                    Diagnostic::error(format!("own data needs `{key}`"), &node.place).help(why),
                );
            }
        };
        missing("path", "the file with the inputs, relative to the folder that holds data/");
        let apart = files.kind != OwnKind::Csv;
        if apart {
            missing("labels", "the file with the class of each sample");
            if files.test_path.is_some() {
                missing("test_labels", "the file with the class of each sample of `test_path`");
            }
        }
        let mut needless = |key: &str, why: &str| {
            if let Some(entry) = node.get(key) {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` has no use here"), &entry.key_place)
                        .label(why),
                );
            }
        };
        if !apart {
            needless("labels", "a CSV has the class in its last column");
            needless("test_labels", "a CSV has the class in its last column");
        } else if files.test_path.is_none() {
            needless("test_labels", "there is no `test_path`");
        }
        if files.test_path.is_some() {
            needless("test", "the test split is `test_path`");
        }
    }
}

/// A length of time: seconds, or a string with a unit.
fn seconds(node: &Node) -> Option<f64> {
    match &node.value {
        NodeValue::Int(n) => bounded(*n as f64),
        NodeValue::Float(x) => bounded(*x),
        // A string of mere digits is taken for a forgotten unit.
        NodeValue::Text(text) if text.trim().ends_with(|c: char| c.is_ascii_digit()) => None,
        NodeValue::Text(text) => duration(text),
        _ => None,
    }
}

/// Seconds in a text such as `90`, `90s`, `1.5m`, `2h`, `3d`; none for anything
/// else, below a millisecond or above a year.
pub fn duration(text: &str) -> Option<f64> {
    let text = text.trim();
    let (number, factor) = match text.chars().next_back()? {
        's' => (&text[..text.len() - 1], 1.0),
        'm' => (&text[..text.len() - 1], 60.0),
        'h' => (&text[..text.len() - 1], 3_600.0),
        'd' => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    bounded(number.trim().parse::<f64>().ok()? * factor)
}

fn bounded(seconds: f64) -> Option<f64> {
    (1e-3..=366.0 * 86_400.0).contains(&seconds).then_some(seconds)
}
