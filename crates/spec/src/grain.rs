//! The unit in which the runs of a sweep are cut, measured and compared: epochs, or optimizer
//! steps where `[train] steps` says how long a run is.

use crate::plan::Plan;
use crate::record::{MetricPoint, Outcome};
use crate::run::RunSpec;

/// The unit that a run is counted in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Grain {
    /// Passes over the training split; held-out data is measured at the end of each.
    #[default]
    Epochs,
    /// Optimizer steps; held-out data is measured every so many.
    Steps,
}

impl Grain {
    /// The grain of a run.
    pub fn of_run(spec: &RunSpec) -> Grain {
        if spec.train.steps > 0 { Grain::Steps } else { Grain::Epochs }
    }

    /// The grain of a sweep: steps as soon as one run is by steps, because such a run may end
    /// within an epoch.
    pub fn of(plan: &Plan) -> Grain {
        let by_steps = plan.runs.iter().any(|run| Grain::of_run(&run.spec) == Grain::Steps);
        if by_steps { Grain::Steps } else { Grain::Epochs }
    }

    /// `epoch` or `step`.
    pub fn unit(self) -> &'static str {
        match self {
            Grain::Epochs => "epoch",
            Grain::Steps => "step",
        }
    }

    /// The text for runs by epochs, or that for runs by steps.
    pub fn pick<T>(self, epochs: T, steps: T) -> T {
        match self {
            Grain::Epochs => epochs,
            Grain::Steps => steps,
        }
    }

    /// Whole epochs, or optimizer steps, of a whole run as it is planned.
    pub fn planned(self, spec: &RunSpec) -> u64 {
        self.pick(spec.train.epochs, spec.total_steps())
    }

    /// Whole epochs, or optimizer steps, that were done.
    pub fn of_point(self, point: &MetricPoint) -> u64 {
        self.pick(point.epoch, point.step)
    }

    /// Whole epochs, or optimizer steps, that a run did before it ended.
    pub fn done(self, outcome: &Outcome) -> u64 {
        self.pick(outcome.epochs_completed, outcome.steps)
    }
}
