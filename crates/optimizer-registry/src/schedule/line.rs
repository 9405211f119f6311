//! Schedules between two rates along a line, or to zero along a power.
//! linear:        lr_t = base (s + (e - s) min(t, T) / T)
//! linear-decay:  lr_t = base (1 + (e - 1) min(t, T) / T)
//! polynomial:    lr_t = base (1 - min(t, T) / T)^power
//! t: units since the start; T: `total_iters`; s, e: `start_factor`, `end_factor`.
//! Defaults: T 5, s 1/3, e 1, power 1, PyTorch's; of linear-decay T the run's length, e 0.
//! Source: torch.optim.lr_scheduler.LinearLR and PolynomialLR. Past T the rate stays. A run
//! of T units ends at t = T - 1, one unit before the end of the line.

use spec::schedule::{Linear, LinearDecay, Polynomial};

pub(super) fn linear(p: &Linear, base: f64, t: u64) -> f64 {
    base * (p.start_factor + (p.end_factor - p.start_factor) * share(t, p.total_iters))
}

pub(super) fn linear_decay(p: &LinearDecay, base: f64, t: u64) -> f64 {
    base * (1.0 + (p.end_factor - 1.0) * share(t, p.total_iters))
}

pub(super) fn polynomial(p: &Polynomial, base: f64, t: u64) -> f64 {
    base * (1.0 - share(t, p.total_iters)).powf(p.power)
}

fn share(t: u64, total: u64) -> f64 {
    t.min(total) as f64 / total as f64
}
