//! `[repeat]`: the seeds.

use spec::params::{Param, ParamType, Range, Value};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

spec::settings! {
    /// Repetitions of each configuration.
    RepeatTable in "repeat" {
        /// Seeds, each one run of every configuration.
        seeds: Vec<u64> = vec![0] => "a list of numbers or { count, base }", "[0]";
    }
}

/// `seeds = 3` reads like three runs, and like the run of seed 3.
fn one_number(n: i64, place: &Place) -> Diagnostic {
    let d = Diagnostic::error("`seeds` is a list of seeds, or how many", place);
    let list = format!("seeds = [{n}] for the one seed {n}");
    let several = match n {
        0 => return d.label("a bare number").help(format!("write {list}")),
        1 => "the seed 0".to_owned(),
        n => format!("the seeds 0 to {}", n - 1),
    };
    d.label(format!("{n} could be either"))
        .help(format!("write seeds = {{ count = {n} }} for {several}, or {list}"))
}

impl Reader<'_> {
    pub(crate) fn seeds(&mut self, root: &Node) -> Vec<u64> {
        let Some(node) = self.table(root, "repeat", false) else { return vec![0] };
        let _: RepeatTable = self.settings(&node, &[]);
        let Some(entry) = node.get("seeds") else { return vec![0] };
        let seed = setting("seeds", ParamType::Int, Range::NonNegative);
        if let NodeValue::Table(_) = entry.value.value {
            self.known_keys(&entry.value, &["count", "base"], "seeds");
            let count = setting("count", ParamType::Int, Range::AtLeast(1.0));
            let mut read = |param: &Param, default: i64| match entry.value.get(param.name) {
                Some(e) => axis::scalar(
                    &format!("seeds.{}", param.name),
                    param,
                    &e.value,
                    self.diagnostics,
                ),
                None => Some(Value::Int(default)),
            };
            let (count, base) =
                (read(&count, 1), read(&setting("base", ParamType::Int, Range::NonNegative), 0));
            let (Some(Value::Int(count)), Some(Value::Int(base))) = (count, base) else {
                return vec![0];
            };
            if count > 1_000_000 {
                self.diagnostics
                    .push(Diagnostic::error("more than 1,000,000 seeds", &entry.value.place));
                return vec![0];
            }
            let Some(end) = base.checked_add(count) else {
                self.diagnostics.push(Diagnostic::error(
                    "the last seed does not fit 63 bits",
                    &entry.value.place,
                ));
                return vec![0];
            };
            return (base..end).map(|s| s as u64).collect();
        }
        if let NodeValue::Int(n @ 0..) = entry.value.value {
            self.diagnostics.push(one_number(n, &entry.value.place));
            return vec![0];
        }
        let Some(axis) = axis::read("repeat.seeds", &seed, &entry.value, self.diagnostics) else {
            return vec![0];
        };
        axis.values
            .iter()
            .filter_map(|(v, _)| if let Value::Int(i) = v { u64::try_from(*i).ok() } else { None })
            .collect()
    }
}
