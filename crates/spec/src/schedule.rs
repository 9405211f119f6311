//! Learning-rate schedules and their parameters. The curves are pure functions in the crate
//! `optimizer-registry`.

use serde::{Deserialize, Serialize};

use crate::metric::EpochMetric;
use crate::params::{Param, ParamType, ParamValue, Value, choice, params, registry};

mod length;

pub use length::{LENGTHS, RunLength, is_length};

choice! {
    /// The unit in which a schedule advances.
    Per {
        /// Once per epoch.
        Epoch = "epoch",
        /// Once per optimizer step, which without `accumulate` is once per batch.
        Batch = "batch",
    }
}

/// A linear rise before a schedule, which then counts from the end of the rise:
/// lr_t = base (start + (1 - start) t / length) for t < length.
/// Equivalent to torch.optim.lr_scheduler.LinearLR followed by the schedule in SequentialLR.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Warmup {
    /// Unit of `length`; that of the schedule, if it has one.
    pub per: Per,
    /// Units until the full learning rate is reached (`warmup` in the sweep file).
    pub length: u64,
    /// Fraction of the learning rate at t = 0 (`warmup_start`); default 1/3, as in PyTorch.
    pub start: f64,
}

params! {
    /// Keys that every schedule takes besides those of its kind; see [`Warmup`].
    WarmupKeys {
        /// Units of a linear rise to the learning rate in front of the schedule, or a percentage of the run; 0 = none.
        warmup: u64 = value(0), Within(0.0, 1e15);
        /// Fraction of the learning rate at which the rise begins.
        warmup_start: f64 = value(1.0 / 3.0), UpToOne;
    }
}

choice! {
    /// The curve between two learning rates.
    Anneal {
        /// Half a cosine.
        Cos = "cos",
        /// A straight line.
        Linear = "linear",
    }
}

choice! {
    /// The unit of the threshold of `plateau`.
    ThresholdMode {
        /// A fraction of the best value.
        Rel = "rel",
        /// The unit of the metric.
        Abs = "abs",
    }
}

choice! {
    /// The curve along which `wsd` decays; u is the completed fraction of the decay.
    DecayShape {
        /// 1 - u.
        Linear = "linear",
        /// 1 - sqrt(u).
        OneMinusSqrt = "1-sqrt",
        /// (1 + cos(pi u)) / 2.
        Cosine = "cosine",
    }
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

params! {
    /// Cosine annealing that starts again at the learning rate after each period.
    CosineRestarts {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Length of the first period, counted in `per`.
        t_0: u64 = required, Within(1.0, 1e15);
        /// Each period is this many times as long as the one before.
        t_mult: u64 = value(1), Within(1.0, 1e6);
        /// Learning rate towards the end of each period.
        min_lr: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// A straight line between two multiples of the learning rate.
    Linear {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Multiple of the learning rate at the start.
        start_factor: f64 = value(1.0 / 3.0), UpToOne;
        /// Multiple of the learning rate at the end and after it.
        end_factor: f64 = value(1.0), UpToOne;
        /// Units from start to end.
        total_iters: u64 = value(5), Within(1.0, 1e15);
    }
}

params! {
    /// A straight line from the learning rate down to a multiple of it.
    LinearDecay {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Multiple of the learning rate at the end and after it.
        end_factor: f64 = value(0.0), UpToOne;
        /// Units until the end.
        total_iters: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// The learning rate as given, then a decay; with `warmup` in front of it
    /// warm-up, stable, decay.
    Wsd {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Share of the length that decays, in whole units, one at least.
        decay: f64 = value(0.2), AboveZeroUpToOne;
        /// The curve of the decay.
        shape: DecayShape = value(DecayShape::Linear), Any;
        /// Multiple of the learning rate at the end and after it.
        min_factor: f64 = value(0.0), UpToOne;
        /// Units until the end, the warmup not counted.
        total_iters: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// Decay to zero along a power of the remaining time.
    Polynomial {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Units until zero.
        total_iters: u64 = value(5), Within(1.0, 1e15);
        /// Exponent; 1 is a straight line.
        power: f64 = value(1.0), Positive;
    }
}

params! {
    /// Decay by the same factor after every unit.
    Exponential {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// The factor.
        gamma: f64 = required, Positive;
    }
}

params! {
    /// Decay by a factor after every `step_size` units.
    Step {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Units between two decays.
        step_size: u64 = required, Within(1.0, 1e15);
        /// The factor.
        gamma: f64 = value(0.1), Positive;
    }
}

params! {
    /// Decay by a factor at each milestone.
    MultiStep {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Units after which the rate falls, increasing.
        milestones: Vec<u64> = required, Within(1.0, 1e15);
        /// The factor.
        gamma: f64 = value(0.1), Positive;
    }
}

params! {
    /// A rise to the optimizer's learning rate, and a fall far below the start of that rise.
    OneCycle {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Share of the run that rises.
        pct_start: f64 = value(0.3), UpToOne;
        /// The curve of rise and fall.
        anneal: Anneal = value(Anneal::Cos), Any;
        /// The start is the learning rate over this.
        div_factor: f64 = value(25.0), AtLeast(1.0);
        /// The end is the start over this.
        final_div_factor: f64 = value(1e4), AtLeast(1.0);
        /// Fall to the start as long as the rise took, then on to the end.
        three_phase: bool = value(false), Any;
        /// Length, counted in `per`.
        total_steps: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// Decay with the inverse root of time.
    InverseSqrt {
        /// Advance per epoch or per batch.
        per: Per = value(Per::Epoch), Any;
        /// Units after which the rate has fallen by the root of 2.
        timescale: f64 = required, Positive;
    }
}

params! {
    /// Schedules one after the other, each counting from its own start.
    Sequential {
        /// Advance per epoch or per batch, all of them.
        per: Per = value(Per::Epoch), Any;
        /// The schedules in turn.
        schedules: Vec<ScheduleSpec> = required, Any;
        /// Units at which the next one begins, increasing; one less than schedules.
        milestones: Vec<u64> = required, Within(1.0, 1e15);
    }
}

params! {
    /// Decay by a factor when a metric no longer improves; checked after every epoch.
    Plateau {
        /// What is watched.
        metric: EpochMetric = value(EpochMetric::VALIDATION_LOSS), Any;
        /// The factor.
        factor: f64 = value(0.1), BelowOne;
        /// Epochs without an improvement that are let pass.
        patience: u64 = value(10), Within(0.0, 1e6);
        /// An improvement is a change for the better by more than this.
        threshold: f64 = value(1e-4), NonNegative;
        /// Whether the threshold is a share of the best value or absolute.
        threshold_mode: ThresholdMode = value(ThresholdMode::Rel), Any;
        /// Epochs after a decay in which none is counted as bad.
        cooldown: u64 = value(0), Within(0.0, 1e6);
        /// The rate never falls below it.
        min_lr: f64 = value(0.0), NonNegative;
        /// A decay by no more than this is left out.
        eps: f64 = value(1e-8), NonNegative;
    }
}

registry! {
    /// A resolved schedule.
    ScheduleSpec {
        /// The learning rate stays as given.
        Constant(Constant) = "constant" from "none",
        /// Half a cosine from the learning rate to min_lr.
        Cosine(Cosine) = "cosine" from "torch.optim.lr_scheduler.CosineAnnealingLR; Loshchilov and Hutter 2017, arXiv:1608.03983",
        /// A cosine down to min_lr that starts again after each period.
        CosineRestarts(CosineRestarts) = "cosine-restarts" from "torch.optim.lr_scheduler.CosineAnnealingWarmRestarts; Loshchilov and Hutter 2017, arXiv:1608.03983",
        /// A straight line between two multiples of the learning rate.
        Linear(Linear) = "linear" from "torch.optim.lr_scheduler.LinearLR" differs "a start_factor of 0 is taken",
        /// A straight line from the learning rate down to end_factor times it, over the run.
        LinearDecay(LinearDecay) = "linear-decay" from "torch.optim.lr_scheduler.LinearLR, start_factor 1",
        /// Warm-up, stable, decay: the learning rate as given, then down to min_factor times it.
        Wsd(Wsd) = "wsd" from "get_wsd_schedule of transformers; Hu et al. 2024, arXiv:2404.06395; Hägele et al. 2024, arXiv:2405.18392" differs "the warm-up is `warmup`, from warmup_start; no exponential decay, which Hu et al. have",
        /// A power of the time that is left.
        Polynomial(Polynomial) = "polynomial" from "torch.optim.lr_scheduler.PolynomialLR",
        /// The same factor after every unit.
        Exponential(Exponential) = "exponential" from "torch.optim.lr_scheduler.ExponentialLR",
        /// A factor after every step_size units.
        Step(Step) = "step" from "torch.optim.lr_scheduler.StepLR",
        /// A factor at each milestone.
        MultiStep(MultiStep) = "multi-step" from "torch.optim.lr_scheduler.MultiStepLR" differs "no milestone twice",
        /// Up to the learning rate and down again, far below its start.
        OneCycle(OneCycle) = "one-cycle" from "torch.optim.lr_scheduler.OneCycleLR; Smith and Topin 2018, arXiv:1708.07120" differs "the optimizer's lr is max_lr; momentum is not cycled; past total_steps the last rate stays, where PyTorch raises an error",
        /// The learning rate over the root of 1 + t / timescale.
        InverseSqrt(InverseSqrt) = "inverse-sqrt" from "Vaswani et al. 2017, arXiv:1706.03762, section 5.3; as rsqrt in Zhai et al. 2022, arXiv:2106.04560" differs "the model size is no factor: it starts at the optimizer's lr",
        /// Schedules one after the other.
        Sequential(Sequential) = "sequential" from "torch.optim.lr_scheduler.SequentialLR" differs "one `per` for all; neither sequential nor plateau inside",
        /// A factor when a metric no longer improves.
        Plateau(Plateau) = "plateau" from "torch.optim.lr_scheduler.ReduceLROnPlateau" differs "epochs of a warmup are not judged; a metric that is not finite is no improvement",
    }
}

impl ScheduleSpec {
    /// Returns the unit in which the schedule advances; epochs if it has no key `per`.
    pub fn per(&self) -> Per {
        match self {
            ScheduleSpec::Constant(_) | ScheduleSpec::Plateau(_) => Per::Epoch,
            ScheduleSpec::Cosine(p) => p.per,
            ScheduleSpec::CosineRestarts(p) => p.per,
            ScheduleSpec::Linear(p) => p.per,
            ScheduleSpec::LinearDecay(p) => p.per,
            ScheduleSpec::Wsd(p) => p.per,
            ScheduleSpec::Polynomial(p) => p.per,
            ScheduleSpec::Exponential(p) => p.per,
            ScheduleSpec::Step(p) => p.per,
            ScheduleSpec::MultiStep(p) => p.per,
            ScheduleSpec::OneCycle(p) => p.per,
            ScheduleSpec::InverseSqrt(p) => p.per,
            ScheduleSpec::Sequential(p) => p.per,
        }
    }

    /// Returns the `min_lr` of the schedule; `None` for kinds without it.
    pub fn min_lr(&self) -> Option<f64> {
        match self {
            ScheduleSpec::Cosine(p) => Some(p.min_lr),
            ScheduleSpec::CosineRestarts(p) => Some(p.min_lr),
            ScheduleSpec::Plateau(p) => Some(p.min_lr),
            _ => None,
        }
    }

    /// Returns all `min_lr` of the schedule, or of the parts of a sequential one.
    pub fn min_lrs(&self) -> Vec<f64> {
        match self {
            ScheduleSpec::Sequential(p) => p.schedules.iter().filter_map(Self::min_lr).collect(),
            _ => self.min_lr().into_iter().collect(),
        }
    }

    /// Checks the rules between parameters, which a single range cannot express.
    ///
    /// # Errors
    /// Returns the name of the parameter at fault and the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let milestones = match self {
            ScheduleSpec::MultiStep(p) => &p.milestones,
            ScheduleSpec::Sequential(p) => &p.milestones,
            _ => return Ok(()),
        };
        if let Some(pair) = milestones.windows(2).find(|pair| pair[0] >= pair[1]) {
            let reason = format!("{} does not come after {}", pair[1], pair[0]);
            return Err(("milestones", reason));
        }
        match self {
            ScheduleSpec::Sequential(p) if p.schedules.is_empty() => {
                Err(("schedules", "there is none".to_owned()))
            }
            ScheduleSpec::Sequential(p) if p.milestones.len() + 1 != p.schedules.len() => {
                let (schedules, given) = (p.schedules.len(), p.milestones.len());
                let reason =
                    format!("{schedules} schedules, {given} milestones; one less is needed");
                Err(("milestones", reason))
            }
            _ => Ok(()),
        }
    }

    /// Returns whether a kind with these parameters has the key `per`.
    pub fn has_per(params: &[Param]) -> bool {
        params.iter().any(|p| p.name == "per")
    }
}

impl ParamValue for Vec<ScheduleSpec> {
    const TYPE: ParamType = ParamType::Schedules;

    fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Text(text) => serde_json::from_str(text).ok(),
            _ => None,
        }
    }

    /// Returns JSON text, since a column holds scalars.
    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(self).expect("names and numbers"))
    }
}
