//! Learning-rate schedules: pure functions of the position in the run, in f64.
//!
//! Nothing is stored, so a run may be resumed at any epoch, and no learning
//! rate is refused (Burn's own schedulers take none above 1).

use std::f64::consts::PI;

use spec::ScheduleSpec;
use spec::schedule::{Cosine, Per};

/// The learning rate of one optimizer step.
///
/// `base_lr` is the optimizer's own learning rate; `epoch` counts from 0, as
/// does `step`, which counts optimizer steps since the start of the run.
pub fn lr(spec: &ScheduleSpec, base_lr: f64, epoch: u64, step: u64) -> f64 {
    match spec {
        ScheduleSpec::Constant(_) => base_lr,
        ScheduleSpec::Cosine(p) => cosine(p, base_lr, epoch, step),
    }
}

/// Cosine annealing. Loshchilov and Hutter 2017, arXiv:1608.03983, eq. 5, without restarts.
///
/// lr_t = min + (base - min) (1 + cos(pi t / T)) / 2
///
/// t is the epoch or the step, T is `t_max`, min is `min_lr`. Equal to the
/// closed form of torch.optim.lr_scheduler.CosineAnnealingLR, stepped once per
/// unit after that unit: the first unit runs at `base_lr`, a run of T units
/// never reaches `min_lr`, and past T the rate climbs back along the same
/// cosine (period 2 T).
fn cosine(p: &Cosine, base_lr: f64, epoch: u64, step: u64) -> f64 {
    let t = match p.per {
        Per::Epoch => epoch,
        Per::Batch => step,
    };
    p.min_lr + (base_lr - p.min_lr) * (1.0 + (PI * t as f64 / p.t_max as f64).cos()) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::schedule::Constant;

    fn spec(per: Per, min_lr: f64, t_max: u64) -> ScheduleSpec {
        ScheduleSpec::Cosine(Cosine { per, min_lr, t_max })
    }

    #[test]
    fn constant_is_the_base() {
        let spec = ScheduleSpec::Constant(Constant {});
        assert_eq!([(0, 0), (1, 7), (99, 9999)].map(|(e, s)| lr(&spec, 0.3, e, s)), [0.3; 3]);
    }

    #[test]
    fn cosine_hits_its_landmarks() {
        let spec = spec(Per::Epoch, 0.1, 4);
        let got = [0, 2, 4, 6, 8].map(|epoch| lr(&spec, 1.1, epoch, 0));
        for (got, want) in got.into_iter().zip([1.1, 0.6, 0.1, 0.6, 1.1]) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
    }

    #[test]
    fn cosine_counts_what_per_says() {
        assert_eq!(lr(&spec(Per::Epoch, 0.0, 5), 0.1, 0, 900), 0.1);
        assert!(lr(&spec(Per::Batch, 0.0, 1000), 0.1, 0, 900) < 0.003);
    }

    #[test]
    fn rates_above_one_are_kept() {
        assert_eq!(lr(&spec(Per::Epoch, 0.0, 3), 1000.0, 0, 0), 1000.0);
    }
}
