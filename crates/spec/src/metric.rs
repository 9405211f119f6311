//! Metrics that are measured when asked for, beside loss and accuracy.

use crate::params::choice;

choice! {
    /// `[train] metrics`: measured on validation and test split after every epoch.
    FurtherMetric {
        /// Share of samples whose class is among the five likeliest (a fraction).
        Top5Accuracy = "top5_accuracy",
        /// F1 of each class that occurs or is predicted, their plain mean (a fraction): macro F1.
        F1 = "f1",
    }
}

impl FurtherMetric {
    /// Whether it says anything of answers of so many classes (0: real values). Of
    /// five classes or fewer, five likeliest are all there are.
    pub fn exists(self, classes: usize) -> bool {
        match self {
            FurtherMetric::Top5Accuracy => classes > 5,
            FurtherMetric::F1 => classes > 0,
        }
    }
}
