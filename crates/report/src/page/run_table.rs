//! The table of every planned run.

use spec::metric::{EpochMetric, Metric};
use spec::record::{Split, StopReason};

use crate::analysis::{Analysis, Criterion, Measured};
use crate::number;
use crate::page::table::{Cell, Table};
use crate::table::{MISSING, RunRow};
use crate::text::capitalised;
use spec::grain::Grain;

/// Metrics after the last epoch in the order of the columns: the selection metric, then scores,
/// then losses.
fn metrics(selection: &Criterion) -> Vec<EpochMetric> {
    let mut all = EpochMetric::all();
    let own = EpochMetric::new(selection.split, selection.metric);
    all.sort_by_key(|of| (*of != own, of.metric == Metric::LOSS, of.metric, of.split));
    all
}

fn ended_by(row: &RunRow) -> Option<StopReason> {
    StopReason::from_name(row.stop_reason.as_deref()?)
}

/// The reason why a completed run ended: `the target`.
fn describe(why: StopReason, grain: Grain) -> &'static str {
    match why {
        StopReason::Epochs => grain.pick("its last epoch", "its last step"),
        StopReason::EarlyStopping => "early stopping",
        StopReason::Target => "the target",
        StopReason::LeftDomain => "leaving the box",
    }
}

/// Every planned run in plan order, including those without a result. Columns that no run fills are
/// left out.
pub fn run_table(analysis: &Analysis) -> Table {
    let selection = &analysis.selection;
    let metrics = metrics(selection);
    let mut head = vec!["Optimizer", "Configuration", "Stage", "#Seed", "Status", "Ended by"];
    let ended = analysis.rows.iter().filter_map(ended_by);
    let early = ended.into_iter().any(|why| why != StopReason::Epochs);
    let counted = selection.measured == Measured::Best;
    let (grain, unit) = (selection.grain, selection.grain.unit());
    let label = |of: EpochMetric| capitalised(&of.label());
    let names: Vec<String> = metrics
        .iter()
        .map(|of| match (selection.function, of.split) {
            (true, Split::Test) if of.metric == Metric::LOSS => "#Value".to_owned(),
            (true, Split::Train) => "#Mean value in the last epoch".to_owned(),
            // The value that counts is of another epoch.
            (false, Split::Train) if counted => format!("#{} of the last {unit}s", label(*of)),
            (false, _) if counted => format!("#{} after the last {unit}", label(*of)),
            _ => format!("#{}", label(*of)),
        })
        .collect();
    head.extend(names.iter().map(String::as_str));
    // With `at = "best"`: the epoch that counts, and its values.
    let evaluation = &analysis.evaluation;
    let at_best =
        |selection: &Criterion| format!("#{} at the best {unit}", capitalised(&selection.name()));
    let (chosen_by, judged) = (at_best(selection), at_best(evaluation));
    let by_accuracy = selection.path() == "validation.accuracy";
    head.push(match (counted || by_accuracy, grain) {
        (true, Grain::Epochs) => "#Best epoch",
        (false, Grain::Epochs) => "#Epoch of the highest validation accuracy",
        (_, Grain::Steps) => "#Best step",
    });
    head.extend([&chosen_by, &judged, "#Epochs", "#Steps", "#Training time", "Run"]);
    let mut table = Table::new(&head).choices(&["Optimizer", "Configuration", "Status"]);

    let mut about: Vec<Option<(usize, String)>> = vec![None; analysis.rows.len()];
    for config in &analysis.configs {
        let text = analysis.describe(config);
        config.runs.iter().for_each(|&run| about[run] = Some((config.label, text.clone())));
    }
    for ((run, row), about) in analysis.plan.runs.iter().zip(&analysis.rows).zip(about) {
        // A run whose label the plan does not list belongs to no configuration.
        let Some((label, configuration)) = about else { continue };
        let count = |n: Option<u64>| Cell::number(n.map(|n| n as f64), |n| number::count(n as u64));
        let mut cells = vec![
            Cell::label(&run.label, label),
            Cell::text(configuration),
            Cell::text(if run.stage.is_tuning() { "" } else { "fresh" }),
            Cell::number(Some(run.spec.seed as f64), |_| run.spec.seed.to_string()),
            Cell::text(row.status.map_or(MISSING, |s| s.name()).replace('_', " ")),
            Cell::text(ended_by(row).filter(|_| early).map_or("", |why| describe(why, grain))),
        ];
        cells.extend(metrics.iter().map(|of| {
            Cell::number(row.last(of.split, of.metric), |value| of.metric.format(value))
        }));
        let value = |selection: &Criterion| {
            let value = selection.of(row).filter(|_| counted);
            Cell::number(value, |value| selection.format(value))
        };
        cells.extend([
            count(match counted {
                true => row.at_best.map(|best| grain.pick(best.epoch, best.step)),
                false => row.best_epoch.filter(|_| grain == Grain::Epochs),
            }),
            value(selection),
            if evaluation.path() == selection.path() { Cell::default() } else { value(evaluation) },
            count(row.epochs_completed.filter(|_| grain == Grain::Epochs)),
            count(row.steps),
            Cell::number(row.train_seconds, number::seconds),
            Cell::text(run.run_id.short()),
        ]);
        table.rows.push(cells);
    }
    table.without_empty()
}
