//! Lengths of schedules: the keys that are lengths, and the length of a run in both units.

use super::{Per, Wsd};

/// Keys of schedules whose values are lengths or positions counted in `per`. A sweep file may give
/// each as a percentage of the run.
pub const LENGTHS: &[&str] = &[
    "warmup",
    "t_max",
    "t_0",
    "total_iters",
    "step_size",
    "milestones",
    "total_steps",
    "timescale",
];

/// Returns whether this key of a schedule is one of [`LENGTHS`].
pub fn is_length(key: &str) -> bool {
    LENGTHS.contains(&key)
}

/// The length of a run in both units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLength {
    /// Number of epochs.
    pub epochs: u64,
    /// Number of optimizer steps.
    pub steps: u64,
}

impl RunLength {
    /// Returns the length in this unit. Everything that depends on the length of a run (derived
    /// lengths of schedules, percentages, lints) uses this value.
    pub fn counted(self, per: Per) -> u64 {
        match per {
            Per::Epoch => self.epochs,
            Per::Batch => self.steps,
        }
    }
}

impl Wsd {
    /// Returns the number of units that decay: `decay` times the length, rounded, at least one.
    pub fn decaying(&self) -> u64 {
        ((self.decay * self.total_iters as f64).round() as u64).clamp(1, self.total_iters.max(1))
    }

    /// Returns the number of units at the full learning rate before the decay. The first unit of
    /// the decay has the full rate too.
    pub fn stable(&self) -> u64 {
        self.total_iters.saturating_sub(self.decaying())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::{ParamType, Params};
    use crate::schedule::{DecayShape, ScheduleSpec, WarmupKeys};

    #[test]
    fn every_whole_number_of_a_schedule_is_a_length_or_known_as_none() {
        let params = ScheduleSpec::KINDS.iter().flat_map(|k| k.params).chain(WarmupKeys::PARAMS);
        let mut seen = Vec::new();
        for param in params {
            // Those of plateau are epochs whatever `per` is, t_mult is a factor.
            let none = ["t_mult", "patience", "cooldown"].contains(&param.name);
            if matches!(param.ty, ParamType::Int | ParamType::IntList) {
                assert_ne!(is_length(param.name), none, "{}", param.name);
            }
            if is_length(param.name) {
                seen.push(param.name);
            }
        }
        assert!(LENGTHS.iter().all(|key| seen.contains(key)), "{seen:?}");
    }

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
