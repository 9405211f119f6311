//! Adadelta: steps in units of the weights, by the ratio of two running root mean squares.
//! Zeiler 2012, arXiv:1212.5701, Alg. 1.
//!
//! g <- g + wd p;  v <- rho v + (1 - rho) g^2;  u = sqrt(a + eps) / sqrt(v + eps) g
//! a <- rho a + (1 - rho) u^2;  p <- p - lr u
//!
//! Symbols: lr `lr`, rho `rho`, eps `eps` (inside the roots), wd `weight_decay` (coupled L2).
//! Shapes: p, g, v, a share one shape; state of 2 f32 tensors a parameter.
//! Defaults: PyTorch's, lr = 1 (the paper's rule has none), rho = 0.9, eps = 1e-6.
//! Differs from PyTorch: nothing.

use burn::optim::Optimizer;
use burn::tensor::{Device, Tensor};
use spec::optimizer::Adadelta;

use super::slots::Slots;
use super::{coupled, mean};

/// The rule with the values of `p`.
pub fn build(p: &Adadelta) -> Rule {
    Rule(p.clone())
}

/// Adadelta on one parameter.
#[derive(Clone)]
pub struct Rule(Adadelta);

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
        let [squares, steps] = state.take();
        let squares = mean(squares, grad.clone().square(), p.rho);
        let root = squares.clone().add_scalar(p.eps).sqrt();
        let update = steps.clone().add_scalar(p.eps).sqrt() / root * grad;
        let steps = mean(steps, update.clone().square(), p.rho);
        (tensor - update.mul_scalar(lr), state.keep([squares, steps]))
    }

    fn to_device<const D: usize>(state: Slots<D>, device: &Device) -> Slots<D> {
        state.to_device(device)
    }
}
