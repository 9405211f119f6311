//! Lengths: that of a run in both units, and those of the parts of `wsd`.

use super::{Per, Wsd};

/// The length of a run in both units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// Epochs.
    pub epochs: u64,
    /// Optimizer steps.
    pub steps: u64,
}

impl RunLength {
    /// Returns the length in this unit. Whatever follows from the length of a run, derived
    /// lengths of schedules and lints, asks here.
    pub fn counted(self, per: Per) -> u64 {
        match per {
            Per::Epoch => self.epochs,
            Per::Batch => self.steps,
        }
    }
}

impl Wsd {
    /// Units that decay: `decay` times the length, rounded, one at least.
    pub fn decaying(&self) -> u64 {
        ((self.decay * self.total_iters as f64).round() as u64).clamp(1, self.total_iters.max(1))
    }

    /// Units at the learning rate as given, before those that decay. The first that decays
    /// has the full rate too.
    pub fn stable(&self) -> u64 {
        self.total_iters.saturating_sub(self.decaying())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::DecayShape;

    #[test]
    fn a_decay_is_in_whole_units_and_never_none() {
        let parts = |decay, total_iters| {
            let (per, shape) = (Per::Batch, DecayShape::Linear);
            let p = Wsd { per, decay, shape, min_factor: 0.0, total_iters };
            (p.stable(), p.decaying())
        };
        assert_eq!(parts(0.2, 100), (80, 20));
        assert_eq!(parts(0.25, 10), (7, 3));
        assert_eq!(parts(0.2, 2), (1, 1));
        assert_eq!(parts(1e-9, 10), (9, 1));
        assert_eq!(parts(1.0, 10), (0, 10));
        assert_eq!(parts(1e-9, 1), (0, 1));
    }
}
