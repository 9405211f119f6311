//! The passes of [`super::Fused`], one loop each.
//!
//! Every line does what one tensor operation of the rule does, so that results agree bit for bit.
//! Additions and multiplications are never contracted, and no element depends on another, so that
//! wider registers ([`wide!`]) change nothing.

use crate::wide;

/// Settings of SGD's velocity for one step.
pub(super) struct Velocity {
    pub(super) momentum: f32,
    /// Factor of the gradient.
    pub(super) share: f32,
    pub(super) nesterov: bool,
}

/// RMSProp's settings.
pub(super) struct MeanSquare {
    pub(super) alpha: f32,
    /// 1 - alpha.
    pub(super) rest: f32,
    pub(super) eps: f32,
    /// Momentum; 0 = none.
    pub(super) momentum: f32,
    pub(super) centered: bool,
}

/// Adam's settings for one step.
pub(super) struct Adaptive {
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    eps: f32,
    /// 1 - beta1^t.
    bias1: f32,
    /// 1 - beta2^t.
    bias2: f32,
}

impl Adaptive {
    /// Returns the settings of step `t`, from 1; in `f32` throughout, as Burn computes it.
    pub(super) fn new(beta1: f64, beta2: f64, eps: f64, t: u64) -> Self {
        let (beta1, beta2, eps) = (beta1 as f32, beta2 as f32, eps as f32);
        let t = t as i32;
        Adaptive {
            beta1,
            rest1: 1.0 - beta1,
            beta2,
            rest2: 1.0 - beta2,
            eps,
            bias1: 1.0 - beta1.powi(t),
            bias2: 1.0 - beta2.powi(t),
        }
    }

    /// Returns the moments (mean, square) of one element after its gradient.
    #[inline(always)]
    fn moments(&self, mean: f32, square: f32, g: f32) -> (f32, f32) {
        (mean * self.beta1 + g * self.rest1, square * self.beta2 + (g * g) * self.rest2)
    }
}

/// Runs a loop with the gradient g + penalty p, with the branch outside the loop.
macro_rules! decayed {
    ($decay:expr, |$gradient:ident| $pass:expr) => {
        match $decay {
            None => {
                let $gradient = |_: f32, g: f32| g;
                $pass
            }
            Some(penalty) => {
                let $gradient = |p: f32, g: f32| p * penalty + g;
                $pass
            }
        }
    };
}

wide! {
    pub(super) fn sgd(p: &mut [f32], g: &[f32], lr: f32, decay: Option<f32>) {
        assert_eq!(p.len(), g.len());
        decayed!(decay, |gradient| for (p, &g) in p.iter_mut().zip(g) {
            *p -= gradient(*p, g) * lr;
        });
    }
}

wide! {
    pub(super) fn momentum(
        p: &mut [f32],
        g: &[f32],
        v: &mut [f32],
        lr: f32,
        keep: &Velocity,
        decay: Option<f32>,
    ) {
        assert!(p.len() == g.len() && p.len() == v.len());
        let Velocity { momentum, share, nesterov } = *keep;
        let all = p.iter_mut().zip(g).zip(v.iter_mut());
        if nesterov {
            decayed!(decay, |gradient| for ((p, &g), v) in all {
                let g = gradient(*p, g);
                *v = g * share + *v * momentum;
                *p -= (*v * momentum + g) * lr;
            });
        } else {
            decayed!(decay, |gradient| for ((p, &g), v) in all {
                let g = gradient(*p, g);
                *v = g * share + *v * momentum;
                *p -= *v * lr;
            });
        }
    }
}

wide! {
    pub(super) fn rmsprop(
        p: &mut [f32],
        g: &[f32],
        moments: &mut [&mut [f32]],
        lr: f32,
        mean: &MeanSquare,
        decay: Option<f32>,
    ) {
        assert_eq!(p.len(), g.len());
        let MeanSquare { alpha, rest, eps, momentum, centered } = *mean;
        match (moments, centered, momentum > 0.0) {
            ([s], false, false) => {
                decayed!(decay, |gradient| for ((p, &g), s) in p.iter_mut().zip(g).zip(s.iter_mut()) {
                    let g = gradient(*p, g);
                    *s = *s * alpha + (g * g) * rest;
                    *p -= (g / (s.sqrt() + eps)) * lr;
                });
            }
            ([s, b], false, true) => {
                decayed!(
                    decay,
                    |gradient| for (((p, &g), s), b) in p.iter_mut().zip(g).zip(s.iter_mut()).zip(b.iter_mut()) {
                        let g = gradient(*p, g);
                        *s = *s * alpha + (g * g) * rest;
                        *b = *b * momentum + g / (s.sqrt() + eps);
                        *p -= *b * lr;
                    }
                );
            }
            ([s, c], true, false) => {
                decayed!(
                    decay,
                    |gradient| for (((p, &g), s), c) in p.iter_mut().zip(g).zip(s.iter_mut()).zip(c.iter_mut()) {
                        let g = gradient(*p, g);
                        *s = *s * alpha + (g * g) * rest;
                        *c = *c * alpha + g * rest;
                        *p -= (g / ((*s - *c * *c).sqrt() + eps)) * lr;
                    }
                );
            }
            ([s, c, b], true, true) => {
                let all = p.iter_mut().zip(g).zip(s.iter_mut()).zip(c.iter_mut()).zip(b.iter_mut());
                decayed!(decay, |gradient| for ((((p, &g), s), c), b) in all {
                    let g = gradient(*p, g);
                    *s = *s * alpha + (g * g) * rest;
                    *c = *c * alpha + g * rest;
                    *b = *b * momentum + g / ((*s - *c * *c).sqrt() + eps);
                    *p -= *b * lr;
                });
            }
            (moments, ..) => unreachable!("{} moments", moments.len()),
        }
    }
}

wide! {
    pub(super) fn adam(
        p: &mut [f32],
        g: &[f32],
        mean: &mut [f32],
        square: &mut [f32],
        lr: f32,
        adaptive: &Adaptive,
        decay: Option<f32>,
    ) {
        assert!(p.len() == g.len() && p.len() == mean.len() && p.len() == square.len());
        // Burn's Adam puts both corrections into two factors.
        let root = adaptive.bias2.sqrt();
        let (correction, eps) = (root / adaptive.bias1, adaptive.eps * root);
        let all = p.iter_mut().zip(g).zip(mean.iter_mut()).zip(square.iter_mut());
        decayed!(decay, |gradient| for (((p, &g), m), s) in all {
            let g = gradient(*p, g);
            (*m, *s) = adaptive.moments(*m, *s, g);
            *p -= ((*m * correction) / (s.sqrt() + eps)) * lr;
        });
    }
}

wide! {
    pub(super) fn adamw(
        p: &mut [f32],
        g: &[f32],
        mean: &mut [f32],
        square: &mut [f32],
        lr: f32,
        adaptive: &Adaptive,
        kept: f32,
    ) {
        assert!(p.len() == g.len() && p.len() == mean.len() && p.len() == square.len());
        let Adaptive { bias1, bias2, eps, .. } = *adaptive;
        for (((p, &g), m), s) in p.iter_mut().zip(g).zip(mean.iter_mut()).zip(square.iter_mut()) {
            (*m, *s) = adaptive.moments(*m, *s, g);
            *p = *p * kept - ((*m / bias1) / ((*s / bias2).sqrt() + eps)) * lr;
        }
    }
}
