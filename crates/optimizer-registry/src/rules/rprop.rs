//! Rprop: a step size for every weight, which grows while the sign of its gradient stays
//! and shrinks when it changes; the gradient's size is ignored. Riedmiller and Braun 1993, "A
//! direct adaptive method for faster backpropagation learning: the RPROP algorithm"; the form
//! without taking a step back (iRprop-) is Igel and Huesken 2000.
//!
//! f = eta+ if g g_last > 0, eta- if g g_last < 0, else 1;  s <- min(max(s f, s_min), s_max)
//! g <- 0 where f = eta-;  p <- p - s sign(g);  g_last <- g;  s_0 = lr, g_0 = 0
//!
//! Symbols: lr `lr` (only of the first step: schedules do nothing), eta- `eta_minus`, eta+
//! `eta_plus`, s_min `step_min`, s_max `step_max`. Meant for full batches: noise flips signs.
//! Shapes: p, g, g_last, s share one shape; state of 2 f32 tensors a parameter.
//! Defaults: PyTorch's, lr = 1e-2, eta- = 0.5, eta+ = 1.2, s_min = 1e-6, s_max = 50.
//! Differs from PyTorch: nothing.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::Rprop;

use super::slots::Slots;

/// The rule with the values of `p`.
pub fn build(p: &Rprop) -> Rule {
    Rule(p.clone())
}

/// Rprop on one parameter.
#[derive(Clone)]
pub struct Rule(Rprop);

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
        let start = || (vec![], vec![tensor.zeros_like(), tensor.full_like(lr)]);
        let mut state = Slots::next(state, start);
        let [last, sizes] = state.take();
        let product = last * grad.clone();
        let (stayed, changed) = (product.clone().greater_elem(0.0), product.lower_elem(0.0));
        let factor =
            grad.ones_like().mask_fill(stayed, p.eta_plus).mask_fill(changed.clone(), p.eta_minus);
        let sizes = (sizes * factor).clamp(p.step_min, p.step_max);
        let grad = grad.mask_fill(changed, 0.0);
        (tensor - grad.clone().sign() * sizes.clone(), state.keep([grad, sizes]))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
