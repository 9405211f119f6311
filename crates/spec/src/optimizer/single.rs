//! Facts about the update rules in `optimizer-registry` that plan and report need: the
//! parameters that are used in 32 bits, as weights are, and those that muon's own rule trains.

use crate::optimizer::{Muon, OptimizerSpec};
use crate::parameters::{Parameter, ParameterTable, Role};
use crate::params::{Param, Range};
use crate::update::ParamGroup;

impl Param {
    /// Returns the special value that `x` becomes as a 32-bit float: `0`, `1` or `infinite`; `None`
    /// if only its last digits change.
    ///
    /// A value that becomes 1 is reported only for fractions and factors.
    pub fn in_float32(&self, x: f64) -> Option<&'static str> {
        let single = x as f32;
        let about_one = matches!(self.range, Range::BelowOne | Range::UpToOne)
            || matches!(self.range, Range::Within(low, _) if low == 1.0)
            || self.name == "momentum";
        if single.is_infinite() {
            Some("infinite")
        } else if single == 0.0 && x != 0.0 {
            Some("0")
        } else if single == 1.0 && x != 1.0 && about_one {
            Some("1")
        } else {
            None
        }
    }
}

impl OptimizerSpec {
    /// Returns whether a parameter of this name is used only in 64 bits, on the host. Its results,
    /// not the parameter itself, are then rounded to 32 bits.
    pub fn in_float64(&self, name: &str) -> bool {
        let names: &[&str] = match self {
            OptimizerSpec::Sgd(_) => &["dampening"],
            OptimizerSpec::Adagrad(_) => &["lr_decay"],
            OptimizerSpec::Asgd(_) => &["lambd", "alpha", "t0"],
            OptimizerSpec::NAdam(p) if p.decoupled_weight_decay => {
                &["momentum_decay", "weight_decay"]
            }
            OptimizerSpec::NAdam(_) => &["momentum_decay"],
            OptimizerSpec::RAdam(p) if p.decoupled_weight_decay => &["weight_decay"],
            OptimizerSpec::Muon(_) => &["weight_decay", "aux_weight_decay"],
            OptimizerSpec::Adafactor(_) => &["lr", "beta2_decay", "eps1", "weight_decay"],
            OptimizerSpec::ScheduleFreeSgd(_) => &["momentum", "r", "weight_lr_power"],
            OptimizerSpec::ScheduleFreeAdamW(_) => &["beta1", "r", "weight_lr_power"],
            OptimizerSpec::Lbfgs(_) => &["lr", "tolerance_grad", "tolerance_change"],
            // The others compute in 32 bits throughout.
            _ => &[],
        };
        names.contains(&name)
    }

    /// Returns the rate by which a decay of this name shrinks weights, p <- p (1 - rate decay);
    /// `None` if there is no such decay or it is added to the gradient.
    pub fn shrinks_at(&self, name: &str) -> Option<f64> {
        match (self, name) {
            (OptimizerSpec::AdamW(p), "weight_decay") => Some(p.lr),
            (OptimizerSpec::Lion(p), "weight_decay") => Some(p.lr),
            (OptimizerSpec::Adafactor(p), "weight_decay") => Some(p.lr),
            (OptimizerSpec::Muon(p), "weight_decay") => Some(p.lr),
            (OptimizerSpec::Muon(p), "aux_weight_decay") => Some(p.aux_lr),
            (OptimizerSpec::NAdam(p), "weight_decay") if p.decoupled_weight_decay => Some(p.lr),
            (OptimizerSpec::RAdam(p), "weight_decay") if p.decoupled_weight_decay => Some(p.lr),
            (OptimizerSpec::Adan(p), "weight_decay") if p.no_prox => Some(p.lr),
            _ => None,
        }
    }
}

impl Muon {
    /// Splits `weights` by the rule that trains them. The first group that matches a parameter
    /// applies.
    pub fn split(weights: &ParameterTable, groups: &[ParamGroup]) -> MuonSplit {
        let mut out = MuonSplit::default();
        for parameter in weights.iter() {
            let group = groups.iter().find(|group| group.matches(parameter));
            let of = if group.is_some_and(|group| group.lr_scale == 0.0) {
                &mut out.frozen
            } else if Muon::is_matrix(&parameter.shape) && !Muon::leaves(weights, parameter) {
                &mut out.matrices
            } else {
                &mut out.others
            };
            of.push(parameter.path.clone());
        }
        out
    }

    /// Returns whether muon's own rule can train a parameter of this shape; AdamW trains the
    /// others.
    pub fn is_matrix(shape: &[usize]) -> bool {
        shape.len() == 2
    }

    /// Returns whether AdamW trains a parameter of `table` although it is a matrix: an embedding,
    /// or
    /// the head of a model with embeddings. Each row or column of these belongs to a token or a
    /// position, so they are lookup tables rather than maps between layers.
    pub fn leaves(table: &ParameterTable, parameter: &Parameter) -> bool {
        let tokens = || table.iter().any(|known| known.is(Role::Embedding));
        Muon::is_matrix(&parameter.shape)
            && (parameter.is(Role::Embedding) || parameter.is(Role::Head) && tokens())
    }
}

/// The split of a muon run's parameters by the rule that trains them: paths in the order of the
/// layers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MuonSplit {
    /// Parameters trained by muon's own rule.
    pub matrices: Vec<String>,
    /// Parameters trained by AdamW.
    pub others: Vec<String>,
    /// Parameters frozen by a group with `lr_scale = 0`.
    pub frozen: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::ModelSpec;
    use crate::params::ParamType;

    fn split(model: &str, groups: &str) -> MuonSplit {
        let model: ModelSpec = serde_json::from_str(model).unwrap();
        let groups: Vec<ParamGroup> = serde_json::from_str(groups).unwrap();
        Muon::split(&model.weights([1, 1, 6], 11), &groups)
    }

    #[test]
    fn muon_trains_every_matrix_of_a_model_without_embeddings() {
        let model = r#"{"kind":"mlp","hidden":[5],"activation":"relu","batch_norm":true}"#;
        let found = split(model, r#"[{"params":"layers.0.bias","lr_scale":0.0}]"#);
        assert_eq!(found.matrices, ["layers.0.weight", "layers.1.weight"]);
        assert_eq!(found.others, ["layers.1.bias", "norms.0.gamma", "norms.0.beta"]);
        assert_eq!(found.frozen, ["layers.0.bias"]);
    }

    #[test]
    fn muon_leaves_embeddings_and_their_head_to_adamw() {
        for tied in [true, false] {
            let model = format!(
                r#"{{"kind":"gpt","layers":1,"heads":2,"width":8,"mlp":4,"norm":"rms","bias":false,"tied":{tied},"dropout":0.0}}"#
            );
            let found = split(&model, r#"[{"params":"*","lr_scale":0.0,"role":"norm"}]"#);
            let matrices = ["attention.qkv", "attention.projection", "mlp.up", "mlp.down"];
            assert_eq!(found.matrices, matrices.map(|part| format!("blocks.0.{part}.weight")));
            let others = ["token_embedding", "position_embedding", "head.weight"];
            assert_eq!(found.others, others[..if tied { 2 } else { 3 }]);
            assert_eq!(found.frozen.len(), 3);
        }
    }

    #[test]
    fn names_of_64_bits_are_names_of_parameters() {
        // A name left behind after a parameter was renamed would never be found.
        for kind in OptimizerSpec::KINDS {
            let values = kind.params.iter().map(|p| match p.default {
                crate::params::ParamDefault::Value(value) => (p.name.to_owned(), value()),
                other => panic!("{} {}: {other}", kind.name, p.name),
            });
            let spec = OptimizerSpec::from_values(kind.name, &values.collect()).unwrap();
            let known = |name: &&str| kind.params.iter().any(|p| p.name == *name);
            let asked = [
                "dampening",
                "lr_decay",
                "lambd",
                "alpha",
                "t0",
                "momentum_decay",
                "lr",
                "beta2_decay",
                "eps1",
                "momentum",
                "r",
                "weight_lr_power",
                "beta1",
                "tolerance_grad",
                "tolerance_change",
                "weight_decay",
                "aux_weight_decay",
            ];
            for name in asked.iter().filter(|name| spec.in_float64(name)) {
                assert!(known(name), "{} has no {name}", kind.name);
            }
        }
    }

    #[test]
    fn what_becomes_another_number() {
        let param = |range| Param {
            name: "x",
            ty: ParamType::Float,
            default: crate::params::ParamDefault::Required,
            range,
            doc: "",
        };
        let cases = [
            (Range::Positive, 1e-50, Some("0")),
            (Range::Positive, 1e-44, None),
            (Range::Positive, 1e39, Some("infinite")),
            (Range::Positive, 3.4e38, None),
            // A rate of almost 1 is as good as 1, a share is not.
            (Range::Positive, 0.999_999_999_99, None),
            (Range::BelowOne, 0.999_999_999_99, Some("1")),
            (Range::BelowOne, 0.999_999_9, None),
            (Range::UpToOne, 1.0, None),
            (Range::NonNegative, 0.0, None),
            (Range::Within(1.0, 1e30), 1.0 + 1e-12, Some("1")),
        ];
        for (range, x, becomes) in cases {
            assert_eq!(param(range).in_float32(x), becomes, "{range} {x}");
        }
    }
}
