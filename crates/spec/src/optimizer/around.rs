//! Restrictions on the keys of `update` and on groups for some optimizers.

use super::OptimizerSpec;
use crate::update::{ParamGroup, UpdateSpec};

impl OptimizerSpec {
    /// Returns whether evaluation and saving use an average of the weights instead of the trained
    /// ones.
    pub fn averages(&self) -> bool {
        matches!(self, OptimizerSpec::ScheduleFreeSgd(_) | OptimizerSpec::ScheduleFreeAdamW(_))
    }

    /// Returns whether a step evaluates its batch several times, so that only full batches make
    /// sense.
    pub fn wants_full_batches(&self) -> bool {
        matches!(self, OptimizerSpec::Lbfgs(_))
    }

    /// Checks that `update` and `groups` can be combined with this optimizer.
    ///
    /// # Errors
    /// Returns the key at fault and the reason: lbfgs treats all weights as one vector and compares
    /// unmodified gradients; decoupled decay would separate the weights of schedule-free
    /// optimizers from their average.
    pub fn goes_with(
        &self,
        update: &UpdateSpec,
        groups: &[ParamGroup],
    ) -> Result<(), (&'static str, String)> {
        let no = |key, reason: &str| Err((key, format!("{} {reason}", self.kind())));
        if self.wants_full_batches() {
            let whole = "compares gradients as they are";
            if update.clip_value != 0.0 {
                return no("clip_value", whole);
            }
            if update.clip_norm != 0.0 {
                return no("clip_norm", whole);
            }
            if update.decoupled_decay != 0.0 {
                return no("decoupled_decay", "has no weights but those its curvature was seen at");
            }
            if !groups.is_empty() {
                return no("groups", "sees all weights as one vector");
            }
        }
        let decays = update.decoupled_decay != 0.0
            || groups.iter().any(|g| g.decoupled_decay.is_some_and(|decay| decay != 0.0));
        if self.averages() && decays {
            return no("decoupled_decay", "has two sets of weights: use its own weight_decay");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{ParamDefault, Values};

    fn of(kind: &str) -> OptimizerSpec {
        let params = OptimizerSpec::descriptor(kind).expect("a kind").params;
        let values: Values = params
            .iter()
            .map(|param| match param.default {
                ParamDefault::Value(value) => (param.name.to_owned(), value()),
                other => panic!("{other:?}"),
            })
            .collect();
        OptimizerSpec::from_values(kind, &values).expect("defaults")
    }

    #[test]
    fn only_what_sees_the_whole_refuses_what_surrounds_a_rule() {
        let plain = UpdateSpec::default;
        let group = |decay| ParamGroup {
            params: "*bias".to_owned(),
            role: None,
            ndim: None,
            lr_scale: 1.0,
            weight_decay: Some(0.0),
            decoupled_decay: decay,
        };
        let cases = [
            ("clip_value", UpdateSpec { clip_value: 1.0, ..plain() }, vec![]),
            ("clip_norm", UpdateSpec { clip_norm: 1.0, ..plain() }, vec![]),
            ("decoupled_decay", UpdateSpec { decoupled_decay: 0.1, ..plain() }, vec![]),
            ("groups", plain(), vec![group(None)]),
        ];
        for (key, update, groups) in &cases {
            let blamed = |kind| of(kind).goes_with(update, groups).err().map(|(key, _)| key);
            assert_eq!(blamed("lbfgs"), Some(*key));
            let free = blamed("schedulefree-sgd");
            assert_eq!(free, (*key == "decoupled_decay").then_some(*key), "{key}");
            assert_eq!(blamed("adamw"), None, "{key}");
        }
        assert!(of("schedulefree-adamw").goes_with(&plain(), &[group(Some(0.1))]).is_err());
        assert!(OptimizerSpec::KINDS.iter().all(|k| of(k.name).goes_with(&plain(), &[]).is_ok()));
    }
}
