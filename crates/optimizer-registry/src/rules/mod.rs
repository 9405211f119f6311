//! Update rules of an [`OptimizerSpec`] for one parameter, one file each, and the modifiers around
//! every rule: a factor of the learning rate and decoupled decay.

pub mod adadelta;
pub mod adafactor;
pub mod adagrad;
pub mod adam;
pub mod adamax;
pub mod adamw;
pub mod adan;
pub mod asgd;
pub(crate) mod flat;
pub mod lamb;
pub mod lbfgs;
mod line_search;
pub mod lion;
pub mod muon;
pub mod nadam;
pub mod radam;
pub mod rmsprop;
pub mod rprop;
pub mod schedule_free;
pub mod sgd;
pub mod slots;
pub mod update_rule;

use burn::optim::decay::WeightDecayConfig;
use burn::optim::{
    DynOptimizer, DynState, ModuleOptimizer, Optimizer, SgdConfig, StateSink, StateSource,
};
use burn::tensor::kind::BridgeTensor;
use burn::tensor::{Device, Tensor};
use schedule_free::AverageRequest;
use spec::OptimizerSpec;
use update_rule::{PerParameter, UpdateRule};

/// Modifiers around the updates of a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpdateModifiers {
    /// Factor of the learning rate; 1 = unchanged.
    pub lr_scale: f64,
    /// Decay of p <- p (1 - lr decay) before the rule, with the scaled lr; 0 = off.
    pub decoupled_decay: f64,
}

/// Returns the rule of `spec`. The match is exhaustive, so that a new optimizer does not compile
/// until it is built. `average` tells a rule when a step asks for the average.
pub fn rule(spec: &OptimizerSpec, modifiers: UpdateModifiers, average: &AverageRequest) -> Built {
    Built::PerTensor(match spec {
        OptimizerSpec::Sgd(p) => modified(sgd::build(p), modifiers),
        OptimizerSpec::RmsProp(p) => modified(rmsprop::build(p), modifiers),
        OptimizerSpec::Adam(p) => modified(adam::build(p), modifiers),
        OptimizerSpec::AdamW(p) => modified(adamw::build(p), modifiers),
        OptimizerSpec::Adagrad(p) => written(p, modifiers),
        OptimizerSpec::Adadelta(p) => written(p, modifiers),
        OptimizerSpec::Adamax(p) => written(p, modifiers),
        OptimizerSpec::NAdam(p) => written(p, modifiers),
        OptimizerSpec::RAdam(p) => written(p, modifiers),
        OptimizerSpec::Rprop(p) => written(p, modifiers),
        OptimizerSpec::Asgd(p) => written(p, modifiers),
        OptimizerSpec::Muon(p) => written(p, modifiers),
        OptimizerSpec::Adafactor(p) => written(p, modifiers),
        OptimizerSpec::Lion(p) => modified(lion::build(p), modifiers),
        OptimizerSpec::Lamb(p) => modified(lamb::build(p), modifiers),
        OptimizerSpec::Adan(p) => modified(adan::build(p), modifiers),
        OptimizerSpec::ScheduleFreeSgd(p) => modified(schedule_free::sgd(p, average), modifiers),
        OptimizerSpec::ScheduleFreeAdamW(p) => {
            modified(schedule_free::adamw(p, average), modifiers)
        }
        OptimizerSpec::Lbfgs(p) => return Built::WholeModel(p.clone()),
    })
}

/// Returns the rule of the parameters that the optimizer's own rule leaves to another one; `None`
/// if it leaves none. Only muon leaves any; see [`Muon::leaves`](spec::optimizer::Muon::leaves).
pub(crate) fn rule_of_left(spec: &OptimizerSpec, modifiers: UpdateModifiers) -> Option<Rule> {
    match spec {
        OptimizerSpec::Muon(p) => Some(written(&muon::LeftToAdamW(p.clone()), modifiers)),
        _ => None,
    }
}

/// A built optimizer.
pub enum Built {
    /// A rule that updates each parameter separately.
    PerTensor(Rule),
    /// An optimizer over all parameters as one vector.
    WholeModel(spec::optimizer::Lbfgs),
}

/// A type-erased rule, so that all of them fit one `match`.
pub struct Rule(Box<dyn DynOptimizer>);

/// Returns a module optimizer that applies `rule` to every parameter.
pub(crate) fn all_parameters(rule: Rule) -> ModuleOptimizer {
    // Burn makes a ModuleOptimizer only from a typed optimizer. The last group that matches a
    // parameter counts, so this SGD is never used.
    ModuleOptimizer::from(SgdConfig::new().build()).with_group(
        burn::module::ParamGroup::all(),
        rule,
        None,
    )
}

/// Returns the L2 penalty g <- g + penalty * p; `None` for 0, which saves the arithmetic.
fn l2(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty != 0.0).then(|| WeightDecayConfig::new(penalty as f32))
}

/// Adds the L2 penalty in a rule implemented here: g + penalty * p.
fn coupled<const D: usize>(grad: Tensor<D>, tensor: &Tensor<D>, penalty: f64) -> Tensor<D> {
    if penalty == 0.0 { grad } else { grad + tensor.clone().mul_scalar(penalty) }
}

/// Applies weight decay as NAdam and RAdam do: decoupled, or coupled into the gradient.
fn decayed<const D: usize>(
    tensor: Tensor<D>,
    grad: Tensor<D>,
    lr: f64,
    decay: f64,
    decoupled: bool,
) -> (Tensor<D>, Tensor<D>) {
    if decoupled && decay != 0.0 {
        (tensor.mul_scalar(1.0 - lr * decay), grad)
    } else {
        let grad = coupled(grad, &tensor, decay);
        (tensor, grad)
    }
}

/// Returns the running mean b mean + (1 - b) x.
fn mean<const D: usize>(mean: Tensor<D>, x: Tensor<D>, b: f64) -> Tensor<D> {
    mean.mul_scalar(b) + x.mul_scalar(1.0 - b)
}

/// Wraps a rule implemented here.
fn written<R: UpdateRule>(rule: &R, modifiers: UpdateModifiers) -> Rule {
    modified(PerParameter(rule.clone()), modifiers)
}

fn modified<O: Optimizer>(inner: O, modifiers: UpdateModifiers) -> Rule {
    if modifiers == (UpdateModifiers { lr_scale: 1.0, decoupled_decay: 0.0 }) {
        Rule(Box::new(inner))
    } else {
        Rule(Box::new(Modified { inner, modifiers }))
    }
}

/// A rule with its modifiers; its state is the rule's.
#[derive(Clone)]
struct Modified<O> {
    inner: O,
    modifiers: UpdateModifiers,
}

impl<O: Optimizer> Optimizer for Modified<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let lr = lr * self.modifiers.lr_scale;
        let decay = lr * self.modifiers.decoupled_decay;
        let tensor = if decay == 0.0 { tensor } else { tensor.mul_scalar(1.0 - decay) };
        self.inner.step(lr, tensor, grad, state)
    }

    fn to_device<const D: usize>(state: Self::State<D>, device: &Device) -> Self::State<D> {
        O::to_device(state, device)
    }
}

impl DynOptimizer for Rule {
    fn step_dyn(
        &self,
        rank: usize,
        lr: f64,
        tensor: BridgeTensor,
        grad: BridgeTensor,
        state: Option<DynState>,
    ) -> (BridgeTensor, Option<DynState>) {
        self.0.step_dyn(rank, lr, tensor, grad, state)
    }

    fn to_device_dyn(&self, state: DynState, device: &Device) -> DynState {
        self.0.to_device_dyn(state, device)
    }

    fn state_flatten(&self, prefix: &str, state: &DynState, out: &mut StateSink) {
        self.0.state_flatten(prefix, state, out);
    }

    fn state_unflatten(
        &self,
        rank: usize,
        prefix: &str,
        src: &mut StateSource,
        device: &Device,
    ) -> Option<DynState> {
        self.0.state_unflatten(rank, prefix, src, device)
    }
}
