//! `--plan`: what a sweep would do, as a table or as JSON.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io::Write as _;

use comfy_table::CellAlignment;
use serde_json::json;
use spec::Id;
use spec::grain::Grain;
use spec::params::Value;
use spec::plan::{Plan, PlannedRun};
use spec::stages::Stage;
use text_format::plural;

use super::shard::Chosen;
use crate::estimate::Estimate;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::resume::{Outstanding, Reason};
use crate::{text, threads};

/// Maximum number of configurations that are listed without `--verbose`.
const LISTED: usize = 40;

/// Runs of a plan, in its order.
type Runs<'a> = [&'a PlannedRun];

/// Prints the plan as text: the runs that `--only` and `--shard` choose, if given, and the
/// number of all runs.
pub(super) fn table(
    plan: &Plan,
    outstanding: &Outstanding<'_>,
    chosen: &Chosen,
    machine: &Machine,
    estimate: Option<&Estimate>,
    verbose: bool,
) -> crate::Result<Exit> {
    let runs: Vec<&PlannedRun> = plan.runs.iter().filter(|r| chosen.has(r.run_id)).collect();
    let todo: HashMap<Id, &Reason> = outstanding
        .runs
        .iter()
        .filter(|(run, _)| chosen.has(run.run_id))
        .map(|(run, why)| (run.run_id, why))
        .collect();
    let configs = runs.chunk_by(|a, b| a.config_id == b.config_id).count();
    if verbose || configs <= LISTED {
        configurations(&runs, &todo);
    }
    budget(plan, &runs, &todo);
    for optimizer in &plan.optimizers {
        for axis in &optimizer.axes {
            let values = values(&runs, &optimizer.label, axis);
            if !values.is_empty() {
                text::print(&format!("  {}: {axis} = {values}\n", text::plain(&optimizer.label)));
            }
        }
    }
    text::print("\n");
    if !verbose && configs > LISTED {
        text::print(&format!("{configs} configurations; --verbose lists them\n"));
    }
    let line =
        sums((runs.len(), todo.len()), (plan.runs.len(), outstanding.runs.len()), &chosen.by);
    text::print(&format!("{}\n", text::wrapped(&line)));
    for (reason, n) in reasons(&todo) {
        text::print(&format!("  {}: {reason}\n", plural::count(n, "run")));
    }
    if let Some(line) = data_line(plan) {
        text::print(&format!("{line}\n"));
    }
    if let Some(threads) = threads::describe(plan, machine.threads.as_ref()) {
        text::print(&format!("{threads}\n"));
    }
    match estimate {
        Some(e) => {
            let left_out = match e.unknown {
                0 => String::new(),
                n => format!(
                    "; {} unlike these {} not included",
                    plural::count(n, "run"),
                    plural::is_or_are(n)
                ),
            };
            text::print(&format!(
                "about {} on this machine, estimated from {}{left_out}\n",
                text::duration(e.seconds),
                plural::count(e.from_runs, "finished run"),
            ));
        }
        None if !todo.is_empty() => {
            text::print(
                "no estimate of time: no similar run has been trained on this machine yet\n",
            );
        }
        None => {}
    }
    Ok(Exit::Ok)
}

/// Returns the numbers of runs that are planned, cached and to be trained.
fn sums((runs, todo): (usize, usize), (all, missing): (usize, usize), by: &str) -> String {
    let cached = runs - todo;
    let rest = "resolved values: --plan --json";
    if by.is_empty() {
        return format!("{}, {cached} cached, {todo} to train; {rest}", plural::count(runs, "run"));
    }
    format!(
        "{runs} of {} chosen by {by}, {cached} cached, {todo} to train ({missing} in all); {rest}",
        plural::count(all, "run")
    )
}

fn configurations(runs: &Runs<'_>, todo: &HashMap<Id, &Reason>) {
    let mut out = text::table(&["optimizer", "configuration", "seeds", "run ids", "to train"]);
    for group in runs.chunk_by(|a, b| a.config_id == b.config_id) {
        let first = group[0];
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

/// Prints a row for each optimizer: configurations, runs and what is left of its budget.
fn budget(plan: &Plan, runs: &Runs<'_>, todo: &HashMap<Id, &Reason>) {
    let grain = Grain::of(plan);
    let mut out = text::table(&[
        "optimizer",
        "configs",
        "seeds",
        "runs",
        "cached",
        "to train",
        grain.pick("epochs", "steps"),
        grain.pick("epochs left", "steps left"),
    ]);
    let mut by_label: HashMap<&str, ([u64; 5], BTreeSet<u64>)> = HashMap::new();
    let mut counted: HashSet<(&str, Id)> = HashSet::new();
    for run in runs {
        let (row, seeds) = by_label.entry(run.label.as_str()).or_default();
        seeds.insert(run.spec.seed);
        row[0] += u64::from(counted.insert((run.label.as_str(), run.config_id)));
        row[1] += 1;
        let length = grain.planned(&run.spec);
        row[3] += length;
        if todo.contains_key(&run.run_id) {
            row[2] += 1;
            row[4] += length;
        }
    }
    let (mut total, mut all) = ([0; 5], BTreeSet::new());
    for optimizer in &plan.optimizers {
        let Some((row, seeds)) = by_label.remove(optimizer.label.as_str()) else { continue };
        total.iter_mut().zip(row).for_each(|(sum, n)| *sum += n);
        out.add_row(cells(&text::plain(&optimizer.label), seeds.len(), row));
        all.extend(seeds);
    }
    if out.row_count() > 1 {
        out.add_row(cells("all", all.len(), total));
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

/// Returns the values of an axis in the order of the plan, at most 8 of them. Empty if no run
/// has the label.
fn values(runs: &Runs<'_>, label: &str, axis: &str) -> String {
    const SHOWN: usize = 8;
    let mut seen: Vec<&Value> = Vec::new();
    let mut known: BTreeSet<String> = BTreeSet::new();
    // Runs of one configuration stand together and have the same values.
    for runs in runs.chunk_by(|a, b| a.config_id == b.config_id) {
        let run = runs[0];
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

/// Counts the reasons for training, most frequent first; empty if all runs are new.
fn reasons(todo: &HashMap<Id, &Reason>) -> Vec<(String, usize)> {
    let mut counts: HashMap<&Reason, usize> = HashMap::new();
    for why in todo.values() {
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

/// Prints the plan as JSON, with every run and its resolved values. Written run by run, so that
/// a large plan is not in memory twice.
pub(super) fn json(
    plan: &Plan,
    outstanding: &Outstanding<'_>,
    chosen: &Chosen,
    machine: &Machine,
    estimate: Option<&Estimate>,
) -> crate::Result<Exit> {
    let todo: HashMap<Id, &Reason> =
        outstanding.runs.iter().map(|(r, why)| (r.run_id, why)).collect();
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let written = (|| {
        let mut head = json!({
            "name": plan.name, "file": plan.file, "target": plan.target, "seeds": plan.seeds,
            "optimizers": plan.optimizers, "keeping": plan.keeping,
            "threads_per_run": plan.threads_per_run,
            // Null if they are still to be measured.
            "threads": machine.threads.as_ref().map(|t| t.count),
            "cached": outstanding.cached, "to_train": outstanding.runs.len(), "estimate": estimate,
        });
        if let Some(data) = &plan.data {
            head["data"] = json!(data);
        }
        if let Some(confirm) = &plan.confirm {
            let stage = Stage::Confirm;
            let decided = plan.decision(stage).map(|decision| &decision.chosen);
            let at_most = plan.at_most(stage);
            head["confirm"] = json!({ "seeds": confirm.seeds, "top": confirm.top, "at_most": at_most, "decided": decided });
        }
        if let Some(until) = &plan.until {
            let (opened, at_most) = (plan.looks_opened(), plan.at_most(Stage::Tuning));
            head["until"] = json!({ "looks": until.looks, "opened": opened, "at_most": at_most });
        }
        if let Some(tuning) = &plan.tuning {
            head["tuning"] = json!({ "rungs": tuning.rungs, "keep": tuning.keep, "left": plan.rungs_left(), "cut": plan.cut() });
        }
        if plan.can_grow() {
            let (added, at_most) = (plan.grown().collect::<Vec<_>>(), plan.at_most(Stage::Tuning));
            head["growth"] = json!({ "added": added, "at_most": at_most });
        }
        if !plan.lints.is_empty() {
            head["lints"] = json!(plan.lints);
        }
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
        // A closed pipe (`| head`) is no error.
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

/// Returns the line on user data; `None` for built-in datasets.
pub(super) fn data_line(plan: &Plan) -> Option<String> {
    let name = plan.runs.first()?.spec.data.dataset.name();
    Some(text::wrapped(&text::plain(&plan.data.as_ref()?.line(&name))))
}

#[cfg(test)]
mod tests {
    use super::sums;

    #[test]
    fn what_is_not_chosen_is_told_apart() {
        let rest = "resolved values: --plan --json";
        assert_eq!(sums((12, 6), (12, 6), ""), format!("12 runs, 6 cached, 6 to train; {rest}"));
        assert_eq!(sums((1, 1), (1, 1), ""), format!("1 run, 0 cached, 1 to train; {rest}"));
        assert_eq!(
            sums((3, 2), (8, 7), "--shard 1/3"),
            format!("3 of 8 runs chosen by --shard 1/3, 1 cached, 2 to train (7 in all); {rest}")
        );
    }
}
