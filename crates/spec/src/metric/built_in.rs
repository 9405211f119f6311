//! The metrics that this program measures or derives. A metric is added here and where
//! `train` computes it.

use std::borrow::Cow::Borrowed;

use super::{Better, Bounds, Description, Measured, Metric, Needs, Resolution, Unit};

/// Defines a constant of [`Metric`] for each entry, and [`BUILT_IN`]. A doc comment is the metric's
/// description for users.
macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident = $id:literal, $label:literal, { $($field:ident: $value:expr),* $(,)? };)+) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        enum Index { $($name),+ }

        impl Metric {
            $($(#[doc = $doc])+ pub const $name: Metric = Metric(Index::$name as u32);)+
        }

        /// The built-in metrics, in the order of tables.
        #[allow(clippy::needless_update)] // One names every field.
        pub(super) static BUILT_IN: &[Description] = &[$(Description {
            id: Borrowed($id),
            label: Borrowed($label),
            doc: Borrowed(concat!($($doc),+).trim_ascii()),
            $($field: $value,)*
            ..NUMBER
        }),+];
    };
}

/// The fields that entries leave out: those of a loss.
const NUMBER: Description = Description {
    id: Borrowed(""),
    label: Borrowed(""),
    doc: Borrowed(""),
    unit: Unit::Number,
    better: Better::Lower,
    bounds: Bounds::Any,
    resolution: Resolution::Float,
    needs: Needs::Anything,
    measured: Measured::Unknown,
    min_effect: 0.01,
    column_always: false,
};

/// Returns the description of an unknown metric, of which only the id is known.
pub(super) fn unknown(id: &str) -> Description {
    Description { id: id.to_owned().into(), label: id.to_owned().into(), ..NUMBER }
}

metrics! {
    /// Mean loss over all samples; for a function, its value.
    LOSS = "loss", "loss", {
        resolution: Resolution::Residual,
        measured: Measured::Everywhere,
        column_always: true,
    };
    /// Fraction of samples whose true class is the most likely one.
    ACCURACY = "accuracy", "accuracy", {
        unit: Unit::Percent,
        better: Better::Higher,
        bounds: Bounds::Share,
        resolution: Resolution::Sample,
        needs: Needs::ClassesAbove(0),
        measured: Measured::HeldOut,
        min_effect: 0.005,
        column_always: true,
    };
    /// Fraction of samples whose true class is among the five most likely.
    TOP5_ACCURACY = "top5_accuracy", "top-5 accuracy", {
        unit: Unit::Percent,
        better: Better::Higher,
        bounds: Bounds::Share,
        resolution: Resolution::Sample,
        // Of five classes or fewer, five likeliest are all there are.
        needs: Needs::ClassesAbove(5),
        measured: Measured::OnRequest,
        min_effect: 0.005,
        column_always: true,
    };
    /// Macro F1: unweighted mean of the F1 of each class that occurs or is predicted (a fraction).
    F1 = "f1", "F1", {
        better: Better::Higher,
        bounds: Bounds::Share,
        needs: Needs::ClassesAbove(0),
        measured: Measured::OnRequest,
        min_effect: 0.005,
        column_always: true,
    };
    /// Unweighted mean of the recall of each class that occurs (a fraction).
    BALANCED_ACCURACY = "balanced_accuracy", "balanced accuracy", {
        unit: Unit::Percent,
        better: Better::Higher,
        bounds: Bounds::Share,
        needs: Needs::ClassesAbove(0),
        measured: Measured::OnRequest,
        min_effect: 0.005,
    };
    /// Mean training loss over the last twentieth of an epoch.
    WINDOW_LOSS = "window_loss", "training loss", { measured: Measured::Training };
    /// Learning rate used at a step.
    LR = "lr", "learning rate", { measured: Measured::Training };
    /// Seconds of training since the start, without evaluation.
    SECONDS = "seconds", "seconds of training", { measured: Measured::Training };
    /// First weight of a function after a step.
    X = "x", "x", { measured: Measured::Training };
    /// Second weight of a function after a step.
    Y = "y", "y", { measured: Measured::Training };
    /// Training samples fed until an evaluation reached the target; infinite if none did.
    SAMPLES_TO_TARGET = "samples_to_target", "training samples to the target", {
        unit: Unit::Count,
        bounds: Bounds::NonNegative,
        resolution: Resolution::Exact,
        measured: Measured::Derived,
    };
}
