//! Adagrad: the gradient over the root of the sum of all its squares. Duchi, Hazan and
//! Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
//!
//! g <- g + wd p;  s <- s + g^2;  p <- p - lr / (1 + (t - 1) d) g / (sqrt(s) + eps);  s_0 = s0
//!
//! Symbols: lr `lr`, d `lr_decay`, wd `weight_decay` (coupled L2), s0 `initial_accumulator_value`,
//! eps `eps` (outside the root).
//! Shapes: p, g, s share one shape; state of 1 f32 tensor per parameter, and t.
//! Defaults: PyTorch's, d = s0 = 0, eps = 1e-10. Burn's own has eps = 1e-5 and no s0.
//! Differs from PyTorch: nothing.

use burn::tensor::Tensor;
use spec::optimizer::Adagrad;

use super::coupled;
use super::slots::Slots;
use super::update_rule::UpdateRule;

impl UpdateRule for Adagrad {
    fn start<const D: usize>(&self, _: f64, tensor: &Tensor<D>) -> Slots<D> {
        Slots::new(vec![], vec![tensor.full_like(self.initial_accumulator_value)])
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let grad = coupled(grad, &tensor, self.weight_decay);
        let [sum] = state.take();
        let sum = sum + grad.clone().square();
        let rate = lr / (1.0 + (state.step - 1) as f64 * self.lr_decay);
        let update = grad / sum.clone().sqrt().add_scalar(self.eps);
        state.keep([sum]);
        tensor - update.mul_scalar(rate)
    }
}
