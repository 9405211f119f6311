//! Dropout (Srivastava et al. 2014, as torch.nn.Dropout): in training each element becomes zero
//! with probability p and the others are divided by 1 - p; in evaluation nothing happens.
//! The masks come from the backend's generator, which training seeds for each segment.

use burn::tensor::{Distribution, Tensor};

/// Returns x with dropped elements set to zero if x is part of a gradient graph, otherwise x.
/// Burn's layer would do the same; this one shows how the mask is drawn.
pub(crate) fn dropout<const D: usize>(p: f64, x: Tensor<D>) -> Tensor<D> {
    if p == 0.0 || !x.device().is_autodiff() {
        return x;
    }
    let kept = x.random_like(Distribution::Bernoulli(1.0 - p));
    x * kept * (1.0 / (1.0 - p))
}
