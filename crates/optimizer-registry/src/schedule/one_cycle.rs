//! One cycle: a rise to the optimizer's learning rate and a fall far below its start.
//! start = base / div_factor, end = start / final_div_factor, N = total_steps, p = pct_start
//! two phases:    start -> base until p N - 1, base -> end until N - 1
//! three phases:  start -> base until p N - 1, base -> start until 2 p N - 2,
//!                start -> end until N - 1
//! each along half a cosine, b + (a - b) (1 + cos(pi x)) / 2, or a line, a + (b - a) x,
//! with x the elapsed fraction of the phase.
//! Defaults: p 0.3, div_factor 25, final_div_factor 1e4, cosine, two phases; N the run's length.
//! Source: torch.optim.lr_scheduler.OneCycleLR(cycle_momentum=False), `base` its max_lr.
//! Differs: past N - 1 the rate stays at its end, where PyTorch continues for one unit and then
//! raises an error; a phase of length zero ends at once, where PyTorch divides by zero.

use std::f64::consts::PI;

use spec::schedule::{Anneal, OneCycle};

pub(super) fn one_cycle(p: &OneCycle, base: f64, t: u64) -> f64 {
    let start = base / p.div_factor;
    let end = start / p.final_div_factor;
    let (n, t) = (p.total_steps as f64, t as f64);
    let top = p.pct_start * n - 1.0;
    let phases: &[(f64, f64, f64)] = if p.three_phase {
        &[(top, start, base), (2.0 * p.pct_start * n - 2.0, base, start), (n - 1.0, start, end)]
    } else {
        &[(top, start, base), (n - 1.0, base, end)]
    };
    let mut begin = 0.0;
    for &(until, from, to) in phases {
        if t <= until {
            let over = if until > begin { (t - begin) / (until - begin) } else { 1.0 };
            return anneal(p.anneal, from, to, over);
        }
        begin = until;
    }
    end
}

fn anneal(anneal: Anneal, from: f64, to: f64, over: f64) -> f64 {
    match anneal {
        Anneal::Cos => to + (from - to) / 2.0 * (1.0 + (PI * over).cos()),
        Anneal::Linear => from + (to - from) * over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::params::Params;
    use spec::schedule::Per;

    #[test]
    fn no_length_and_no_share_is_undefined() {
        for anneal in [Anneal::Cos, Anneal::Linear] {
            for (pct_start, three_phase) in
                [(0.0, false), (0.3, false), (1.0, false), (0.5, true), (1.0, true)]
            {
                for total_steps in [1, 2, 3, 10] {
                    let p = OneCycle {
                        per: Per::Epoch,
                        pct_start,
                        anneal,
                        div_factor: 25.0,
                        final_div_factor: 1e4,
                        three_phase,
                        total_steps,
                    };
                    for t in 0..15 {
                        let lr = one_cycle(&p, 2.0, t);
                        assert!(
                            lr.is_finite() && lr > 0.0 && lr <= 2.0,
                            "{:?} {t}: {lr}",
                            p.to_values()
                        );
                    }
                    // Beyond one half the second of three phases outlasts the run.
                    if three_phase && pct_start > 0.5 {
                        continue;
                    }
                    let end = 2.0 / 25.0 / 1e4;
                    assert!((one_cycle(&p, 2.0, total_steps) - end).abs() < 1e-15);
                }
            }
        }
    }
}
