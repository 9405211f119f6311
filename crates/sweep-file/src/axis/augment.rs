//! `[data] augment`: a table that is a single value.

use spec::augment::Augment;
use spec::params::{Param, ParamDefault, ParamType, ParamValue, Range, Value};

use super::{scalar, unknown_name};
use crate::diagnostic::Diagnostics;
use crate::node::Node;

/// Dotted path of the key.
const PATH: &str = "data.augment";

/// Returns whether `path` is that of the key.
pub(super) fn at(path: &str) -> bool {
    path == PATH
}

/// Reads the table; `None` if it is invalid, which is reported.
pub(super) fn read(node: &Node, diagnostics: &mut Diagnostics) -> Option<Value> {
    let mut complete = true;
    for entry in node.entries().iter().filter(|e| !Augment::KEYS.contains(&e.key.as_str())) {
        let message = format!("`{PATH}` has no key `{}`", entry.key);
        diagnostics.push(unknown_name(&message, &entry.key, &Augment::KEYS, &entry.key_place));
        complete = false;
    }
    let mut of = |name: &'static str, ty: ParamType| {
        let entry = node.get(name)?;
        let (default, range) = (ParamDefault::Required, Range::Any);
        let param = Param { name, ty, default, range, doc: "" };
        let value = scalar(&format!("{PATH}.{name}"), &param, &entry.value, diagnostics);
        complete &= value.is_some();
        value
    };
    let crop = of("crop", ParamType::Int).and_then(|n| u64::from_value(&n)).unwrap_or(0);
    let flip = of("flip", ParamType::Bool).and_then(|b| bool::from_value(&b)).unwrap_or(false);
    complete.then(|| Augment { crop, flip }.to_value())
}
