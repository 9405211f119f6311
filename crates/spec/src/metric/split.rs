//! The parts of a dataset on which metrics are measured.

use crate::params::choice;

choice! {
    /// The part of a dataset a metric was measured on.
    Split {
        /// The training batches, as they are fed.
        Train = "train",
        /// The held-out part of the training split.
        Validation = "validation",
        /// The test split.
        Test = "test",
    }
}
