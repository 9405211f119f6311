//! NAdam: Adam with Nesterov's look-ahead. Dozat 2016, "Incorporating Nesterov momentum
//! into Adam" (ICLR workshop), with the momentum schedule of its Alg. 2.
//!
//! mu_t = b1 (1 - 0.5 * 0.96^(t psi));  c_t = mu_1 ... mu_t
//! g <- g + wd p;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
//! q = sqrt(v / (1 - b2^t)) + eps
//! p <- p - lr (1 - mu_t) / (1 - c_t) g / q - lr mu_{t+1} / (1 - c_{t+1}) m / q
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps`, psi `momentum_decay`, wd `weight_decay`;
//! with `decoupled_weight_decay` p <- p (1 - lr wd) in place of the L2 penalty.
//! Shapes: p, g, m, v share one shape; state of 2 f32 tensors per parameter, t, and c in f64.
//! Defaults: PyTorch's, lr = 2e-3, b1 = 0.9, b2 = 0.999, eps = 1e-8, psi = 4e-3.
//! Differs from PyTorch: c_t is kept in 64 bits, in PyTorch in 32.

use burn::tensor::Tensor;
use spec::optimizer::NAdam;

use super::slots::Slots;
use super::update_rule::UpdateRule;
use super::{decayed, mean};

impl UpdateRule for NAdam {
    fn start<const D: usize>(&self, _: f64, tensor: &Tensor<D>) -> Slots<D> {
        Slots::new(vec![1.0], vec![tensor.zeros_like(), tensor.zeros_like()])
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let (decay, decoupled) = (self.weight_decay, self.decoupled_weight_decay);
        let (tensor, grad) = decayed(tensor, grad, lr, decay, decoupled);
        let [moment, squares] = state.take();
        let t = state.step as f64;
        let momentum = |t: f64| self.beta1 * (1.0 - 0.5 * 0.96_f64.powf(t * self.momentum_decay));
        let (mu, mu_next) = (momentum(t), momentum(t + 1.0));
        let product = state.scalars[0] * mu;
        state.scalars[0] = product;

        let moment = mean(moment, grad.clone(), self.beta1);
        let squares = mean(squares, grad.clone().square(), self.beta2);
        let root = squares.clone().div_scalar(1.0 - self.beta2.powf(t)).sqrt().add_scalar(self.eps);
        let ahead = grad.mul_scalar(lr * (1.0 - mu) / (1.0 - product))
            + moment.clone().mul_scalar(lr * mu_next / (1.0 - product * mu_next));
        state.keep([moment, squares]);
        tensor - ahead / root
    }
}
