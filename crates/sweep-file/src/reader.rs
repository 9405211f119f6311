//! Reading of tables: checks keys, and the types and ranges of values, and reports a problem for
//! each that is wrong.

use spec::params::{Kind, Names, Param, ParamDefault, ParamType, Range, Value};
use spec::settings::Settings;

use crate::axis::{self, Axis, unknown_name};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::node::{Node, NodeValue};
use crate::source::Place;

/// Reads tables and collects their problems.
pub(crate) struct Reader<'a> {
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// Returns the description of a key that is not a hyper-parameter.
pub(crate) const fn setting(name: &'static str, ty: ParamType, range: Range) -> Param {
    Param { name, ty, default: ParamDefault::Required, range, doc: "" }
}

impl Reader<'_> {
    /// Reads the settings of a table; keys that are missing or wrong have their defaults. Keys with
    /// a form of their own and those of `extra` are only known here: their table reads them.
    pub(crate) fn settings<S: Settings>(&mut self, node: &Node, extra: &[&str]) -> S {
        self.settings_at(S::TABLE.name, node, extra)
    }

    /// Reads a table as [`Reader::settings`] does; `path` names it in messages, since tables of its
    /// form occur at several paths.
    pub(crate) fn settings_at<S: Settings>(
        &mut self,
        path: &str,
        node: &Node,
        extra: &[&str],
    ) -> S {
        let names = S::TABLE.keys.iter().map(|key| key.name);
        let known: Vec<&str> = names.chain(extra.iter().copied()).collect();
        self.known_keys(node, &known, &format!("[{path}]"));
        self.given_at(path, node)
    }

    /// Reads a table as [`Reader::settings`] does, without reporting unknown keys.
    pub(crate) fn given<S: Settings>(&mut self, node: &Node) -> S {
        self.given_at(S::TABLE.name, node)
    }

    fn given_at<S: Settings>(&mut self, table: &str, node: &Node) -> S {
        let mut out = S::default();
        for key in S::TABLE.keys {
            let Some(entry) = node.get(key.name) else { continue };
            let path = format!("{table}.{}", key.name);
            let value = match key.ty {
                ParamType::Own(_) => continue,
                ParamType::NameList(Names(known)) => {
                    let names = self.names(node, table, key.name, known());
                    names.map(|names| Value::List(names.into_iter().map(Value::Text).collect()))
                }
                _ => axis::scalar(&path, key, &entry.value, self.diagnostics),
            };
            if let Some(value) = value {
                out.set(key.name, &value);
            }
        }
        out
    }

    /// Reads a list of names from `known`, each at most once; it may be empty.
    fn names(
        &mut self,
        table: &Node,
        section: &str,
        key: &'static str,
        known: &'static [&'static str],
    ) -> Option<Vec<String>> {
        let entry = table.get(key)?;
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error(format!("`{key}` must be a list of names"), &entry.value.place)
                    .label(format!("found {}", entry.value.describe()))
                    .help(format!("for example {key} = [{}]", example(known))),
            );
            return None;
        };
        if items.is_empty() {
            return Some(Vec::new());
        }
        let name = setting(key, ParamType::Choice(known), Range::Any);
        let mut names = Axis {
            path: format!("{section}.{key}"),
            values: Vec::new(),
            zip: None,
            random: None,
            extend: None,
            place: entry.value.place.clone(),
        };
        axis::list(&mut names, &name, items, &entry.value.place, self.diagnostics)?;
        let text = |value: &Value| match value {
            Value::Text(name) => Some(name.clone()),
            _ => None,
        };
        Some(names.values.iter().filter_map(|(value, _)| text(value)).collect())
    }

    /// Refuses several values for keys that a sweep has one value of.
    pub(crate) fn one_value<'a>(&mut self, axes: impl Iterator<Item = &'a Axis>) {
        for axis in axes {
            if (axis.values.len() > 1 || axis.random.is_some())
                && !matches!(axis.path.as_str(), "data.batch_size" | "data.drop_last")
            {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{}` takes one value", axis.path), &axis.place)
                        .label("a list")
                        .help("write a sweep file for each value"),
                );
            }
        }
    }

    pub(crate) fn known_keys(&mut self, node: &Node, known: &[&str], of: &str) {
        for entry in node.entries() {
            if !known.contains(&entry.key.as_str()) {
                let message = format!("{of} has no key `{}`", entry.key);
                self.diagnostics.push(unknown_name(&message, &entry.key, known, &entry.key_place));
            }
        }
    }

    pub(crate) fn table(&mut self, root: &Node, key: &str, required: bool) -> Option<Node> {
        match root.get(key) {
            Some(entry) if matches!(entry.value.value, NodeValue::Table(_)) => {
                Some(entry.value.clone())
            }
            Some(entry) => {
                self.diagnostics.push(
                    Diagnostic::error(format!("`{key}` must be a table"), &entry.value.place)
                        .label(format!("found {}", entry.value.describe()))
                        .help(format!("write [{key}] on a line of its own, and its keys below")),
                );
                None
            }
            None => {
                if required {
                    self.diagnostics.push(
                        Diagnostic::error(format!("the table [{key}] is missing"), &start_of(root))
                            .help("see `cargo xtask list` for what exists, and experiments/ for examples"),
                    );
                }
                None
            }
        }
    }

    pub(crate) fn text(&mut self, node: &Node, key: &str) -> Option<String> {
        let entry = node.get(key)?;
        match &entry.value.value {
            NodeValue::Text(s) => Some(s.clone()),
            _ => {
                self.wrong_type(key, "a string", &entry.value);
                None
            }
        }
    }

    pub(crate) fn wrong_type(&mut self, key: &str, expected: &str, node: &Node) {
        self.diagnostics.push(
            Diagnostic::error(format!("`{key}` has the wrong type"), &node.place)
                .label(format!("expected {expected}, found {}", node.describe())),
        );
    }

    /// Reads one axis per parameter that the table has; unknown and missing keys are reported.
    pub(crate) fn axes(
        &mut self,
        group: &str,
        params: &[Param],
        node: &Node,
        extra: &[&str],
        of: &str,
    ) -> Vec<Axis> {
        let known: Vec<&str> = params.iter().map(|p| p.name).chain(extra.iter().copied()).collect();
        self.known_keys(node, &known, of);
        for param in params {
            if matches!(param.default, ParamDefault::Required) && node.get(param.name).is_none() {
                self.diagnostics.push(
                    Diagnostic::error(format!("{of} needs `{}`", param.name), &node.place)
                        .help(format!("{} ({})", param.doc.trim(), param.ty)),
                );
            }
        }
        params
            .iter()
            .filter_map(|p| node.get(p.name).map(|e| (p, &e.value)))
            .filter_map(|(p, value)| {
                axis::read(&format!("{group}.{}", p.name), p, value, self.diagnostics)
            })
            .collect()
    }

    /// Reads the `kind` of a table and looks it up in a registry.
    pub(crate) fn kind(
        &mut self,
        node: &Node,
        kinds: &'static [Kind],
        what: &str,
    ) -> Option<&'static Kind> {
        let names: Vec<&str> = kinds.iter().map(|k| k.name).collect();
        let Some(entry) = node.get("kind") else {
            self.diagnostics.push(
                Diagnostic::error(format!("this {what} needs a `kind`"), &node.place)
                    .help(format!("available: {}", names.join(", "))),
            );
            return None;
        };
        let NodeValue::Text(name) = &entry.value.value else {
            self.wrong_type("kind", "a string", &entry.value);
            return None;
        };
        let found = kinds.iter().find(|k| k.name == name);
        if found.is_none() {
            self.diagnostics.push(unknown_name(
                &format!("there is no {what} `{name}`"),
                name,
                &names,
                &entry.value.place,
            ));
        }
        found
    }
}

/// Returns the start of the file, the place of problems about missing tables.
pub(crate) fn start_of(root: &Node) -> Place {
    Place { source: root.place.source, span: 0..0 }
}

/// Returns the first two names, quoted, as an example of a list.
fn example(known: &[&str]) -> String {
    known.iter().take(2).map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}
