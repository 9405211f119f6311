//! Lints: warnings about what a sweep file allows and rarely means. Each has a name, a message
//! and a remedy; the crate `sweep-file` finds them, in `lints/`.
//!
//! A lint changes no run, no id and no default. `[lints] allow = ["NAME"]` silences it.

use serde::{Deserialize, Serialize};

use crate::params::choice;

/// Message and remedy of a lint.
#[derive(Clone, Copy, Debug)]
pub struct LintInfo {
    /// The message: what happens, a sentence without its full stop.
    pub says: &'static str,
    /// The remedy, without a full stop.
    pub remedy: &'static str,
    /// Whether `--smoke` reports it too. A trial of one epoch is shorter than any
    /// schedule, which is no fault of the file.
    pub of_trials: bool,
}

/// Defines the enum of lints together with their messages and remedies.
macro_rules! lints {
    (
        $(#[$meta:meta])* $name:ident {
            $($(#[$vmeta:meta])* $variant:ident = $text:literal { $($info:tt)+ },)+
        }
    ) => {
        choice! {
            $(#[$meta])* $name { $($(#[$vmeta])* $variant = $text),+ }
        }

        impl $name {
            /// Returns the message and the remedy of the lint.
            pub fn info(self) -> LintInfo {
                match self { $($name::$variant => LintInfo { $($info)+ }),+ }
            }
        }
    };
}

lints! {
    /// A lint, by the name that `[lints] allow` takes.
    Lint {
        /// The half period of `cosine` ends before the run.
        CosinePastEnd = "cosine-past-end" {
            says: "the learning rate climbs again: the half period `t_max` of a cosine ends before the run",
            remedy: "omit `t_max` to end the cosine with the run; `cosine-restarts` restarts it at the full rate",
            of_trials: false,
        },
        /// `one-cycle` over so few units that it never rises.
        OneCycleTooShort = "one-cycle-too-short" {
            says: "one-cycle has too few units to rise to the learning rate and fall again",
            remedy: "advance it by steps: per = \"batch\"",
            of_trials: true,
        },
        /// `wsd` over so few units that it never falls.
        WsdTooShort = "wsd-too-short" {
            says: "wsd has too few units to decay: all of them are trained at the full learning rate",
            remedy: "advance it by steps: per = \"batch\"; or increase `decay`",
            of_trials: false,
        },
        /// `linear` and `polynomial` of a default length in a longer run.
        DefaultLength = "default-length" {
            says: "a schedule ends long before the run: its length is the default, not the run's",
            remedy: "set `total_iters` to the length of the run, or to the default if that is meant; `linear-decay` ends with the run by default",
            of_trials: false,
        },
        /// Lengths and milestones beyond the run.
        SchedulePastEnd = "schedule-past-end" {
            says: "a length or milestone of a schedule is never reached",
            remedy: "shorten it, or train longer",
            of_trials: false,
        },
        /// A warmup as long as the run.
        WarmupPastEnd = "warmup-past-end" {
            says: "the full learning rate is never reached: the warmup does not end before the run",
            remedy: "shorten the warmup, or train longer",
            of_trials: false,
        },
        /// Epochs, or many steps, at a learning rate of 0.
        RateZero = "rate-zero" {
            says: "the learning rate is 0 for part of the run, so that part trains nothing",
            remedy: "make the schedule as long as the run, start and end it above 0, or advance it by steps (per = \"batch\")",
            of_trials: false,
        },
        /// A schedule for an optimizer that uses only the first learning rate.
        ScheduleIgnored = "schedule-ignored" {
            says: "rprop uses only the first learning rate: later values of a schedule have no effect",
            remedy: "remove the schedule; `step_max` bounds the step sizes",
            of_trials: false,
        },
        /// Patience of `plateau` or of early stopping that outlasts the run.
        PatiencePastEnd = "patience-past-end" {
            says: "patience outlasts the run: it has no effect",
            remedy: "reduce the patience, or train longer",
            of_trials: false,
        },
        /// A key that has no effect without another one.
        KeyWithoutEffect = "key-without-effect" {
            says: "a key has no effect without another one",
            remedy: "remove it, or set the other one",
            of_trials: true,
        },
        /// Values that become 0, 1 or infinite as 32-bit floats.
        BeyondFloat32 = "beyond-float32" {
            says: "a value becomes 0, 1 or infinite in the 32-bit floats that weights are trained in",
            remedy: "32-bit floats range from 1.4e-45 to 3.4e38, with none between 0.99999994 and 1",
            of_trials: true,
        },
        /// Muon on a model without a matrix.
        MuonWithoutMatrices = "muon-without-matrices" {
            says: "muon finds no matrix in this model: AdamW trains all parameters, at `aux_lr` instead of `lr`",
            remedy: "use adamw, or give `aux_lr` the values of `lr` (two axes with the same zip)",
            of_trials: true,
        },
        /// Several configurations to choose from, without a validation split.
        NoValidation = "no-validation" {
            says: "configurations are chosen by the training loss: no sample is held out",
            remedy: "set `validation` in [data] to about a tenth of the training samples, or set metric = \"train.loss\" in [target]",
            of_trials: true,
        },
        /// A target that is measured on the test split.
        TargetOnTest = "target-on-test" {
            says: "the target is measured on the test split",
            remedy: "hold out a validation split and use validation.accuracy",
            of_trials: true,
        },
        /// `save = "last"` although `at = "best"` judges the best epoch.
        SaveNotJudged = "save-not-judged" {
            says: "the saved weights are not those that are judged: at = \"best\" judges the best epoch",
            remedy: "set save = \"best\" in [train]",
            of_trials: true,
        },
        /// An `[[exclude]]` that drops nothing.
        ExcludeWithoutMatch = "exclude-without-match" {
            says: "an exclude matches no combination",
            remedy: "compare its paths and values with `--plan`",
            of_trials: false,
        },
        /// An axis whose grid may grow for some optimizers only, or by a different number of
        /// values.
        UnevenGrowth = "uneven-growth" {
            says: "the grids of one axis do not grow alike for all optimizers: the ones that grow more are tuned more",
            remedy: "give all of them the same `extend`, or none",
            of_trials: false,
        },
        /// A feature of own data that has one value in all training samples.
        DataConstantColumn = "data-constant-column" {
            says: "a column of the data has the same value in all training samples, so it carries no information",
            remedy: "leave it out: `leave_out = [...]`",
            of_trials: true,
        },
        /// A feature that correlates almost perfectly with the target.
        DataCopiedTarget = "data-copied-answer" {
            says: "a column of the data repeats the target, up to scale and offset",
            remedy: "leave it out (`leave_out = [...]`), unless it is known before the target is",
            of_trials: true,
        },
        /// A feature that numbers or names the samples.
        DataIndexColumn = "data-index-column" {
            says: "a column of the data is an index or an identifier of the samples",
            remedy: "leave it out: `leave_out = [...]`",
            of_trials: true,
        },
        /// A part of the data with fewer than ten samples.
        DataSmallPart = "data-small-part" {
            says: "a part of the data has fewer than ten samples",
            remedy: "give it a larger share, or use more samples",
            of_trials: true,
        },
        /// A class that the validation or test split lacks.
        DataMissingClass = "data-missing-class" {
            says: "a part of the data has no sample of a class, so it cannot measure its accuracy",
            remedy: "split by contents, `split = { test = 0.2, validation = 0.2 }`, or use more samples",
            of_trials: true,
        },
        /// Parts in file order that differ in their contents.
        DataUnevenParts = "data-uneven-parts" {
            says: "the file is sorted, or its parts differ: split in file order, they hold different kinds of samples",
            remedy: "split by contents: `split = { test = 0.2, validation = 0.2 }`",
            of_trials: true,
        },
    }
}

/// A lint that was reported before training, as the plan stores it for the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LintFinding {
    /// The lint's name: a text, so that versions without this lint can read the plan.
    pub lint: String,
    /// The message, with the reason at the first place in parentheses.
    pub says: String,
    /// Number of configurations affected; 0 for a lint of the file as a whole.
    pub configurations: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lint_has_a_sentence_and_a_remedy() {
        for lint in Lint::ALL {
            let LintInfo { says, remedy, .. } = lint.info();
            for text in [says, remedy] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{lint}: {text}");
            }
        }
    }
}
