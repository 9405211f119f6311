//! Adamax: Adam with the largest gradient of the past in place of the mean square.
//! Kingma and Ba 2015, arXiv:1412.6980, Alg. 2.
//!
//! g <- g + wd p;  m <- b1 m + (1 - b1) g;  u <- max(b2 u, |g| + eps)
//! p <- p - lr / (1 - b1^t) m / u
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps` (the paper has none), wd `weight_decay`
//! (coupled L2).
//! Shapes: p, g, m, u share one shape; state of 2 f32 tensors a parameter, and t.
//! Defaults: PyTorch's, lr = 2e-3, b1 = 0.9, b2 = 0.999, eps = 1e-8.
//! Differs from PyTorch: nothing.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::Adamax;

use super::slots::Slots;
use super::{coupled, mean};

/// The rule with the values of `p`.
pub fn build(p: &Adamax) -> Rule {
    Rule(p.clone())
}

/// Adamax on one parameter.
#[derive(Clone)]
pub struct Rule(Adamax);

impl Optimizer for Rule {
    type State<const D: usize> = Slots<D>;

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: Option<Slots<D>>,
    ) -> (Tensor<D>, Option<Slots<D>>) {
        let p = &self.0;
        let grad = coupled(grad, &tensor, p.weight_decay);
        let start = || (vec![], vec![tensor.zeros_like(), tensor.zeros_like()]);
        let mut state = Slots::next(state, start);
        let [moment, largest] = state.take();
        let moment = mean(moment, grad.clone(), p.beta1);
        let largest = largest.mul_scalar(p.beta2).max_pair(grad.abs().add_scalar(p.eps));
        let rate = lr / (1.0 - p.beta1.powf(state.step as f64));
        let update = (moment.clone() / largest.clone()).mul_scalar(rate);
        (tensor - update, state.keep([moment, largest]))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
