//! Adam: bias-corrected first and second moments. Kingma and Ba 2015, arXiv:1412.6980, Alg. 1;
//! AMSGrad: Reddi et al. 2018, "On the convergence of Adam and beyond".
//!
//! g <- g + wd p;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2
//! m' = m / (1 - b1^t);  v' = v / (1 - b2^t);  p <- p - lr m' / (sqrt(v') + eps)
//! amsgrad: v' = max over time of v, divided by (1 - b2^t)
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, eps `eps`, wd `weight_decay` (coupled L2).
//! Shapes: p, g, m, v share one shape; state of 2 f32 tensors per parameter (3 with amsgrad), t.
//! Defaults: PyTorch's, b1 = 0.9, b2 = 0.999, eps = 1e-8. Burn's eps is 1e-5.
//! Differs from PyTorch: Burn computes 1 - b1^t and 1 - b2^t in f32, where b2 near 1 cancels: the
//! first steps are off by up to 1e-5 of their length (the golden cases end up to 1.1e-5 apart after
//! 100 steps).

use burn::optim::AdamConfig;
use spec::optimizer::Adam;

/// Burn's Adam with the values of `p`.
pub fn build(p: &Adam) -> burn::optim::Adam {
    AdamConfig::new()
        .with_beta_1(p.beta1 as f32)
        .with_beta_2(p.beta2 as f32)
        .with_epsilon(p.eps as f32)
        .with_amsgrad(p.amsgrad)
        .with_weight_decay(super::l2(p.weight_decay))
        .with_grad_clipping(None)
        .build()
}
