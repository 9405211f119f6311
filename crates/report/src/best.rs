//! The rows of the closing table: each label at its best configuration.

use spec::Id;
use spec::layout::ReportDir;

use crate::analysis::{Analysis, Config, Counts};
use crate::error::ReportError;
use crate::files;
use crate::stats::Estimate;
use crate::table::read_runs;

/// The edge of its grid that a best learning rate lies on: a better one may
/// lie beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GridEdge {
    /// The smallest that was tried.
    Lowest,
    /// The largest that was tried.
    Highest,
}

/// One label at its best configuration.
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
    /// Its learning rate.
    pub lr: f64,
    /// Kind of its schedule.
    pub schedule: String,
    /// The metric it was chosen by: `validation.accuracy`.
    pub metric: String,
    /// Why that is not the plan's target, when it is not.
    pub fallback: Option<String>,
    /// How its runs ended.
    pub counts: Counts,
    /// The metric after the last epoch, over completed seeds.
    pub target: Estimate,
    /// Test accuracy after the last epoch, a fraction, over completed seeds.
    pub test_accuracy: Estimate,
    /// Mean training loss during the last epoch, over completed seeds.
    pub train_loss: Estimate,
    /// Seconds of training a run, over completed seeds.
    pub train_seconds: Estimate,
    /// Set if more than one learning rate was tried and the best is the first or last.
    pub edge: Option<GridEdge>,
}

/// The best configuration of each label, in plan order, from `runs.parquet`.
///
/// Best is the highest (for losses the lowest) mean over seeds of the plan's
/// target metric after the last epoch; a configuration with a diverged seed
/// ranks below one with none. Labels without any completed run are there too,
/// with empty estimates.
///
/// # Errors
/// `plan.json` or `runs.parquet` cannot be read.
pub fn best(dir: &ReportDir) -> Result<Vec<BestRow>, ReportError> {
    let plan = files::plan(dir)?;
    let rows = read_runs(&dir.runs(), &plan, &mut Vec::new())?;
    Ok(rows_of(&Analysis::new(plan, rows)))
}

/// How all runs ended, from `runs.parquet`.
///
/// # Errors
/// `plan.json` or `runs.parquet` cannot be read.
pub fn counts(dir: &ReportDir) -> Result<Counts, ReportError> {
    let plan = files::plan(dir)?;
    let rows = read_runs(&dir.runs(), &plan, &mut Vec::new())?;
    let mut counts = Counts::default();
    rows.iter().for_each(|row| counts.add(row.status));
    Ok(counts)
}

/// As [`best`], from an analysis.
pub(crate) fn rows_of(analysis: &Analysis) -> Vec<BestRow> {
    analysis.best.iter().flatten().map(|&i| row(analysis, &analysis.configs[i])).collect()
}

fn row(analysis: &Analysis, config: &Config) -> BestRow {
    let run = analysis.planned(config);
    let lr = run.spec.optimizer.lr();
    let edge = match analysis.lr_grid(config.label).as_slice() {
        _ if config.goal.mean.is_none() => None,
        [first, .., _] if *first == lr => Some(GridEdge::Lowest),
        [_, .., last] if *last == lr => Some(GridEdge::Highest),
        _ => None,
    };
    BestRow {
        label: run.label.clone(),
        kind: run.spec.optimizer.kind().to_owned(),
        config_id: config.config_id,
        config: analysis.describe(config),
        lr,
        schedule: run.spec.schedule.kind().to_owned(),
        metric: analysis.goal.path(),
        fallback: analysis.goal.fallback.clone(),
        counts: config.counts,
        target: config.goal,
        test_accuracy: config.test_accuracy,
        train_loss: config.train_loss,
        train_seconds: config.train_seconds,
        edge,
    }
}
