//! Learning-rate schedules and their parameters. The curves themselves are
//! pure functions in the crate `optimizer-registry`.

use serde::{Deserialize, Serialize};

use crate::params::{choice, params, registry};

choice! {
    /// When a schedule advances.
    Per {
        /// Once an epoch, as the lesson has it.
        Epoch = "epoch",
        /// Once a batch, which is once an optimizer step.
        Batch = "batch",
    }
}

/// A linear rise in front of a schedule, which then counts from the rise's end:
/// lr_t = base (start + (1 - start) t / length) for t < length.
/// As torch.optim.lr_scheduler.LinearLR followed by the schedule in SequentialLR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warmup {
    /// Unit of `length`; that of the schedule, if it has one.
    pub per: Per,
    /// Units until the learning rate is reached (`warmup` in the sweep file).
    pub length: u64,
    /// Fraction of the learning rate at t = 0 (`warmup_start`); default 1/3, PyTorch's.
    pub start: f64,
}

params! {
    /// No parameters: the learning rate stays as given.
    Constant {}
}

params! {
    /// Cosine annealing from the optimizer's learning rate down to `min_lr`.
    Cosine {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Learning rate at the end of the half period.
        min_lr: f64 = value(0.0), NonNegative;
        /// Half period, counted in `per`.
        t_max: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

registry! {
    /// A resolved schedule.
    ScheduleSpec {
        /// The learning rate stays as given.
        Constant(Constant) = "constant" from "none",
        /// Half a cosine from the learning rate to min_lr.
        Cosine(Cosine) = "cosine" from "torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov and Hutter 2017, arXiv:1608.03983",
    }
}

impl ScheduleSpec {
    /// The unit in which the schedule advances.
    pub fn per(&self) -> Per {
        match self {
            ScheduleSpec::Constant(_) => Per::Epoch,
            ScheduleSpec::Cosine(c) => c.per,
        }
    }

    /// The smallest learning rate it is asked to reach, if it has one.
    pub fn min_lr(&self) -> Option<f64> {
        match self {
            ScheduleSpec::Constant(_) => None,
            ScheduleSpec::Cosine(c) => Some(c.min_lr),
        }
    }
}
