//! `[model] kind = "function"`: a landscape has no data, so `[data]` has only the number of steps,
//! and the loss is the function's value.

use spec::dataset::DatasetSpec;
use spec::landscape::{Function, FunctionData, STEPS};
use spec::params::{ParamType, ParamValue, Params, Range, Value, Values};
use spec::run::{DataSpec, Loss};

use crate::axis::{self, Axis};
use crate::diagnostic::Diagnostic;
use crate::node::Node;
use crate::reader::{Reader, setting};

/// The kind of model that is a landscape.
pub(crate) const FUNCTION: &str = "function";
/// The kind of model that is a quadratic over data.
pub(crate) const QUADRATIC: &str = "quadratic";
const NOISY_QUADRATIC: &str = "noisy-quadratic";

/// Returns whether a kind of model is trained by its own value and has no layers, as
/// `ModelSpec::is_function` does for a model.
pub(crate) fn is_function(kind: &str) -> bool {
    kind == QUADRATIC || is_without_data(kind)
}

/// Returns whether a kind of model has no data.
pub(crate) fn is_without_data(kind: &str) -> bool {
    [FUNCTION, NOISY_QUADRATIC].contains(&kind)
}

/// Largest number of noise values of one epoch, which are held in memory.
const MOST_NOISE: u64 = 100_000_000;

impl Reader<'_> {
    /// Reads `[data]` of a function: the optimizer steps of an epoch. The table is optional.
    pub(crate) fn steps(&mut self, root: &Node, model: &str) -> FunctionData {
        let mut out = FunctionData { steps: STEPS, variables: 2 };
        let Some(node) = self.table(root, "data", false) else { return out };
        let data: Vec<&str> = DataSpec::PARAMS.iter().map(|p| p.name).collect();
        let there: Vec<&str> = node.entries().iter().map(|e| e.key.as_str()).collect();
        // Keys of `[data]` for other models are explained below instead of suggested.
        let explained = there.into_iter().filter(|key| data.contains(key));
        let known: Vec<String> =
            ["steps"].into_iter().chain(explained).map(str::to_owned).collect();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        self.known_keys(&node, &known, "[data]");
        for entry in data.iter().filter_map(|key| node.get(key)) {
            self.diagnostics.push(
                Diagnostic::error(format!("a {model} has no `{}`", entry.key), &entry.key_place)
                    .label("there is no data to take it from")
                    .help(match (model, entry.key.as_str()) {
                        (NOISY_QUADRATIC, "batch_size") => "write `batch_size` in [model]: it divides the variance of the noise",
                        _ => "remove the key; [data] of a function holds `steps`, the optimizer steps of an epoch",
                    }),
            );
        }
        let steps = setting("steps", ParamType::Int, Range::Within(1.0, 1e6));
        if let Some(entry) = node.get("steps")
            && let Some(Value::Int(n)) =
                axis::scalar("data.steps", &steps, &entry.value, self.diagnostics)
        {
            out.steps = n as u64;
        }
        out
    }

    /// Refuses `l2` and other losses for functions, and the loss `value` for networks.
    pub(crate) fn only_value(&mut self, model: &str, train: &[Axis]) {
        let function = is_function(model);
        if let (true, Some(axis)) = (function, train.iter().find(|a| a.path == "train.l2")) {
            let message = format!("a {model} has no weights that `l2` could penalise");
            let help = "remove the key; it adds the squares of a network's weights to its loss";
            self.diagnostics.push(Diagnostic::error(message, &axis.place).help(help));
        }
        let Some(axis) = train.iter().find(|a| a.path == "train.loss") else { return };
        let Some((Value::Text(loss), place)) = axis.values.first() else { return };
        let value = Loss::Value.name();
        let diagnostic = match (function, loss == value) {
            (true, false) => Diagnostic::error(format!("a {model} has no loss `{loss}`"), place)
                .label("it is its own loss")
                .help("remove the key, or write loss = \"value\""),
            (false, true) => Diagnostic::error("the loss `value` is only for functions", place)
                .label("a network's outputs are not a loss")
                .help("use cross-entropy, or [model] kind = \"function\""),
            _ => return,
        };
        self.diagnostics.push(diagnostic);
    }
}

/// Returns the problem of more noise than is held in memory.
pub(crate) fn too_much_noise(none: FunctionData) -> Option<String> {
    let numbers = none.steps.saturating_mul(none.variables);
    (numbers > MOST_NOISE && none.variables > 2).then(|| {
        format!(
            "{} steps of {} variables need {numbers} noise values per epoch, but at most {MOST_NOISE} are held",
            none.steps, none.variables
        )
    })
}

/// Returns the resolved `[data]` of a function, with a batch size of 1.
pub(crate) fn data(none: FunctionData) -> DataSpec {
    DataSpec::new(DatasetSpec::Function(none), 1)
}

/// Fills in the function's default start if it is not given.
pub(crate) fn start(values: &mut Values) {
    let Some(function) = values.get("function").and_then(Function::from_value) else { return };
    let [x, y] = function.info().start;
    values.entry("start_x".to_owned()).or_insert(Value::Float(x));
    values.entry("start_y".to_owned()).or_insert(Value::Float(y));
}
