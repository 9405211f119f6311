//! Lion: sign of an interpolated momentum. Chen et al. 2023, "Symbolic discovery of optimization
//! algorithms", arXiv:2302.06675, Alg. 2.
//!
//! p <- p (1 - lr wd);  u = sign(b1 m + (1 - b1) g);  p <- p - lr u;  m <- b2 m + (1 - b2) g
//!
//! Symbols: lr `lr`, b1 `beta1`, b2 `beta2`, wd `weight_decay` (decoupled).
//! Shapes: p, g, m share one shape; the state is one f32 tensor per parameter.
//! Defaults: the paper's, b1 = 0.9, b2 = 0.99, wd = 0; lr = 1e-4.
//! Differs from timm.optim.Lion 1.0.31, which follows the authors' code: nothing; sign(0) = 0 in
//! both.

use burn::optim::LionConfig;
use spec::optimizer::Lion;

/// Burn's Lion with the values of `p`.
pub fn build(p: &Lion) -> burn::optim::Lion {
    LionConfig::new()
        .with_beta_1(p.beta1 as f32)
        .with_beta_2(p.beta2 as f32)
        .with_weight_decay(p.weight_decay as f32)
        .with_grad_clipping(None)
        .build()
}
