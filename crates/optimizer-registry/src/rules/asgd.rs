//! ASGD: gradient descent with a falling rate, which also averages its weights. Polyak and
//! Juditsky 1992, "Acceleration of stochastic approximation by averaging"; the rate is Bottou's
//! 2010, "Large-scale machine learning with stochastic gradient descent".
//!
//! g <- g + wd p;  p <- p (1 - l eta) - eta g;  a <- a + mu (p - a)
//! eta <- lr / (1 + l lr t)^alpha;  mu <- 1 / max(1, t - t0)    (eta_1 = lr, mu_1 = 1)
//!
//! Symbols: lr `lr` (the scheduled rate of step t sets eta of step t + 1), l `lambd`, alpha `alpha`,
//! t0 `t0`, wd `weight_decay` (coupled L2), a the average.
//! Shapes: p, g, a share one shape; state of 1 f32 tensor a parameter (a), t, eta and mu in f64.
//! Defaults: PyTorch's, lr = 1e-2, l = 1e-4, alpha = 0.75, t0 = 1e6.
//! Differs from PyTorch: nothing. The average is kept in the state and takes no part in training;
//! judged are the weights p.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::Asgd;

use super::coupled;
use super::slots::Slots;

/// The rule with the values of `p`.
pub fn build(p: &Asgd) -> Rule {
    Rule(p.clone())
}

/// Asgd on one parameter.
#[derive(Clone)]
pub struct Rule(Asgd);

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
        let mut state = Slots::next(state, || (vec![lr, 1.0], vec![tensor.zeros_like()]));
        let [average] = state.take();
        let (eta, mu) = (state.scalars[0], state.scalars[1]);
        let tensor = tensor.mul_scalar(1.0 - p.lambd * eta) - grad.mul_scalar(eta);
        let average = if mu == 1.0 {
            tensor.clone()
        } else {
            average.clone() + (tensor.clone() - average).mul_scalar(mu)
        };
        let t = state.step as f64;
        let eta = lr / (1.0 + p.lambd * lr * t).powf(p.alpha);
        state.scalars = vec![eta, 1.0 / (t - p.t0).max(1.0)];
        (tensor, state.keep([average]))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
