//! Own data: `dataset = { kind = "csv", path = "..." }` in `[data]`.

use crate::own_data::{OwnFiles, OwnKind, OwnRequest, Scaling};
use crate::params::{Kind, ParamType, Range, Value};

use super::axis;
use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::parse::Reader;
use super::settings::setting;
use super::source::Place;

/// The formats of own data, as a registry's kinds.
const OWN_KINDS: &[Kind] = &[
    Kind { name: OwnKind::Csv.name(), doc: "", source: "", differs: "", params: &[] },
    Kind { name: OwnKind::Npy.name(), doc: "", source: "", differs: "", params: &[] },
    Kind { name: OwnKind::Idx.name(), doc: "", source: "", differs: "", params: &[] },
];

impl Reader<'_> {
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
