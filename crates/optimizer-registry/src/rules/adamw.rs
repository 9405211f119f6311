//! AdamW: Adam with decoupled weight decay. Loshchilov and Hutter 2019, arXiv:1711.05101, Alg. 2,
//! with the decay scaled by the scheduled learning rate, as torch.optim.AdamW has it.
//!
//! m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  m' = m / (1 - b1^t);  v' = v / (1 - b2^t)
//! p <- p (1 - lr wd) - lr m' / (sqrt(v') + eps);  amsgrad: v' from the maximum of v over time
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps`, wd `weight_decay` (decoupled).
//! Shapes: p, g, m, v share one shape; state of 2 f32 tensors per parameter (3 with amsgrad), t.
//! Defaults: PyTorch's, b1 = 0.9, b2 = 0.999, eps = 1e-8, wd = 1e-2. Burn's are eps = 1e-5,
//! wd = 1e-4.
//! Differs from PyTorch: the corrections are computed in f32, as in `adam` (the golden cases end up
//! to 1.6e-5 apart after 100 steps). Cautious decay stays off.

use burn::optim::AdamWConfig;
use spec::optimizer::AdamW;

/// Burn's AdamW with the values of `p`.
pub fn build(p: &AdamW) -> burn::optim::AdamW {
    AdamWConfig::new()
        .with_beta_1(p.beta1 as f32)
        .with_beta_2(p.beta2 as f32)
        .with_epsilon(p.eps as f32)
        .with_weight_decay(p.weight_decay as f32)
        .with_cautious_weight_decay(false)
        .with_amsgrad(p.amsgrad)
        .with_grad_clipping(None)
        .build()
}
