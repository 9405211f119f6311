//! Updates of an optimizer in device memory: one kernel for all parameters that are treated alike
//! if libtorch has one, otherwise a few operations in place (RMSProp, matrices of Muon).

mod muon;
mod rmsprop;

use optimizer_registry::Fused;
use optimizer_registry::rules::UpdateModifiers;
use spec::OptimizerSpec;
use spec::optimizer::Muon;
use tch::{Device, Tensor};

use super::fused_ops::{self, AdamStep, List, SgdStep};

/// Parameters that are updated alike.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// Their indices among the parameters of the update.
    pub(super) parameters: Vec<usize>,
    /// The optimizer, with its group's weight decay.
    pub(super) optimizer: OptimizerSpec,
    /// Learning-rate factor and decoupled decay around the rule.
    pub(super) modifiers: UpdateModifiers,
    /// True if muon leaves its matrices to AdamW.
    pub(super) left: bool,
}

impl Part {
    /// Returns the part of `count` parameters that one optimizer updates.
    pub(super) fn all(optimizer: &OptimizerSpec, count: usize) -> Part {
        Part {
            parameters: (0..count).collect(),
            optimizer: optimizer.clone(),
            modifiers: UpdateModifiers { lr_scale: 1.0, decoupled_decay: 0.0 },
            left: false,
        }
    }
}

/// The state of an optimizer during a pass, on the device of its parameters.
pub(super) struct Update {
    parts: Vec<Part>,
    tensors: Tensors,
    /// Steps taken before this pass, and in it.
    before: u64,
    taken: u64,
    /// Step numbers of this pass, `[steps]` in float32, where Adam's kernel reads its own.
    numbers: Tensor,
}

/// The tensors that a step updates.
struct Tensors {
    /// Contiguous float32 tensors, updated in place.
    parameters: Vec<Tensor>,
    /// Moments of the rule, each a list of tensors with the shapes of `parameters`.
    moments: Vec<Vec<Tensor>>,
    /// Temporary memory of RMSProp, as long as `parameters`; empty for other rules.
    scratch: Vec<[Tensor; 2]>,
}

impl Update {
    /// Creates the update of `parameters` for a pass of at most `steps` steps, from the state of
    /// `fused`, whose numbers are in the order of the parameters. Each parameter is in one of the
    /// `parts`, whose optimizers must have a pass on a device.
    pub(super) fn new(
        parts: Vec<Part>,
        fused: &Fused,
        parameters: Vec<Tensor>,
        steps: usize,
    ) -> Self {
        let device = parameters.first().map_or(Device::Cpu, Tensor::device);
        let moments = fused
            .moments()
            .map(|moment| {
                let moment = Tensor::from_slice(moment).to_device(device);
                let mut at = 0;
                let part = |p: &Tensor| {
                    let count = p.numel() as i64;
                    at += count;
                    moment.narrow(0, at - count, count).view_as(p)
                };
                parameters.iter().map(part).collect()
            })
            .collect();
        let before = fused.steps();
        let numbers: Vec<f32> = (1..=steps as u64).map(|i| (before + i) as f32).collect();
        let is_rmsprop = |part: &Part| matches!(part.optimizer, OptimizerSpec::RmsProp(_));
        let scratch = match parts.iter().any(is_rmsprop) {
            true => parameters.iter().map(|p| [p.empty_like(), p.empty_like()]).collect(),
            false => Vec::new(),
        };
        Update {
            parts,
            tensors: Tensors { parameters, moments, scratch },
            before,
            taken: 0,
            numbers: Tensor::from_slice(&numbers).to_device(device),
        }
    }

    /// Takes a step at the learning rate `lr` with contiguous gradients, one per parameter and of
    /// its shape.
    pub(super) fn step(&mut self, lr: f64, gradients: &[Tensor]) {
        self.taken += 1;
        let number = self.numbers.get(self.taken as i64 - 1);
        let is_first = self.before + self.taken == 1;
        for part in &self.parts {
            let lr = lr * part.modifiers.lr_scale;
            let decay = lr * part.modifiers.decoupled_decay;
            if decay != 0.0 {
                for &i in &part.parameters {
                    let _ = self.tensors.parameters[i].g_mul_scalar_(1.0 - decay);
                }
            }
            self.tensors.step(part, lr, gradients, &number, is_first);
        }
    }

    /// Reads the state back into `fused`.
    pub(super) fn store(&self, fused: &mut Fused) {
        let moments = self.tensors.moments.iter().map(|moment| {
            let flat: Vec<Tensor> = moment.iter().map(|part| part.view(-1)).collect();
            read_back(&Tensor::cat(&flat, 0))
        });
        fused.restore(self.before + self.taken, moments.collect());
    }
}

impl Tensors {
    /// Takes a step of a part; `number` is the number of the step, from 1, on the device.
    fn step(
        &mut self,
        part: &Part,
        lr: f64,
        gradients: &[Tensor],
        number: &Tensor,
        is_first: bool,
    ) {
        let indices = &part.parameters;
        match &part.optimizer {
            OptimizerSpec::Sgd(p) => {
                let step = SgdStep {
                    lr,
                    momentum: p.momentum,
                    dampening: p.dampening,
                    nesterov: p.nesterov,
                    weight_decay: p.weight_decay,
                    // The velocity becomes the first gradient.
                    first: is_first,
                };
                let velocities = match self.moments.first() {
                    Some(velocities) => listed(velocities, indices),
                    None => List::new([]),
                };
                let parameters = listed(&self.parameters, indices);
                fused_ops::sgd(&parameters, &listed(gradients, indices), &velocities, &step);
            }
            OptimizerSpec::Adam(p) => {
                let (beta1, beta2, eps, weight_decay) = (p.beta1, p.beta2, p.eps, p.weight_decay);
                let step = AdamStep { lr, beta1, beta2, eps, weight_decay, decoupled: false };
                self.adam(indices, gradients, number, &step);
            }
            OptimizerSpec::AdamW(p) => {
                let (beta1, beta2, eps, weight_decay) = (p.beta1, p.beta2, p.eps, p.weight_decay);
                let step = AdamStep { lr, beta1, beta2, eps, weight_decay, decoupled: true };
                self.adam(indices, gradients, number, &step);
            }
            OptimizerSpec::RmsProp(p) => {
                for &i in indices {
                    let moments = self.moments.iter_mut().map(|moment| &mut moment[i]).collect();
                    let parameter = &mut self.parameters[i];
                    rmsprop::step(p, lr, parameter, &gradients[i], moments, &mut self.scratch[i]);
                }
            }
            OptimizerSpec::Muon(p) => {
                let is_matrix = |i: &usize| !part.left && Muon::is_matrix(&shape(&gradients[*i]));
                let (matrices, others): (Vec<usize>, Vec<usize>) =
                    indices.iter().copied().partition(is_matrix);
                for i in matrices {
                    let moment = &mut self.moments[0][i];
                    muon::step(p, lr, &mut self.parameters[i], &gradients[i], moment);
                }
                let step = AdamStep {
                    lr: lr * p.aux_lr / p.lr,
                    beta1: p.aux_beta1,
                    beta2: p.aux_beta2,
                    eps: p.aux_eps,
                    weight_decay: p.aux_weight_decay,
                    decoupled: true,
                };
                self.adam(&others, gradients, number, &step);
            }
            other => unreachable!("{other:?} has no pass on a device"),
        }
    }

    fn adam(&self, indices: &[usize], gradients: &[Tensor], number: &Tensor, step: &AdamStep) {
        if indices.is_empty() {
            return;
        }
        let [means, squares] = [0, 1].map(|moment| listed(&self.moments[moment], indices));
        fused_ops::adam(
            &listed(&self.parameters, indices),
            &listed(gradients, indices),
            [&means, &squares],
            &List::new(indices.iter().map(|_| number)),
            step,
        );
    }
}

/// Returns the tensors at these indices.
fn listed<'a>(tensors: &'a [Tensor], indices: &[usize]) -> List<'a> {
    List::new(indices.iter().map(|&i| &tensors[i]))
}

fn shape(tensor: &Tensor) -> Vec<usize> {
    tensor.size().into_iter().map(|side| side as usize).collect()
}

/// Reads the float32 values of a tensor back to the host.
pub(super) fn read_back(tensor: &Tensor) -> Vec<f32> {
    let mut values = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut values, tensor.numel());
    values
}
