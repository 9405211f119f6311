//! Hyper-parameters of optimizers that PyTorch lacks, after the papers'
//! reference implementations, and of L-BFGS, which is no rule of one parameter.

use crate::params::{choice, params};

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
