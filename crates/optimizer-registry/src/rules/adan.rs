//! Adan: adaptive Nesterov momentum. Xie et al. 2022, "Adan: adaptive Nesterov momentum algorithm
//! for faster optimizing deep models", arXiv:2208.06677, Alg. 1, with the betas of its code.
//!
//! d = g_t - g_{t-1} (0 in the first step);  m <- b1 m + (1 - b1) g;  n <- b2 n + (1 - b2) d
//! v <- b3 v + (1 - b3) (g + b2 d)^2
//! m', n' = m / (1 - b1^t), n / (1 - b2^t);  v' = v / (1 - b3^t)
//! p <- (p - lr (m' + b2 n') / (sqrt(v') + eps)) / (1 + lr wd)
//! no_prox: p <- p (1 - lr wd) - lr (m' + b2 n') / (sqrt(v') + eps)
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, b3 `beta3`, eps `eps`, wd `weight_decay`; the paper's
//! betas are 1 - b.
//! Shapes: p, g, m, n, v share one shape; state of 4 f32 tensors per parameter (m, n, v and the
//! last gradient), and t.
//! Defaults: the authors' code's, b1 = 0.98, b2 = 0.92, b3 = 0.99, eps = 1e-8, wd = 0.
//! Differs from timm.optim.Adan 1.0.31, which follows the authors' code: Burn corrects in f32; no
//! restarts and no clipping in the rule.

use burn::optim::AdanConfig;
use spec::optimizer::Adan;

/// Burn's Adan with the values of `p`.
pub fn build(p: &Adan) -> burn::optim::Adan {
    AdanConfig::new()
        .with_beta_1(p.beta1 as f32)
        .with_beta_2(p.beta2 as f32)
        .with_beta_3(p.beta3 as f32)
        .with_epsilon(p.eps as f32)
        .with_weight_decay(p.weight_decay as f32)
        .with_no_prox(p.no_prox)
        .with_grad_clipping(None)
        .build()
}
