//! The optimizer of a run as the training loop sees it: one step at a time, the weights to
//! evaluate, and a state that can be saved.

use burn::module::{Module, ModuleVisitor, Param, ParamGroup as Group, ParamId};
use burn::optim::{GradientsParams, ModuleOptimizer};
use burn::store::RecordError;
use burn::tensor::{Bytes, Tensor, TensorData};
use spec::OptimizerSpec;
use spec::optimizer::Muon;
use spec::parameters::{Parameter, ParameterTable};
use spec::update::{ParamGroup, UpdateSpec};

use crate::fused::Fused;
use crate::rules::lbfgs::Lbfgs;
use crate::rules::schedule_free::AverageRequest;
use crate::rules::{Built, UpdateModifiers, all_parameters, flat, rule, rule_of_left};

/// An optimizer over the parameters of one module.
pub struct Optimizer {
    way: Kind,
    /// Set if the weights to evaluate are not the trained ones.
    average: Option<AverageRequest>,
}

enum Kind {
    PerTensor(ModuleOptimizer),
    WholeModel(Box<Lbfgs>),
    Fused(Box<Fused>),
}

impl Optimizer {
    /// Creates the optimizer of `spec`, with modifiers and parameter groups, for the parameters of
    /// `module`. Load the module's record first: groups are bound to its parameter ids. `table`
    /// gives the roles of the parameters; those that are not in it have none. Modifiers and groups
    /// do not apply to lbfgs; plans refuse them.
    pub fn new<M: Module>(
        spec: &OptimizerSpec,
        update: &UpdateSpec,
        groups: &[ParamGroup],
        table: &ParameterTable,
        module: &M,
    ) -> Self {
        let average = AverageRequest::default();
        let all = UpdateModifiers { lr_scale: 1.0, decoupled_decay: update.decoupled_decay };
        let mut optimizer = match rule(spec, all, &average) {
            Built::PerTensor(rule) => all_parameters(rule),
            Built::WholeModel(p) => {
                let device = flat::device(module).unwrap_or_default();
                return Optimizer {
                    way: Kind::WholeModel(Box::new(Lbfgs::new(&p, device))),
                    average: None,
                };
            }
        };
        let differs = |part: &Part| part.left || part.group.is_some();
        for part in parts(spec, update, groups, table, module).into_iter().filter(differs) {
            let ids = Group::from_ids(part.parameters);
            let rule = match part.left {
                true => rule_of_left(&part.optimizer, part.modifiers),
                false => match rule(&part.optimizer, part.modifiers, &average) {
                    Built::PerTensor(rule) => Some(rule),
                    Built::WholeModel(_) => None,
                },
            };
            if let Some(rule) = rule {
                optimizer = optimizer.with_group(ids, rule, None);
            }
        }
        let average = spec.averages().then_some(average);
        Optimizer { way: Kind::PerTensor(optimizer), average }
    }

    /// Creates the optimizer of `spec` for `n` parameters in one buffer, without modifiers; `None`
    /// if only [`Optimizer::new`] supports it.
    pub fn fused(spec: &OptimizerSpec, n: usize) -> Option<Self> {
        let fused = Fused::new(spec, n)?;
        Some(Optimizer { way: Kind::Fused(Box::new(fused)), average: None })
    }

    /// Creates the state of `spec` for `n` parameters, in the order of a module, that a device
    /// updates in its own memory; `None` if only [`Optimizer::new`] supports it.
    pub fn for_device(spec: &OptimizerSpec, n: usize) -> Option<Self> {
        let fused = Fused::for_device(spec, n)?;
        Some(Optimizer { way: Kind::Fused(Box::new(fused)), average: None })
    }

    /// Returns the pass over a buffer, or its state, if this optimizer was created by
    /// [`Optimizer::fused`] or [`Optimizer::for_device`].
    pub fn as_fused(&mut self) -> Option<&mut Fused> {
        match &mut self.way {
            Kind::Fused(fused) => Some(fused),
            Kind::PerTensor(_) | Kind::WholeModel(_) => None,
        }
    }

    /// Takes one step at the learning rate `lr` and returns the module after it. `again` returns
    /// loss and gradients at other weights, for optimizers that evaluate more than once per step
    /// (lbfgs); others never call it.
    pub fn step<M: Module>(
        &mut self,
        lr: f64,
        module: M,
        gradients: GradientsParams,
        again: &mut dyn FnMut(&M) -> (f64, GradientsParams),
    ) -> M {
        match &mut self.way {
            Kind::PerTensor(rules) => rules.step(lr, module, gradients),
            Kind::WholeModel(lbfgs) => lbfgs.step(lr, module, again),
            Kind::Fused(fused) => step_fused(fused, lr, module, &gradients),
        }
    }

    /// Returns the weights to evaluate and to save: the trained ones, or the average of an
    /// optimizer that averages (schedule-free). Changes no state.
    pub fn evaluated<M: Module>(&self, module: &M) -> M {
        match (&self.way, &self.average) {
            (Kind::PerTensor(rules), Some(average)) => {
                // A copy takes the step: states are handles, so this copies no tensor.
                let mut rules = rules.clone();
                let zeros = flat::zero_gradients(module);
                average.at_average(|| rules.step(0.0, module.clone(), zeros))
            }
            _ => module.clone(),
        }
    }

    /// Serializes the state, by parameter ids.
    ///
    /// # Errors
    /// Fails if a tensor of the state cannot be read back from the device.
    pub fn to_bytes(&self) -> Result<Bytes, RecordError> {
        match &self.way {
            Kind::PerTensor(rules) => rules.into_bytes(),
            Kind::WholeModel(lbfgs) => lbfgs.to_bytes(),
            Kind::Fused(fused) => Ok(Bytes::from_bytes_vec(fused.to_bytes())),
        }
    }

    /// Returns this optimizer with a saved state. Continue with a module that has the parameter ids
    /// of the one it was saved with.
    ///
    /// # Errors
    /// Fails if the bytes are not a record.
    pub fn from_bytes(self, bytes: Bytes) -> Result<Self, RecordError> {
        let way = match self.way {
            Kind::PerTensor(rules) => Kind::PerTensor(rules.from_bytes(bytes)?),
            Kind::WholeModel(lbfgs) => Kind::WholeModel(Box::new(lbfgs.from_bytes(bytes)?)),
            Kind::Fused(fused) => Kind::Fused(Box::new(fused.from_bytes(&bytes)?)),
        };
        Ok(Optimizer { way, ..self })
    }
}

/// Parameters of a module that are updated alike.
#[derive(Clone, Debug)]
pub struct Part {
    /// Their ids, in the order of the module; at least one.
    pub parameters: Vec<ParamId>,
    /// Index of their group; `None` if no group matches them.
    pub group: Option<usize>,
    /// The optimizer, with the weight decay of their group.
    pub optimizer: OptimizerSpec,
    /// Learning-rate factor and decoupled decay around the rule.
    pub modifiers: UpdateModifiers,
    /// True if the optimizer leaves them to another rule, as muon leaves some to AdamW.
    pub left: bool,
}

/// Splits parameters into parts that an optimizer treats alike; see [`Optimizer::new`]. The first
/// group that matches a parameter counts.
pub fn parts<M: Module>(
    spec: &OptimizerSpec,
    update: &UpdateSpec,
    groups: &[ParamGroup],
    table: &ParameterTable,
    module: &M,
) -> Vec<Part> {
    let all = UpdateModifiers { lr_scale: 1.0, decoupled_decay: update.decoupled_decay };
    let parameters = parameters(module, table);
    let mut parts = Vec::new();
    for i in std::iter::once(None).chain((0..groups.len()).map(Some)) {
        let (optimizer, modifiers) = treated(spec, all, i.map(|i| &groups[i]));
        for left in [false, true] {
            let belongs = |known: &Parameter| {
                groups.iter().position(|group| group.matches(known)) == i
                    && leaves(spec, table, known) == left
            };
            let these = parameters.iter().filter(|(known, _)| belongs(known));
            let ids: Vec<ParamId> = these.map(|(_, id)| *id).collect();
            if !ids.is_empty() {
                let optimizer = optimizer.clone();
                parts.push(Part { parameters: ids, group: i, optimizer, modifiers, left });
            }
        }
    }
    parts
}

/// Returns true if the optimizer leaves this parameter to another rule.
fn leaves(spec: &OptimizerSpec, table: &ParameterTable, known: &Parameter) -> bool {
    matches!(spec, OptimizerSpec::Muon(_)) && Muon::leaves(table, known)
}

/// Returns the optimizer and the modifiers for the parameters of a group, or for those without one.
fn treated(
    spec: &OptimizerSpec,
    all: UpdateModifiers,
    group: Option<&ParamGroup>,
) -> (OptimizerSpec, UpdateModifiers) {
    let Some(group) = group else { return (spec.clone(), all) };
    let modifiers = UpdateModifiers {
        lr_scale: group.lr_scale,
        decoupled_decay: group.decoupled_decay.unwrap_or(all.decoupled_decay),
    };
    let own = match group.weight_decay {
        Some(decay) => spec.with_weight_decay(decay),
        None => spec.clone(),
    };
    (own, modifiers)
}

/// Takes a step over a module's parameters, which are copied to the host and back: for tests, and
/// for callers without a buffer.
fn step_fused<M: Module>(fused: &mut Fused, lr: f64, module: M, gradients: &GradientsParams) -> M {
    let (Some(weights), Some(gradient)) =
        (flat::weights(&module, gradients), flat::gradient(&module, gradients))
    else {
        return module;
    };
    let device = weights.device();
    let read = |tensor: Tensor<1>| tensor.into_data().try_into_vec::<f32>().expect("32-bit floats");
    let mut values = read(weights);
    fused.step(lr, &mut values, &read(gradient), 1);
    let n = values.len();
    let values = Tensor::from_data(TensorData::new(values, [n]), &device);
    flat::with_weights(module, gradients, &values)
}

/// Returns every parameter of a module with its id, in the order of the module. Names of enum
/// variants, which identify the model, are no part of a path. Roles are those of `table`; a path
/// that is not in it has none.
pub fn parameters<M: Module>(module: &M, table: &ParameterTable) -> Vec<(Parameter, ParamId)> {
    let mut walk = Walk { table, path: Vec::new(), found: Vec::new() };
    module.visit(&mut walk);
    walk.found
}

struct Walk<'a> {
    table: &'a ParameterTable,
    path: Vec<String>,
    found: Vec<(Parameter, ParamId)>,
}

impl ModuleVisitor for Walk<'_> {
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
        let path = self.path.join(".");
        let roles = self.table.get(&path).map_or(&[][..], |known| known.roles);
        let shape = param.val().dims().to_vec();
        self.found.push((Parameter { path, shape, roles }, param.id));
    }
}
