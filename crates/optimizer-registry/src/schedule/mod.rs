//! Learning-rate schedules: functions of the position in the run, in f64, one file per family.
//!
//! They have no state, so that a run can resume at any epoch, and accept every learning rate
//! (Burn's own schedulers take none above 1). Only `plateau` has a state, [`plateau::Plateau`].
//!
//! PyTorch steps a scheduler once per unit after that unit, so the first unit runs at t = 0. It
//! computes most rates from the previous one; the closed forms here differ from that by the
//! rounding of the recursion, below 1e-13 of the base rate in every golden curve
//! (`tests/schedule.rs`).

mod cosine;
mod decay;
mod line;
mod one_cycle;
pub mod plateau;
mod sequential;
mod wsd;

use spec::ScheduleSpec;
use spec::schedule::{Per, Warmup};

/// Returns the learning rate of one optimizer step.
///
/// `base_lr` is the optimizer's own learning rate (for `plateau`, the rate in its state). `epoch`
/// and `step`, the number of optimizer steps since the start of the run, count from 0. In a warmup
/// of length W
///
/// lr_t = base (start + (1 - start) t / W)
///
/// and after it the schedule counts from t = W. `start` is `warmup_start`.
/// Source: torch.optim.lr_scheduler.LinearLR, then the schedule, in SequentialLR.
pub fn lr(
    spec: &ScheduleSpec,
    warmup: Option<&Warmup>,
    base_lr: f64,
    epoch: u64,
    step: u64,
) -> f64 {
    let count = |per: Per| match per {
        Per::Epoch => epoch,
        Per::Batch => step,
    };
    let Some(warmup) = warmup else { return at(spec, base_lr, count(spec.per())) };
    let t = count(warmup.per);
    match t.checked_sub(warmup.length) {
        Some(after) => at(spec, base_lr, after),
        None => {
            let done = t as f64 / warmup.length as f64;
            base_lr * (warmup.start + (1.0 - warmup.start) * done)
        }
    }
}

/// Returns the rate `t` units after the schedule's start.
fn at(spec: &ScheduleSpec, base_lr: f64, t: u64) -> f64 {
    match spec {
        ScheduleSpec::Constant(_) | ScheduleSpec::Plateau(_) => base_lr,
        ScheduleSpec::Cosine(p) => cosine::cosine(p, base_lr, t),
        ScheduleSpec::CosineRestarts(p) => cosine::restarts(p, base_lr, t),
        ScheduleSpec::Linear(p) => line::linear(p, base_lr, t),
        ScheduleSpec::LinearDecay(p) => line::linear_decay(p, base_lr, t),
        ScheduleSpec::Wsd(p) => wsd::wsd(p, base_lr, t),
        ScheduleSpec::Polynomial(p) => line::polynomial(p, base_lr, t),
        ScheduleSpec::Exponential(p) => decay::exponential(p, base_lr, t),
        ScheduleSpec::Step(p) => decay::step(p, base_lr, t),
        ScheduleSpec::MultiStep(p) => decay::multi_step(p, base_lr, t),
        ScheduleSpec::InverseSqrt(p) => decay::inverse_sqrt(p, base_lr, t),
        ScheduleSpec::OneCycle(p) => one_cycle::one_cycle(p, base_lr, t),
        ScheduleSpec::Sequential(p) => sequential::sequential(p, base_lr, t),
    }
}
