//! RMSProp: the gradient over the root of its running mean square. Tieleman and Hinton
//! 2012, "Lecture 6.5", Coursera; the centered form is Graves 2013, arXiv:1308.0850.
//!
//! g <- g + wd p;  s <- a s + (1 - a) g^2;  centered: c <- a c + (1 - a) g, s' = s - c^2
//! u = g / (sqrt(s') + eps);  m > 0: b <- m b + u, u = b;  p <- p - lr u
//!
//! Symbols: lr `lr`, a `alpha`, eps `eps` (outside the root), m `momentum`, wd `weight_decay`
//! (coupled L2); s' = s unless `centered`.
//! Shapes: p, g, s, c, b share one shape; state of 1 to 3 f32 tensors per parameter.
//! Defaults: PyTorch's, a = 0.99, eps = 1e-8, m = 0. Burn's are m = 0.9, eps = 1e-5.
//! Differs from PyTorch: Burn's record holds s twice when not centered. Centered, s - c^2 can
//! round below zero for a constant gradient, as in PyTorch; the root is then NaN in both.

use burn::optim::RmsPropConfig;
use spec::optimizer::RmsProp;

/// Burn's RMSProp with the values of `p`.
pub fn build(p: &RmsProp) -> burn::optim::RmsProp {
    RmsPropConfig::new()
        .with_alpha(p.alpha as f32)
        .with_momentum(p.momentum as f32)
        .with_epsilon(p.eps as f32)
        .with_centered(p.centered)
        .with_weight_decay(super::l2(p.weight_decay))
        .with_grad_clipping(None)
        .build()
}
