//! From an [`OptimizerSpec`] to the update rule of one parameter, a file each,
//! with what surrounds every rule: a factor of the learning rate and decoupled decay.

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

use burn::optim::decay::WeightDecayConfig;
use burn::optim::{
    DynOptimizer, DynState, ModuleOptimizer, Optimizer, SgdConfig, StateSink, StateSource,
};
use burn::tensor::kind::BridgeTensor;
use burn::tensor::{Device, Tensor};
use schedule_free::Look;
use spec::OptimizerSpec;

/// What is done around a rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surroundings {
    /// Factor of the learning rate.
    pub lr_scale: f64,
    /// p <- p (1 - lr decay) before the rule; 0 = off.
    pub decoupled_decay: f64,
}

/// The rule of `spec`: one exhaustive match, so that a new optimizer does not
/// compile until it is built. `look` says when a step asks for an average.
pub fn rule(spec: &OptimizerSpec, around: Surroundings, look: &Look) -> Built {
    Built::EachParameter(match spec {
        OptimizerSpec::Sgd(p) => surrounded(sgd::build(p), around),
        OptimizerSpec::RmsProp(p) => surrounded(rmsprop::build(p), around),
        OptimizerSpec::Adam(p) => surrounded(adam::build(p), around),
        OptimizerSpec::AdamW(p) => surrounded(adamw::build(p), around),
        OptimizerSpec::Adagrad(p) => surrounded(adagrad::build(p), around),
        OptimizerSpec::Adadelta(p) => surrounded(adadelta::build(p), around),
        OptimizerSpec::Adamax(p) => surrounded(adamax::build(p), around),
        OptimizerSpec::NAdam(p) => surrounded(nadam::build(p), around),
        OptimizerSpec::RAdam(p) => surrounded(radam::build(p), around),
        OptimizerSpec::Rprop(p) => surrounded(rprop::build(p), around),
        OptimizerSpec::Asgd(p) => surrounded(asgd::build(p), around),
        OptimizerSpec::Muon(p) => surrounded(muon::build(p), around),
        OptimizerSpec::Adafactor(p) => surrounded(adafactor::build(p), around),
        OptimizerSpec::Lion(p) => surrounded(lion::build(p), around),
        OptimizerSpec::Lamb(p) => surrounded(lamb::build(p), around),
        OptimizerSpec::Adan(p) => surrounded(adan::build(p), around),
        OptimizerSpec::ScheduleFreeSgd(p) => surrounded(schedule_free::sgd(p, look), around),
        OptimizerSpec::ScheduleFreeAdamW(p) => surrounded(schedule_free::adamw(p, look), around),
        OptimizerSpec::Lbfgs(p) => return Built::AllTogether(p.clone()),
    })
}

/// An optimizer as it is built.
pub enum Built {
    /// A rule for each parameter by itself.
    EachParameter(Rule),
    /// One that sees all of them as one vector.
    AllTogether(spec::optimizer::Lbfgs),
}

/// A rule that forgets its type, so that all of them fit one `match`.
pub struct Rule(Box<dyn DynOptimizer>);

/// A module optimizer that applies `rule` to every parameter.
pub(crate) fn everywhere(rule: Rule) -> ModuleOptimizer {
    // Burn makes a ModuleOptimizer from a typed optimizer alone; of the groups
    // that match a parameter the last counts, so this SGD is never asked.
    ModuleOptimizer::from(SgdConfig::new().build()).with_group(
        burn::module::ParamGroup::all(),
        rule,
        None,
    )
}

/// L2 penalty: g <- g + penalty * p. `None` for 0, which saves the arithmetic.
fn l2(penalty: f64) -> Option<WeightDecayConfig> {
    (penalty != 0.0).then(|| WeightDecayConfig::new(penalty as f32))
}

/// The same for a rule written here: g + penalty * p.
fn coupled<const D: usize>(grad: Tensor<D>, tensor: &Tensor<D>, penalty: f64) -> Tensor<D> {
    if penalty == 0.0 { grad } else { grad + tensor.clone().mul_scalar(penalty) }
}

/// Weight decay as NAdam and RAdam have it: decoupled, or coupled into the gradient.
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

/// Running mean: b mean + (1 - b) x.
fn mean<const D: usize>(mean: Tensor<D>, x: Tensor<D>, b: f64) -> Tensor<D> {
    mean.mul_scalar(b) + x.mul_scalar(1.0 - b)
}

fn surrounded<O: Optimizer>(inner: O, around: Surroundings) -> Rule {
    if around == (Surroundings { lr_scale: 1.0, decoupled_decay: 0.0 }) {
        Rule(Box::new(inner))
    } else {
        Rule(Box::new(Surrounded { inner, around }))
    }
}

/// A rule with its surroundings; its state is the rule's.
#[derive(Clone)]
struct Surrounded<O> {
    inner: O,
    around: Surroundings,
}

impl<O: Optimizer> Optimizer for Surrounded<O> {
    type State<const D: usize> = O::State<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Self::State<D>>,
    ) -> (Tensor<D>, Option<Self::State<D>>) {
        let lr = lr * self.around.lr_scale;
        let decay = lr * self.around.decoupled_decay;
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
