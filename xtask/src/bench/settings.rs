//! What is trained: the optimizers and models of the comparison, as our worker
//! and `bench.py` are asked for them.

use serde_json::{Value, json};

/// The optimizers of `experiments/battle.toml` and AdamW. Its Adam with a cosine
/// is Adam: the schedule changes a number an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Optimizer {
    Sgd,
    Momentum,
    RmsProp,
    Adam,
    AdamW,
}

impl Optimizer {
    pub(super) const ALL: [Optimizer; 5] = [
        Optimizer::Sgd,
        Optimizer::Momentum,
        Optimizer::RmsProp,
        Optimizer::Adam,
        Optimizer::AdamW,
    ];

    /// As `bench_common.py` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Optimizer::Sgd => "sgd",
            Optimizer::Momentum => "momentum",
            Optimizer::RmsProp => "rmsprop",
            Optimizer::Adam => "adam",
            Optimizer::AdamW => "adamw",
        }
    }

    /// Whether it is one of the battle's.
    pub(super) fn in_battle(self) -> bool {
        self != Optimizer::AdamW
    }

    /// For people.
    pub(super) fn title(self) -> &'static str {
        match self {
            Optimizer::Sgd => "SGD",
            Optimizer::Momentum => "SGD with momentum",
            Optimizer::RmsProp => "RMSProp",
            Optimizer::Adam => "Adam",
            Optimizer::AdamW => "AdamW",
        }
    }

    /// In a request of the worker's protocol.
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
        }
    }

    /// As a table `[[optimizer]]` of a sweep file.
    pub(super) fn toml(self) -> String {
        let label = self.name();
        let rest = match self {
            Optimizer::Sgd => "kind = \"sgd\"\nlr = 0.01",
            Optimizer::Momentum => "kind = \"sgd\"\nmomentum = 0.9\nlr = 0.01",
            Optimizer::RmsProp => "kind = \"rmsprop\"\nlr = 0.001",
            Optimizer::Adam => "kind = \"adam\"\nlr = 0.001",
            Optimizer::AdamW => "kind = \"adamw\"\nlr = 0.001",
        };
        format!("[[optimizer]]\nlabel = \"{label}\"\n{rest}\n")
    }
}

/// How PyTorch computes an update. Its own choice on the CPU is `Plain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variant {
    Plain,
    Foreach,
    Fused,
}

impl Variant {
    /// As `bench_common.py` calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Variant::Plain => "plain",
            Variant::Foreach => "foreach",
            Variant::Fused => "fused",
        }
    }

    /// Whether PyTorch has it.
    pub(super) fn exists_for(self, optimizer: Optimizer) -> bool {
        self != Variant::Fused || optimizer != Optimizer::RmsProp
    }
}

/// A model with its data, batches and epochs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Model {
    /// 784-128-10 on MNIST, 938 batches of 64.
    Lesson,
    /// Three hidden layers of 1,024 on the digits, two epochs of 23 batches of 64.
    Wide,
    /// That of `experiments/cnn.toml`, its 15 epochs of 45 batches of 32.
    Cnn,
}

impl Model {
    /// As `bench_common.py` calls it.
    fn name(self) -> &'static str {
        match self {
            Model::Lesson => "lesson",
            Model::Wide => "wide",
            Model::Cnn => "cnn",
        }
    }

    pub(super) fn dataset(self) -> &'static str {
        match self {
            Model::Lesson => "mnist",
            Model::Wide | Model::Cnn => "digits",
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
        }
    }

    fn batch(self) -> u64 {
        match self {
            Model::Lesson | Model::Wide => 64,
            Model::Cnn => 32,
        }
    }

    fn epochs(self) -> u64 {
        match self {
            Model::Lesson => 1,
            Model::Wide => 2,
            Model::Cnn => 15,
        }
    }
}

/// A line that asks our worker for a run.
pub(super) fn for_worker(model: Model, optimizer: Optimizer) -> String {
    json!({
        "request": "run",
        "run_id": "0".repeat(32),
        "spec": {
            "data": {
                "dataset": model.dataset(), "batch_size": model.batch(), "validation": 0,
                "drop_last": false,
            },
            "model": model.spec(),
            "train": { "epochs": model.epochs(), "loss": "cross-entropy" },
            "optimizer": optimizer.spec(),
            "schedule": { "kind": "constant" },
            "seed": 0,
        },
    })
    .to_string()
}

/// A line that asks `bench.py` for the same.
pub(super) fn for_python(model: Model, optimizer: Optimizer, variant: Variant) -> String {
    json!({
        "model": model.name(), "optimizer": optimizer.name(), "variant": variant.name(),
        "batch": model.batch(), "epochs": model.epochs(),
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the Python side knows by name; settings are compared where they are numbers.
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
    fn models_and_variants_are_known_to_the_python_side() {
        for model in [Model::Lesson, Model::Wide, Model::Cnn] {
            assert!(COMMON.contains(&format!("\"{0}\": {0}", model.name())), "{model:?}");
        }
        for variant in [Variant::Plain, Variant::Foreach, Variant::Fused] {
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
