//! LAMB: Adam's direction with the length of its tensor's weights. You et al. 2020, "Large batch
//! optimization for deep learning: training BERT in 76 minutes", arXiv:1904.00962, Alg. 2.
//!
//! m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  m' = m / (1 - b1^t);  v' = v / (1 - b2^t)
//! u = m' / (sqrt(v') + eps) + wd p
//! p <- p - lr (||p|| / ||u||) u, the ratio 1 if either norm is 0
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps`, wd `weight_decay`; phi(z) = z.
//! Shapes: p, g, m, v share one shape, norms are over one tensor; state of 2 f32 tensors and t.
//! Defaults: b1 = 0.9, b2 = 0.999, eps = 1e-6 as in the paper; wd = 0.01, lr = 1e-3 as in timm.
//! Differs from timm.optim.Lamb 1.0.31: that clips gradients to a global norm of 1 first and
//! leaves tensors unscaled when wd = 0; the fixtures switch both off. Burn corrects m and v in f32.

use burn::optim::LambConfig;
use spec::optimizer::Lamb;

/// Burn's LAMB with the values of `p`.
pub fn build(p: &Lamb) -> burn::optim::Lamb {
    LambConfig::new()
        .with_beta_1(p.beta1 as f32)
        .with_beta_2(p.beta2 as f32)
        .with_epsilon(p.eps as f32)
        .with_weight_decay(p.weight_decay as f32)
        .with_use_trust_ratio(true)
        .with_grad_clipping(None)
        .build()
}
