//! SGD with momentum: Polyak's heavy ball and Nesterov's look-ahead, in the form of
//! Sutskever et al. 2013 ("On the importance of initialization and momentum in deep
//! learning") as torch.optim.SGD has it.
//!
//! g <- g + wd p;  v_1 = g;  v_t = m v_{t-1} + (1 - d) g;  u = v, or g + m v with nesterov
//! p <- p - lr u   (momentum m = 0: u = g, no state)
//!
//! Symbols: lr `lr`, m `momentum`, d `dampening`, wd `weight_decay` (coupled L2).
//! Shapes: p, g, v share one shape; the state is one f32 tensor per parameter if m > 0.
//! Defaults: PyTorch's, m = d = wd = 0, no nesterov. Burn's momentum config has m = 0.9, d = 0.1.
//! Differs from PyTorch: nothing; d is ignored in the first step and when m = 0, as there.

use burn::optim::SgdConfig;
use burn::optim::momentum::MomentumConfig;
use spec::optimizer::Sgd;

/// Burn's SGD with the values of `p`.
pub fn build(p: &Sgd) -> burn::optim::Sgd {
    let momentum = (p.momentum != 0.0).then_some(MomentumConfig {
        momentum: p.momentum,
        dampening: p.dampening,
        nesterov: p.nesterov,
    });
    SgdConfig::new()
        .with_momentum(momentum)
        .with_weight_decay(super::l2(p.weight_decay))
        .with_gradient_clipping(None)
        .build()
}
