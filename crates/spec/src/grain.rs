//! The unit in which the runs of a sweep are divided, measured and compared: epochs, or optimizer
//! steps if `[train] steps` sets the length of a run.

use crate::plan::Plan;
use crate::record::{MetricPoint, Outcome};
use crate::run::RunSpec;

/// The unit in which a run is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// Passes over the training split; held-out data is measured after each.
    #[default]
    Epochs,
    /// Optimizer steps; held-out data is measured at regular intervals of steps.
    Steps,
}

impl Grain {
    /// Returns the unit of a run.
    pub fn of_run(spec: &RunSpec) -> Grain {
        if spec.train.steps > 0 { Grain::Steps } else { Grain::Epochs }
    }

    /// Returns the unit of a sweep: steps if any run is by steps, because such a run may end
    /// within an epoch.
    pub fn of(plan: &Plan) -> Grain {
        let by_steps = plan.runs.iter().any(|run| Grain::of_run(&run.spec) == Grain::Steps);
        if by_steps { Grain::Steps } else { Grain::Epochs }
    }

    /// Returns `epoch` or `step`.
    pub fn unit(self) -> &'static str {
        match self {
            Grain::Epochs => "epoch",
            Grain::Steps => "step",
        }
    }

    /// Returns `epochs` for runs by epochs, else `steps`.
    pub fn pick<T>(self, epochs: T, steps: T) -> T {
        match self {
            Grain::Epochs => epochs,
            Grain::Steps => steps,
        }
    }

    /// Returns the planned length of a run, in epochs or optimizer steps.
    pub fn planned(self, spec: &RunSpec) -> u64 {
        self.pick(spec.train.epochs, spec.total_steps())
    }

    /// Returns the epochs or optimizer steps done at the time of a measurement.
    pub fn of_point(self, point: &MetricPoint) -> u64 {
        self.pick(point.epoch, point.step)
    }

    /// Returns the whole epochs or optimizer steps that a run did before it ended.
    pub fn done(self, outcome: &Outcome) -> u64 {
        self.pick(outcome.epochs_completed, outcome.steps)
    }
}
