//! What the columns of tables say, for readers who meet the word first here.

use crate::page::table::{Head, Table};

/// Column and explanation. A name is matched whole, without regard to case.
const TERMS: &[(&str, &str)] = &[
    (
        "configuration",
        "the hyper-parameters in which runs of one optimizer differ, the seed left out",
    ),
    (
        "best configuration",
        "the configuration of this optimizer with the best mean of the target metric over seeds",
    ),
    (
        "learning rate",
        "the optimizer's step size, as planned; a schedule changes it during the run",
    ),
    ("schedule", "how the learning rate changes during a run"),
    (
        "seed",
        "the number from which initial weights and the order of samples are drawn; the same seed is the same start for every optimizer",
    ),
    ("seeds", "runs completed of runs planned; one run a seed"),
    (
        "status",
        "completed, diverged (a loss became NaN or infinite), failed, timed out, cancelled, or missing (not trained yet)",
    ),
    (
        "validation accuracy",
        "share of validation samples classified correctly after the last epoch",
    ),
    ("test accuracy", "share of test samples classified correctly after the last epoch"),
    (
        "train loss",
        "mean loss over the training samples as they were fed during the last epoch; lower is better",
    ),
    (
        "training loss",
        "mean loss over the training samples as they were fed during the last epoch; lower is better",
    ),
    (
        "validation loss",
        "mean loss over the validation samples after the last epoch; lower is better",
    ),
    ("test loss", "mean loss over the test samples after the last epoch; lower is better"),
    (
        "95% interval",
        "an interval that covers the true mean over seeds in 95 of 100 such experiments; none below three seeds",
    ),
    (
        "IQM",
        "interquartile mean: the mean of the middle half of the seeds, which single bad seeds move little",
    ),
    ("median", "half of the seeds lie above, half below"),
    ("best epoch", "the first epoch that reached the run's highest validation accuracy"),
    ("epochs", "whole passes over the training samples that were finished"),
    ("epochs trained", "whole passes over the training samples, all runs together"),
    ("steps", "optimizer steps done; one step a batch"),
    ("optimizer steps", "optimizer steps of all runs together; one step a batch"),
    ("train time", "time spent training, evaluation left out"),
    ("training time", "time spent training, all runs together, evaluation left out"),
    ("per epoch", "training time divided by epochs trained"),
    ("completed", "runs that trained to their end"),
    ("diverged", "runs in which a loss became NaN or infinite"),
    ("no result", "runs that failed, timed out, were cancelled or are not trained yet"),
    ("diverged at step", "the first optimizer step whose loss was NaN or infinite"),
    ("in epoch", "the epoch of that step, counted from 1"),
    (
        "configurations",
        "configurations that were tried: the best of many has had more chances than the best of few",
    ),
    ("run", "the first characters of the run's id; the Parquet files have it in full"),
];

/// What a column holds, if its name is not plain in itself.
pub(crate) fn explain(table: &Table, at: usize) -> Option<String> {
    let Head { name, .. } = &table.head[at];
    let (_, text) = TERMS.iter().find(|(term, _)| term.eq_ignore_ascii_case(name))?;
    let spread = table.rows.iter().any(|row| row[at].text.contains('\u{b1}'));
    let points = table.rows.iter().any(|row| row[at].text.contains('%'));
    Some(match (spread, points) {
        (false, _) => (*text).to_owned(),
        (true, false) => format!("{text}; mean over seeds \u{b1} standard deviation between seeds"),
        (true, true) => format!(
            "{text}; mean over seeds \u{b1} standard deviation between seeds, the latter in percentage points"
        ),
    })
}
