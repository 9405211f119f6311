//! Traps of a sweep file: what is allowed, trains, and is rarely what was meant. Each
//! has a name, what is said of it and what to do about it; where it is found stands in
//! `sweep_file/lints/`.
//!
//! A lint changes no run and no id: defaults stay what they are, and what is said is
//! silenced by `[lints] allow = ["NAME"]`.

use serde::{Deserialize, Serialize};

use crate::params::choice;

choice! {
    /// A trap, by the name that `[lints] allow` takes.
    Lint {
        /// The half period of `cosine` ends before the run.
        CosinePastEnd = "cosine-past-end",
        /// `one-cycle` over so few units that it never rises.
        OneCycleTooShort = "one-cycle-too-short",
        /// `linear` and `polynomial` of a default length in a longer run.
        DefaultLength = "default-length",
        /// Lengths and milestones beyond the run.
        SchedulePastEnd = "schedule-past-end",
        /// A warmup as long as the run.
        WarmupPastEnd = "warmup-past-end",
        /// Epochs, or many steps, at a learning rate of 0.
        RateZero = "rate-zero",
        /// A schedule of an optimizer that looks at the first rate alone.
        ScheduleIgnored = "schedule-ignored",
        /// Patience of `plateau` or of early stopping that outlasts the run.
        PatiencePastEnd = "patience-past-end",
        /// A key that says nothing without another one.
        KeyWithoutEffect = "key-without-effect",
        /// Values that are 0, 1 or infinite as 32-bit numbers.
        BeyondFloat32 = "beyond-float32",
        /// Muon on a model without a matrix.
        MuonWithoutMatrices = "muon-without-matrices",
        /// Configurations to choose from, and no validation split.
        NoValidation = "no-validation",
        /// A target that is measured on the test split.
        TargetOnTest = "target-on-test",
        /// `save = "last"` where the best epoch is judged.
        SaveNotJudged = "save-not-judged",
        /// An `[[exclude]]` that drops nothing.
        ExcludeWithoutMatch = "exclude-without-match",
        /// A feature of own data that has one value.
        DataConstantColumn = "data-constant-column",
        /// A feature that is the answer.
        DataCopiedAnswer = "data-copied-answer",
        /// A feature that numbers or names the samples.
        DataIndexColumn = "data-index-column",
        /// A part of the data with fewer than ten samples.
        DataSmallPart = "data-small-part",
        /// A class that the validation or test split lacks.
        DataMissingClass = "data-missing-class",
        /// Parts in file order that are not alike.
        DataUnevenParts = "data-uneven-parts",
    }
}

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

impl Lint {
    /// What is said of it.
    pub fn info(self) -> LintInfo {
        let (says, remedy, of_trials) = match self {
            Lint::CosinePastEnd => (
                "the learning rate climbs again: the half period `t_max` of a cosine ends before the run",
                "leave `t_max` out, and the cosine ends with the run; `cosine-restarts` begins again at the full rate",
                false,
            ),
            Lint::OneCycleTooShort => (
                "one-cycle has too few units to rise to the learning rate and fall again",
                "advance it by steps: per = \"batch\"",
                true,
            ),
            Lint::DefaultLength => (
                "a schedule is over long before the run: its length is a default, not the run's",
                "write `total_iters`: the length of the run, or the default if that is meant",
                false,
            ),
            Lint::SchedulePastEnd => (
                "a length or milestone of a schedule is never reached",
                "shorten it, or train longer",
                false,
            ),
            Lint::WarmupPastEnd => (
                "the learning rate is never reached: the warmup does not end before the run",
                "shorten the warmup, or train longer",
                false,
            ),
            Lint::RateZero => (
                "the learning rate is 0 in a part of the run, where nothing is trained",
                "make the schedule as long as the run, end and begin above 0, or advance it by steps (per = \"batch\")",
                false,
            ),
            Lint::ScheduleIgnored => (
                "rprop looks at the first learning rate alone: whatever a schedule does later changes nothing",
                "leave the schedule out; `step_max` bounds the step sizes",
                false,
            ),
            Lint::PatiencePastEnd => (
                "patience outlasts the run: nothing can come of it",
                "write less patience, or train longer",
                false,
            ),
            Lint::KeyWithoutEffect => (
                "a key has no effect without another one",
                "remove it, or give the other one",
                true,
            ),
            Lint::BeyondFloat32 => (
                "a value is another one in the 32 bits that weights are trained in",
                "32 bits hold 1.4e-45 to 3.4e38, and nothing between 0.99999994 and 1",
                true,
            ),
            Lint::MuonWithoutMatrices => (
                "muon finds no matrix in this model: AdamW trains all of it, at `aux_lr` and not at `lr`",
                "use adamw, or let `aux_lr` take the values of `lr` (an axis each with the same zip)",
                true,
            ),
            Lint::NoValidation => (
                "configurations are chosen by the training loss: no sample is held out",
                "set `validation` in [data] to a tenth of the training samples or so, or say metric = \"train.loss\" in [target]",
                true,
            ),
            Lint::TargetOnTest => (
                "the target is measured on the test split",
                "hold out a validation split and use validation.accuracy",
                true,
            ),
            Lint::SaveNotJudged => (
                "the weights that are kept are not those that are judged: at = \"best\" judges the best epoch",
                "write save = \"best\" in [train]",
                true,
            ),
            Lint::ExcludeWithoutMatch => (
                "an exclude matches no combination",
                "compare its paths and values with `--plan`",
                false,
            ),
            Lint::DataConstantColumn => (
                "a column of the data has one value for all training samples, which tells nothing",
                "leave it out: `leave_out = [...]`",
                true,
            ),
            Lint::DataCopiedAnswer => (
                "a column of the data is the answer in other words",
                "leave it out (`leave_out = [...]`), unless it is known before the answer is",
                true,
            ),
            Lint::DataIndexColumn => (
                "a column of the data is an index or an identifier of the samples",
                "leave it out: `leave_out = [...]`",
                true,
            ),
            Lint::DataSmallPart => (
                "a part of the data has fewer than ten samples",
                "give it a larger share, or use more samples",
                true,
            ),
            Lint::DataMissingClass => (
                "a part of the data lacks a class, whose accuracy it cannot judge",
                "split by contents, `split = { test = 0.2, validation = 0.2 }`, or use more samples",
                true,
            ),
            Lint::DataUnevenParts => (
                "the file is sorted, or its parts differ: in file order they do not hold the same sort of samples",
                "split by contents: `split = { test = 0.2, validation = 0.2 }`",
                true,
            ),
        };
        LintInfo { says, remedy, of_trials }
    }
}

/// What was said before training, as the plan keeps it for the report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Told {
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
