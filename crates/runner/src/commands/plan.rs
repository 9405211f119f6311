//! `--plan`: what a sweep would do, as a table or as JSON.

use std::collections::HashMap;

use comfy_table::CellAlignment;
use serde_json::json;
use spec::Id;
use spec::plan::Plan;

use crate::exit::Exit;
use crate::resume::Outstanding;
use crate::text;

/// Prints the plan for a person.
pub(super) fn table(
    plan: &Plan,
    outstanding: &Outstanding<'_>,
    chosen: usize,
) -> anyhow::Result<Exit> {
    let todo: HashMap<Id, ()> = outstanding.runs.iter().map(|(r, _)| (r.run_id, ())).collect();
    let mut configs = text::table(&["optimizer", "configuration", "seeds", "run ids", "to train"]);
    let mut i = 0;
    while i < plan.runs.len() {
        let first = &plan.runs[i];
        let group: Vec<_> =
            plan.runs[i..].iter().take_while(|r| r.config_id == first.config_id).collect();
        i += group.len();
        let axes: Vec<String> = first
            .axes
            .iter()
            .map(|(p, v)| format!("{}={v}", p.strip_prefix("optimizer.").unwrap_or(p)))
            .collect();
        let ids: Vec<String> = group.iter().map(|r| r.run_id.short()).collect();
        let shown = if ids.len() > 3 {
            format!("{} .. {}", ids[0], ids[ids.len() - 1])
        } else {
            ids.join(" ")
        };
        let missing = group.iter().filter(|r| todo.contains_key(&r.run_id)).count();
        configs.add_row(vec![
            text::plain(&first.label),
            if axes.is_empty() {
                format!("lr={}", spec::float::short(first.spec.optimizer.lr()))
            } else {
                axes.join(" ")
            },
            group.len().to_string(),
            shown,
            if missing == 0 { "cached".to_owned() } else { missing.to_string() },
        ]);
    }
    text::print(&format!("{configs}\n\n"));
    let mut budget = text::table(&["optimizer", "runs", "cached", "to train", "epochs to train"]);
    for optimizer in &plan.optimizers {
        let runs = plan.runs.iter().filter(|r| r.label == optimizer.label);
        let (mut all, mut missing, mut epochs) = (0, 0, 0);
        for run in runs {
            all += 1;
            if todo.contains_key(&run.run_id) {
                missing += 1;
                epochs += run.spec.train.epochs;
            }
        }
        budget.add_row(vec![
            text::plain(&optimizer.label),
            all.to_string(),
            (all - missing).to_string(),
            missing.to_string(),
            epochs.to_string(),
        ]);
    }
    for column in budget.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    text::print(&format!("{budget}\n\n"));
    text::print(&format!(
        "{}, {} cached, {} to train; resolved values: --plan --json\n",
        text::count(plan.runs.len(), "run"),
        outstanding.cached,
        chosen
    ));
    Ok(Exit::Ok)
}

/// Prints every run with its resolved values.
pub(super) fn json(plan: &Plan, outstanding: &Outstanding<'_>) -> anyhow::Result<Exit> {
    let todo: HashMap<Id, String> =
        outstanding.runs.iter().map(|(r, why)| (r.run_id, format!("{why:?}"))).collect();
    let runs: Vec<_> = plan
        .runs
        .iter()
        .map(|r| {
            json!({
                "run_id": r.run_id, "config_id": r.config_id, "cell_id": r.cell_id, "label": r.label,
                "cached": !todo.contains_key(&r.run_id), "why": todo.get(&r.run_id), "spec": r.spec,
            })
        })
        .collect();
    let out = json!({ "name": plan.name, "file": plan.file, "target": plan.target, "runs": runs });
    text::print(&(serde_json::to_string_pretty(&out)? + "\n"));
    Ok(Exit::Ok)
}
