//! Decay without an end.
//! exponential:   lr_t = base gamma^t
//! step:          lr_t = base gamma^floor(t / step_size)
//! multi-step:    lr_t = base gamma^(number of milestones <= t)
//! inverse-sqrt:  lr_t = base / sqrt(1 + t / timescale)
//! t: units since the start. Defaults: gamma 0.1 for step and multi-step; gamma of
//! exponential, step_size, milestones and timescale must be given.
//! Source: torch.optim.lr_scheduler.ExponentialLR, StepLR and MultiStepLR; inverse-sqrt as
//! Vaswani et al. 2017, arXiv:1706.03762, section 5.3, after their warmup, with the base
//! rate at t = 0 (Zhai et al. 2022, arXiv:2106.04560).

use spec::schedule::{Exponential, InverseSqrt, MultiStep, Step};

pub(super) fn exponential(p: &Exponential, base: f64, t: u64) -> f64 {
    base * p.gamma.powf(t as f64)
}

pub(super) fn step(p: &Step, base: f64, t: u64) -> f64 {
    base * p.gamma.powf((t / p.step_size) as f64)
}

pub(super) fn multi_step(p: &MultiStep, base: f64, t: u64) -> f64 {
    base * p.gamma.powf(p.milestones.iter().filter(|&&m| m <= t).count() as f64)
}

pub(super) fn inverse_sqrt(p: &InverseSqrt, base: f64, t: u64) -> f64 {
    base / (1.0 + t as f64 / p.timescale).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::schedule::Per;

    #[test]
    fn the_inverse_root_has_halved_after_three_timescales() {
        let p = InverseSqrt { per: Per::Batch, timescale: 1000.0 };
        for (t, want) in [(0, 3.0), (1000, 3.0 / 2f64.sqrt()), (3000, 1.5), (99_000, 0.3)] {
            assert!((inverse_sqrt(&p, 3.0, t) - want).abs() < 1e-15, "{t}");
        }
    }
}
