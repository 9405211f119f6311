//! The tables that hold no hyper-parameters: `[repeat]`, `[target]`,
//! `[[exclude]]`.

use spec::metric::{EpochMetric, Metric};
use spec::params::{Param, ParamDefault, ParamType, Range, Value};
use spec::plan::{Target, TargetAt};
use spec::record::Split;

use super::axis;
use super::diagnostic::Diagnostic;
use super::node::{Node, NodeValue};
use super::parse::Reader;
use super::source::Place;
use super::sweep::Exclude;

/// A number or word of a table that is no hyper-parameter.
pub(super) const fn setting(name: &'static str, ty: ParamType, range: Range) -> Param {
    Param { name, ty, default: ParamDefault::Required, range, doc: "" }
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
    pub(super) fn seeds(&mut self, root: &Node) -> Vec<u64> {
        let Some(node) = self.table(root, "repeat", false) else { return vec![0] };
        self.known_keys(&node, &["seeds"], "[repeat]");
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

    /// `[target]`, and whether training stops there. A function has no splits:
    /// nothing but its value is there to choose by.
    pub(super) fn target(
        &mut self,
        root: &Node,
        function: bool,
    ) -> (Option<(Target, Place)>, bool) {
        let Some(node) = self.table(root, "target", false) else { return (None, false) };
        self.known_keys(&node, &["metric", "value", "stop", "at"], "[target]");
        let target = self.target_metric(&node, function);
        let stop = self.target_stop(&node, target.as_ref(), function);
        if stop && target.as_ref().is_some_and(|(t, _)| t.at == TargetAt::Best) {
            let at = node.get("at").map_or(&node.place, |entry| &entry.value.place);
            self.diagnostics.push(
                Diagnostic::error("`at = \"best\"` and `stop = true` exclude each other", at)
                    .label("runs that stop at the target are judged by how soon they reach it")
                    .help("remove one of the two"),
            );
        }
        (target, stop)
    }

    /// `[target] stop`.
    fn target_stop(
        &mut self,
        node: &Node,
        target: Option<&(Target, Place)>,
        function: bool,
    ) -> bool {
        let Some(entry) = node.get("stop") else { return false };
        let NodeValue::Bool(stop) = entry.value.value else {
            self.wrong_type("stop", "true or false", &entry.value);
            return false;
        };
        if stop && node.get("value").is_none() {
            self.diagnostics.push(
                Diagnostic::error("`stop` needs a `value` to stop at", &entry.value.place)
                    .help("for example value = 0.97 for an accuracy"),
            );
        }
        if stop && !function && target.is_some_and(|(t, _)| t.split == Split::Test) {
            self.diagnostics.push(
                Diagnostic::error("training cannot stop at a test metric", &entry.value.place)
                    .label("the test split would then decide the training that it judges")
                    .help("use validation.accuracy or validation.loss"),
            );
        }
        stop
    }

    /// `[target] at`; the best epoch is one of the validation split alone, since any
    /// other split would choose the epoch by what it is fitted to or judged on.
    fn target_at(&mut self, node: &Node, split: Option<Split>) -> TargetAt {
        let at = setting("at", ParamType::Choice(TargetAt::NAMES), Range::Any);
        let Some(entry) = node.get("at") else { return TargetAt::Last };
        let Some(Value::Text(name)) =
            axis::scalar("target.at", &at, &entry.value, self.diagnostics)
        else {
            return TargetAt::Last;
        };
        let at = TargetAt::from_name(&name).unwrap_or_default();
        if at == TargetAt::Best && split.is_some_and(|split| split != Split::Validation) {
            self.diagnostics.push(
                Diagnostic::error(
                    "`at = \"best\"` needs a target on the validation split",
                    &entry.value.place,
                )
                .label(
                    "the best epoch would be chosen on the data that is trained on or that judges",
                )
                .help(
                    "use metric = \"validation.accuracy\" or \"validation.loss\", or at = \"last\"",
                ),
            );
        }
        at
    }

    fn target_metric(&mut self, node: &Node, function: bool) -> Option<(Target, Place)> {
        let value = node.get("value").and_then(|e| {
            axis::scalar(
                "target.value",
                &setting("value", ParamType::Float, Range::Any),
                &e.value,
                self.diagnostics,
            )
        });
        let value = value.and_then(|v| if let Value::Float(x) = v { Some(x) } else { None });
        let names = EpochMetric::names(&EpochMetric::all());
        let metric = setting("metric", ParamType::Choice(names), Range::Any);
        let Some(entry) = node.get("metric") else {
            self.diagnostics.push(
                Diagnostic::error("[target] needs `metric`", &node.place)
                    .help(format!("one of {}", names.join(", "))),
            );
            return None;
        };
        let Value::Text(path) =
            axis::scalar("target.metric", &metric, &entry.value, self.diagnostics)?
        else {
            return None;
        };
        let EpochMetric { split, metric } = EpochMetric::from_name(&path)?;
        if function && (split, metric) != (Split::Test, Metric::LOSS) {
            self.diagnostics.push(
                Diagnostic::error(format!("a function has no {path}"), &entry.value.place)
                    .label("nothing is classified, nothing is held out")
                    .help("use test.loss, the function's value after each epoch"),
            );
            return None;
        }
        let at = self.target_at(node, Some(split));
        Some((Target { split, metric, value, at }, entry.value.place.clone()))
    }

    pub(super) fn excludes(&mut self, root: &Node) -> Vec<Exclude> {
        let Some(entry) = root.get("exclude") else { return Vec::new() };
        let NodeValue::Array(items) = &entry.value.value else {
            self.diagnostics.push(
                Diagnostic::error("`exclude` is a list of tables", &entry.value.place)
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
                    // Any of these, or for a value that is a list by nature this list.
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
