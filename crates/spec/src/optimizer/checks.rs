//! Rules between the parameters of one optimizer.

use crate::optimizer::OptimizerSpec;
use crate::params::Value;

impl OptimizerSpec {
    /// Returns the optimizer with another `weight_decay` (and `aux_weight_decay`); unchanged if it
    /// has no such parameter.
    pub fn with_weight_decay(&self, decay: f64) -> Self {
        let mut values = self.to_values();
        for name in ["weight_decay", "aux_weight_decay"] {
            if let Some(value) = values.get_mut(name) {
                *value = Value::Float(decay);
            }
        }
        Self::from_values(self.kind(), &values).unwrap_or_else(|| self.clone())
    }

    /// Checks the rules between parameters, which a single range cannot express.
    ///
    /// # Errors
    /// Returns the name of the parameter at fault and the reason.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        match self {
            OptimizerSpec::Sgd(p) if p.nesterov && (p.momentum <= 0.0 || p.dampening != 0.0) => {
                Err(("nesterov", "nesterov needs momentum > 0 and dampening = 0".to_owned()))
            }
            OptimizerSpec::Rprop(p) if p.eta_minus <= 0.0 => {
                Err(("eta_minus", "eta_minus must be > 0".to_owned()))
            }
            OptimizerSpec::Rprop(p) if p.eta_plus <= 1.0 => {
                Err(("eta_plus", "eta_plus must be > 1".to_owned()))
            }
            OptimizerSpec::Rprop(p) if p.step_max < p.step_min => {
                Err(("step_max", "step_max must be at least step_min".to_owned()))
            }
            // Its square is the smallest second moment and must be a float32.
            OptimizerSpec::Adafactor(p) if p.eps1 != 0.0 && p.eps1 < 1e-18 => Err((
                "eps1",
                "eps1 must be 0 or at least 1e-18: its square is taken in 32 bits".to_owned(),
            )),
            OptimizerSpec::ScheduleFreeSgd(p) if p.momentum < 1e-3 => {
                Err(("momentum", "schedule-free needs a momentum of at least 0.001".to_owned()))
            }
            OptimizerSpec::ScheduleFreeAdamW(p) if p.beta1 < 1e-3 => {
                Err(("beta1", "schedule-free needs a beta1 of at least 0.001".to_owned()))
            }
            _ => Ok(()),
        }
    }
}
