//! The rows of the closing table: each label at its chosen configuration.

use spec::Id;

use crate::analysis::{Advice, Analysis, Config, Counts, Measured, advice, ties};
use spec::grain::Grain;
use stats::Estimate;

/// One label at its chosen configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct BestRow {
    /// The label.
    pub label: String,
    /// Kind of optimizer.
    pub kind: String,
    /// The configuration chosen.
    pub config_id: Id,
    /// The values that set it apart within its label: `lr 0.01, momentum 0.9`.
    pub config: String,
    /// Number of configurations it was chosen from: those with a result, or cut by a rung.
    pub chosen_from: usize,
    /// Its learning rate.
    pub lr: f64,
    /// Kind of its schedule.
    pub schedule: String,
    /// The selection metric: `validation.accuracy`.
    pub metric: String,
    /// The reason why that is not the plan's target; `None` where it is.
    pub fallback: Option<String>,
    /// The evaluation metric: `test.accuracy`.
    pub evaluation: String,
    /// Whether a function is minimised: losses are then its values, and there is no accuracy.
    pub function: bool,
    /// Whether its runs stop at the target and are judged by how soon they reach it.
    pub reached: bool,
    /// Whether each run counts at its best epoch or step instead of its last.
    pub at_best: bool,
    /// The unit that runs are counted in.
    pub grain: Grain,
    /// Counts of its runs by how they ended.
    pub counts: Counts,
    /// The selection metric after the epoch that counts, over completed seeds.
    pub target: Estimate,
    /// The evaluation metric after the epoch that counts, over completed seeds.
    pub judged: Estimate,
    /// Median of the evaluation metric, where a diverged seed counts as the worst value: infinite
    /// when half of the seeds diverged.
    pub judged_median: Option<f64>,
    /// Test accuracy after the last epoch, a fraction 0..1, over completed seeds.
    pub test_accuracy: Estimate,
    /// Mean training loss during the last epoch, over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training per run, over completed seeds.
    pub train_seconds: Estimate,
    /// Number of configurations that are equally good by the selection metric, including itself; 1
    /// where none ties with it.
    pub tied: usize,
    /// Values worth adding to its grid, one entry per axis.
    pub advice: Vec<Advice>,
}

/// Returns the rows of an analysis, one per label with a chosen configuration.
pub(crate) fn rows_of(analysis: &Analysis) -> Vec<BestRow> {
    analysis.best.iter().flatten().map(|&i| row(analysis, &analysis.configs[i])).collect()
}

fn row(analysis: &Analysis, config: &Config) -> BestRow {
    let run = analysis.planned(config);
    BestRow {
        label: run.label.clone(),
        kind: run.spec.optimizer.kind().to_owned(),
        config_id: config.config_id,
        config: analysis.describe(config),
        chosen_from: analysis.tried(config.label).filter(|c| c.was_candidate()).count(),
        lr: run.spec.optimizer.lr(),
        schedule: run.spec.schedule.kind().to_owned(),
        metric: analysis.selection.path(),
        fallback: analysis.selection.fallback.clone(),
        evaluation: analysis.evaluation.path(),
        reached: analysis.evaluation.reached(),
        at_best: analysis.evaluation.measured == Measured::Best,
        function: analysis.evaluation.function,
        grain: analysis.evaluation.grain,
        counts: config.counts,
        target: config.selection,
        judged: config.judged,
        judged_median: config.judged_median,
        test_accuracy: config.test_accuracy,
        train_loss: config.train_loss,
        train_seconds: config.train_seconds,
        tied: ties(analysis, config.label).map_or(1, |(tied, _)| tied.len()),
        advice: advice(analysis, config),
    }
}
