//! Adagrad: the gradient over the root of the sum of all its squares. Duchi, Hazan and
//! Singer 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
//!
//! g <- g + wd p;  s <- s + g^2;  p <- p - lr / (1 + (t - 1) d) g / (sqrt(s) + eps);  s_0 = s0
//!
//! Symbols: lr `lr`, d `lr_decay`, wd `weight_decay` (coupled L2), s0 `initial_accumulator_value`,
//! eps `eps` (outside the root).
//! Shapes: p, g, s share one shape; state of 1 f32 tensor a parameter, and t.
//! Defaults: PyTorch's, d = s0 = 0, eps = 1e-10. Burn's own has eps = 1e-5 and no s0.
//! Differs from PyTorch: nothing.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::Adagrad;

use super::coupled;
use super::slots::Slots;

/// The rule with the values of `p`.
pub fn build(p: &Adagrad) -> Rule {
    Rule(p.clone())
}

/// Adagrad on one parameter.
#[derive(Clone)]
pub struct Rule(Adagrad);

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
        let start = || (vec![], vec![tensor.full_like(p.initial_accumulator_value)]);
        let mut state = Slots::next(state, start);
        let [sum] = state.take();
        let sum = sum + grad.clone().square();
        let rate = lr / (1.0 + (state.step - 1) as f64 * p.lr_decay);
        let update = grad / sum.clone().sqrt().add_scalar(p.eps);
        (tensor - update.mul_scalar(rate), state.keep([sum]))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
