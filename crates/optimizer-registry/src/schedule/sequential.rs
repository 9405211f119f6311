//! Schedules one after the other.
//! lr_t = lr of schedule i at t - m_i, with m_i <= t < m_{i+1}
//! t: units since the start; m_0 = 0, the others are `milestones`.
//! Source: torch.optim.lr_scheduler.SequentialLR. Each schedule begins at the optimizer's learning
//! rate, not at the last rate of the previous schedule.

use spec::schedule::Sequential;

pub(super) fn sequential(p: &Sequential, base: f64, t: u64) -> f64 {
    let begun = p.milestones.iter().filter(|&&m| m <= t).count();
    let since = begun.checked_sub(1).map_or(0, |i| p.milestones[i]);
    // A plan has one schedule more than milestones.
    p.schedules.get(begun).map_or(base, |schedule| super::at(schedule, base, t - since))
}
