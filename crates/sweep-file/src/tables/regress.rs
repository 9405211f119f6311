//! `[regress]`: settings of what counts as a regression.

use spec::params::{ParamType, Range, Value};
use spec::regress_settings::{EffectUnit, RegressMetric, RegressSettings};

use crate::axis;
use crate::diagnostic::Diagnostic;
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};

impl Reader<'_> {
    pub(crate) fn regress(&mut self, root: &Node) -> RegressSettings {
        let Some(node) = self.table(root, "regress", false) else {
            return RegressSettings::default();
        };
        let mut out: RegressSettings = self.settings(&node, &[]);
        if let Some(entry) = node.get("metrics").filter(|_| out.metrics.is_empty()) {
            self.diagnostics.push(
                Diagnostic::error("`metrics` is empty", &entry.value.place)
                    .label("nothing would be compared")
                    .help("remove it to compare everything"),
            );
        }
        self.min_effects(&node, &mut out);
        out
    }

    fn min_effects(&mut self, node: &Node, out: &mut RegressSettings) {
        let Some(entry) = node.get("min_effect") else { return };
        if !matches!(entry.value.value, NodeValue::Table(_)) {
            self.diagnostics.push(
                Diagnostic::error("`min_effect` must be a table", &entry.value.place)
                    .label(format!("found {}", entry.value.describe()))
                    .help("each metric has its own unit: min_effect = { test_loss = 0.02 }"),
            );
            return;
        }
        self.known_keys(&entry.value, RegressMetric::names(), "[regress.min_effect]");
        for given in entry.value.entries() {
            let Some(metric) = RegressMetric::from_name(&given.key) else { continue };
            let range = match metric.unit() {
                EffectUnit::Share => Range::UpToOne,
                EffectUnit::Relative | EffectUnit::Epochs => Range::NonNegative,
            };
            let effect = setting("min_effect", ParamType::Float, range);
            let path = format!("regress.min_effect.{metric}");
            if let Some(Value::Float(x)) =
                axis::scalar(&path, &effect, &given.value, self.diagnostics)
            {
                out.min_effect.insert(metric, x);
            }
        }
    }
}
