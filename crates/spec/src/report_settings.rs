//! `[report]` of the sweep file: what the report shows. No part of any id:
//! changing it trains nothing.

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
        /// Animation of all descents on the first function.
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

/// Default of [`ReportSettings::tolerance`].
pub const TOLERANCE: f64 = 0.01;

crate::settings! {
    /// Contents of the report; changing them trains nothing.
    ReportSettings in "report" {
        /// Figures, in the order of the page; those that the runs cannot fill are left out.
        figures: Vec<FigureName> = FigureName::ALL.to_vec(), Any;
        /// The quantity that the bands around curves show.
        band: Band = Band::Interval, Any;
        /// Up to which loss of the best value a learning rate is as good as the best, as a fraction of that value.
        tolerance: f64 = TOLERANCE, Within(0.0, 1.0);
        /// The smallest lead that matters: a fraction of the second's value, of accuracies and F1 a fraction of all (0.01 is one percentage point). A significant lead below it is said to be smaller than what matters.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        min_effect: f64 = 0.0, Within(0.0, 1.0);
    }
}
