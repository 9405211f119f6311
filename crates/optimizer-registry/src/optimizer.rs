//! The optimizer of a run as the training loop sees it: one step at a time, the
//! weights to be judged, and a state that can be saved.

use burn::module::{Module, ModuleVisitor, Param, ParamGroup as Group, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::store::RecordError;
use burn::tensor::{Bytes, Tensor};
use spec::OptimizerSpec;
use spec::update::{ParamGroup, UpdateSpec};

use crate::rules::{Surroundings, everywhere, rule};

/// An optimizer over the parameters of one module.
pub struct Optimizer {
    rule: ModuleOptimizer,
}

impl Optimizer {
    /// Of `spec`, with what surrounds it, for the parameters of `module`: load
    /// the module's record before, groups are bound to its parameter ids.
    pub fn new<M: Module>(
        spec: &OptimizerSpec,
        update: &UpdateSpec,
        groups: &[ParamGroup],
        module: &M,
    ) -> Self {
        let all = Surroundings { lr_scale: 1.0, decoupled_decay: update.decoupled_decay };
        let mut optimizer = everywhere(rule(spec, all));
        let paths = paths(module);
        for (i, group) in groups.iter().enumerate() {
            let first = |path: &str| groups.iter().position(|g| g.matches(path));
            let ids = paths.iter().filter(|(path, _)| first(path) == Some(i));
            let around = Surroundings {
                lr_scale: group.lr_scale,
                decoupled_decay: group.decoupled_decay.unwrap_or(update.decoupled_decay),
            };
            let own = match group.weight_decay {
                Some(decay) => spec.with_weight_decay(decay),
                None => spec.clone(),
            };
            let ids = Group::from_ids(ids.map(|(_, id)| *id).collect());
            optimizer = optimizer.with_group(ids, rule(&own, around), None);
        }
        Optimizer { rule: optimizer }
    }

    /// One step. `again` gives loss and gradients at other weights, for
    /// optimizers that look more than once a step (lbfgs); others never call it.
    pub fn step<M: Module>(
        &mut self,
        lr: f64,
        module: M,
        gradients: GradientsParams,
        _again: &mut dyn FnMut(&M) -> (f64, GradientsParams),
    ) -> M {
        self.rule.step(lr, module, gradients)
    }

    /// The weights to be judged and kept: those trained, but for optimizers
    /// that average (schedule-free), whose average it is.
    pub fn evaluated<M: Module>(&self, module: &M) -> M {
        module.clone()
    }

    /// The state, by parameter ids.
    ///
    /// # Errors
    /// A state tensor that the device does not give back.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        self.rule.into_bytes()
    }

    /// This optimizer with a saved state; go on from it with a module that has
    /// the parameter ids of the one it was saved with.
    ///
    /// # Errors
    /// Bytes that are no record.
    pub fn from_bytes(self, bytes: Bytes) -> Result<Self, RecordError> {
        Ok(Optimizer { rule: self.rule.from_bytes(bytes)? })
    }
}

/// Path and id of every parameter, in the module's own order. The name of an
/// enum's variant says which model it is and is no part of a path.
pub fn paths<M: Module>(module: &M) -> Vec<(String, ParamId)> {
    let mut walk = Walk { path: Vec::new(), found: Vec::new() };
    module.visit(&mut walk);
    walk.found
}

struct Walk {
    path: Vec<String>,
    found: Vec<(String, ParamId)>,
}

impl ModuleVisitor for Walk {
    fn enter_module(&mut self, name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _name: &str, container_type: &str) {
        if !container_type.starts_with("Enum:") {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.found.push((self.path.join("."), param.id));
    }
}
