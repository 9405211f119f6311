//! ASGD: gradient descent with a falling rate, which also averages its weights. Polyak and
//! Juditsky 1992, "Acceleration of stochastic approximation by averaging"; the rate is Bottou's
//! 2010, "Large-scale machine learning with stochastic gradient descent".
//!
//! g <- g + wd p;  p <- p (1 - l eta) - eta g;  a <- a + mu (p - a)
//! eta <- lr / (1 + l lr t)^alpha;  mu <- 1 / max(1, t - t0)    (eta_1 = lr, mu_1 = 1)
//!
//! Symbols: lr `lr` (the rate scheduled for step t sets eta of step t + 1), l `lambd`,
//! alpha `alpha`, t0 `t0`, wd `weight_decay` (coupled L2), a the average.
//! Shapes: p, g, a share one shape; state of 1 f32 tensor per parameter (a), t, eta and mu in f64.
//! Defaults: PyTorch's, lr = 1e-2, l = 1e-4, alpha = 0.75, t0 = 1e6.
//! Differs from PyTorch: nothing. The average is kept in the state and takes no part in training;
//! evaluation uses the weights p.

use burn::tensor::Tensor;
use spec::optimizer::Asgd;

use super::coupled;
use super::slots::Slots;
use super::update_rule::UpdateRule;

impl UpdateRule for Asgd {
    fn start<const D: usize>(&self, lr: f64, tensor: &Tensor<D>) -> Slots<D> {
        Slots::new(vec![lr, 1.0], vec![tensor.zeros_like()])
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let grad = coupled(grad, &tensor, self.weight_decay);
        let [average] = state.take();
        let (eta, mu) = (state.scalars[0], state.scalars[1]);
        let tensor = tensor.mul_scalar(1.0 - self.lambd * eta) - grad.mul_scalar(eta);
        let average = if mu == 1.0 {
            tensor.clone()
        } else {
            average.clone() + (tensor.clone() - average).mul_scalar(mu)
        };
        let t = state.step as f64;
        let eta = lr / (1.0 + self.lambd * lr * t).powf(self.alpha);
        state.scalars = vec![eta, 1.0 / (t - self.t0).max(1.0)];
        state.keep([average]);
        tensor
    }
}
