//! `why`: the fields, digests and circumstances that make a run new, stale or cached.

use std::path::Path;

use spec::params::{Value, Values};
use spec::plan::{Plan, PlannedRun};
use spec::record::RunRecord;
use store::journal::Journal;
use store::layout::ReportDir;

use crate::error::bad_input;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::resume::{Reason, outstanding};
use crate::stages;
use crate::sweep_progress::describe;
use crate::threads::KnownThreads;
use crate::workspace::Workspace;
use crate::{pool, text, threads};

/// Explains one run of a plan, or one of the journal that is no longer planned.
pub(super) fn why(
    workspace: &Workspace,
    file: &Path,
    wanted: &str,
    set: &[String],
    device: &[String],
) -> crate::Result<Exit> {
    let loaded = super::load_plan(workspace, file, set, false)?;
    let mut plan = loaded.plan;
    plan.pool = pool::entries(&plan.pool, device)?;
    let dir = workspace.report(&plan.name);
    let known = KnownThreads::of(workspace, &plan, || store::plan(&dir).ok());
    let machine = Machine::find(&plan, None, &known);
    drop(known);
    stages::recall(&mut plan, store::plan(&dir).ok().as_ref());
    let journal = store::journal::read(&dir)?;
    super::folder::warn(&journal.warnings);
    let mut out = String::new();
    let threads = threads::describe(&plan, machine.threads.as_ref());
    match find(&plan, wanted)? {
        Some(run) => planned(&mut out, workspace, &dir, &plan, run, &journal, &machine),
        None => unplanned(&mut out, &plan, wanted, &journal)?,
    }
    if let Some(threads) = threads {
        out.push_str(&format!("{threads}\n"));
    }
    text::print(&out);
    Ok(Exit::Ok)
}

/// Finds the planned run with this beginning of an id, or whose description holds these words;
/// `None` if `wanted` looks like an id but is not in the plan.
///
/// # Errors
/// Bad input: no run matches, or several do.
fn find<'a>(plan: &'a Plan, wanted: &str) -> crate::Result<Option<&'a PlannedRun>> {
    let by_id: Vec<&PlannedRun> = match is_id(wanted) {
        true => plan.runs.iter().filter(|r| r.run_id.to_string().starts_with(wanted)).collect(),
        false => Vec::new(),
    };
    let found = if by_id.is_empty() {
        let words: Vec<&str> = wanted.split_whitespace().collect();
        let holds = |r: &&PlannedRun| {
            let name = describe(r);
            let known: Vec<&str> = name.split_whitespace().collect();
            words.iter().all(|w| known.contains(w)) && known.last() == words.last()
        };
        plan.runs.iter().filter(holds).collect()
    } else {
        by_id
    };
    match found[..] {
        [] if is_id(wanted) => Ok(None),
        [] => Err(bad_input(format!(
            "`{}` matches no run of the plan\n  give the beginning of a run's id, or words in quotes such as '{}'; --plan lists them",
            text::plain(wanted),
            plan.runs.first().map(describe).unwrap_or_default()
        ))),
        [one] => Ok(Some(one)),
        [first, second, ..] => Err(bad_input(format!(
            "`{}` matches {} runs, among them {} ({}) and {} ({})\n  give more digits or words",
            text::plain(wanted),
            found.len(),
            first.run_id.short(),
            describe(first),
            second.run_id.short(),
            describe(second)
        ))),
    }
}

fn is_id(text: &str) -> bool {
    (4..=32).contains(&text.len()) && text.chars().all(|c| c.is_ascii_hexdigit())
}

fn planned(
    out: &mut String,
    workspace: &Workspace,
    dir: &ReportDir,
    plan: &Plan,
    run: &PlannedRun,
    journal: &Journal,
    machine: &Machine,
) {
    out.push_str(&format!("{}\n  run {}, cell {}\n", describe(run), run.run_id, run.cell_id));
    let one = Plan { runs: vec![run.clone()], ..plan.clone() };
    let left = outstanding(&one, journal, &machine.wanted, false, dir);
    let records: Vec<&RunRecord> =
        journal.records.iter().filter(|r| r.run_id == run.run_id).collect();
    match left.runs.first() {
        None => {
            let best = journal.clone().into_best_for(Some(&machine.wanted.on));
            out.push_str(match left.paused {
                0 => "cached: its result is reused\n",
                _ => "cut: paused at the rung that cut it\n",
            });
            if let Some(record) = best.get(&run.run_id) {
                told(out, record, machine);
            }
        }
        Some((_, reason @ Reason::OtherExec(_))) => {
            out.push_str(&format!("stale: {reason}\n"));
            records.iter().for_each(|r| told(out, r, machine));
        }
        Some((_, reason @ Reason::Paused(_))) => {
            out.push_str(&format!("to resume: {reason}\n"));
            records.iter().for_each(|r| told(out, r, machine));
        }
        Some((_, reason @ (Reason::NoResult(_) | Reason::NoWeights | Reason::NoMetric(_)))) => {
            out.push_str(&format!("to train again: {reason}\n"));
            records.iter().for_each(|r| told(out, r, machine));
            if matches!(reason, Reason::NoWeights) {
                let path = workspace.relative(&dir.weights_of(run.run_id));
                out.push_str(&format!("  there is no {path}\n"));
            }
        }
        Some((_, Reason::New)) => {
            match journal.damaged.iter().find(|d| d.run == Some(run.run_id)) {
                Some(d) => out.push_str(&format!(
                    "to train again: its record in {} is damaged: {}\n",
                    text::plain(&d.place),
                    text::plain(&d.reason)
                )),
                None => out.push_str("new: the journal has no record of it\n"),
            }
            nearest(out, run, journal);
        }
    }
    let checkpoint = dir.checkpoint_of(run.run_id);
    if !left.runs.is_empty() && checkpoint.is_dir() {
        let path = workspace.relative(&checkpoint);
        out.push_str(&format!(
            "  {path} holds a checkpoint: training resumes from it if code, machine, threads and path are the same\n"
        ));
    }
}

/// Prints the circumstances of one record and their differences from the current ones.
fn told(out: &mut String, record: &RunRecord, machine: &Machine) {
    out.push_str(&format!(
        "  {} at {} on {}, attempt {}\n",
        crate::sweep_progress::reason(record),
        text::plain(&record.ended),
        text::plain(&record.device),
        record.attempt
    ));
    let Some(exec) = &record.exec else { return };
    out.push_str(&format!(
        "    exec {}\n",
        record.exec_id.map(|i| i.to_string()).unwrap_or_default()
    ));
    let on = &machine.wanted.on;
    let threads = (exec.threads.to_string(), machine.wanted.threads());
    for (name, was, is) in [
        ("backend", &exec.backend, &on.backend),
        ("device kind", &exec.device_kind, &on.device_kind),
        ("threads", &threads.0, &threads.1),
    ] {
        if was != is {
            let was = text::plain(was);
            out.push_str(&format!("    {name}: {was}, wanted {is}: not reused\n"));
        }
    }
    for (name, was, is) in
        [("fast path", !exec.plain, !on.plain), ("TF32", exec.tf32.unwrap_or(false), on.tf32)]
    {
        if was != is {
            let word = |on: bool| if on { "on" } else { "off" };
            out.push_str(&format!("    {name}: {}, wanted {}: not reused\n", word(was), word(is)));
        }
    }
    let code = &machine.wanted.code;
    if !code.is_empty() && exec.code != *code {
        out.push_str(&format!(
            "    training code: {}, now {}: still reused, --fresh trains again\n",
            text::plain(short(&exec.code)),
            text::plain(short(code))
        ));
    }
    if let Some(outcome) = &record.outcome {
        let digests = [
            ("dataset", Some(outcome.dataset_digest.as_str())),
            ("initial weights", Some(outcome.init_digest.as_str())),
            (
                if record.status.is_result() { "final weights" } else { "weights" },
                outcome.weights_digest.as_deref(),
            ),
        ];
        for (name, digest) in digests {
            out.push_str(&format!("    {name}: {}\n", text::plain(digest.unwrap_or("none"))));
        }
    }
}

fn short(hash: &str) -> &str {
    &hash[..hash.floor_char_boundary(8)]
}

/// Prints the record most similar to a new run, and every field in which they differ.
fn nearest(out: &mut String, run: &PlannedRun, journal: &Journal) {
    let wanted = fields(&run.spec);
    let nearest = journal
        .records
        .iter()
        .map(|r| (differences(&fields(&r.spec), &wanted), r))
        .min_by_key(|(d, r)| (d.len(), !r.status.is_result()));
    let Some((different, record)) = nearest else {
        out.push_str("  the journal is empty\n");
        return;
    };
    out.push_str(&format!(
        "  the nearest record is run {} ({} at {}); it differs in\n",
        record.run_id.short(),
        record.status,
        text::plain(&record.ended)
    ));
    if different.is_empty() {
        // Equal in every field: then something else in the hash differs.
        let (now, was) = (run.spec.data.dataset.digest(), record.spec.data.dataset.digest());
        if now != was {
            out.push_str(&format!("    dataset digest: {was} -> {now}\n"));
        }
        if record.cell_id == run.cell_id {
            out.push_str(&format!(
                "    training format: an older one -> {}\n",
                spec::identity::TRAINING_FORMAT
            ));
        }
    }
    for (path, was, is) in different {
        out.push_str(&format!("    {path}: {was} -> {is}\n"));
    }
}

fn fields(spec: &spec::RunSpec) -> Values {
    let mut all = spec.flat();
    all.insert("seed".to_owned(), Value::Text(spec.seed.to_string()));
    all.insert("data.dataset (digest)".to_owned(), Value::Text(spec.data.dataset.digest()));
    all
}

/// Returns path, earlier value and current value of each difference; `none` for a missing field.
fn differences(before: &Values, now: &Values) -> Vec<(String, String, String)> {
    let show =
        |v: Option<&Value>| v.map_or_else(|| "none".to_owned(), |v| text::plain(&v.to_string()));
    let paths: std::collections::BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    paths
        .into_iter()
        .filter(|p| before.get(*p) != now.get(*p))
        .map(|p| (p.clone(), show(before.get(p)), show(now.get(p))))
        .collect()
}

/// Prints a run of the journal that is not in the plan.
fn unplanned(out: &mut String, plan: &Plan, wanted: &str, journal: &Journal) -> crate::Result<()> {
    let known = journal.records.iter().find(|r| r.run_id.to_string().starts_with(wanted));
    let Some(record) = known else {
        return Err(bad_input(format!(
            "{wanted} is in neither plan nor journal; --plan lists the runs"
        )));
    };
    out.push_str(&format!(
        "{} seed {}\n  run {}\nnot in the plan: it was {} at {}, and stays in the journal\n",
        record.spec.optimizer.kind(),
        record.spec.seed,
        record.run_id,
        record.status,
        text::plain(&record.ended)
    ));
    let was = fields(&record.spec);
    let nearest = plan
        .runs
        .iter()
        .map(|r| (differences(&was, &fields(&r.spec)), r))
        .min_by_key(|(d, _)| d.len());
    if let Some((different, run)) = nearest {
        out.push_str(&format!(
            "  the nearest planned run is {} ({}); it differs in\n",
            run.run_id.short(),
            describe(run)
        ));
        for (path, was, is) in different {
            out.push_str(&format!("    {path}: {was} -> {is}\n"));
        }
    }
    Ok(())
}
