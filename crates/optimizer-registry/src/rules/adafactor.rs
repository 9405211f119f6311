//! Adafactor: Adam's second moment kept as a row and a column of means, updates clipped, steps
//! relative to the weights. Shazeer and Stern 2018, arXiv:1804.04235, Alg. 4 to 6.
//!
//! w = t^c;  r <- (1 - w) r + w mean over columns of g^2;  k <- (1 - w) k + w mean over rows of g^2
//! v = r k / max(mean of r, e1);  vectors: v <- (1 - w) v + w g^2
//! u = g / sqrt(max(v, e1^2));  a = min(lr, 1 / sqrt(t)) max(e2, rms(p))
//! p <- p (1 - lr wd) - a / max(1, rms(u) / d) u
//!
//! Symbols: lr `lr`, c `beta2_decay`, e1 `eps1` (0 = 2^-23), e2 `eps2`, d `d`, wd `weight_decay`
//! (decoupled); rms the root mean square over the parameter, of p before the decay.
//! Shapes: p, g, u share one shape; state of r and k, that shape with its last and its last but
//! one dimension 1, or of v for vectors; and t. A convolution's [out, in, h, w] is factored over
//! h and w, as in PyTorch; a matrix is PyTorch's transposed, where r and k change places.
//! Defaults: PyTorch's, lr = 1e-2, c = -0.8, e1 = 0, e2 = 1e-3, d = 1, wd = 0.
//! Differs from PyTorch: nothing. From the paper: e1 bounds v, where it is added to g^2 there.

use burn::tensor::Tensor;
use spec::optimizer::Adafactor;

use super::mean;
use super::slots::Slots;
use super::update_rule::UpdateRule;

impl UpdateRule for Adafactor {
    fn start<const D: usize>(&self, _: f64, tensor: &Tensor<D>) -> Slots<D> {
        let last = |k: usize| {
            let mut shape = tensor.dims();
            shape[D - k] = 1;
            Tensor::zeros(shape, &tensor.device())
        };
        let factored = D > 1;
        Slots::new(
            vec![],
            if factored { vec![last(1), last(2)] } else { vec![tensor.zeros_like()] },
        )
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        mut tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        let t = state.step as f64;
        let fresh = t.powf(self.beta2_decay);
        let floor = if self.eps1 == 0.0 { f64::from(f32::EPSILON) } else { self.eps1 };

        let squares = grad.clone().square();
        let variance = if D > 1 {
            let [rows, columns] = state.take();
            let rows = mean(rows, squares.clone().mean_dim(D - 1), 1.0 - fresh);
            let columns = mean(columns, squares.mean_dim(D - 2), 1.0 - fresh);
            let scale = rows.clone().mean_dim(D - 2).clamp_min(floor);
            let variance = rows.clone().matmul(columns.clone()) / scale;
            state.keep([rows, columns]);
            variance
        } else {
            let [variance] = state.take();
            let variance = mean(variance, squares, 1.0 - fresh);
            state.keep([variance.clone()]);
            variance
        };

        let update = grad / variance.clamp_min(floor * floor).sqrt();
        let rate = rms(&tensor).clamp_min(self.eps2).mul_scalar(lr.min(1.0 / t.sqrt()));
        let clip = rms(&update).div_scalar(self.d).clamp_min(1.0);
        if self.weight_decay != 0.0 {
            tensor = tensor.mul_scalar(1.0 - lr * self.weight_decay);
        }
        tensor - update * (rate / clip)
    }
}

/// Root mean square over all elements, with every dimension 1; stays on the device.
fn rms<const D: usize>(x: &Tensor<D>) -> Tensor<D> {
    x.clone().square().mean().sqrt().reshape([1; D])
}
