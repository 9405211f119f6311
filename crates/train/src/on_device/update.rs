//! The updates of the fast path's optimizers on a device's own memory: one kernel for all
//! parameters where libtorch has one, a few operations in place where it has none (RMSProp).

use optimizer_registry::Fused;
use spec::OptimizerSpec;
use spec::optimizer::RmsProp;
use tch::{Device, Tensor};

use super::fused_ops::{self, AdamStep, List, SgdStep};

/// The state of an optimizer during a pass, on the device of its parameters.
pub(super) struct Update {
    optimizer: OptimizerSpec,
    /// Contiguous float32 tensors, updated in place.
    parameters: Vec<Tensor>,
    /// The moments of the rule: lists as long as `parameters`, of the same shapes.
    moments: Vec<Vec<Tensor>>,
    /// Steps taken before this pass, and in it.
    before: u64,
    taken: u64,
    /// Numbers of the steps of this pass, float32: Adam's kernel reads its own there.
    numbers: Tensor,
    scratch: Vec<[Tensor; 2]>,
}

impl Update {
    /// The update of `parameters` by `optimizer`, which is one that has a fused pass, with
    /// the state of `fused`, whose numbers lie in the order of the parameters; for a pass of
    /// at most `steps` steps.
    pub(super) fn new(
        optimizer: &OptimizerSpec,
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
        let scratch = match optimizer {
            OptimizerSpec::RmsProp(_) => {
                parameters.iter().map(|p| [p.empty_like(), p.empty_like()]).collect()
            }
            _ => Vec::new(),
        };
        Update {
            optimizer: optimizer.clone(),
            parameters,
            moments,
            before,
            taken: 0,
            numbers: Tensor::from_slice(&numbers).to_device(device),
            scratch,
        }
    }

    /// Takes a step at the learning rate `lr` by contiguous gradients, one for each parameter.
    pub(super) fn step(&mut self, lr: f64, gradients: &[Tensor]) {
        self.taken += 1;
        match &self.optimizer {
            OptimizerSpec::Sgd(p) => {
                let step = SgdStep {
                    lr,
                    momentum: p.momentum,
                    dampening: p.dampening,
                    nesterov: p.nesterov,
                    weight_decay: p.weight_decay,
                    first: self.before + self.taken == 1,
                };
                let velocities = List::new(self.moments.iter().flatten());
                fused_ops::sgd(
                    &List::new(&self.parameters),
                    &List::new(gradients),
                    &velocities,
                    &step,
                );
            }
            OptimizerSpec::Adam(p) => {
                let (beta1, beta2, eps, weight_decay) = (p.beta1, p.beta2, p.eps, p.weight_decay);
                self.adam(
                    gradients,
                    &AdamStep { lr, beta1, beta2, eps, weight_decay, decoupled: false },
                );
            }
            OptimizerSpec::AdamW(p) => {
                let (beta1, beta2, eps, weight_decay) = (p.beta1, p.beta2, p.eps, p.weight_decay);
                self.adam(
                    gradients,
                    &AdamStep { lr, beta1, beta2, eps, weight_decay, decoupled: true },
                );
            }
            OptimizerSpec::RmsProp(p) => {
                for (i, gradient) in gradients.iter().enumerate() {
                    let moments = self.moments.iter_mut().map(|moment| &mut moment[i]).collect();
                    rmsprop(
                        p,
                        lr,
                        &mut self.parameters[i],
                        gradient,
                        moments,
                        &mut self.scratch[i],
                    );
                }
            }
            other => unreachable!("{other:?} has no fused pass"),
        }
    }

    fn adam(&self, gradients: &[Tensor], step: &AdamStep) {
        let number = self.numbers.get(self.taken as i64 - 1);
        fused_ops::adam(
            &List::new(&self.parameters),
            &List::new(gradients),
            [&List::new(&self.moments[0]), &List::new(&self.moments[1])],
            &List::new(self.parameters.iter().map(|_| &number)),
            step,
        );
    }

    /// Reads the state back into `fused`.
    pub(super) fn store(&self, fused: &mut Fused) {
        let moments = self.moments.iter().map(|moment| {
            let flat: Vec<Tensor> = moment.iter().map(|part| part.view(-1)).collect();
            read_back(&Tensor::cat(&flat, 0))
        });
        fused.restore(self.before + self.taken, moments.collect());
    }
}

/// Reads the float32 values of a tensor back to the host.
pub(super) fn read_back(tensor: &Tensor) -> Vec<f32> {
    let mut values = vec![0.0; tensor.numel()];
    tensor.copy_data(&mut values, tensor.numel());
    values
}

/// One step of RMSProp: s <- alpha s + (1 - alpha) g^2, c likewise of g;
/// u = g / (sqrt(s - c^2) + eps); b <- momentum b + u; p <- p - lr b.
/// 6 kernels, 2 more with momentum, 2 more with an L2 penalty, 3 more where centered.
fn rmsprop(
    settings: &RmsProp,
    lr: f64,
    parameter: &mut Tensor,
    gradient: &Tensor,
    moments: Vec<&mut Tensor>,
    [a, b]: &mut [Tensor; 2],
) {
    let mut moments = moments.into_iter();
    let mut moment = || moments.next().expect("as many moments as the rule has");
    let decayed;
    let gradient = match settings.weight_decay {
        0.0 => gradient,
        penalty => {
            let _ = parameter.mul_scalar_out(a, penalty);
            decayed = &*a + gradient;
            &decayed
        }
    };
    let square = moment();
    let _ = gradient.square_out(a);
    let _ = square.lerp_(a, 1.0 - settings.alpha);
    if settings.centered {
        let mean = moment();
        let _ = mean.lerp_(gradient, 1.0 - settings.alpha);
        let _ = mean.square_out(b);
        let _ = square.sub_out(a, b);
        let _ = a.sqrt_();
    } else {
        let _ = square.sqrt_out(a);
    }
    let _ = a.g_add_scalar_(settings.eps);
    if settings.momentum > 0.0 {
        let velocity = moment();
        let _ = velocity.g_mul_scalar_(settings.momentum);
        let _ = velocity.addcdiv_(gradient, a);
        let _ = velocity.mul_scalar_out(b, lr);
        let _ = parameter.g_sub_(b);
    } else {
        let _ = gradient.mul_scalar_out(b, -lr);
        let _ = parameter.addcdiv_(b, a);
    }
}
