//! Settings of `[report]` in the sweep file: what the report shows. They are not part of any
//! id, so changing them retrains nothing.

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
        /// Selection metric against the learning rate, with every seed and every divergence.
        LrSensitivity = "lr-sensitivity",
        /// Every run, by learning rate and seed.
        Seeds = "seeds",
        /// Expected result of the best of k configurations.
        Tuning = "tuning",
        /// Learning rate of each optimizer against step.
        LrSchedule = "lr-schedule",
        /// Training loss within epochs: the mean, with one seed behind it.
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
    /// The quantity that the bands around curves show.
    Band {
        /// 95 % confidence interval of the mean; for two seeds their range.
        Interval = "interval",
        /// Range from the lowest to the highest seed.
        Range = "range",
        /// One standard deviation on both sides of the mean.
        Deviation = "deviation",
        /// No bands.
        None = "none",
    }
}

/// Default of [`ReportSettings::tolerance`], a fraction of the best value.
pub const TOLERANCE: f64 = 0.01;

crate::settings! {
    /// Contents of the report; changing them trains nothing.
    ReportSettings in "report" {
        /// Figures of the report, in the order of the page; figures without data are left out.
        figures: Vec<FigureName> = FigureName::ALL.to_vec(), Any;
        /// The quantity that the bands around curves show.
        band: Band = Band::Interval, Any;
        /// Relative tolerance within which a learning rate counts as equivalent to the best, as a
        /// fraction of the best value.
        tolerance: f64 = TOLERANCE, Within(0.0, 1.0);
        /// Smallest lead that matters, as a fraction of the second's value; for accuracies and F1
        /// an absolute difference (0.01 is one percentage point). A significant lead below it is
        /// reported as too small to matter.
        #[serde(skip_serializing_if = "crate::params::is_default")]
        min_effect: f64 = 0.0, Within(0.0, 1.0);
    }
}
