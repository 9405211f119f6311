//! The passes of [`super::Fused`], one loop each.
//!
//! Every line does what one tensor operation of the rule does, so that results
//! agree bit for bit: additions and multiplications are never contracted, and an
//! element depends on no other, so that wider registers change nothing.
//! `multiversion` compiles each loop for several instruction sets and chooses at
//! run time: the release profile's own is of 2003.

use crate::wide;

/// How SGD's velocity goes on.
pub(super) struct Velocity {
    pub(super) momentum: f32,
    /// Share of the gradient.
    pub(super) share: f32,
    pub(super) nesterov: bool,
}

/// RMSProp's settings.
pub(super) struct MeanSquare {
    pub(super) alpha: f32,
    /// 1 - alpha.
    pub(super) rest: f32,
    pub(super) eps: f32,
    /// 0 = none.
    pub(super) momentum: f32,
    pub(super) centered: bool,
}

/// Adam's settings for one step.
pub(super) struct Adaptive {
    beta1: f32,
    rest1: f32,
    beta2: f32,
    rest2: f32,
    /// sqrt(1 - beta2^t) / (1 - beta1^t).
    correction: f32,
    /// eps sqrt(1 - beta2^t).
    eps: f32,
}

impl Adaptive {
    /// Of step `t`, from 1; in `f32` throughout, as Burn computes it.
    pub(super) fn new(beta1: f64, beta2: f64, eps: f64, t: u64) -> Self {
        let (beta1, beta2, eps) = (beta1 as f32, beta2 as f32, eps as f32);
        let t = t as i32;
        let root = (1.0 - beta2.powi(t)).sqrt();
        Adaptive {
            beta1,
            rest1: 1.0 - beta1,
            beta2,
            rest2: 1.0 - beta2,
            correction: root / (1.0 - beta1.powi(t)),
            eps: eps * root,
        }
    }

    /// The direction of one element; its moments go on.
    #[inline(always)]
    fn direction(&self, mean: &mut f32, square: &mut f32, g: f32) -> f32 {
        *mean = *mean * self.beta1 + g * self.rest1;
        *square = *square * self.beta2 + (g * g) * self.rest2;
        (*mean * self.correction) / (square.sqrt() + self.eps)
    }
}

/// g + penalty p, with the branch outside of the loop.
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
        let all = p.iter_mut().zip(g).zip(v);
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
        moments: &mut [Vec<f32>],
        lr: f32,
        mean: &MeanSquare,
        decay: Option<f32>,
    ) {
        assert_eq!(p.len(), g.len());
        let MeanSquare { alpha, rest, eps, momentum, centered } = *mean;
        match (moments, centered, momentum > 0.0) {
            ([s], false, false) => {
                decayed!(decay, |gradient| for ((p, &g), s) in p.iter_mut().zip(g).zip(s) {
                    let g = gradient(*p, g);
                    *s = *s * alpha + (g * g) * rest;
                    *p -= (g / (s.sqrt() + eps)) * lr;
                });
            }
            ([s, b], false, true) => {
                decayed!(
                    decay,
                    |gradient| for (((p, &g), s), b) in p.iter_mut().zip(g).zip(s).zip(b) {
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
                    |gradient| for (((p, &g), s), c) in p.iter_mut().zip(g).zip(s).zip(c) {
                        let g = gradient(*p, g);
                        *s = *s * alpha + (g * g) * rest;
                        *c = *c * alpha + g * rest;
                        *p -= (g / ((*s - *c * *c).sqrt() + eps)) * lr;
                    }
                );
            }
            ([s, c, b], true, true) => {
                let all = p.iter_mut().zip(g).zip(s).zip(c).zip(b);
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
        let all = p.iter_mut().zip(g).zip(mean).zip(square);
        decayed!(decay, |gradient| for (((p, &g), m), s) in all {
            let g = gradient(*p, g);
            *p -= adaptive.direction(m, s, g) * lr;
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
        for (((p, &g), m), s) in p.iter_mut().zip(g).zip(mean).zip(square) {
            *p = *p * kept - adaptive.direction(m, s, g) * lr;
        }
    }
}
