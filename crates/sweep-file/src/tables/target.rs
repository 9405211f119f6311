//! `[target]`: the metric that decides what "best" means, and the value to reach.

use spec::metric::{EpochMetric, Metric};
use spec::params::{ParamType, Range, Value};
use spec::plan::{Target, TargetAt};
use spec::record::Split;

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::reader::{Reader, setting};
use crate::source::Place;

spec::settings! {
    /// Metric by which results are compared.
    TargetTable in "target" {
        /// Metric after an epoch; required.
        metric: Option<EpochMetric> = None => "split.metric: validation.accuracy", "required";
        /// Value to reach, for time-to-target.
        value: Option<f64> = None, Any;
        /// Whether training ends once the value is reached.
        stop: bool = false, Any;
        /// Epoch of a run whose values count.
        at: TargetAt = TargetAt::Last, Any;
    }
}

impl Reader<'_> {
    /// Reads `[target]`, and whether training stops there. A function has no splits, so only its
    /// value can be the metric.
    pub(crate) fn target(
        &mut self,
        root: &Node,
        function: bool,
    ) -> (Option<(Target, Place)>, bool) {
        let Some(node) = self.table(root, "target", false) else { return (None, false) };
        let given: TargetTable = self.settings(&node, &[]);
        let target = self.target_metric(&node, &given, function);
        let stop = given.stop;
        self.target_stop(&node, stop, target.as_ref(), function);
        if stop && target.as_ref().is_some_and(|(t, _)| t.at == TargetAt::Best) {
            let at = node.get("at").map_or(&node.place, |entry| &entry.value.place);
            self.diagnostics.push(
                Diagnostic::error("`at = \"best\"` and `stop = true` are mutually exclusive", at)
                    .label("runs that stop at the target are judged by how soon they reach it")
                    .help("remove one of the two"),
            );
        }
        (target, stop)
    }

    /// Refuses a `stop` without a value, or at a test metric.
    fn target_stop(
        &mut self,
        node: &Node,
        stop: bool,
        target: Option<&(Target, Place)>,
        function: bool,
    ) {
        let Some(entry) = node.get("stop").filter(|_| stop) else { return };
        if node.get("value").is_none() {
            self.diagnostics.push(
                Diagnostic::error("`stop` needs a `value` to stop at", &entry.value.place)
                    .help("for example value = 0.97 for an accuracy"),
            );
        }
        if !function && target.is_some_and(|(t, _)| t.split == Split::Test) {
            self.diagnostics.push(
                Diagnostic::error("training cannot stop at a test metric", &entry.value.place)
                    .label("the test split would then decide the training that it judges")
                    .help("use validation.accuracy or validation.loss"),
            );
        }
    }

    /// Refuses `at = "best"` on any other split than validation: it would choose the epoch on
    /// training or test data.
    fn target_at(&mut self, node: &Node, at: TargetAt, split: Split) {
        let Some(entry) = node.get("at") else { return };
        if at == TargetAt::Best && split != Split::Validation {
            self.diagnostics.push(
                Diagnostic::error(
                    "`at = \"best\"` needs a target on the validation split",
                    &entry.value.place,
                )
                .label("the best epoch would be chosen on training or test data")
                .help(
                    "use metric = \"validation.accuracy\" or \"validation.loss\", or at = \"last\"",
                ),
            );
        }
    }

    fn target_metric(
        &mut self,
        node: &Node,
        given: &TargetTable,
        function: bool,
    ) -> Option<(Target, Place)> {
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
                    .label("it classifies nothing and holds nothing out")
                    .help("use test.loss, the function's value after each epoch"),
            );
            return None;
        }
        self.target_at(node, given.at, split);
        let (value, at) = (given.value, given.at);
        Some((Target { split, metric, value, at }, entry.value.place.clone()))
    }
}
