//! Optimizers and their hyper-parameters, with PyTorch's names and defaults.
//! The update rules stand in the crate `optimizer-registry`, one file each.

use crate::params::{Value, choice, params, registry};

params! {
    /// Stochastic gradient descent, with or without momentum.
    Sgd {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Momentum factor; 0 is plain SGD.
        momentum: f64 = value(0.0), NonNegative;
        /// Share of the gradient that momentum leaves out.
        dampening: f64 = value(0.0), UpToOne;
        /// Nesterov's look-ahead; needs momentum > 0 and dampening = 0.
        nesterov: bool = value(false), Any;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// RMSProp: the gradient over the root of its running mean square.
    RmsProp {
        /// Learning rate.
        lr: f64 = value(1e-2), Positive;
        /// Smoothing constant of the mean square.
        alpha: f64 = value(0.99), BelowOne;
        /// Added to the root, outside of it.
        eps: f64 = value(1e-8), Positive;
        /// Momentum factor.
        momentum: f64 = value(0.0), NonNegative;
        /// Subtract the squared mean gradient from the mean square.
        centered: bool = value(false), Any;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// Adam: bias-corrected first and second moments.
    Adam {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Added to the root of the corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// L2 penalty added to the gradient (coupled; see adamw).
        weight_decay: f64 = value(0.0), NonNegative;
        /// Use the largest second moment seen so far.
        amsgrad: bool = value(false), Any;
    }
}

params! {
    /// AdamW: Adam with decoupled weight decay.
    AdamW {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Added to the root of the corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decoupled decay: weights shrink by lr * weight_decay a step.
        weight_decay: f64 = value(1e-2), NonNegative;
        /// Use the largest second moment seen so far.
        amsgrad: bool = value(false), Any;
    }
}

params! {
    /// Lion: the sign of an interpolated momentum.
    Lion {
        /// Learning rate; every weight moves by exactly this much a step.
        lr: f64 = value(1e-4), Positive;
        /// Share of the momentum in the direction of the step.
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the momentum.
        beta2: f64 = value(0.99), BelowOne;
        /// Decoupled decay: weights shrink by lr * weight_decay a step.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// LAMB: Adam's direction, scaled for each tensor to the norm of its weights.
    Lamb {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Added to the root of the corrected second moment.
        eps: f64 = value(1e-6), Positive;
        /// Weights times this are added to the direction before it is scaled.
        weight_decay: f64 = value(1e-2), NonNegative;
    }
}

params! {
    /// Adan: adaptive moments of the gradient and of its change.
    Adan {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Decay of the mean of gradients (one minus the paper's beta1).
        beta1: f64 = value(0.98), BelowOne;
        /// Decay of the mean of gradient differences.
        beta2: f64 = value(0.92), BelowOne;
        /// Decay of the mean of squared look-ahead gradients.
        beta3: f64 = value(0.99), BelowOne;
        /// Added to the root of the corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decay of the weights: after the step they are divided by 1 + lr * weight_decay.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Shrink weights by lr * weight_decay before the step, as AdamW does, instead.
        no_prox: bool = value(false), Any;
    }
}

params! {
    /// Schedule-free SGD: gradients at a point between the iterate and its average.
    ScheduleFreeSgd {
        /// Learning rate.
        lr: f64 = value(1.0), Positive;
        /// How near to the average gradients are taken; greater than 0.
        momentum: f64 = value(0.9), BelowOne;
        /// L2 penalty at the point where gradients are taken.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Steps over which the learning rate rises linearly to its full value.
        warmup_steps: u64 = value(0), Within(0.0, 1e9);
        /// Step t counts in the average with weight t^r.
        r: f64 = value(0.0), NonNegative;
        /// It counts also with the largest learning rate so far to this power.
        weight_lr_power: f64 = value(2.0), NonNegative;
    }
}

params! {
    /// Schedule-free AdamW: the same with gradients over the root of their mean square.
    ScheduleFreeAdamW {
        /// Learning rate.
        lr: f64 = value(2.5e-3), Positive;
        /// How near to the average gradients are taken; greater than 0.
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Added to the root of the corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decoupled decay, from the weights where gradients are taken.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Steps over which the learning rate rises linearly to its full value.
        warmup_steps: u64 = value(0), Within(0.0, 1e9);
        /// Step t counts in the average with weight t^r.
        r: f64 = value(0.0), NonNegative;
        /// It counts also with the largest learning rate so far to this power.
        weight_lr_power: f64 = value(2.0), NonNegative;
    }
}

choice! {
    /// How L-BFGS finds the length of a step.
    LineSearch {
        /// The learning rate is the length.
        None = "none",
        /// Interpolation until the strong Wolfe conditions hold.
        StrongWolfe = "strong_wolfe",
    }
}

params! {
    /// L-BFGS: curvature from the last gradients; several looks at one batch a step.
    Lbfgs {
        /// Length of an iteration, or with a line search its first try.
        lr: f64 = value(1.0), Positive;
        /// Iterations a step at most.
        max_iter: u64 = value(20), Within(1.0, 1e6);
        /// Looks a step after which no further iteration begins; 0 = max_iter * 5 / 4.
        max_eval: u64 = value(0), Within(0.0, 1e9);
        /// A step ends when no element of the gradient is larger.
        tolerance_grad: f64 = value(1e-7), NonNegative;
        /// A step ends when weights or loss change by less.
        tolerance_change: f64 = value(1e-9), NonNegative;
        /// Pairs of steps and gradient changes that are remembered.
        history_size: u64 = value(100), Within(1.0, 1e4);
        /// How the length of an iteration is found.
        line_search: LineSearch = value(LineSearch::None), Any;
    }
}

registry! {
    /// A resolved optimizer: every hyper-parameter has its value.
    OptimizerSpec {
        /// Stochastic gradient descent, optionally with (Nesterov) momentum.
        Sgd(Sgd) = "sgd" from "torch.optim.SGD; Sutskever et al. 2013",
        /// Gradient divided by the root of its running mean square.
        RmsProp(RmsProp) = "rmsprop" from "torch.optim.RMSprop; Tieleman and Hinton 2012",
        /// Adaptive moment estimation.
        Adam(Adam) = "adam" from "torch.optim.Adam; Kingma and Ba 2015, arXiv:1412.6980",
        /// Adam with decoupled weight decay.
        AdamW(AdamW) = "adamw" from "torch.optim.AdamW; Loshchilov and Hutter 2019, arXiv:1711.05101",
        /// Sign of an interpolated momentum.
        Lion(Lion) = "lion" from "Chen et al. 2023, arXiv:2302.06675; timm.optim.Lion",
        /// Adam's direction, scaled for each tensor to the norm of its weights.
        Lamb(Lamb) = "lamb" from "You et al. 2020, arXiv:1904.00962; timm.optim.Lamb"
            differs "timm.optim.Lamb clips gradients to a global norm of 1 (here: clip_norm) and leaves tensors without weight decay unscaled; the paper and this do neither",
        /// Adaptive Nesterov momentum: means of gradients and of their changes.
        Adan(Adan) = "adan" from "Xie et al. 2022, arXiv:2208.06677; timm.optim.Adan",
        /// SGD that averages its weights in place of a schedule.
        ScheduleFreeSgd(ScheduleFreeSgd) = "schedulefree-sgd" from "schedulefree.SGDScheduleFree; Defazio et al. 2024, arXiv:2405.15682"
            differs "what is evaluated and kept is the average x, what is trained and in checkpoints is y",
        /// AdamW that averages its weights in place of a schedule.
        ScheduleFreeAdamW(ScheduleFreeAdamW) = "schedulefree-adamw" from "schedulefree.AdamWScheduleFree; Defazio et al. 2024, arXiv:2405.15682"
            differs "what is evaluated and kept is the average x, what is trained and in checkpoints is y",
        /// Quasi-Newton steps with a limited memory; full batches only.
        Lbfgs(Lbfgs) = "lbfgs" from "torch.optim.LBFGS; Liu and Nocedal 1989"
            differs "scalars of the line search are 64-bit; the first loss of a step is looked up once more",
    }
}

impl OptimizerSpec {
    /// The base learning rate, which the schedule scales.
    pub fn lr(&self) -> f64 {
        match self {
            OptimizerSpec::Sgd(p) => p.lr,
            OptimizerSpec::RmsProp(p) => p.lr,
            OptimizerSpec::Adam(p) => p.lr,
            OptimizerSpec::AdamW(p) => p.lr,
            OptimizerSpec::Lion(p) => p.lr,
            OptimizerSpec::Lamb(p) => p.lr,
            OptimizerSpec::Adan(p) => p.lr,
            OptimizerSpec::ScheduleFreeSgd(p) => p.lr,
            OptimizerSpec::ScheduleFreeAdamW(p) => p.lr,
            OptimizerSpec::Lbfgs(p) => p.lr,
        }
    }

    /// Whether an average of the weights is judged and kept, not what is trained.
    pub fn averages(&self) -> bool {
        matches!(self, OptimizerSpec::ScheduleFreeSgd(_) | OptimizerSpec::ScheduleFreeAdamW(_))
    }

    /// Whether a step looks at its batch several times, so that only full batches make sense.
    pub fn wants_full_batches(&self) -> bool {
        matches!(self, OptimizerSpec::Lbfgs(_))
    }

    /// The same with another `weight_decay`; unchanged where there is none.
    pub fn with_weight_decay(&self, decay: f64) -> Self {
        let mut values = self.to_values();
        if let Some(value) = values.get_mut("weight_decay") {
            *value = Value::Float(decay);
        }
        Self::from_values(self.kind(), &values).unwrap_or_else(|| self.clone())
    }

    /// Rules between parameters that no single range can say.
    ///
    /// # Errors
    /// The name of the parameter to blame and the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            OptimizerSpec::Sgd(p) if p.nesterov && (p.momentum <= 0.0 || p.dampening != 0.0) => {
                Err(("nesterov", "nesterov needs momentum > 0 and dampening = 0".to_owned()))
            }
            OptimizerSpec::ScheduleFreeSgd(p) if p.momentum == 0.0 => {
                Err(("momentum", "schedule-free needs momentum > 0".to_owned()))
            }
            OptimizerSpec::ScheduleFreeAdamW(p) if p.beta1 == 0.0 => {
                Err(("beta1", "schedule-free needs beta1 > 0".to_owned()))
            }
            _ => Ok(()),
        }
    }
}
