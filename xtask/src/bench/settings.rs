//! The optimizers and models of the comparison, and the requests for them to our worker and to
//! `bench.py`.

use serde_json::{Value, json};

/// The optimizers of `experiments/battle.toml`, AdamW and Muon. Its Adam with a cosine schedule
/// counts as Adam, since the schedule only changes one number per epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Optimizer {
    Sgd,
    Momentum,
    RmsProp,
    Adam,
    AdamW,
    /// Muon for the weight matrices between hidden layers, AdamW for the other parameters.
    Muon,
}

impl Optimizer {
    /// The optimizers that train the lesson's model.
    pub(super) const ALL: [Optimizer; 5] = [
        Optimizer::Sgd,
        Optimizer::Momentum,
        Optimizer::RmsProp,
        Optimizer::Adam,
        Optimizer::AdamW,
    ];

    /// Returns the name in `bench_common.py`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Momentum => "momentum",
            Optimizer::RmsProp => "rmsprop",
            Optimizer::Adam => "adam",
            Optimizer::AdamW => "adamw",
            Optimizer::Muon => "muon",
        }
    }

    /// Returns whether `experiments/battle.toml` has it.
    pub(super) fn in_battle(self) -> bool {
        !matches!(self, Optimizer::AdamW | Optimizer::Muon)
    }

    /// Returns the name for tables.
    pub(super) fn title(self) -> &'static str {
        match self {
            Optimizer::Sgd => "SGD",
            Optimizer::Momentum => "SGD with momentum",
            Optimizer::RmsProp => "RMSProp",
            Optimizer::Adam => "Adam",
            Optimizer::AdamW => "AdamW",
            Optimizer::Muon => "Muon",
        }
    }

    /// Returns the JSON in a request of the worker's protocol.
    fn spec(self) -> Value {
        let sgd = |momentum: f64| {
            json!({
                "kind": "sgd", "lr": 0.01, "momentum": momentum, "dampening": 0.0,
                "nesterov": false, "weight_decay": 0.0,
            })
        };
        let adam = |kind: &str, weight_decay: f64| {
            json!({
                "kind": kind, "lr": 0.001, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8,
                "weight_decay": weight_decay, "amsgrad": false,
            })
        };
        match self {
            Optimizer::Sgd => sgd(0.0),
            Optimizer::Momentum => sgd(0.9),
            Optimizer::RmsProp => json!({
                "kind": "rmsprop", "lr": 0.001, "alpha": 0.99, "eps": 1e-8, "momentum": 0.0,
                "centered": false, "weight_decay": 0.0,
            }),
            Optimizer::Adam => adam("adam", 0.0),
            Optimizer::AdamW => adam("adamw", 0.01),
            Optimizer::Muon => json!({
                "kind": "muon", "lr": 0.02, "momentum": 0.95, "nesterov": true,
                "weight_decay": 0.1, "ns_steps": 5, "ns_a": 3.4445, "ns_b": -4.775,
                "ns_c": 2.0315, "eps": 1e-7, "adjust_lr_fn": "original", "aux_lr": 0.001,
                "aux_beta1": 0.9, "aux_beta2": 0.999, "aux_eps": 1e-8, "aux_weight_decay": 0.01,
            }),
        }
    }

    /// Returns the table `[[optimizer]]` of a sweep file.
    pub(super) fn toml(self) -> String {
        let label = self.name();
        let rest = match self {
            Optimizer::Sgd => "kind = \"sgd\"\nlr = 0.01",
            Optimizer::Momentum => "kind = \"sgd\"\nmomentum = 0.9\nlr = 0.01",
            Optimizer::RmsProp => "kind = \"rmsprop\"\nlr = 0.001",
            Optimizer::Adam => "kind = \"adam\"\nlr = 0.001",
            Optimizer::AdamW => "kind = \"adamw\"\nlr = 0.001",
            Optimizer::Muon => "kind = \"muon\"\nlr = 0.02\naux_lr = 0.001",
        };
        format!("[[optimizer]]\nlabel = \"{label}\"\n{rest}\n")
    }
}

/// Implementations of a step in PyTorch. Its default on the CPU is `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variant {
    Plain,
    Foreach,
    Fused,
    /// The model through `torch.compile`, which needs a C++ compiler, with fused updates.
    Compiled,
}

impl Variant {
    /// Returns the name in `bench_common.py`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::Foreach => "foreach",
            Variant::Fused => "fused",
            Variant::Compiled => "compiled",
        }
    }

    /// Returns whether PyTorch has this variant of an optimizer.
    pub(super) fn exists_for(self, optimizer: Optimizer) -> bool {
        self != Variant::Fused || optimizer != Optimizer::RmsProp
    }
}

/// A model with its data, batches and epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// 784-128-10 on MNIST, 938 batches of 64.
    Lesson,
    /// Three hidden layers of 1,024 on the digits dataset, two epochs of 23 batches of 64.
    Wide,
    /// The model of `experiments/cnn.toml`, with its 15 epochs of 45 batches of 32.
    Cnn,
    /// Two blocks of four heads and width 64, 100 steps of 32 sequences of 64 characters.
    Gpt,
    /// Two layers of 128, 40 steps of 50 sequences of 50 characters.
    Lstm,
    /// A stem and two residual blocks with batch normalisation, as a list of layers; five epochs
    /// of the digits dataset in batches of 32.
    Residual,
}

/// Steps of each model that reads text, and steps of the first segment of its run.
const STEPS: [(Model, u64, u64); 2] = [(Model::Gpt, 100, 2), (Model::Lstm, 40, 1)];

impl Model {
    /// Returns the name in `bench_common.py`.
    fn name(self) -> &'static str {
        match self {
            Model::Lesson => "lesson",
            Model::Wide => "wide",
            Model::Cnn => "cnn",
            Model::Gpt => "gpt",
            Model::Lstm => "lstm",
            Model::Residual => "residual",
        }
    }

    pub(super) fn dataset(self) -> &'static str {
        match self {
            Model::Lesson => "mnist",
            Model::Wide | Model::Cnn | Model::Residual => "digits",
            Model::Gpt | Model::Lstm => "moby-dick",
        }
    }

    fn spec(self) -> Value {
        match self {
            Model::Lesson => json!({ "kind": "mlp", "hidden": [128], "activation": "relu" }),
            Model::Wide => {
                json!({ "kind": "mlp", "hidden": [1024, 1024, 1024], "activation": "relu" })
            }
            Model::Cnn => json!({
                "kind": "cnn", "channels": [6, 16], "kernel": 5, "padding": 2,
                "hidden": [120, 84], "activation": "relu",
            }),
            Model::Gpt => json!({
                "kind": "gpt", "layers": 2, "heads": 4, "width": 64, "mlp": 4, "norm": "layer",
                "bias": true, "tied": true, "dropout": 0.0,
            }),
            Model::Lstm => json!({
                "kind": "lstm", "layers": 2, "width": 128, "dropout": 0.0, "input_dropout": 0.0,
                "output_dropout": 0.0,
            }),
            Model::Residual => json!({ "kind": "layers", "layers": residual() }),
        }
    }

    fn batch(self) -> u64 {
        match self {
            Model::Lesson | Model::Wide => 64,
            Model::Cnn | Model::Gpt | Model::Residual => 32,
            Model::Lstm => 50,
        }
    }

    fn epochs(self) -> u64 {
        match self {
            Model::Lesson | Model::Gpt | Model::Lstm => 1,
            Model::Wide => 2,
            Model::Cnn => 15,
            Model::Residual => 5,
        }
    }

    /// Returns the tokens per sequence; `None` for models of images.
    fn context(self) -> Option<u64> {
        match self {
            Model::Gpt => Some(64),
            Model::Lstm => Some(50),
            _ => None,
        }
    }

    /// Returns the steps of a run by steps, and the steps over which its first loss is averaged.
    fn steps(self) -> Option<(u64, u64)> {
        STEPS.iter().find(|(model, ..)| *model == self).map(|&(_, steps, first)| (steps, first))
    }
}

/// Returns the layers of [`Model::Residual`].
fn residual() -> Value {
    let conv = |channels: u64, kernel: u64, stride: u64| {
        let padding = kernel / 2;
        json!({ "kind": "conv", "channels": channels, "kernel": kernel, "stride": stride, "padding": padding, "bias": false })
    };
    let (norm, relu) = (json!({ "kind": "batch-norm" }), json!({ "kind": "relu" }));
    let inner = |channels: u64, stride: u64| {
        json!([conv(channels, 3, stride), norm, relu, conv(channels, 3, 1), norm])
    };
    json!([
        conv(16, 3, 1), norm, relu,
        { "kind": "residual", "layers": inner(16, 1) }, relu,
        { "kind": "residual", "layers": inner(32, 2), "shortcut": [conv(32, 1, 2), norm] }, relu,
        { "kind": "global-avg-pool" },
    ])
}

/// Returns the line that requests a run from our worker.
pub(super) fn for_worker(model: Model, optimizer: Optimizer) -> String {
    let mut data = json!({
        "dataset": model.dataset(), "batch_size": model.batch(), "validation": 0,
        "drop_last": false,
    });
    let mut train = json!({ "epochs": model.epochs(), "loss": "cross-entropy" });
    let mut options = json!({ "root": "." });
    if let (Some(context), Some((steps, _))) = (model.context(), model.steps()) {
        data["context"] = context.into();
        train["steps"] = steps.into();
        // Evaluation does not count in the seconds.
        (options["evaluate_every"], options["evaluate_samples"]) = (steps.into(), 1.into());
    }
    json!({
        "request": "run",
        "run_id": "0".repeat(32),
        "spec": {
            "data": data,
            "model": model.spec(),
            "train": train,
            "optimizer": optimizer.spec(),
            "schedule": { "kind": "constant" },
            "seed": 0,
        },
        "options": options,
    })
    .to_string()
}

/// Returns the line that requests the same run from `bench.py`.
pub(super) fn for_python(model: Model, optimizer: Optimizer, variant: Variant) -> String {
    let (steps, first) = model.steps().unwrap_or((0, 0));
    json!({
        "model": model.name(), "optimizer": optimizer.name(), "variant": variant.name(),
        "batch": model.batch(), "epochs": model.epochs(), "context": model.context().unwrap_or(0),
        "steps": steps, "first": first,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source of the Python side, in which names and numeric settings are looked up.
    const COMMON: &str = include_str!("../../python/bench_common.py");

    #[test]
    fn both_sides_have_the_same_optimizers_with_the_same_settings() {
        for optimizer in Optimizer::ALL {
            let line = COMMON
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("\"{}\": (", optimizer.name())))
                .unwrap();
            let spec = optimizer.spec();
            assert!(line.contains(&format!("dict(lr={}", spec["lr"])), "{line}");
            let momentum = spec["momentum"].as_f64().unwrap_or(0.0);
            assert_eq!(line.contains("momentum=0.9"), momentum == 0.9, "{line}");
            let toml = optimizer.toml();
            assert!(toml.contains(&format!("lr = {}\n", spec["lr"])), "{toml}");
            assert_eq!(toml.contains("momentum = 0.9\n"), momentum == 0.9, "{toml}");
            assert!(toml.contains(&format!("kind = {}\n", spec["kind"])), "{toml}");
        }
    }

    #[test]
    fn muon_has_the_same_settings_on_both_sides() {
        let spec = Optimizer::Muon.spec();
        let line = format!(
            "MUON = dict(lr={}, momentum={}, weight_decay={}, ns_steps={})",
            spec["lr"], spec["momentum"], spec["weight_decay"], spec["ns_steps"]
        );
        assert!(COMMON.contains(&line), "{line}");
        let aux = format!("dict(lr={}, weight_decay={})", spec["aux_lr"], spec["aux_weight_decay"]);
        assert!(COMMON.contains(&aux), "{aux}");
    }

    #[test]
    fn models_and_variants_are_known_to_the_python_side() {
        let models =
            [Model::Lesson, Model::Wide, Model::Cnn, Model::Gpt, Model::Lstm, Model::Residual];
        for model in models {
            assert!(COMMON.contains(&format!("\"{0}\": {0}", model.name())), "{model:?}");
        }
        for variant in [Variant::Plain, Variant::Foreach, Variant::Fused, Variant::Compiled] {
            assert!(COMMON.contains(&format!("\"{}\": dict(", variant.name())), "{variant:?}");
        }
    }

    #[test]
    fn the_python_side_reads_all_that_it_is_asked() {
        const BENCH: &str = include_str!("../../python/bench.py");
        let request = for_python(Model::Lesson, Optimizer::Adam, Variant::Fused);
        let asked: Value = serde_json::from_str(&request).unwrap();
        for key in asked.as_object().unwrap().keys() {
            assert!(BENCH.contains(&format!("asked[\"{key}\"]")), "{key}");
        }
        assert_eq!(BENCH.matches("asked[\"").count(), asked.as_object().unwrap().len());
    }

    #[test]
    fn what_both_are_asked_for_is_the_same() {
        let ours: Value = serde_json::from_str(&for_worker(Model::Cnn, Optimizer::Sgd)).unwrap();
        let theirs: Value =
            serde_json::from_str(&for_python(Model::Cnn, Optimizer::Sgd, Variant::Fused)).unwrap();
        assert_eq!(ours["spec"]["data"]["batch_size"], theirs["batch"]);
        assert_eq!(ours["spec"]["train"]["epochs"], theirs["epochs"]);
        assert_eq!((&theirs["variant"], &theirs["epochs"]), (&json!("fused"), &json!(15)));
    }
}
