//! Optimizers and their hyper-parameters, with PyTorch's names and defaults.
//! The update rules stand in the crate `optimizer-registry`, one file each.

use crate::params::{Value, params, registry};

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
        }
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
            _ => Ok(()),
        }
    }
}
