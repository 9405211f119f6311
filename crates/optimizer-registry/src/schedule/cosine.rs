//! Cosine annealing, without and with restarts.
//! lr_t = min + (base - min) (1 + cos(pi t / T)) / 2
//! t: units since the start, or since the last restart; T: `t_max`, or the length of
//! the current period, `t_0` `t_mult`^n for period n; min: `min_lr`.
//! Defaults: min_lr 0, t_max the run's length, t_mult 1; t_0 must be given.
//! Source: Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, as
//! torch.optim.lr_scheduler.CosineAnnealingLR and CosineAnnealingWarmRestarts. A run of T
//! units never reaches min; past T the rate of `cosine` climbs back (period 2 T).

use std::f64::consts::PI;

use spec::schedule::{Cosine, CosineRestarts};

pub(super) fn cosine(p: &Cosine, base: f64, t: u64) -> f64 {
    half_wave(base, p.min_lr, t, p.t_max)
}

pub(super) fn restarts(p: &CosineRestarts, base: f64, t: u64) -> f64 {
    let (mut t, mut period) = (t, p.t_0);
    if p.t_mult == 1 {
        t %= period;
    }
    // Periods at least double: 64 rounds at most.
    while t >= period {
        t -= period;
        period = period.saturating_mul(p.t_mult);
    }
    half_wave(base, p.min_lr, t, period)
}

fn half_wave(base: f64, min: f64, t: u64, length: u64) -> f64 {
    min + (base - min) * (1.0 + (PI * t as f64 / length as f64).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::schedule::Per;

    #[test]
    fn it_hits_its_landmarks_and_keeps_rates_above_one() {
        let p = Cosine { per: Per::Epoch, min_lr: 0.1, t_max: 4 };
        for (t, want) in [(0, 1.1), (2, 0.6), (4, 0.1), (6, 0.6), (8, 1.1)] {
            assert!((cosine(&p, 1.1, t) - want).abs() < 1e-15, "{t}");
        }
        assert_eq!(cosine(&Cosine { min_lr: 0.0, ..p }, 1000.0, 0), 1000.0);
    }

    #[test]
    fn it_restarts_where_periods_end() {
        let p = CosineRestarts { per: Per::Epoch, t_0: 3, t_mult: 2, min_lr: 0.0 };
        let starts: Vec<u64> = (0..46).filter(|t| restarts(&p, 0.5, *t) == 0.5).collect();
        assert_eq!(starts, [0, 3, 9, 21, 45]);
        let p = CosineRestarts { t_mult: 1, ..p };
        assert_eq!(restarts(&p, 0.5, 3_000_000_000), 0.5);
        // The last period exceeds 64 bits; nothing overflows.
        let p = CosineRestarts { t_mult: 1_000_000, ..p };
        assert!(restarts(&p, 0.5, u64::MAX) > 0.0);
    }
}
