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
        /// Length of a linear rise to the learning rate before the schedule, in units of `per` or
        /// as a percentage of the run; 0 = none.
        warmup: u64 = value(0), Within(0.0, 1e15);
        /// Fraction of the learning rate at which the warmup begins.
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
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Learning rate at the end of the half period.
        min_lr: f64 = value(0.0), NonNegative;
        /// Half period, in units of `per`.
        t_max: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// Cosine annealing that starts again at the learning rate after each period.
    CosineRestarts {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Length of the first period, in units of `per`.
        t_0: u64 = required, Within(1.0, 1e15);
        /// Factor of a period's length over the previous period's.
        t_mult: u64 = value(1), Within(1.0, 1e6);
        /// Learning rate that each period approaches at its end.
        min_lr: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// A straight line between two multiples of the learning rate.
    Linear {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Multiple of the learning rate at the start.
        start_factor: f64 = value(1.0 / 3.0), UpToOne;
        /// Multiple of the learning rate at the end and after it.
        end_factor: f64 = value(1.0), UpToOne;
        /// Length of the line, in units of `per`.
        total_iters: u64 = value(5), Within(1.0, 1e15);
    }
}

params! {
    /// A straight line from the learning rate down to a multiple of it.
    LinearDecay {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Multiple of the learning rate at the end and after it.
        end_factor: f64 = value(0.0), UpToOne;
        /// Length of the decay, in units of `per`.
        total_iters: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// The learning rate as given, then a decay; a `warmup` before it makes warm-up, stable, decay.
    Wsd {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Fraction of `total_iters` that decays, rounded to whole units, at least one.
        decay: f64 = value(0.2), AboveZeroUpToOne;
        /// Curve of the decay.
        shape: DecayShape = value(DecayShape::Linear), Any;
        /// Multiple of the learning rate at the end and after it.
        min_factor: f64 = value(0.0), UpToOne;
        /// Length without the warmup, in units of `per`.
        total_iters: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// Decay to zero along a power of the remaining time.
    Polynomial {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Length of the decay to zero, in units of `per`.
        total_iters: u64 = value(5), Within(1.0, 1e15);
        /// Exponent; 1 is a straight line.
        power: f64 = value(1.0), Positive;
    }
}

params! {
    /// Decay by the same factor after every unit.
    Exponential {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Factor of the learning rate after every unit.
        gamma: f64 = required, Positive;
    }
}

params! {
    /// Decay by a factor after every `step_size` units.
    Step {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Number of units of `per` between two decays.
        step_size: u64 = required, Within(1.0, 1e15);
        /// Factor of the learning rate at each decay.
        gamma: f64 = value(0.1), Positive;
    }
}

params! {
    /// Decay by a factor at each milestone.
    MultiStep {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Units of `per` after which the learning rate decays, increasing.
        milestones: Vec<u64> = required, Within(1.0, 1e15);
        /// Factor of the learning rate at each milestone.
        gamma: f64 = value(0.1), Positive;
    }
}

params! {
    /// A rise to the optimizer's learning rate, and a fall far below the start of that rise.
    OneCycle {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Fraction of `total_steps` over which the learning rate rises.
        pct_start: f64 = value(0.3), UpToOne;
        /// Curve of the rise and the fall.
        anneal: Anneal = value(Anneal::Cos), Any;
        /// Divisor of the learning rate that gives the initial rate.
        div_factor: f64 = value(25.0), AtLeast(1.0);
        /// Divisor of the initial rate that gives the final rate.
        final_div_factor: f64 = value(1e4), AtLeast(1.0);
        /// Whether the fall to the initial rate takes as long as the rise, before a third phase to
        /// the final rate.
        three_phase: bool = value(false), Any;
        /// Length of the cycle, in units of `per`.
        total_steps: u64 = derived("the run's length in `per`"), Within(1.0, 1e15);
    }
}

params! {
    /// Decay with the inverse root of time.
    InverseSqrt {
        /// Unit in which the schedule advances: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Units of `per` after which the learning rate has fallen by a factor of sqrt(2).
        timescale: f64 = required, Positive;
    }
}

params! {
    /// Schedules one after the other, each counting from its own start.
    Sequential {
        /// Unit in which all the schedules advance: an epoch, or an optimizer step (`batch`).
        per: Per = value(Per::Epoch), Any;
        /// Schedules, in the order in which they apply.
        schedules: Vec<ScheduleSpec> = required, Any;
        /// Units of `per` at which the next schedule begins, increasing; one fewer than schedules.
        milestones: Vec<u64> = required, Within(1.0, 1e15);
    }
}

params! {
    /// Decay by a factor when a metric no longer improves; checked after every epoch.
    Plateau {
        /// Metric that is monitored after every epoch.
        metric: EpochMetric = value(EpochMetric::VALIDATION_LOSS), Any;
        /// Factor of the learning rate at each decay.
        factor: f64 = value(0.1), BelowOne;
        /// Consecutive epochs without an improvement that are tolerated before a decay.
        patience: u64 = value(10), Within(0.0, 1e6);
        /// Change that an improvement must exceed, in the unit of `threshold_mode`.
        threshold: f64 = value(1e-4), NonNegative;
        /// Unit of the threshold: a fraction of the best value (`rel`) or the metric's unit
        /// (`abs`).
        threshold_mode: ThresholdMode = value(ThresholdMode::Rel), Any;
        /// Epochs after a decay that do not count towards `patience`.
        cooldown: u64 = value(0), Within(0.0, 1e6);
        /// Lower bound of the learning rate.
        min_lr: f64 = value(0.0), NonNegative;
        /// Decrease of the learning rate up to which a decay is skipped.
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
        /// Decay to zero along a power of the remaining time.
        Polynomial(Polynomial) = "polynomial" from "torch.optim.lr_scheduler.PolynomialLR",
        /// Decay by the same factor after every unit.
        Exponential(Exponential) = "exponential" from "torch.optim.lr_scheduler.ExponentialLR",
        /// Decay by a factor after every step_size units.
        Step(Step) = "step" from "torch.optim.lr_scheduler.StepLR",
        /// Decay by a factor at each milestone.
        MultiStep(MultiStep) = "multi-step" from "torch.optim.lr_scheduler.MultiStepLR" differs "no milestone twice",
        /// Rise to the learning rate, then a fall far below the initial rate.
        OneCycle(OneCycle) = "one-cycle" from "torch.optim.lr_scheduler.OneCycleLR; Smith and Topin 2018, arXiv:1708.07120" differs "the optimizer's lr is max_lr; momentum is not cycled; past total_steps the last rate stays, where PyTorch raises an error",
        /// The learning rate divided by sqrt(1 + t / timescale).
        InverseSqrt(InverseSqrt) = "inverse-sqrt" from "Vaswani et al. 2017, arXiv:1706.03762, section 5.3; as rsqrt in Zhai et al. 2022, arXiv:2106.04560" differs "the model size is no factor: it starts at the optimizer's lr",
        /// Schedules one after the other.
        Sequential(Sequential) = "sequential" from "torch.optim.lr_scheduler.SequentialLR" differs "one `per` for all; neither sequential nor plateau inside",
        /// Decay by a factor when a metric no longer improves.
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
