//! Optimizers and their hyper-parameters, with PyTorch's names and defaults.
//! The update rules are in the crate `optimizer-registry`, one file each.

mod around;
mod checks;
mod single;

use crate::params::{choice, params, registry};

pub use single::MuonSplit;

params! {
    /// Stochastic gradient descent, with or without momentum.
    Sgd {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Momentum factor; 0 is plain SGD.
        momentum: f64 = value(0.0), NonNegative;
        /// Dampening of momentum: every gradient but the first enters it times 1 - dampening.
        dampening: f64 = value(0.0), UpToOne;
        /// Whether to use Nesterov momentum; needs momentum > 0 and dampening = 0.
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
        /// Term added to the square root of the mean square.
        eps: f64 = value(1e-8), Positive;
        /// Momentum factor.
        momentum: f64 = value(0.0), NonNegative;
        /// Whether the squared mean gradient is subtracted from the mean square.
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
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// L2 penalty added to the gradient (coupled; see adamw).
        weight_decay: f64 = value(0.0), NonNegative;
        /// Whether the largest second moment so far is used (AMSGrad).
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
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decoupled decay: each step multiplies the weights by 1 - lr * weight_decay.
        weight_decay: f64 = value(1e-2), NonNegative;
        /// Whether the largest second moment so far is used (AMSGrad).
        amsgrad: bool = value(false), Any;
    }
}

params! {
    /// Adagrad: the gradient over the root of the sum of all its squares.
    Adagrad {
        /// Learning rate.
        lr: f64 = value(1e-2), Positive;
        /// Decay of the rate, which is divided by 1 + lr_decay * (number of earlier steps).
        lr_decay: f64 = value(0.0), NonNegative;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Initial value of the sum of squares.
        initial_accumulator_value: f64 = value(0.0), NonNegative;
        /// Term added to the square root of the sum of squares.
        eps: f64 = value(1e-10), Positive;
    }
}

params! {
    /// Adadelta: steps in units of the weights, by the ratio of two running root mean squares.
    Adadelta {
        /// Factor of the step; 1 is the paper's rule.
        lr: f64 = value(1.0), Positive;
        /// Smoothing constant of both mean squares.
        rho: f64 = value(0.9), UpToOne;
        /// Term added to both mean squares under their roots.
        eps: f64 = value(1e-6), Positive;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// Adamax: Adam with the largest gradient in place of the mean square.
    Adamax {
        /// Learning rate.
        lr: f64 = value(2e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the largest gradient magnitude.
        beta2: f64 = value(0.999), BelowOne;
        /// Term added to the magnitude of each gradient.
        eps: f64 = value(1e-8), Positive;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// NAdam: Adam with Nesterov's look-ahead and a momentum that grows.
    NAdam {
        /// Learning rate.
        lr: f64 = value(2e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// L2 penalty added to the gradient, unless decoupled.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Rate at which momentum grows from beta1 / 2 to beta1; 0 keeps it at beta1 / 2.
        momentum_decay: f64 = value(4e-3), NonNegative;
        /// Whether weight decay is decoupled: weights times 1 - lr * weight_decay, no L2 penalty.
        decoupled_weight_decay: bool = value(false), Any;
    }
}

params! {
    /// RAdam: Adam that adapts only once the second moment is known well enough.
    RAdam {
        /// Learning rate.
        lr: f64 = value(1e-3), Positive;
        /// Decay of the first moment (the mean of gradients).
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Term added to the square root of the second moment, without bias correction.
        eps: f64 = value(1e-8), Positive;
        /// L2 penalty added to the gradient, unless decoupled.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Whether weight decay is decoupled: weights times 1 - lr * weight_decay, no L2 penalty.
        decoupled_weight_decay: bool = value(false), Any;
    }
}

params! {
    /// Rprop: a step size for every weight, from the signs of its gradients alone.
    Rprop {
        /// Initial step size of every weight; a learning-rate schedule has no effect.
        lr: f64 = value(1e-2), Positive;
        /// Factor of a step size after its gradient changes sign; above 0.
        eta_minus: f64 = value(0.5), BelowOne;
        /// Factor of a step size while its gradient keeps its sign; above 1.
        eta_plus: f64 = value(1.2), Within(1.0, 1e30);
        /// Smallest step size.
        step_min: f64 = value(1e-6), Positive;
        /// Largest step size.
        step_max: f64 = value(50.0), Within(1e-30, 1e30);
    }
}

params! {
    /// ASGD: stochastic gradient descent with a falling rate, which also averages the weights.
    Asgd {
        /// Learning rate of the first step; then it falls by `lambd` and `alpha`.
        lr: f64 = value(1e-2), Positive;
        /// Weight decay by lambd times the rate per step; also sets how fast the rate falls.
        lambd: f64 = value(1e-4), NonNegative;
        /// Exponent of the fall: the rate is lr / (1 + lambd * lr * steps)^alpha.
        alpha: f64 = value(0.75), NonNegative;
        /// Steps before the average starts; until then it equals the current weights.
        t0: f64 = value(1e6), NonNegative;
        /// L2 penalty added to the gradient.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

choice! {
    /// The factor of muon's learning rate, for a matrix of `rows` outputs and `columns` inputs.
    MuonRate {
        /// sqrt(max(1, rows / columns)), as in Jordan et al.
        Original = "original",
        /// 0.2 sqrt(max(rows, columns)), so that steps are as long as AdamW's (Moonshot).
        MatchRmsAdamW = "match_rms_adamw",
    }
}

params! {
    /// Muon: orthogonalized momentum for matrices, AdamW (the aux parameters) for all else.
    Muon {
        /// Learning rate of matrices.
        lr: f64 = value(1e-3), Positive;
        /// Decoupled decay of matrices: each step multiplies them by 1 - lr * weight_decay.
        weight_decay: f64 = value(0.1), NonNegative;
        /// Decay of the mean of gradients.
        momentum: f64 = value(0.95), UpToOne;
        /// Whether a mean of gradient and momentum is orthogonalized, not momentum alone.
        nesterov: bool = value(true), Any;
        /// Coefficient of X in a Newton-Schulz iteration.
        ns_a: f64 = value(3.4445), Any;
        /// Coefficient of (X X') X in a Newton-Schulz iteration.
        ns_b: f64 = value(-4.775), Any;
        /// Coefficient of (X X')^2 X in a Newton-Schulz iteration.
        ns_c: f64 = value(2.0315), Any;
        /// Lower bound of the norm by which the update is divided.
        eps: f64 = value(1e-7), Within(1e-30, 1e30);
        /// Number of Newton-Schulz iterations.
        ns_steps: u64 = value(5), Within(0.0, 99.0);
        /// Rule that adjusts the learning rate to the shape of a matrix.
        adjust_lr_fn: MuonRate = value(MuonRate::Original), Any;
        /// Learning rate of AdamW for all other parameters; it follows the schedule of `lr`.
        aux_lr: f64 = value(1e-3), Positive;
        /// AdamW's decay of the first moment.
        aux_beta1: f64 = value(0.9), BelowOne;
        /// AdamW's decay of the second moment.
        aux_beta2: f64 = value(0.999), BelowOne;
        /// Term added to the square root of AdamW's bias-corrected second moment.
        aux_eps: f64 = value(1e-8), Positive;
        /// AdamW's decoupled decay.
        aux_weight_decay: f64 = value(1e-2), NonNegative;
    }
}

params! {
    /// Adafactor: Adam's second moment kept by rows and columns, steps relative to the weights.
    Adafactor {
        /// Upper bound of the relative step size, which is min(lr, 1 / sqrt(step)).
        lr: f64 = value(1e-2), Positive;
        /// Exponent of the second moment's decay, which is 1 - t^beta2_decay in step t.
        beta2_decay: f64 = value(-0.8), Within(-1.0, 0.0);
        /// Lower bound of the second moment's root; 0 = float32's epsilon, 1.2e-7.
        eps1: f64 = value(0.0), Within(0.0, 1e15);
        /// Lower bound of the weights' root mean square, to which steps are relative.
        eps2: f64 = value(1e-3), Within(0.0, 1e30);
        /// Largest root mean square of an update; a larger update is scaled down to it.
        d: f64 = value(1.0), AtLeast(1.0);
        /// Decoupled decay: each step multiplies the weights by 1 - lr * weight_decay.
        weight_decay: f64 = value(0.0), NonNegative;
    }
}

params! {
    /// Lion: the sign of an interpolated momentum.
    Lion {
        /// Learning rate: every weight moves by exactly this much per step.
        lr: f64 = value(1e-4), Positive;
        /// Share of the momentum in the interpolation whose sign gives the step.
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the momentum.
        beta2: f64 = value(0.99), BelowOne;
        /// Decoupled decay: each step multiplies the weights by 1 - lr * weight_decay.
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
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-6), Positive;
        /// Multiple of the weights that is added to the direction before it is scaled.
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
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decoupled decay: after each step the weights are divided by 1 + lr * weight_decay.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Whether decay multiplies the weights by 1 - lr * weight_decay first, as in AdamW.
        no_prox: bool = value(false), Any;
    }
}

params! {
    /// Schedule-free SGD: gradients at a point between the iterate and its average.
    ScheduleFreeSgd {
        /// Learning rate.
        lr: f64 = value(1.0), Positive;
        /// Weight of the average in the point where gradients are taken; greater than 0.
        momentum: f64 = value(0.9), BelowOne;
        /// L2 penalty at the point where gradients are taken.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Steps over which the learning rate rises linearly to its full value; 0 = none.
        warmup_steps: u64 = value(0), Within(0.0, 1e9);
        /// Exponent of the step number in the weight of a step in the average.
        r: f64 = value(0.0), NonNegative;
        /// Exponent of the largest learning rate so far in the weight of a step in the average.
        weight_lr_power: f64 = value(2.0), NonNegative;
    }
}

params! {
    /// Schedule-free AdamW: schedule-free SGD with gradients over the root of their mean square.
    ScheduleFreeAdamW {
        /// Learning rate.
        lr: f64 = value(2.5e-3), Positive;
        /// Weight of the average in the point where gradients are taken; greater than 0.
        beta1: f64 = value(0.9), BelowOne;
        /// Decay of the second moment (the mean of squared gradients).
        beta2: f64 = value(0.999), BelowOne;
        /// Term added to the square root of the bias-corrected second moment.
        eps: f64 = value(1e-8), Positive;
        /// Decoupled decay, of the weights at which gradients are taken.
        weight_decay: f64 = value(0.0), NonNegative;
        /// Steps over which the learning rate rises linearly to its full value; 0 = none.
        warmup_steps: u64 = value(0), Within(0.0, 1e9);
        /// Exponent of the step number in the weight of a step in the average.
        r: f64 = value(0.0), NonNegative;
        /// Exponent of the largest learning rate so far in the weight of a step in the average.
        weight_lr_power: f64 = value(2.0), NonNegative;
    }
}

choice! {
    /// The line search of L-BFGS, which finds the length of an iteration.
    LineSearch {
        /// No line search: the learning rate is the length.
        None = "none",
        /// Interpolation until the strong Wolfe conditions hold.
        StrongWolfe = "strong_wolfe",
    }
}

params! {
    /// L-BFGS: curvature from the last gradients; several evaluations of one batch per step.
    Lbfgs {
        /// Step length of an iteration, or the first one that a line search tries.
        lr: f64 = value(1.0), Positive;
        /// Largest number of iterations per step.
        max_iter: u64 = value(20), Within(1.0, 1e6);
        /// Number of evaluations after which a step begins no further iteration; 0 = max_iter * 5 /
        /// 4.
        max_eval: u64 = value(0), Within(0.0, 1e9);
        /// Largest magnitude of a gradient element at which a step ends.
        tolerance_grad: f64 = value(1e-7), NonNegative;
        /// Change of the weights or of the loss below which a step ends.
        tolerance_change: f64 = value(1e-9), NonNegative;
        /// Number of past iterations whose step and gradient change are kept.
        history_size: u64 = value(100), Within(1.0, 1e4);
        /// Line search that determines the step length of an iteration.
        line_search: LineSearch = value(LineSearch::None), Any;
    }
}

registry! {
    /// A resolved optimizer: every hyper-parameter has its value.
    OptimizerSpec with lr: f64 {
        /// Stochastic gradient descent, optionally with (Nesterov) momentum.
        Sgd(Sgd) = "sgd" from "torch.optim.SGD; Sutskever et al. 2013",
        /// Gradient divided by the root of its running mean square.
        RmsProp(RmsProp) = "rmsprop" from "torch.optim.RMSprop; Tieleman and Hinton 2012",
        /// Adaptive moment estimation.
        Adam(Adam) = "adam" from "torch.optim.Adam; Kingma and Ba 2015, arXiv:1412.6980"
            differs "bias corrections in 32 bits (Burn's): weights up to 1.1e-5 apart after 100 steps",
        /// Adam with decoupled weight decay.
        AdamW(AdamW) = "adamw" from "torch.optim.AdamW; Loshchilov and Hutter 2019, arXiv:1711.05101"
            differs "bias corrections in 32 bits (Burn's): weights up to 1.6e-5 apart after 100 steps",
        /// Gradient divided by the root of the sum of its squares.
        Adagrad(Adagrad) = "adagrad" from "torch.optim.Adagrad; Duchi et al. 2011",
        /// Gradient times the ratio of the root mean squares of steps and gradients.
        Adadelta(Adadelta) = "adadelta" from "torch.optim.Adadelta; Zeiler 2012, arXiv:1212.5701",
        /// Adam with the infinity norm.
        Adamax(Adamax) = "adamax" from "torch.optim.Adamax; Kingma and Ba 2015, arXiv:1412.6980, Alg. 2",
        /// Adam with Nesterov momentum.
        NAdam(NAdam) = "nadam" from "torch.optim.NAdam; Dozat 2016",
        /// Adam with a rectified second moment.
        RAdam(RAdam) = "radam" from "torch.optim.RAdam; Liu et al. 2020, arXiv:1908.03265",
        /// Resilient backpropagation by the signs of gradients; for full batches.
        Rprop(Rprop) = "rprop" from "torch.optim.Rprop; Riedmiller and Braun 1993",
        /// Averaged stochastic gradient descent.
        Asgd(Asgd) = "asgd" from "torch.optim.ASGD; Polyak and Juditsky 1992; Bottou 2010"
            differs "in nothing; as there, the average is kept in the state alone: the weights trained are judged",
        /// Orthogonalized momentum (Newton-Schulz) for matrices; AdamW for other parameters, and
        /// for embeddings and their head.
        Muon(Muon) = "muon" from "torch.optim.Muon with torch.optim.AdamW; Jordan et al. 2024, kellerjordan.github.io/posts/muon"
            differs "orthogonalizes in 32 bits, PyTorch in bfloat16 (weights up to 2e-2 apart after 100 steps); PyTorch takes matrices alone",
        /// Factored second moment, clipped updates, relative steps.
        Adafactor(Adafactor) = "adafactor" from "torch.optim.Adafactor; Shazeer and Stern 2018, arXiv:1804.04235",
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
