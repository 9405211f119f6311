//! RAdam: Adam that adapts only once the variance of its second moment is bounded.
//! Liu et al. 2020, arXiv:1908.03265, Alg. 2.
//!
//! g <- g + wd p;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  m' = m / (1 - b1^t)
//! r_inf = 2 / (1 - b2) - 1;  r = r_inf - 2 t b2^t / (1 - b2^t)
//! r > 5: p <- p - lr m' R sqrt(1 - b2^t) / (sqrt(v) + eps),
//!        R = sqrt((r - 4)(r - 2) r_inf / ((r_inf - 4)(r_inf - 2) r))
//! else:  p <- p - lr m'
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps`, wd `weight_decay`; with
//! `decoupled_weight_decay` p <- p (1 - lr wd) in place of the L2 penalty.
//! Shapes: p, g, m, v share one shape; state of 2 f32 tensors per parameter, and t.
//! Defaults: PyTorch's, b1 = 0.9, b2 = 0.999 (adapts from the 6th step on), eps = 1e-8.
//! Differs from PyTorch: nothing. From the paper: its threshold is r > 4.

use burn::tensor::Tensor;
use spec::optimizer::RAdam;

use super::slots::Slots;
use super::update_rule::UpdateRule;
use super::{decayed, mean};

impl UpdateRule for RAdam {
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
        let (decay, decoupled) = (self.weight_decay, self.decoupled_weight_decay);
        let (tensor, grad) = decayed(tensor, grad, lr, decay, decoupled);
        let [moment, squares] = state.take();
        let moment = mean(moment, grad.clone(), self.beta1);
        let squares = mean(squares, grad.square(), self.beta2);

        let t = state.step as f64;
        let rate = lr / (1.0 - self.beta1.powf(t));
        let correction = 1.0 - self.beta2.powf(t);
        let longest = 2.0 / (1.0 - self.beta2) - 1.0;
        let length = longest - 2.0 * t * self.beta2.powf(t) / correction;
        let update = if length > 5.0 {
            let rectified = (length - 4.0) * (length - 2.0) * longest
                / ((longest - 4.0) * (longest - 2.0) * length);
            let root = squares.clone().sqrt().add_scalar(self.eps);
            moment.clone().mul_scalar(rate * (rectified * correction).sqrt()) / root
        } else {
            moment.clone().mul_scalar(rate)
        };
        state.keep([moment, squares]);
        tensor - update
    }
}
