//! `[repeat]`: the seeds.

use spec::params::{Param, ParamType, Range, Value};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Entry, Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;
use crate::tables::function::FUNCTION;
use crate::tables::until;
use spec::stages::Until;

spec::settings! {
    /// Repetitions of each configuration.
    RepeatTable in "repeat" {
        /// Seeds, each of which trains every configuration once.
        seeds: Vec<u64> = vec![0] => "a list of numbers, { count, base }, or without tuning { base, until, looks, .. }", "[0]";
    }
}

/// Returns the problem of `seeds = 3`, which could mean three seeds or the seed 3.
fn one_number(n: i64, place: &Place) -> Diagnostic {
    let d = Diagnostic::error("`seeds` must be a list of seeds or a count", place);
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
    /// Reads the seeds (default `[0]`), and their interim looks with the place, if there are any.
    pub(crate) fn seeds(&mut self, root: &Node, model: &str) -> (Vec<u64>, Option<(Until, Place)>) {
        let one = || (vec![0], None);
        let Some(node) = self.table(root, "repeat", false) else { return one() };
        let _: RepeatTable = self.settings(&node, &[]);
        let Some(entry) = node.get("seeds") else { return one() };
        if !until::is_given(entry) {
            return (self.seed_list("repeat", entry).unwrap_or_else(|| vec![0]), None);
        }
        if model == FUNCTION {
            self.diagnostics.push(
                Diagnostic::error("the seeds of a function decide nothing", &entry.value.place)
                    .label("its start and its steps are the same for every seed")
                    .help("remove `seeds`"),
            );
            return one();
        }
        if let Some(confirm) = root.get("confirm") {
            self.diagnostics.push(
                Diagnostic::error(
                    "`until` in [repeat] cannot be used together with [confirm]",
                    &entry.value.place,
                )
                .label("these seeds choose the configurations, so each one needs all of them")
                .also(&confirm.key_place, "its seeds judge")
                .help("write a fixed number of seeds here, and `until` in [confirm]"),
            );
            return one();
        }
        let optimizers = root.get("optimizer").map_or(0, |list| list.value.entries().len());
        match self.until("repeat.seeds", entry, optimizers) {
            Some((seeds, until)) => (seeds, Some((until, entry.value.place.clone()))),
            None => one(),
        }
    }

    /// Reads the key `seeds` of a table: a list of seeds, or `{ count, base }`. `None` if it is
    /// invalid, which is reported.
    pub(crate) fn seed_list(&mut self, table: &str, entry: &Entry) -> Option<Vec<u64>> {
        let seed = setting("seeds", ParamType::Int, Range::NonNegative);
        if let NodeValue::Table(_) = entry.value.value {
            return self.counted_seeds(table, entry);
        }
        if let NodeValue::Int(n @ 0..) = entry.value.value {
            self.diagnostics.push(one_number(n, &entry.value.place));
            return None;
        }
        let axis = axis::read(&format!("{table}.seeds"), &seed, &entry.value, self.diagnostics)?;
        let values = axis.values.iter().filter_map(|(v, _)| match v {
            Value::Int(i) => u64::try_from(*i).ok(),
            _ => None,
        });
        Some(values.collect())
    }

    /// Reads `{ count, base }`; by default 1 and 0.
    fn counted_seeds(&mut self, table: &str, entry: &Entry) -> Option<Vec<u64>> {
        let what = if table == "repeat" { "seeds".to_owned() } else { format!("{table}.seeds") };
        self.known_keys(&entry.value, &["count", "base"], &what);
        let count = setting("count", ParamType::Int, Range::AtLeast(1.0));
        let mut read = |param: &Param, default: i64| match entry.value.get(param.name) {
            Some(e) => {
                axis::scalar(&format!("{what}.{}", param.name), param, &e.value, self.diagnostics)
            }
            None => Some(Value::Int(default)),
        };
        let base = setting("base", ParamType::Int, Range::NonNegative);
        let (Some(Value::Int(count)), Some(Value::Int(base))) = (read(&count, 1), read(&base, 0))
        else {
            return None;
        };
        let place = &entry.value.place;
        if count > 1_000_000 {
            self.diagnostics.push(Diagnostic::error("more than 1,000,000 seeds", place));
            return None;
        }
        let Some(end) = base.checked_add(count) else {
            self.diagnostics
                .push(Diagnostic::error("the last seed does not fit in 63 bits", place));
            return None;
        };
        Some((base..end).map(|seed| seed as u64).collect())
    }
}
