//! `groups` of an `[[optimizer]]`: parameters with their own rates and decays.

use spec::parameters::Role;
use spec::params::{Kind, ParamType, Range, Value};
use spec::update::ParamGroup;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

/// Keys that select the parameters of a group.
const WHICH: [&str; 3] = ["params", "role", "ndim"];
/// Keys with the settings of a group.
const HOW: [&str; 3] = ["lr_scale", "weight_decay", "decoupled_decay"];

impl Reader<'_> {
    /// Reads the groups of an optimizer of this kind, each with its place.
    pub(super) fn groups(&mut self, node: &Node, kind: &Kind) -> Vec<(ParamGroup, Place)> {
        let items = match &node.value {
            NodeValue::Array(items)
                if items.iter().all(|n| matches!(n.value, NodeValue::Table(_))) =>
            {
                items
            }
            _ => {
                self.diagnostics.push(
                    Diagnostic::error("`groups` must be a list of tables", &node.place)
                        .label(format!("found {}", node.describe()))
                        .help("for example groups = [{ params = \"*bias\", weight_decay = 0.0 }]"),
                );
                return Vec::new();
            }
        };
        let groups = items.iter().filter_map(|item| {
            let group = self.group(item, kind)?;
            Some((group, item.place.clone()))
        });
        groups.collect()
    }

    fn group(&mut self, item: &Node, kind: &Kind) -> Option<ParamGroup> {
        let known: Vec<&str> = WHICH.into_iter().chain(HOW).collect();
        self.known_keys(item, &known, "a group");
        let params = self.text(item, "params");
        let role = self.scalar(item, "role", ParamType::Choice(Role::NAMES), Range::Any);
        let ndim = self.scalar(item, "ndim", ParamType::Int, Range::Within(1.0, 8.0));
        if WHICH.iter().all(|key| item.get(key).is_none()) {
            let help = "a pattern over parameter paths, params = \"*bias\", or role = \"bias\", \
                        or ndim = 2 for two dimensions or more; several must all match";
            self.diagnostics.push(
                Diagnostic::error("a group needs `params`, `role` or `ndim`", &item.place)
                    .help(help),
            );
        }
        if let Some(entry) = item.get("weight_decay")
            && !kind.params.iter().any(|p| p.name == "weight_decay")
        {
            self.diagnostics.push(
                Diagnostic::error(
                    format!("the optimizer `{}` has no weight_decay", kind.name),
                    &entry.key_place,
                )
                .help("use decoupled_decay, which every optimizer takes"),
            );
        }
        let [lr_scale, weight_decay, decoupled_decay] =
            HOW.map(|key| match self.scalar(item, key, ParamType::Float, Range::NonNegative) {
                Some(Value::Float(x)) => Some(x),
                _ => None,
            });
        if HOW.iter().all(|key| item.get(key).is_none()) {
            self.diagnostics.push(
                Diagnostic::error("this group changes nothing", &item.place)
                    .help(format!("it takes {}", HOW.join(", "))),
            );
        }
        // An invalid key was reported; the group is dropped, since it would match too much.
        let given =
            [("params", params.is_some()), ("role", role.is_some()), ("ndim", ndim.is_some())];
        let read = given.iter().all(|(key, read)| *read || item.get(key).is_none())
            && given.iter().any(|(_, read)| *read);
        read.then(|| ParamGroup {
            params: params.unwrap_or_else(|| "*".to_owned()),
            role: match role {
                Some(Value::Text(name)) => Role::from_name(&name),
                _ => None,
            },
            ndim: match ndim {
                Some(Value::Int(n)) => u64::try_from(n).ok(),
                _ => None,
            },
            lr_scale: lr_scale.unwrap_or(1.0),
            weight_decay,
            decoupled_decay,
        })
    }

    /// Reads a key of a group; `None` if it is not given or is invalid.
    fn scalar(
        &mut self,
        item: &Node,
        key: &'static str,
        ty: ParamType,
        range: Range,
    ) -> Option<Value> {
        let path = format!("optimizer.groups.{key}");
        axis::scalar(&path, &setting(key, ty, range), &item.get(key)?.value, self.diagnostics)
    }
}
