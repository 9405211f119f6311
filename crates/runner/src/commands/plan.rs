//! `--plan`: what a sweep would do, as a table or as JSON.

use std::collections::{BTreeSet, HashMap};
use std::io::Write as _;

use comfy_table::CellAlignment;
use serde_json::json;
use spec::Id;
use spec::params::Value;
use spec::plan::{Plan, PlannedRun};

use super::shard::Chosen;
use crate::estimate::Estimate;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::resume::{Outstanding, Reason};
use crate::{text, threads};

/// Configurations that are listed one by one without `--verbose`.
const LISTED: usize = 40;

/// Prints the plan for a person.
pub(super) fn table(
    plan: &Plan,
    outstanding: &Outstanding<'_>,
    (count, chosen): (usize, &Chosen),
    machine: &Machine,
    estimate: Option<&Estimate>,
    verbose: bool,
) -> anyhow::Result<Exit> {
    let todo: HashMap<Id, &Reason> =
        outstanding.runs.iter().map(|(r, why)| (r.run_id, why)).collect();
    let configs = plan.runs.chunk_by(|a, b| a.config_id == b.config_id).count();
    if verbose || configs <= LISTED {
        configurations(plan, &todo);
    }
    budget(plan, &todo);
    for optimizer in &plan.optimizers {
        for axis in &optimizer.axes {
            let values = values(plan, &optimizer.label, axis);
            text::print(&format!("  {}: {axis} = {values}\n", text::plain(&optimizer.label)));
        }
    }
    text::print("\n");
    if !verbose && configs > LISTED {
        text::print(&format!("{configs} configurations; each with --verbose\n"));
    }
    text::print(&format!(
        "{}, {} cached, {} to train{}; resolved values: --plan --json\n",
        text::count(plan.runs.len(), "run"),
        outstanding.cached,
        outstanding.runs.len(),
        if count == outstanding.runs.len() {
            String::new()
        } else {
            format!(" ({count} chosen by {})", chosen.by)
        },
    ));
    for (reason, n) in reasons(outstanding) {
        text::print(&format!("  {}: {reason}\n", text::count(n, "run")));
    }
    if let Some(threads) = threads::words(plan, machine.threads.as_ref()) {
        text::print(&format!("{threads}\n"));
    }
    match estimate {
        Some(e) => {
            let left_out = match e.unknown {
                0 => String::new(),
                n => format!("; {n} unlike any of them are left out"),
            };
            text::print(&format!(
                "about {} here, going by {}{left_out}\n",
                text::duration(e.seconds),
                text::count(e.from_runs, "finished run"),
            ));
        }
        None if count > 0 => {
            text::print("no estimate of time: nothing like it was trained on this machine yet\n");
        }
        None => {}
    }
    Ok(Exit::Ok)
}

fn configurations(plan: &Plan, todo: &HashMap<Id, &Reason>) {
    let mut out = text::table(&["optimizer", "configuration", "seeds", "run ids", "to train"]);
    for group in plan.runs.chunk_by(|a, b| a.config_id == b.config_id) {
        let first = &group[0];
        let axes: Vec<String> = first
            .axes
            .iter()
            .map(|(p, v)| format!("{}={v}", p.strip_prefix("optimizer.").unwrap_or(p)))
            .collect();
        let ids: Vec<String> = group.iter().map(|r| r.run_id.short()).collect();
        let shown = if ids.len() > 2 {
            format!("{} .. {}", ids[0], ids[ids.len() - 1])
        } else {
            ids.join(" ")
        };
        let missing = group.iter().filter(|r| todo.contains_key(&r.run_id)).count();
        out.add_row(vec![
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
    text::print(&format!("{}\n\n", text::show(out)));
}

/// One row an optimizer: configurations, runs, and what is left of its budget.
fn budget(plan: &Plan, todo: &HashMap<Id, &Reason>) {
    let mut out = text::table(&[
        "optimizer",
        "configs",
        "seeds",
        "runs",
        "cached",
        "to train",
        "epochs",
        "epochs left",
    ]);
    let mut by_label: HashMap<&str, [u64; 5]> = HashMap::new();
    let mut last: Option<(&str, Id)> = None;
    for run in &plan.runs {
        let row = by_label.entry(run.label.as_str()).or_default();
        let now = (run.label.as_str(), run.config_id);
        row[0] += u64::from(last != Some(now));
        last = Some(now);
        row[1] += 1;
        row[3] += run.spec.train.epochs;
        if todo.contains_key(&run.run_id) {
            row[2] += 1;
            row[4] += run.spec.train.epochs;
        }
    }
    let mut total = [0; 5];
    for optimizer in &plan.optimizers {
        let row = by_label.get(optimizer.label.as_str()).copied().unwrap_or_default();
        total.iter_mut().zip(row).for_each(|(sum, n)| *sum += n);
        out.add_row(cells(&text::plain(&optimizer.label), plan.seeds.len(), row));
    }
    if plan.optimizers.len() > 1 {
        out.add_row(cells("all", plan.seeds.len(), total));
    }
    for column in out.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    text::print(&format!("{}\n\n", text::show(out)));
}

fn cells(
    name: &str,
    seeds: usize,
    [configs, runs, missing, epochs, left]: [u64; 5],
) -> Vec<String> {
    let mut row = vec![name.to_owned()];
    row.extend(
        [configs, seeds as u64, runs, runs - missing, missing, epochs, left].map(|n| n.to_string()),
    );
    row
}

/// The values of an axis, in the order of the plan; many are cut short.
fn values(plan: &Plan, label: &str, axis: &str) -> String {
    const SHOWN: usize = 8;
    let mut seen: Vec<&Value> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    // Runs of one configuration stand together and have the same values.
    for runs in plan.runs.chunk_by(|a, b| a.config_id == b.config_id) {
        let run = &runs[0];
        if run.label == label
            && let Some(value) = run.axes.get(axis)
            && known.insert(value.to_string())
        {
            seen.push(value);
        }
    }
    let shown: Vec<String> = seen.iter().take(SHOWN).map(|v| text::plain(&v.to_string())).collect();
    let more = seen.len().saturating_sub(SHOWN);
    let tail = if more > 0 { format!(", ... ({} in all)", seen.len()) } else { String::new() };
    format!("{}{tail}", shown.join(", "))
}

/// Why runs are to be trained, most frequent first; nothing when all are new.
fn reasons(outstanding: &Outstanding<'_>) -> Vec<(String, usize)> {
    let mut counts: HashMap<&Reason, usize> = HashMap::new();
    for (_, why) in &outstanding.runs {
        *counts.entry(why).or_default() += 1;
    }
    if counts.len() == 1 && counts.contains_key(&Reason::New) {
        return Vec::new();
    }
    let mut out: Vec<(String, usize)> =
        counts.into_iter().map(|(why, n)| (why.to_string(), n)).collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out
}

/// Prints every run with its resolved values. Written run by run: a large plan
/// need not stand in memory a second time.
pub(super) fn json(
    plan: &Plan,
    outstanding: &Outstanding<'_>,
    chosen: &Chosen,
    machine: &Machine,
    estimate: Option<&Estimate>,
) -> anyhow::Result<Exit> {
    let todo: HashMap<Id, &Reason> =
        outstanding.runs.iter().map(|(r, why)| (r.run_id, why)).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = (|| {
        let head = json!({
            "name": plan.name, "file": plan.file, "target": plan.target, "seeds": plan.seeds,
            "optimizers": plan.optimizers, "keeping": plan.keeping,
            "threads_per_run": plan.threads_per_run,
            // What it came to; null where that is still to be measured.
            "threads": machine.threads.as_ref().map(|t| t.count),
            "cached": outstanding.cached, "to_train": outstanding.runs.len(), "estimate": estimate,
        });
        let head = serde_json::to_string_pretty(&head)?;
        let head = head.trim_end_matches('}').trim_end();
        write!(out, "{head},\n  \"runs\": [")?;
        for (i, run) in plan.runs.iter().enumerate() {
            let comma = if i > 0 { "," } else { "" };
            write!(out, "{comma}\n    {}", row(run, todo.get(&run.run_id).copied(), chosen)?)?;
        }
        out.write_all(b"\n  ]\n}\n")?;
        out.flush()
    })();
    match written {
        // A reader that has seen enough (`| head`) is no error.
        Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(Exit::Ok),
        other => Ok(other.map(|()| Exit::Ok)?),
    }
}

fn row(run: &PlannedRun, why: Option<&Reason>, chosen: &Chosen) -> std::io::Result<String> {
    Ok(serde_json::to_string(&json!({
        "run_id": run.run_id, "config_id": run.config_id, "cell_id": run.cell_id,
        "label": run.label, "cached": why.is_none(), "why": why.map(ToString::to_string),
        "chosen": chosen.has(run.run_id),
        "spec": run.spec,
    }))?)
}
