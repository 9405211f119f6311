//! Descriptions of the columns of a report folder's Parquet tables, from which `sweep list columns`
//! and the reference in `reports/README.md` are made. `report/tests/documents.rs` compares them with
//! the files that are written.

use ColumnType::{Any, Boolean, Integer, Real, Text};

/// Type of a column's values. Every column but the ids may hold nulls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text (`String`).
    Text,
    /// Unsigned 64-bit integer (`UInt64`).
    Integer,
    /// 64-bit floating-point number (`Float64`), never NaN.
    Real,
    /// True or false (`Boolean`).
    Boolean,
    /// The narrowest type that holds every value of the column.
    Any,
}

impl ColumnType {
    /// Name of the type in the reference.
    pub fn name(self) -> &'static str {
        match self {
            Text => "text",
            Integer => "integer",
            Real => "real",
            Boolean => "boolean",
            Any => "any",
        }
    }
}

/// One column, or a family of columns whose names have a common form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Name; a part in angle brackets (`test_<metric>`) stands for any text.
    pub name: &'static str,
    /// Type of the values.
    pub ty: ColumnType,
    /// Meaning, with unit and what null means.
    pub doc: &'static str,
}

/// One Parquet file of a report folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// File name within the report folder.
    pub file: &'static str,
    /// Content of one row, as in "one planned run".
    pub row: &'static str,
    /// Columns in the order of the file.
    pub columns: &'static [Column],
}

impl Column {
    /// Returns whether `name` is the name of this column, or of one of its family.
    pub fn matches(&self, name: &str) -> bool {
        let Some((before, rest)) = self.name.split_once('<') else { return self.name == name };
        let after = rest.split_once('>').map_or("", |(_, after)| after);
        name.len() > before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
    }
}

const fn column(name: &'static str, ty: ColumnType, doc: &'static str) -> Column {
    Column { name, ty, doc }
}

/// The three tables of a report folder.
pub const TABLES: [Table; 3] = [
    Table { file: "runs.parquet", row: "one planned run", columns: RUNS },
    Table { file: "metrics.parquet", row: "one measured number", columns: METRICS },
    Table {
        file: "summary.parquet",
        row: "one configuration over its seeds (with `[confirm]`, of one stage)",
        columns: SUMMARY,
    },
];

/// Columns of `runs.parquet`, in their order.
pub const RUNS: &[Column] = &[
    column("run_id", Text, "Hash of what the run trains."),
    column("config_id", Text, "Hash of the run without its seed."),
    column(
        "cell_id",
        Text,
        "Hash of the run without the version of the training format; it stays the same across versions of the code.",
    ),
    column(
        "exec_id",
        Text,
        "Hash of what computed the result: code, libtorch, device, threads, processor. Null without a record, and if the worker never started.",
    ),
    column("experiment", Text, "Name of the sweep."),
    column("label", Text, "Label of the `[[optimizer]]` entry."),
    column("optimizer", Text, "Kind of the optimizer."),
    column("schedule", Text, "Kind of the learning-rate schedule."),
    column(
        "dataset",
        Text,
        "Name of the dataset, or file name of user data; `none` for functions.",
    ),
    column("model", Text, "Kind of the model."),
    column("batch_size", Integer, "Samples of a batch."),
    column("lr", Real, "Learning rate that the schedule starts from."),
    column("seed", Integer, "Seed of the run."),
    column(
        "status",
        Text,
        "`completed`, `diverged`, `cut` (by `[tuning]`), `failed`, `timed_out`, `cancelled`, or `missing` without a record.",
    ),
    column(
        "stop_reason",
        Text,
        "Why a completed run ended: `epochs` (all trained), `early_stopping`, `target` (reached, with `stop`) or `left_domain` (a descent has left its saddle).",
    ),
    column("epochs_completed", Integer, "Whole epochs trained."),
    column("steps", Integer, "Optimizer steps done."),
    column(
        "diverged_step",
        Integer,
        "First step, from 1, whose loss was not finite; null unless the run diverged.",
    ),
    column(
        "train_loss",
        Real,
        "Mean training loss over the samples of the last epoch (of runs by steps, the last segment). Null unless the run completed.",
    ),
    column(
        "validation_<metric>",
        Real,
        "Metric on the validation split after the last epoch or step, always `loss`, `accuracy` (a fraction), `top5_accuracy` and `f1`, and every other metric that some run measured. Null unless the run completed and has such a split.",
    ),
    column(
        "test_<metric>",
        Real,
        "The same on the test split: `test_loss`, `test_accuracy`, and so on.",
    ),
    column(
        "longest_step",
        Real,
        "Length of the longest step of a descent on a function of two variables, in its coordinates; a lower bound where not every position is recorded. Null for other models.",
    ),
    column(
        "best_validation_accuracy",
        Real,
        "Highest validation accuracy of any epoch, as a fraction.",
    ),
    column(
        "best_epoch",
        Integer,
        "First epoch with that accuracy; 0 is before training. Of runs by steps, whole epochs done.",
    ),
    column(
        "target_epoch",
        Integer,
        "First epoch after which the target's value was reached, 0 before training; of runs by steps, whole epochs done. Null if it never was, or if `[target]` has no value.",
    ),
    column("target_step", Integer, "Optimizer steps done by then."),
    column("target_samples", Integer, "Training samples used by then; steps, for a function."),
    column("target_seconds", Real, "Seconds of training by then, without evaluation."),
    column("initial_validation_loss", Real, "Validation loss before training."),
    column(
        "initial_test_loss",
        Real,
        "Test loss before training; the value at the start, for a function.",
    ),
    column("train_seconds", Real, "Seconds of training, without evaluation."),
    column(
        "epoch_seconds",
        Real,
        "Seconds of the fastest epoch (of runs by steps, the fastest segment).",
    ),
    column("eval_seconds", Real, "Seconds of evaluation."),
    column(
        "device",
        Text,
        "Device that trained the run: `libtorch:cpu`, `libtorch:cuda:0`, `flex`.",
    ),
    column("threads", Integer, "Threads of the run."),
    column("slot", Integer, "Slot of the pool, from 0."),
    column("jobs", Integer, "Slots that trained side by side."),
    column("attempt", Integer, "Attempt within its sweep, from 1."),
    column("init_digest", Text, "Digest of the initial parameters, read back from the device."),
    column(
        "batch_digest",
        Text,
        "JSON list of digests of the samples used, one for each epoch (of runs by steps, for each segment).",
    ),
    column("weights_digest", Text, "Digest of the final parameters."),
    column("dataset_digest", Text, "Digest of the dataset that was read."),
    column("code", Text, "Hash of the tokens of the code that trains."),
    column("error", Text, "Error message of a run without a result."),
    column(
        "at_best_epoch",
        Integer,
        "Epoch with the best validation value of the target's metric (of runs by steps, whole epochs done). Only with `[target] at = \"best\"`, as are the next three; null unless the run completed.",
    ),
    column("at_best_step", Integer, "Step of that value; only of runs by steps."),
    column("at_best_validation", Real, "The target's metric there, on the validation split."),
    column("at_best_test", Real, "The target's metric there, on the test split."),
    column(
        "stage",
        Text,
        "`tuning` or `confirm`: whether the run chooses configurations or judges them. Only with `[confirm]`.",
    ),
    column(
        "added",
        Boolean,
        "Whether the run belongs to a configuration that `extend` added. Only with `extend`.",
    ),
    column(
        "<split>_bits_per_character",
        Real,
        "Held-out loss divided by ln 2; bits for each byte, with a vocabulary of bytes. Only for text.",
    ),
    column("<split>_perplexity", Real, "e to the power of the held-out loss. Only for text."),
    column(
        "hp.<path>",
        Any,
        "A resolved value of the run, such as `hp.optimizer.beta1` or `hp.schedule.t_max`; lists as JSON. Null where it does not apply.",
    ),
];

const METRICS: &[Column] = &[
    column("run_id", Text, "The run."),
    column(
        "epoch",
        Integer,
        "Epoch, from 1; 0 is before training. Of runs by steps, whole epochs done.",
    ),
    column("step", Integer, "Optimizer steps done; 0 is before training."),
    column("split", Text, "`train`, `validation` or `test`."),
    column(
        "metric",
        Text,
        "On `train`: `loss` (mean during the epoch; of runs by steps, the segment), `window_loss` (mean over a twentieth of it), `lr` (at some of the steps at which it changes), `seconds` (of training since the start of the run); `x` and `y` of a function. On the others: `loss`, `accuracy` of classes, and what `[train] metrics` asks for.",
    ),
    column(
        "value",
        Real,
        "The number. Null where it is not a number, as a loss when a run diverged; infinities are stored.",
    ),
];

const SUMMARY: &[Column] = &[
    column("config_id", Text, "Hash of the configuration."),
    column("experiment", Text, "Name of the sweep."),
    column("label", Text, "Label of the `[[optimizer]]` entry."),
    column("optimizer", Text, "Kind of the optimizer."),
    column("schedule", Text, "Kind of the learning-rate schedule."),
    column(
        "config",
        Text,
        "Learning rate, and the values in which it differs from the other configurations of its label.",
    ),
    column("lr", Real, "Learning rate."),
    column(
        "best",
        Boolean,
        "Whether it is the chosen configuration of its label, in the stage that judges. False throughout for a label without a completed run, and for several functions.",
    ),
    column("seeds", Integer, "Planned runs."),
    column("completed", Integer, "Runs that completed."),
    column("diverged", Integer, "Runs that diverged."),
    column("failed", Integer, "Runs that failed."),
    column("timed_out", Integer, "Runs that timed out."),
    column("cancelled", Integer, "Runs that were cancelled."),
    column("missing", Integer, "Runs without a result of any other kind."),
    column("cut", Integer, "Runs that `[tuning]` cut; only where there are some."),
    column("stage", Text, "`tuning` or `confirm`; only with `[confirm]`."),
    column("added", Boolean, "Whether `extend` added it; only with `extend`."),
    column(
        "interval",
        Text,
        "Method of the 95% interval of the mean training loss: `Student's t` from three to nine completed seeds and above 256, else `BCa bootstrap`, or `percentile bootstrap` where BCa is undefined. Null below three.",
    ),
    column(
        "<value>_mean",
        Real,
        "Mean over completed seeds; one group of the following columns for each value: `train_loss`, `validation_<metric>`, `test_<metric>`, `best_validation_accuracy`, `train_seconds`, and `at_best_validation` and `at_best_test` with `at = \"best\"`.",
    ),
    column("<value>_sd", Real, "Sample standard deviation over completed seeds."),
    column(
        "<value>_median",
        Real,
        "Median, where a diverged seed counts as the worst value: infinite if half of them diverged.",
    ),
    column("<value>_iqm", Real, "Interquartile mean: mean of the middle half."),
    column(
        "<value>_low",
        Real,
        "Lower end of the 95% interval of the mean, cut at 0 for fractions; null below three seeds.",
    ),
    column("<value>_high", Real, "Upper end of that interval, cut at 1 for fractions."),
    column(
        "<value>_percentile_low",
        Real,
        "Lower end of the percentile bootstrap of the mean; null below ten seeds and above 256, as are the next three.",
    ),
    column("<value>_percentile_high", Real, "Upper end of it."),
    column(
        "<value>_iqm_low",
        Real,
        "Lower end of the percentile bootstrap of the interquartile mean.",
    ),
    column("<value>_iqm_high", Real, "Upper end of it."),
    column("<value>_min", Real, "Smallest value of the completed seeds."),
    column("<value>_max", Real, "Largest value of the completed seeds."),
    column(
        "hp.<path>",
        Any,
        "A resolved value that all runs of the configuration share, as in `runs.parquet`.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_brackets_stands_for_any_text() {
        let family = column("<value>_low", Real, "");
        assert!(family.matches("test_loss_low") && !family.matches("_low"));
        assert!(!family.matches("test_loss_high"));
        let test = column("test_<metric>", Real, "");
        assert!(test.matches("test_loss") && !test.matches("test_"));
        assert!(column("lr", Real, "").matches("lr") && !column("lr", Real, "").matches("lrs"));
    }

    #[test]
    fn every_column_is_described_once() {
        for table in TABLES {
            let mut names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{}", table.file);
            assert!(table.columns.iter().all(|c| c.doc.ends_with('.')), "{}", table.file);
        }
    }
}
