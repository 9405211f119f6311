//! `[report]` of the sweep file: what the report shows. No part of any id:
//! changing it trains nothing.

use serde::{Deserialize, Serialize};

use crate::params::choice;

choice! {
    /// A figure of the report, in the order of the page.
    FigureName {
        /// Loss against epoch.
        Convergence = "convergence",
        /// Loss against optimizer step.
        ConvergenceStep = "convergence-step",
        /// Loss against seconds of training.
        ConvergenceSeconds = "convergence-seconds",
        /// Accuracy against epoch.
        Accuracy = "accuracy",
        /// The final metric: every seed, mean and interval.
        Final = "final",
        /// Paired differences between all optimizers.
        Differences = "differences",
        /// Fraction of seeds that have reached the target, against training.
        Target = "target",
        /// Final metric against learning rate.
        LrSensitivity = "lr-sensitivity",
        /// Learning rate by seed.
        Seeds = "seeds",
        /// What tuning buys: the best of k configurations.
        Tuning = "tuning",
        /// Learning rate against step.
        LrSchedule = "lr-schedule",
        /// Training loss within epochs.
        Noise = "noise",
        /// Of functions: maps with the paths of the best runs.
        Landscape = "landscape",
        /// Of functions: distance to the optimum against step.
        Distance = "distance",
        /// Of the first function: all descents as a film.
        Descent = "descent",
    }
}

choice! {
    /// What the bands around curves show.
    Band {
        /// The 95 % interval of the mean; for two seeds the range.
        Interval = "interval",
        /// From the lowest to the highest seed.
        Range = "range",
        /// One standard deviation to both sides of the mean.
        Deviation = "deviation",
        /// Nothing.
        None = "none",
    }
}

/// `[report]`, resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReportSettings {
    /// The figures, in the order of the file; default: all that the runs can fill.
    #[serde(default = "all_figures")]
    pub figures: Vec<FigureName>,
    /// Bands of curves; default: the interval.
    #[serde(default = "default_band")]
    pub band: Band,
    /// Up to which loss of the best value a learning rate is as good as the
    /// best, as a fraction of that value; default 0.01.
    #[serde(default = "default_tolerance")]
    pub tolerance: f64,
    /// The smallest lead that matters: a fraction of the second's value, of accuracies
    /// and F1 a fraction of all (0.01 is one percentage point); default 0, any lead. A
    /// significant lead below it is said to be smaller than what matters.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_effect: f64,
}

fn is_zero(x: &f64) -> bool {
    *x == 0.0
}

/// Default of [`ReportSettings::tolerance`].
pub const TOLERANCE: f64 = 0.01;

impl Default for ReportSettings {
    fn default() -> Self {
        ReportSettings {
            figures: all_figures(),
            band: default_band(),
            tolerance: TOLERANCE,
            min_effect: 0.0,
        }
    }
}

fn all_figures() -> Vec<FigureName> {
    FigureName::ALL.to_vec()
}

fn default_band() -> Band {
    Band::Interval
}

fn default_tolerance() -> f64 {
    TOLERANCE
}
