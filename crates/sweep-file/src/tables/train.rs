//! `[train]` except for its hyper-parameters: early stopping, metrics, evaluations, artifacts and
//! the timeout.

use spec::metric::Metric;
use spec::params::{ParamType, Params, Range, Value};
use spec::plan::ArtifactOptions;
use spec::stopping::EarlyStopping;

use crate::axis::{self, Axis};
use crate::diagnostic::Diagnostic;
use crate::duration::{bounded, duration};
use crate::node::{Node, NodeValue};
use crate::reader::{Reader, setting};
use crate::source::Place;

/// Keys of `[train]` that are not hyper-parameters.
pub(crate) const TRAIN_SETTINGS: &[&str] = &[
    "early_stopping",
    "checkpoint_every",
    "evaluate_every",
    "evaluate_samples",
    "metrics",
    "save",
    "timeout",
];

impl Reader<'_> {
    pub(crate) fn early_stopping(&mut self, train: &Node) -> Option<(Vec<Axis>, Place)> {
        let node = train.get("early_stopping")?.value.clone();
        if !matches!(node.value, NodeValue::Table(_)) {
            self.diagnostics.push(
                Diagnostic::error("`early_stopping` must be a table", &node.place)
                    .label(format!("found {}", node.describe()))
                    .help("write [train.early_stopping] on a line of its own, and its keys below"),
            );
            return None;
        }
        let axes = self.axes(
            "train.early_stopping",
            EarlyStopping::PARAMS,
            &node,
            &[],
            "[train.early_stopping]",
        );
        Some((axes, node.place.clone()))
    }

    /// Reads `metrics`: one name or a list without repetitions.
    pub(crate) fn metrics(&mut self, train: &Node) -> Vec<(Metric, Place)> {
        let Some(entry) = train.get("metrics") else { return Vec::new() };
        let metric = setting("metrics", ParamType::Choice(Metric::names_on_request()), Range::Any);
        let axis = axis::read("train.metrics", &metric, &entry.value, self.diagnostics);
        let values = axis.into_iter().flat_map(|axis| axis.values);
        let known = |v: &Value| if let Value::Text(id) = v { Metric::known(id) } else { None };
        values.filter_map(|(v, place)| Some((known(&v)?, place))).collect()
    }

    pub(crate) fn keeping(&mut self, train: &Node) -> ArtifactOptions {
        let mut out: ArtifactOptions = self.given(train);
        if let Some(entry) = train.get("evaluate_every").filter(|_| train.get("steps").is_none()) {
            self.diagnostics.push(
                Diagnostic::error("`evaluate_every` counts steps", &entry.value.place)
                    .label("runs by epochs are evaluated after each epoch")
                    .help("write `steps` instead of `epochs`, or remove it"),
            );
        }
        if let Some(entry) = train.get("timeout") {
            out.timeout = seconds(&entry.value);
            if out.timeout.is_none() {
                self.diagnostics.push(
                    Diagnostic::error("`timeout` is not a duration", &entry.value.place)
                        .label("must be 1 millisecond to 1 year")
                        .help("write seconds, or a string such as \"90s\", \"30m\", \"2h\""),
                );
            }
        }
        out
    }
}

/// Reads a duration in seconds: a number of seconds, or a string with a unit.
fn seconds(node: &Node) -> Option<f64> {
    match &node.value {
        NodeValue::Int(n) => bounded(*n as f64),
        NodeValue::Float(x) => bounded(*x),
        // A string without a unit is refused, since the unit was probably forgotten.
        NodeValue::Text(text) if text.trim().ends_with(|c: char| c.is_ascii_digit()) => None,
        NodeValue::Text(text) => duration(text),
        _ => None,
    }
}
