//! `[target]`: the metric that decides what "best" means, and the value to reach.

use spec::metric::{EpochMetric, Metric};
use spec::params::{ParamType, Range, Value};
use spec::plan::{Target, TargetAt};
use spec::record::Split;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

impl Reader<'_> {
    /// `[target]`, and whether training stops there. A function has no splits:
    /// nothing but its value is there to choose by.
    pub(crate) fn target(
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
}
