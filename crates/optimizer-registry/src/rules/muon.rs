//! Muon: momentum whose singular values are all brought near 1, for matrices. Jordan et al.
//! 2024, "Muon: an optimizer for hidden layers in neural networks",
//! kellerjordan.github.io/posts/muon;
//! the other rate is Liu et al. 2025, "Muon is scalable for LLM training", arXiv:2502.16982.
//!
//! m <- mu m + (1 - mu) g;  u = (1 - mu) g + mu m with nesterov, else m;  x = u / max(norm(u), eps)
//! n times: y = x x';  x <- a x + (b y + c y y) x
//! p <- p (1 - lr wd) - lr f x;  f = sqrt(max(1, out / in)), or 0.2 sqrt(max(out, in))
//!
//! Symbols: lr `lr`, mu `momentum`, wd `weight_decay` (decoupled), a, b, c `ns_a`, `ns_b`, `ns_c`,
//! n `ns_steps`, eps `eps`, f by `adjust_lr_fn`; norm is Frobenius'.
//! Parameters that are not matrices (biases, convolutions) are trained by AdamW (see `adamw`) with
//! `aux_beta1`, `aux_beta2`, `aux_eps`, `aux_weight_decay` at the rate aux_lr lr_t / lr. So are
//! embeddings, and the head of a model that has embeddings: they are tables of tokens, not maps
//! between layers.
//! Shapes: p, g, m are [in, out], the transpose of PyTorch's; x of p' is x' of p, and f depends on
//! out / in in both layouts. State of 1 f32 tensor per matrix, 2 per other parameter, and t.
//! Defaults: PyTorch's: lr = 1e-3, mu = 0.95, wd = 0.1, 5 steps, aux as AdamW's.
//! Differs from PyTorch: x is computed in float32, in PyTorch in bfloat16 (the golden cases, which
//! are made without that cast, end up to 2e-2 from it after 100 steps). torch.optim.Muon takes only
//! matrices and leaves the choice for the rest to its user; Jordan's own code flattens convolutions
//! to matrices, and leaves the first and last layer of every model to AdamW.

use burn::tensor::Tensor;
use spec::optimizer::{Muon, MuonRate};

use super::mean;
use super::slots::Slots;
use super::update_rule::UpdateRule;

impl UpdateRule for Muon {
    fn start<const D: usize>(&self, _: f64, tensor: &Tensor<D>) -> Slots<D> {
        let kept = if Muon::is_matrix(&tensor.dims()) { 1 } else { 2 };
        Slots::new(vec![], (0..kept).map(|_| tensor.zeros_like()).collect())
    }

    fn step<const D: usize>(
        &self,
        lr: f64,
        tensor: Tensor<D>,
        grad: Tensor<D>,
        state: &mut Slots<D>,
    ) -> Tensor<D> {
        if Muon::is_matrix(&tensor.dims()) {
            matrix(self, lr, tensor, grad, state)
        } else {
            other(self, lr * self.aux_lr / self.lr, tensor, grad, state)
        }
    }
}

/// The rule of the matrices that muon leaves to AdamW; see [`Muon::leaves`].
#[derive(Clone)]
pub(super) struct LeftToAdamW(pub(super) Muon);

impl UpdateRule for LeftToAdamW {
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
        other(&self.0, lr * self.0.aux_lr / self.0.lr, tensor, grad, state)
    }
}

/// Returns a matrix after a step.
fn matrix<const D: usize>(
    p: &Muon,
    lr: f64,
    tensor: Tensor<D>,
    grad: Tensor<D>,
    state: &mut Slots<D>,
) -> Tensor<D> {
    let [moment] = state.take();
    let moment = mean(moment, grad.clone(), p.momentum);
    let update = if p.nesterov { mean(moment.clone(), grad, p.momentum) } else { moment.clone() };
    let dims = tensor.dims();
    let (inputs, outputs) = (dims[0] as f64, dims[1] as f64);
    let factor = match p.adjust_lr_fn {
        MuonRate::Original => (outputs / inputs).max(1.0).sqrt(),
        MuonRate::MatchRmsAdamW => 0.2 * outputs.max(inputs).sqrt(),
    };
    let step = orthogonalized(p, update).mul_scalar(lr * factor);
    state.keep([moment]);
    tensor.mul_scalar(1.0 - lr * p.weight_decay) - step
}

/// Returns a matrix with singular values of about 1 and the singular vectors of `update`.
fn orthogonalized<const D: usize>(p: &Muon, update: Tensor<D>) -> Tensor<D> {
    let norm = update.clone().square().sum().sqrt().clamp_min(p.eps).reshape([1; D]);
    // The smaller of the two products x x' and x' x; the result is the same.
    let tall = update.dims()[0] > update.dims()[1];
    let mut x = if tall { update.transpose() } else { update } / norm;
    for _ in 0..p.ns_steps {
        let gram = x.clone().matmul(x.clone().transpose());
        let square = gram.clone().matmul(gram.clone());
        let polynomial = gram.mul_scalar(p.ns_b) + square.mul_scalar(p.ns_c);
        x = x.clone().mul_scalar(p.ns_a) + polynomial.matmul(x);
    }
    if tall { x.transpose() } else { x }
}

/// Returns any other parameter after a step of AdamW with the aux parameters.
fn other<const D: usize>(
    p: &Muon,
    lr: f64,
    tensor: Tensor<D>,
    grad: Tensor<D>,
    state: &mut Slots<D>,
) -> Tensor<D> {
    let [moment, squares] = state.take();
    let moment = mean(moment, grad.clone(), p.aux_beta1);
    let squares = mean(squares, grad.square(), p.aux_beta2);
    let t = state.step as f64;
    let rate = lr / (1.0 - p.aux_beta1.powf(t));
    let correction = (1.0 - p.aux_beta2.powf(t)).sqrt();
    let root = squares.clone().sqrt().div_scalar(correction).add_scalar(p.aux_eps);
    let step = moment.clone().mul_scalar(rate) / root;
    state.keep([moment, squares]);
    tensor.mul_scalar(1.0 - lr * p.aux_weight_decay) - step
}
