//! User data: `dataset = { path = "..." }` in `[data]`.

use spec::own_data::{OwnFiles, OwnKind, OwnRequest, Scaling, Vocabulary};
use spec::params::{Kind, ParamType, Range, Value};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

/// The formats of user data, as the kinds of a registry.
const OWN_KINDS: &[Kind] = &[
    kind(OwnKind::Csv),
    kind(OwnKind::Npy),
    kind(OwnKind::Idx),
    kind(OwnKind::Npz),
    kind(OwnKind::Parquet),
    kind(OwnKind::Text),
];

const fn kind(kind: OwnKind) -> Kind {
    Kind { name: kind.name(), doc: "", source: "", differs: "", params: &[] }
}

const KEYS: &[&str] = &[
    "kind",
    "path",
    "labels",
    "test_path",
    "test_labels",
    "validation_path",
    "validation_labels",
    "arrays",
    "matrix",
    "test",
    "split",
    "split_seed",
    "scaling",
    "label",
    "target",
    "leave_out",
    "categorical",
    "missing",
    "header",
    "separator",
    "vocabulary",
];

impl Reader<'_> {
    /// Reads `dataset` of `[data]` with its place, if it is a table of user data; that of a
    /// `quadratic` has no labels.
    pub(crate) fn own_data(&mut self, data: &Node, quadratic: bool) -> Option<(OwnRequest, Place)> {
        let node = &data.get("dataset")?.value;
        let is_axis = ["values", "log", "linear", "random"].iter().any(|k| node.get(k).is_some());
        if !matches!(node.value, NodeValue::Table(_)) || is_axis {
            return None;
        }
        self.known_keys(node, KEYS, "`dataset`");
        let files = self.own_files(node);
        self.files_that_go_together(node, &files, quadratic);
        // A text may have no test split.
        let least = if files.kind == OwnKind::Text { 0.0 } else { 1.0 };
        let count = setting("test", ParamType::Int, Range::Within(least, 1e12));
        let test = node
            .get("test")
            .and_then(|e| axis::scalar("data.dataset.test", &count, &e.value, self.diagnostics));
        let test = if let Some(Value::Int(n)) = test { Some(n as u64) } else { None };
        let scaling = setting("scaling", ParamType::Choice(Scaling::ASKED), Range::Any);
        let scaling = node.get("scaling").and_then(|e| {
            match axis::scalar("data.dataset.scaling", &scaling, &e.value, self.diagnostics)? {
                Value::Text(name) => Scaling::asked(&name),
                _ => None,
            }
        });
        let split = self.split(node, &files);
        let apart =
            [("split", split.is_some()), ("validation_path", files.validation_path.is_some())];
        for (key, _) in apart.iter().filter(|(_, there)| *there) {
            if let Some(given) = data.get("validation") {
                let message = format!("`validation` and `{key}` are mutually exclusive");
                let help = "put it in the split: split = { test = 0.2, validation = 0.2 }";
                self.diagnostics.push(
                    Diagnostic::error(message, &given.key_place)
                        .also(&node.place, "sets what is held out")
                        .help(help),
                );
            }
        }
        let asked = self.asked(node, files.kind);
        let request = OwnRequest { test, scaling, asked, split, ..OwnRequest::new(files) };
        Some((request, node.place.clone()))
    }

    /// Reads the files and their format, which follows from the file name without `kind`.
    fn own_files(&mut self, node: &Node) -> OwnFiles {
        let mut path = |key: &str| {
            let text = self.text(node, key);
            if let (Some(t), Some(entry)) = (&text, node.get(key))
                && (t.trim().is_empty() || t.contains('\0'))
            {
                self.diagnostics.push(Diagnostic::error(
                    format!("`{key}` is not a file path"),
                    &entry.value.place,
                ));
            }
            text
        };
        let mut files = OwnFiles {
            kind: OwnKind::Csv,
            path: path("path").unwrap_or_default(),
            labels: path("labels"),
            test_path: path("test_path"),
            test_labels: path("test_labels"),
            validation_path: path("validation_path"),
            validation_labels: path("validation_labels"),
            arrays: None,
            matrix: path("matrix"),
            vocabulary: None,
        };
        files.kind = match node.get("kind") {
            None => OwnKind::of_path(&files.path),
            Some(_) => self
                .kind(node, OWN_KINDS, "data format")
                .and_then(|k| OwnKind::from_name(k.name))
                .unwrap_or_else(|| OwnKind::of_path(&files.path)),
        };
        files.arrays = self.arrays(node, files.kind);
        files.vocabulary = self.vocabulary(node, files.kind);
        files
    }

    /// Reads the vocabulary of a text; `None` if it is not given.
    fn vocabulary(&mut self, node: &Node, kind: OwnKind) -> Option<Vocabulary> {
        let entry = node.get("vocabulary")?;
        if kind != OwnKind::Text {
            self.diagnostics.push(
                Diagnostic::error("`vocabulary` has no effect here", &entry.key_place)
                    .label("it is only for text")
                    .help("remove the key, or write kind = \"text\""),
            );
            return None;
        }
        let names = setting("vocabulary", ParamType::Choice(Vocabulary::NAMES), Range::Any);
        match axis::scalar("data.dataset.vocabulary", &names, &entry.value, self.diagnostics)? {
            Value::Text(name) => Vocabulary::from_name(&name),
            _ => None,
        }
    }

    /// Reports files that the format needs, and keys that have no effect.
    fn files_that_go_together(&mut self, node: &Node, files: &OwnFiles, quadratic: bool) {
        self.files_of_a_quadratic(node, files, quadratic);
        let mut missing = |key: &str, why: &str| {
            if node.get(key).is_none() {
                self.diagnostics.push(
                    Diagnostic::error(format!("`dataset` needs `{key}`"), &node.place).help(why),
                );
            }
        };
        missing("path", "the file with the inputs, relative to the folder that holds data/");
        let apart = matches!(files.kind, OwnKind::Npy | OwnKind::Idx);
        if apart && !quadratic {
            missing("labels", "the file with the class of each sample");
            if files.test_path.is_some() {
                missing("test_labels", "the file with the class of each sample of `test_path`");
            }
            if files.validation_path.is_some() {
                let why = "the file with the class of each sample of `validation_path`";
                missing("validation_labels", why);
            }
        }
        let mut needless = |key: &str, why: &str| {
            if let Some(entry) = node.get(key) {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` has no effect here"), &entry.key_place)
                        .label(why),
                );
            }
        };
        let labels = ["labels", "test_labels", "validation_labels"];
        match files.kind {
            OwnKind::Text => labels.iter().chain(["scaling", "split"].iter()).for_each(|key| {
                needless(
                    key,
                    "a text is cut in place, and each token is the target of those before it",
                );
            }),
            OwnKind::Csv | OwnKind::Parquet => labels.iter().for_each(|key| {
                needless(key, "a table has its labels in a column: `label = \"...\"`");
            }),
            OwnKind::Npz => {
                let why = "an archive names its arrays: `arrays = { inputs = \"...\", ... }`";
                labels.iter().chain(["test_path", "validation_path"].iter()).for_each(|key| {
                    needless(key, why);
                });
            }
            OwnKind::Npy | OwnKind::Idx => {
                if files.test_path.is_none() {
                    needless("test_labels", "there is no `test_path`");
                }
                if files.validation_path.is_none() {
                    needless("validation_labels", "there is no `validation_path`");
                }
            }
        }
        if files.test_path.is_some() {
            needless("test", "the test split is `test_path`");
        }
    }

    /// Reports problems of the files of a quadratic: a matrix, and samples without labels.
    fn files_of_a_quadratic(&mut self, node: &Node, files: &OwnFiles, quadratic: bool) {
        let mut needless = |key: &str, label: &str, help: &str| {
            if let Some(entry) = node.get(key) {
                let message = format!("`{key}` has no effect here");
                self.diagnostics
                    .push(Diagnostic::error(message, &entry.key_place).label(label).help(help));
            }
        };
        if !quadratic {
            let help = "remove the key, or write kind = \"quadratic\" in [model]";
            needless("matrix", "it is only for the model `quadratic`", help);
            return;
        }
        for key in ["labels", "test_labels", "validation_labels", "label", "target"] {
            needless(key, "a quadratic uses no labels", "remove the key");
        }
        if files.matrix.is_none() {
            let message = "the data of a quadratic needs `matrix`";
            let help = "a symmetric `npy` of [variables, variables]; numpy.eye(n) is the identity";
            self.diagnostics.push(Diagnostic::error(message, &node.place).help(help));
        }
        if files.kind != OwnKind::Npy {
            let message = "the samples of a quadratic must be an `npy`";
            let help = "save them with numpy.save, an array of [samples, variables]";
            self.diagnostics.push(Diagnostic::error(message, &node.place).help(help));
        }
    }
}
