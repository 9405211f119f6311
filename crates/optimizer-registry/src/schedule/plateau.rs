//! Decay by a factor when a metric no longer improves.
//! After every epoch: a value better than the best so far by the threshold becomes the
//! best; any other is bad. In a cooldown no epoch counts as bad. After more than
//! `patience` bad ones in a row lr <- max(lr factor, min_lr), and a cooldown begins.
//! better: v < best (1 - threshold) (rel), v < best - threshold (abs); if higher is
//! better, v > best (1 + threshold) and v > best + threshold.
//! Defaults: PyTorch's (factor 0.1, patience 10, threshold 1e-4 rel, no cooldown, eps 1e-8).
//! Source: torch.optim.lr_scheduler.ReduceLROnPlateau. Differs: epochs that end in a warmup are
//! skipped; infinite values are no improvement.

use serde::{Deserialize, Serialize};
use spec::schedule::{Plateau as Settings, ThresholdMode};

/// State between epochs, which a checkpoint stores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Plateau {
    /// Best value so far; `None` before the first.
    pub best: Option<f64>,
    /// Number of bad epochs in a row.
    pub bad: u64,
    /// Number of epochs left in the cooldown.
    pub cooldown: u64,
    /// Learning rate; `None` until the first decay.
    pub lr: Option<f64>,
}

impl Plateau {
    /// Processes the value of an epoch; `base_lr` is the optimizer's learning rate.
    pub fn observe(&mut self, p: &Settings, base_lr: f64, value: f64) {
        let better = value.is_finite() && self.best.is_none_or(|best| is_better(p, value, best));
        if better {
            self.best = Some(value);
            self.bad = 0;
        } else {
            self.bad += 1;
        }
        if self.cooldown > 0 {
            self.cooldown -= 1;
            self.bad = 0;
        }
        if self.bad > p.patience {
            let lr = self.lr.unwrap_or(base_lr);
            let lower = (lr * p.factor).max(p.min_lr);
            if lr - lower > p.eps {
                self.lr = Some(lower);
            }
            self.cooldown = p.cooldown;
            self.bad = 0;
        }
    }
}

fn is_better(p: &Settings, value: f64, best: f64) -> bool {
    match (p.metric.higher_is_better(), p.threshold_mode) {
        (false, ThresholdMode::Rel) => value < best * (1.0 - p.threshold),
        (false, ThresholdMode::Abs) => value < best - p.threshold,
        (true, ThresholdMode::Rel) => value > best * (p.threshold + 1.0),
        (true, ThresholdMode::Abs) => value > best + p.threshold,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec::metric::EpochMetric;

    #[test]
    fn values_that_are_not_finite_are_bad_and_do_not_become_the_best() {
        let p = Settings {
            metric: EpochMetric::VALIDATION_LOSS,
            factor: 0.5,
            patience: 1,
            threshold: 0.0,
            threshold_mode: ThresholdMode::Abs,
            cooldown: 0,
            min_lr: 0.3,
            eps: 0.0,
        };
        let mut state = Plateau::default();
        for value in [f64::NAN, f64::NEG_INFINITY, f64::INFINITY, f64::NAN] {
            state.observe(&p, 1.0, value);
        }
        // Two decays, the second to the minimum rate.
        assert_eq!(state, Plateau { lr: Some(0.3), ..Plateau::default() });
    }
}
