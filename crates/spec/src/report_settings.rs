//! `[report]` of the sweep file: what the report shows. No part of any id:
//! changing it trains nothing.

use crate::params::choice;

choice! {
    /// A figure of the report, in the order of the page.
    FigureName {
        /// Training and held-out loss against epoch.
        Convergence = "convergence",
        /// Training and held-out loss against optimizer step.
        ConvergenceStep = "convergence-step",
        /// Training and held-out loss against seconds of training.
        ConvergenceSeconds = "convergence-seconds",
        /// Validation and test accuracy against epoch.
        Accuracy = "accuracy",
        /// The evaluation metric after the last epoch: every seed, mean and interval.
        Final = "final",
        /// Mean lead of every optimizer over every other, with p after correction.
        Differences = "differences",
        /// Fraction of runs that have reached the target, against training.
        Target = "target",
        /// The selection metric against the learning rate, with every seed and every divergence.
        LrSensitivity = "lr-sensitivity",
        /// Every run: learning rate by seed.
        Seeds = "seeds",
        /// Expected result of the best of k configurations.
        Tuning = "tuning",
        /// Learning rate of each optimizer against step.
        LrSchedule = "lr-schedule",
        /// Training loss within epochs, one seed behind the mean.
        Noise = "noise",
        /// Functions: a map of the values with the paths of the best runs.
        Landscape = "landscape",
        /// Functions: distance to the optimum against step.
        Distance = "distance",
        /// Functions: all descents on the first one as an animation.
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
