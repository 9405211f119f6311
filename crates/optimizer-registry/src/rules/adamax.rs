//! Adamax: Adam with the largest gradient of the past in place of the mean square.
//! Kingma and Ba 2015, arXiv:1412.6980, Alg. 2.
//!
//! g <- g + wd p;  m <- b1 m + (1 - b1) g;  u <- max(b2 u, |g| + eps)
//! p <- p - lr / (1 - b1^t) m / u
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps` (the paper has none), wd `weight_decay`
//! (coupled L2).
//! Shapes: p, g, m, u share one shape; state of 2 f32 tensors per parameter, and t.
//! Defaults: PyTorch's, lr = 2e-3, b1 = 0.9, b2 = 0.999, eps = 1e-8.
//! Differs from PyTorch: nothing.

use burn::tensor::Tensor;
use spec::optimizer::Adamax;

use super::slots::Slots;
use super::update_rule::UpdateRule;
use super::{coupled, mean};

impl UpdateRule for Adamax {
    fn start<const D: usize>(&self, _: f64, tensor: &Tensor<D>) -> Slots<D> {
        Slots::new(vec![], vec![tensor.zeros_like(), tensor.zeros_like()])
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let grad = coupled(grad, &tensor, self.weight_decay);
        let [moment, largest] = state.take();
        let moment = mean(moment, grad.clone(), self.beta1);
        let largest = largest.mul_scalar(self.beta2).max_pair(grad.abs().add_scalar(self.eps));
        let rate = lr / (1.0 - self.beta1.powf(state.step as f64));
        let update = (moment.clone() / largest.clone()).mul_scalar(rate);
        state.keep([moment, largest]);
        tensor - update
    }
}
