//! Adadelta: steps in units of the weights, by the ratio of two running root mean squares.
//! Zeiler 2012, arXiv:1212.5701, Alg. 1.
//!
//! g <- g + wd p;  v <- rho v + (1 - rho) g^2;  u = sqrt(a + eps) / sqrt(v + eps) g
//! a <- rho a + (1 - rho) u^2;  p <- p - lr u
//!
//! Symbols: lr `lr`, rho `rho`, eps `eps` (inside the roots), wd `weight_decay` (coupled L2).
//! Shapes: p, g, v, a share one shape; state of 2 f32 tensors per parameter.
//! Defaults: PyTorch's, lr = 1 (the paper's rule has none), rho = 0.9, eps = 1e-6.
//! Differs from PyTorch: nothing.

use burn::tensor::Tensor;
use spec::optimizer::Adadelta;

use super::slots::Slots;
use super::update_rule::UpdateRule;
use super::{coupled, mean};

impl UpdateRule for Adadelta {
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
        let [squares, steps] = state.take();
        let squares = mean(squares, grad.clone().square(), self.rho);
        let root = squares.clone().add_scalar(self.eps).sqrt();
        let update = steps.clone().add_scalar(self.eps).sqrt() / root * grad;
        let steps = mean(steps, update.clone().square(), self.rho);
        state.keep([squares, steps]);
        tensor - update.mul_scalar(lr)
    }
}
