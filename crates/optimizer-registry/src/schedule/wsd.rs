//! Warm-up, stable, decay. The warm-up is the `warmup` that every schedule has; after it
//! lr_t = base                               for t <= S
//! lr_t = base (m + (1 - m) f((t - S) / D))  for S < t < T
//! lr_t = base m                             for t >= T
//! f(u) = 1 - u (linear), 1 - sqrt(u) (1-sqrt), (1 + cos(pi u)) / 2 (cosine)
//! t: units since the warm-up's end; T: `total_iters`; D: units of the decay, `decay` T rounded, at
//! least 1; S = T - D; m: `min_factor`.
//! Defaults: T the run's length less the warm-up, decay 0.2, linear, m 0.
//! A run of T units ends at t = T - 1: its last unit is trained at f((D - 1) / D). The end of the
//! decay, t = T, would be the rate of the next unit.
//! Source: get_wsd_schedule of transformers; Hu et al. 2024, arXiv:2404.06395 (MiniCPM);
//! Hägele et al. 2024, arXiv:2405.18392, section 3, for 1-sqrt.
//! Differs: the warm-up begins at `warmup_start` times the rate, in transformers at m times.

use std::f64::consts::PI;

use spec::schedule::{DecayShape, Wsd};

pub(super) fn wsd(p: &Wsd, base: f64, t: u64) -> f64 {
    if t <= p.stable() {
        return base;
    }
    if t >= p.total_iters {
        return base * p.min_factor;
    }
    let over = (t - p.stable()) as f64 / p.decaying() as f64;
    base * (p.min_factor + (1.0 - p.min_factor) * shape(p.shape, over))
}

/// Returns the remaining fraction of the decay, from 1 to 0, when its fraction `u` is over.
fn shape(shape: DecayShape, u: f64) -> f64 {
    match shape {
        DecayShape::Linear => 1.0 - u,
        DecayShape::OneMinusSqrt => 1.0 - u.sqrt(),
        DecayShape::Cosine => (1.0 + (PI * u).cos()) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::schedule::Per;

    /// Every shape with several lengths, shares and ends.
    fn each(mut look: impl FnMut(&Wsd)) {
        for &shape in DecayShape::ALL {
            for total_iters in [1, 2, 3, 7, 10, 100] {
                for decay in [1e-3, 0.1, 0.2, 0.5, 0.99, 1.0] {
                    for min_factor in [0.0, 0.1, 0.3, 1.0] {
                        look(&Wsd { per: Per::Batch, decay, shape, min_factor, total_iters });
                    }
                }
            }
        }
    }

    #[test]
    fn it_begins_at_the_rate_never_rises_and_ends_at_its_factor() {
        each(|p| {
            let rates: Vec<f64> = (0..p.total_iters + 9).map(|t| wsd(p, 3.0, t)).collect();
            let end = p.total_iters as usize;
            assert_eq!(rates[0], 3.0, "{p:?}");
            assert!(rates.windows(2).all(|pair| pair[1] <= pair[0]), "{p:?}: {rates:?}");
            assert!(rates[..=p.stable() as usize].iter().all(|rate| *rate == 3.0), "{p:?}");
            assert!(rates[end..].iter().all(|rate| *rate == 3.0 * p.min_factor), "{p:?}");
            // The end is reached at t = T and not before.
            assert!(p.min_factor == 1.0 || rates[end - 1] > rates[end], "{p:?}: {rates:?}");
        });
    }

    #[test]
    fn half_way_through_the_decay_each_shape_is_where_its_formula_says() {
        for (shape, want) in [
            (DecayShape::Linear, 0.5),
            (DecayShape::OneMinusSqrt, 1.0 - 0.5_f64.sqrt()),
            (DecayShape::Cosine, 0.5),
        ] {
            let p = Wsd { per: Per::Epoch, decay: 0.2, shape, min_factor: 0.1, total_iters: 100 };
            let (low, high) = (wsd(&p, 2.0, 80), wsd(&p, 2.0, 90));
            assert_eq!(low, 2.0);
            assert!((high - 2.0 * (0.1 + 0.9 * want)).abs() < 1e-15, "{shape}: {high}");
        }
    }

    #[test]
    fn a_decay_over_all_of_it_is_a_line_or_a_cosine() {
        use crate::schedule::{cosine::cosine, line::linear_decay};
        use spec::schedule::{Cosine, LinearDecay};
        let (per, total_iters) = (Per::Epoch, 17);
        let of =
            |shape, t| wsd(&Wsd { per, decay: 1.0, shape, min_factor: 0.25, total_iters }, 2.0, t);
        for t in 0..=17 {
            let line = linear_decay(&LinearDecay { per, end_factor: 0.25, total_iters }, 2.0, t);
            let wave = cosine(&Cosine { per, min_lr: 0.5, t_max: total_iters }, 2.0, t);
            assert!((of(DecayShape::Linear, t) - line).abs() < 1e-15, "{t}");
            assert!((of(DecayShape::Cosine, t) - wave).abs() < 1e-15, "{t}");
        }
    }
}
