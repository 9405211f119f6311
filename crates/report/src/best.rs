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
    /// What sets it apart within its label: `lr 0.01, momentum 0.9`.
    pub config: String,
    /// How many configurations with a result it was chosen from.
    pub chosen_from: usize,
    /// Its learning rate.
    pub lr: f64,
    /// Kind of its schedule.
    pub schedule: String,
    /// The metric it was chosen by: `validation.accuracy`.
    pub metric: String,
    /// Why that is not the plan's target, when it is not.
    pub fallback: Option<String>,
    /// The metric it is judged by: `test.accuracy`.
    pub evaluation: String,
    /// Whether a function is minimised, so that losses are its values and there is no accuracy.
    pub function: bool,
    /// Whether its runs stop at the target and are judged by how soon they reach it.
    pub reached: bool,
    /// Says whether each run counts at its best epoch or step, and not at its last.
    pub at_best: bool,
    /// The unit that runs are counted in.
    pub grain: Grain,
    /// How its runs ended.
    pub counts: Counts,
    /// The metric it was chosen by, after the epoch that counts, over completed seeds.
    pub target: Estimate,
    /// The metric it is judged by, after the epoch that counts, over completed seeds.
    pub judged: Estimate,
    /// Median of the same, diverged seeds being the worst: infinite when half diverged.
    pub judged_median: Option<f64>,
    /// Test accuracy after the last epoch, a fraction, over completed seeds.
    pub test_accuracy: Estimate,
    /// Mean training loss during the last epoch, over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training a run, over completed seeds.
    pub train_seconds: Estimate,
    /// How many configurations are equally good by the metric it was chosen by, itself
    /// among them; 1 where it is alone.
    pub tied: usize,
    /// What to add to its grid, an axis each.
    pub advice: Vec<Advice>,
}

/// The chosen configuration of each label, from an analysis.
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
