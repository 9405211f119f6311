//! Runs that diverged, and runs without a result.

use crate::analysis::Analysis;
use crate::number;
use crate::page::table::{Cell, Table};
use spec::grain::Grain;
use spec::record::Status;

/// Runs whose loss became NaN or infinite.
pub fn diverged_table(analysis: &Analysis) -> Table {
    let mut table = Table::new(&[
        "Optimizer",
        "Configuration",
        "#Seed",
        "#Diverged at step",
        "#In epoch",
        "Run",
    ]);
    for config in &analysis.configs {
        for &i in config.runs.iter().filter(|&&i| analysis.rows[i].diverged()) {
            let run = &analysis.plan.runs[i];
            let step = analysis.rows[i].diverged_step;
            let by_epochs = Grain::of_run(&run.spec) == Grain::Epochs;
            let epoch =
                step.filter(|_| by_epochs).map(|s| s.div_ceil(run.spec.steps_per_epoch().max(1)));
            table.rows.push(vec![
                Cell::label(&run.label, config.label),
                Cell::text(analysis.describe(config)),
                Cell::number(Some(run.spec.seed as f64), |_| run.spec.seed.to_string()),
                Cell::number(step.map(|s| s as f64), |s| number::count(s as u64)),
                Cell::number(epoch.map(|e| e as f64), |e| number::count(e as u64)),
                Cell::text(run.run_id.short()),
            ]);
        }
    }
    table.without_empty()
}

/// Runs that ended without a result: cut, failed, timed out, cancelled. Runs that a rung has cut
/// are left out.
pub fn failure_table(analysis: &Analysis) -> Table {
    let mut table =
        Table::new(&["Optimizer", "Configuration", "#Seed", "Status", "Message", "Run"]);
    for config in &analysis.configs {
        for &i in &config.runs {
            let (run, row) = (&analysis.plan.runs[i], &analysis.rows[i]);
            let Some(status) = row.status.filter(|s| !s.is_result()) else { continue };
            // Runs cut by a rung are paused as planned.
            if status == Status::Cut && config.cut_at.is_some() {
                continue;
            }
            let grain = Grain::of_run(&run.spec);
            let at = grain.pick(row.epochs_completed, row.steps).filter(|_| status == Status::Cut);
            let paused = at.map(|at| format!("paused at {} {}", grain.unit(), number::count(at)));
            table.rows.push(vec![
                Cell::label(&run.label, config.label),
                Cell::text(analysis.describe(config)),
                Cell::number(Some(run.spec.seed as f64), |_| run.spec.seed.to_string()),
                Cell::text(if paused.is_some() {
                    "paused".to_owned()
                } else {
                    status.name().replace('_', " ")
                }),
                Cell::text(row.error.as_deref().or(paused.as_deref()).unwrap_or("")),
                Cell::text(run.run_id.short()),
            ]);
        }
    }
    table
}
