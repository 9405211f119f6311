//! The keys of user data that set how its files are read and split.

use spec::own_data::{OwnFiles, OwnKind};
use spec::params::{ParamType, Range, Value};
use spec::reading::{Arrays, Asked, ColumnRef, Missing, Share, SplitSpec};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node, NodeValue};
use crate::reader::{Reader, setting};

impl Reader<'_> {
    /// Reads `label`, `target`, `leave_out` and the other keys that set how a file is read.
    pub(crate) fn asked(&mut self, node: &Node, kind: OwnKind) -> Asked {
        let asked = Asked {
            label: node.get("label").and_then(|e| self.column("label", &e.value)),
            target: self.columns(node, "target"),
            leave_out: self.columns(node, "leave_out"),
            categorical: self.columns(node, "categorical"),
            missing: self.missing(node),
            header: self.flag(node, "header"),
            separator: self.separator(node),
        };
        if let (Some(label), Some(_)) = (node.get("label"), node.get("target")) {
            self.diagnostics.push(
                Diagnostic::error("`label` and `target` are mutually exclusive", &label.key_place)
                    .help("`label` is a column of classes, `target` one or several of real values"),
            );
        }
        let (csv, table) = (kind == OwnKind::Csv, kind.is_table());
        for (key, fits, of) in [
            ("header", csv, "a CSV"),
            ("separator", csv, "a CSV"),
            ("leave_out", table, "a table"),
            ("categorical", table, "a table"),
            ("missing", table, "a table"),
        ] {
            if let (false, Some(entry)) = (fits, node.get(key)) {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` has no effect here"), &entry.key_place)
                        .label(format!("it is for {of}, but this is `{kind}`")),
                );
            }
        }
        asked
    }

    /// Reads `split` and its seed, and refuses keys that conflict with them.
    pub(crate) fn split(&mut self, node: &Node, files: &OwnFiles) -> Option<SplitSpec> {
        let seed = setting("split_seed", ParamType::Int, Range::NonNegative);
        let seed = node.get("split_seed").and_then(|e| {
            axis::scalar("data.dataset.split_seed", &seed, &e.value, self.diagnostics)
        });
        let Some(entry) = node.get("split") else {
            if let Some(seed) = node.get("split_seed") {
                self.diagnostics.push(
                    Diagnostic::error(
                        "`split_seed` has no effect without `split`",
                        &seed.key_place,
                    )
                    .help("write split = { test = 0.2, validation = 0.2 }"),
                );
            }
            return None;
        };
        if !matches!(entry.value.value, NodeValue::Table(_)) {
            self.wrong_type("split", "a table such as { test = 0.2 }", &entry.value);
            return None;
        }
        self.known_keys(&entry.value, &["test", "validation", "stratified"], "split");
        for (key, given) in [
            ("test", node.get("test")),
            ("test_path", node.get("test_path")),
            ("validation_path", node.get("validation_path")),
        ] {
            if let Some(given) = given {
                self.diagnostics.push(
                    Diagnostic::error(
                        format!("`split` and `{key}` are mutually exclusive"),
                        &given.key_place,
                    )
                    .also(&entry.key_place, "the samples of `path` are split here")
                    .help("remove one of them"),
                );
            }
        }
        if files.arrays.as_ref().is_some_and(|a| a.test_inputs.is_some()) {
            self.diagnostics.push(
                Diagnostic::error(
                    "`split` and arrays of a test split are mutually exclusive",
                    &entry.key_place,
                )
                .help("remove one of them"),
            );
        }
        let test = self.share(&entry.value, "test", Share::Part(0.2))?;
        let validation = self.share(&entry.value, "validation", Share::Count(0))?;
        if let (Share::Part(a), Share::Part(b)) = (test, validation)
            && a + b >= 1.0
        {
            self.diagnostics.push(
                Diagnostic::error(
                    "the shares of `split` leave nothing to train on",
                    &entry.value.place,
                )
                .label(format!("{a} + {b}")),
            );
        }
        let split_seed = if let Some(Value::Int(n)) = seed { n as u64 } else { 0 };
        let stratified = self.flag(&entry.value, "stratified");
        Some(SplitSpec { test, validation, stratified, split_seed })
    }

    /// Reads the names of the arrays of an archive.
    pub(crate) fn arrays(&mut self, node: &Node, kind: OwnKind) -> Option<Arrays> {
        let entry = node.get("arrays")?;
        if kind != OwnKind::Npz {
            self.diagnostics.push(
                Diagnostic::error("`arrays` has no effect here", &entry.key_place)
                    .label(format!("it is for npz, but this is `{kind}`")),
            );
        }
        if !matches!(entry.value.value, NodeValue::Table(_)) {
            let expected = "a table such as { inputs = \"x\", labels = \"y\" }";
            self.wrong_type("arrays", expected, &entry.value);
            return None;
        }
        let keys = [
            "inputs",
            "labels",
            "test_inputs",
            "test_labels",
            "validation_inputs",
            "validation_labels",
        ];
        self.known_keys(&entry.value, &keys, "arrays");
        let [inputs, labels, test_inputs, test_labels, validation_inputs, validation_labels] =
            keys.map(|key| self.text(&entry.value, key));
        let pairs = [
            (&inputs, &labels, "inputs", "labels", true),
            (&test_inputs, &test_labels, "test_inputs", "test_labels", false),
            (
                &validation_inputs,
                &validation_labels,
                "validation_inputs",
                "validation_labels",
                false,
            ),
        ];
        for (x, y, x_key, y_key, needed) in pairs {
            let lacks = match (x.is_some(), y.is_some()) {
                (true, true) => None,
                (false, false) => needed.then_some(x_key),
                (true, false) => Some(y_key),
                (false, true) => Some(x_key),
            };
            if let Some(key) = lacks {
                self.diagnostics.push(
                    Diagnostic::error(format!("`arrays` needs `{key}`"), &entry.value.place)
                        .help("the name of an array in the archive"),
                );
            }
        }
        Some(Arrays {
            inputs: inputs?,
            labels: labels?,
            test_inputs,
            test_labels,
            validation_inputs,
            validation_labels,
        })
    }

    /// Reads a number of samples or a fraction below 1; `default` if the key is not given.
    fn share(&mut self, node: &Node, key: &str, default: Share) -> Option<Share> {
        let Some(entry) = node.get(key) else { return Some(default) };
        let path = format!("split.{key}");
        match entry.value.value {
            NodeValue::Int(n) if (0..1 << 40).contains(&n) => Some(Share::Count(n as u64)),
            NodeValue::Float(x) if (0.0..1.0).contains(&x) => Some(Share::Part(x)),
            NodeValue::Int(_) | NodeValue::Float(_) => {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{path}` is out of range"), &entry.value.place)
                        .label("a fraction below 1 such as 0.2, or a whole number of samples"),
                );
                None
            }
            _ => {
                self.wrong_type(&path, "a fraction or a number of samples", &entry.value);
                None
            }
        }
    }

    /// Reads one column or a list of columns.
    fn columns(&mut self, node: &Node, key: &str) -> Vec<ColumnRef> {
        let Some(Entry { value, .. }) = node.get(key) else { return Vec::new() };
        let one = std::slice::from_ref(value);
        let items: &[Node] = if let NodeValue::Array(items) = &value.value { items } else { one };
        let columns: Vec<ColumnRef> =
            items.iter().filter_map(|item| self.column(key, item)).collect();
        for (i, column) in columns.iter().enumerate() {
            if columns[..i].contains(column) {
                self.diagnostics
                    .push(Diagnostic::error(format!("`{key}` names a column twice"), &value.place));
            }
        }
        columns
    }

    fn column(&mut self, key: &str, node: &Node) -> Option<ColumnRef> {
        match &node.value {
            NodeValue::Int(0) => {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` = 0 is not a column"), &node.place)
                        .help("columns count from 1; -1 is the last one"),
                );
                None
            }
            NodeValue::Int(n) => Some(ColumnRef::Place(*n)),
            NodeValue::Text(name) if !name.trim().is_empty() => {
                Some(ColumnRef::Name(name.trim().to_owned()))
            }
            _ => {
                self.wrong_type(key, "the name of a column, or its number from 1", node);
                None
            }
        }
    }

    fn missing(&mut self, node: &Node) -> Option<Missing> {
        let choice = setting("missing", ParamType::Choice(Missing::NAMES), Range::Any);
        let value = &node.get("missing")?.value;
        match axis::scalar("data.dataset.missing", &choice, value, self.diagnostics)? {
            Value::Text(name) => Missing::from_name(&name),
            _ => None,
        }
    }

    fn flag(&mut self, node: &Node, key: &str) -> Option<bool> {
        let entry = node.get(key)?;
        if let NodeValue::Bool(flag) = entry.value.value {
            return Some(flag);
        }
        self.wrong_type(key, "true or false", &entry.value);
        None
    }

    fn separator(&mut self, node: &Node) -> Option<char> {
        let text = self.text(node, "separator")?;
        let mut chars = text.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None)
                if c.is_ascii() && !c.is_ascii_alphanumeric() && !"\"\n\r#.-+".contains(c) =>
            {
                Some(c)
            }
            _ => {
                self.diagnostics.push(
                    Diagnostic::error(
                        "`separator` must be one character",
                        &node.get("separator")?.value.place,
                    )
                    .help("such as \";\", \"\\t\" or \"|\""),
                );
                None
            }
        }
    }
}
