//! Rprop: a step size for every weight, which grows while the sign of its gradient stays
//! and shrinks when it changes; the gradient's size is ignored. Riedmiller and Braun 1993, "A
//! direct adaptive method for faster backpropagation learning: the RPROP algorithm"; the form
//! without taking a step back (iRprop-) is Igel and Huesken 2000.
//!
//! f = eta+ if g g_last > 0, eta- if g g_last < 0, else 1;  s <- min(max(s f, s_min), s_max)
//! g <- 0 where f = eta-;  p <- p - s sign(g);  g_last <- g;  s_0 = lr, g_0 = 0
//!
//! Symbols: lr `lr` (only of the first step: schedules have no effect), eta- `eta_minus`, eta+
//! `eta_plus`, s_min `step_min`, s_max `step_max`. Meant for full batches: noise flips signs.
//! Shapes: p, g, g_last, s share one shape; state of 2 f32 tensors per parameter.
//! Defaults: PyTorch's, lr = 1e-2, eta- = 0.5, eta+ = 1.2, s_min = 1e-6, s_max = 50.
//! Differs from PyTorch: nothing.

use burn::tensor::Tensor;
use spec::optimizer::Rprop;

use super::slots::Slots;
use super::update_rule::UpdateRule;

impl UpdateRule for Rprop {
    fn start<const D: usize>(&self, lr: f64, tensor: &Tensor<D>) -> Slots<D> {
        Slots::new(vec![], vec![tensor.zeros_like(), tensor.full_like(lr)])
    }

    fn step<const D: usize>(
        &self,
        _: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let [last, sizes] = state.take();
        let product = last * grad.clone();
        let (stayed, changed) = (product.clone().greater_elem(0.0), product.lower_elem(0.0));
        let grown = grad.ones_like().mask_fill(stayed, self.eta_plus);
        let factor = grown.mask_fill(changed.clone(), self.eta_minus);
        let sizes = (sizes * factor).clamp(self.step_min, self.step_max);
        let grad = grad.mask_fill(changed, 0.0);
        let update = grad.clone().sign() * sizes.clone();
        state.keep([grad, sizes]);
        tensor - update
    }
}
