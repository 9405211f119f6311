//! `[[exclude]]`: the conditions of combinations to leave out.

use spec::params::Value;

use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::Reader;
use crate::sweep::Exclude;

impl Reader<'_> {
    pub(crate) fn excludes(&mut self, root: &Node) -> Vec<Exclude> {
        let Some(entry) = root.get("exclude") else { return Vec::new() };
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error("`exclude` must be a list of tables", &entry.value.place)
                    .help("write [[exclude]]"),
            );
            return Vec::new();
        };
        items
            .iter()
            .map(|item| {
                let mut conditions = Vec::new();
                self.conditions(item, "", &mut conditions);
                Exclude { conditions, place: item.place.clone() }
            })
            .collect()
    }

    fn conditions(&mut self, node: &Node, prefix: &str, out: &mut Vec<(String, Vec<Value>)>) {
        for entry in node.entries() {
            let path = if prefix.is_empty() {
                entry.key.clone()
            } else {
                format!("{prefix}.{}", entry.key)
            };
            match &entry.value.value {
                NodeValue::Table(_) => self.conditions(&entry.value, &path, out),
                NodeValue::Array(items) => {
                    // Any of the items, or the list itself for values that are lists.
                    let whole = plain(&entry.value);
                    out.push((path, items.iter().filter_map(plain).chain(whole).collect()));
                }
                _ => out.push((path, plain(&entry.value).into_iter().collect())),
            }
        }
    }
}

fn plain(node: &Node) -> Option<Value> {
    match &node.value {
        NodeValue::Bool(b) => Some(Value::Bool(*b)),
        NodeValue::Int(i) => Some(Value::Int(*i)),
        NodeValue::Float(x) => Some(Value::Float(*x)),
        NodeValue::Text(s) => Some(Value::Text(s.clone())),
        NodeValue::Array(items) => {
            items.iter().map(plain).collect::<Option<Vec<_>>>().map(Value::List)
        }
        _ => None,
    }
}
