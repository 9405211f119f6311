//! Traps of a sweep file: what is allowed, trains, and is rarely what was meant. Each
//! has a name, what is said of it and what to do about it; where it is found stands in
//! `sweep_file/lints/`.
//!
//! A lint changes no run and no id: defaults stay what they are, and what is said is
//! silenced by `[lints] allow = ["NAME"]`.

use serde::{Deserialize, Serialize};

use crate::params::choice;

/// What is said of a trap.
#[derive(Clone, Copy, Debug)]
pub struct LintInfo {
    /// What happens, in a sentence without its full stop.
    pub says: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether it is said of `--smoke` too. A trial of one epoch is shorter than any
    /// schedule, which is no fault of the file.
    pub of_trials: bool,
}

/// Traps with what is said of them, in one place.
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
            /// Returns what is said of it.
            pub fn info(self) -> LintInfo {
                match self { $($name::$variant => LintInfo { $($info)+ }),+ }
            }
        }
    };
}

lints! {
    /// A trap, by the name that `[lints] allow` takes.
    Lint {
        /// The half period of `cosine` ends before the run.
        CosinePastEnd = "cosine-past-end" {
            says: "the learning rate climbs again: the half period `t_max` of a cosine ends before the run",
            remedy: "leave `t_max` out, and the cosine ends with the run; `cosine-restarts` begins again at the full rate",
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
            says: "wsd has too few units to decay: all of them are trained at the learning rate",
            remedy: "advance it by steps: per = \"batch\"; or give `decay` a larger share",
            of_trials: false,
        },
        /// `linear` and `polynomial` of a default length in a longer run.
        DefaultLength = "default-length" {
            says: "a schedule is over long before the run: its length is a default, not the run's",
            remedy: "write `total_iters`: the length of the run, or the default if that is meant; `linear-decay` ends with the run by itself",
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
            says: "the learning rate is never reached: the warmup does not end before the run",
            remedy: "shorten the warmup, or train longer",
            of_trials: false,
        },
        /// Epochs, or many steps, at a learning rate of 0.
        RateZero = "rate-zero" {
            says: "the learning rate is 0 in a part of the run, where nothing is trained",
            remedy: "make the schedule as long as the run, end and begin above 0, or advance it by steps (per = \"batch\")",
            of_trials: false,
        },
        /// A schedule of an optimizer that looks at the first rate alone.
        ScheduleIgnored = "schedule-ignored" {
            says: "rprop looks at the first learning rate alone: whatever a schedule does later changes nothing",
            remedy: "leave the schedule out; `step_max` bounds the step sizes",
            of_trials: false,
        },
        /// Patience of `plateau` or of early stopping that outlasts the run.
        PatiencePastEnd = "patience-past-end" {
            says: "patience outlasts the run: nothing can come of it",
            remedy: "write less patience, or train longer",
            of_trials: false,
        },
        /// A key that says nothing without another one.
        KeyWithoutEffect = "key-without-effect" {
            says: "a key has no effect without another one",
            remedy: "remove it, or give the other one",
            of_trials: true,
        },
        /// Values that are 0, 1 or infinite as 32-bit numbers.
        BeyondFloat32 = "beyond-float32" {
            says: "a value is another one in the 32 bits that weights are trained in",
            remedy: "32 bits hold 1.4e-45 to 3.4e38, and nothing between 0.99999994 and 1",
            of_trials: true,
        },
        /// Muon on a model without a matrix.
        MuonWithoutMatrices = "muon-without-matrices" {
            says: "muon finds no matrix in this model: AdamW trains all of it, at `aux_lr` and not at `lr`",
            remedy: "use adamw, or let `aux_lr` take the values of `lr` (an axis each with the same zip)",
            of_trials: true,
        },
        /// Configurations to choose from, and no validation split.
        NoValidation = "no-validation" {
            says: "configurations are chosen by the training loss: no sample is held out",
            remedy: "set `validation` in [data] to a tenth of the training samples or so, or say metric = \"train.loss\" in [target]",
            of_trials: true,
        },
        /// A target that is measured on the test split.
        TargetOnTest = "target-on-test" {
            says: "the target is measured on the test split",
            remedy: "hold out a validation split and use validation.accuracy",
            of_trials: true,
        },
        /// `save = "last"` where the best epoch is judged.
        SaveNotJudged = "save-not-judged" {
            says: "the weights that are kept are not those that are judged: at = \"best\" judges the best epoch",
            remedy: "write save = \"best\" in [train]",
            of_trials: true,
        },
        /// An `[[exclude]]` that drops nothing.
        ExcludeWithoutMatch = "exclude-without-match" {
            says: "an exclude matches no combination",
            remedy: "compare its paths and values with `--plan`",
            of_trials: false,
        },
        /// Grids of one axis that may grow for some optimizers alone, or by fewer values.
        UnevenGrowth = "uneven-growth" {
            says: "the grids of one axis do not grow alike for all optimizers: what grows more is tuned more",
            remedy: "give all of them the same `extend`, or none",
            of_trials: false,
        },
        /// A feature of own data that has one value.
        DataConstantColumn = "data-constant-column" {
            says: "a column of the data has one value for all training samples, which tells nothing",
            remedy: "leave it out: `leave_out = [...]`",
            of_trials: true,
        },
        /// A feature that is the target.
        DataCopiedTarget = "data-copied-answer" {
            says: "a column of the data is the target in other words",
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
            says: "a part of the data lacks a class, whose accuracy it cannot judge",
            remedy: "split by contents, `split = { test = 0.2, validation = 0.2 }`, or use more samples",
            of_trials: true,
        },
        /// Parts in file order that are not alike.
        DataUnevenParts = "data-uneven-parts" {
            says: "the file is sorted, or its parts differ: in file order they do not hold the same sort of samples",
            remedy: "split by contents: `split = { test = 0.2, validation = 0.2 }`",
            of_trials: true,
        },
    }
}

/// What was said before training, as the plan keeps it for the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LintFinding {
    /// The trap's name: a text, so that a plan can be read by a version that has no such trap.
    pub lint: String,
    /// What happens, and at the first place why.
    pub says: String,
    /// Configurations that it concerns; 0 where it concerns none of them by itself.
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
