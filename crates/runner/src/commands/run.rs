//! `run`: plan, resume, train, collect, report.

use std::collections::HashMap;
use std::fs;
use std::sync::atomic::Ordering;

use report::journal::Journal;
use report::write_atomic;
use spec::Id;
use spec::layout::ReportDir;
use spec::plan::{Plan, PlannedRun};

use super::training::{Signalled, Sweep, Trained, train};
use crate::cli::RunArgs;
use crate::exit::{Exit, bad_input};
use crate::journal::put_aside;
use crate::machine::Machine;
use crate::pool;
use crate::provenance::{self, SweepFacts};
use crate::resume::{Outstanding, interleave, outstanding};
use crate::workspace::Workspace;
use crate::{clock, lock, text};

/// Runs a sweep.
pub(super) fn run(workspace: &Workspace, args: &RunArgs) -> anyhow::Result<Exit> {
    let loaded = super::load_plan(workspace, args)?;
    if !loaded.warnings.is_empty() {
        eprint!("{}", loaded.warnings.render(console::colors_enabled_stderr()));
    }
    let mut plan = loaded.plan;
    plan.pool = pool::entries(&plan.pool, &args.device)?;
    let chosen = chosen(&plan, &args.only)?;
    let dir = workspace.report(&plan.name);
    let mut machine = Machine::find(&plan, if args.timing { Some(1) } else { args.jobs });
    let started = clock::now();
    // Taken before the journal is read: what another sweep finishes is seen.
    let _lock = if args.plan { None } else { Some(lock::acquire(&dir, &started)?) };
    let earlier = if args.plan { None } else { earlier_plan(&dir, &plan)? };
    let journal = if args.fresh { Journal::default() } else { report::journal::read(&dir)? };
    let left = outstanding(&plan, &journal, &machine.wanted, args.keep_failed);
    let (cached, missing) = (left.cached, left.runs.len());
    let todo: Vec<&PlannedRun> =
        left.runs.iter().map(|(r, _)| *r).filter(|r| chosen.contains_key(&r.run_id)).collect();
    if args.plan {
        return if args.json {
            super::plan::json(&plan, &left)
        } else {
            super::plan::table(&plan, &left, todo.len())
        };
    }
    let todo: Vec<PlannedRun> = interleave(&plan, todo).into_iter().cloned().collect();
    // Before anything is moved or written: a sweep that cannot train changes nothing.
    if let Some(problem) = machine.problem.take().filter(|_| !todo.is_empty()) {
        return Err(problem);
    }
    warn_about(&left);
    drop(left);
    if args.fresh
        && let Some(old) = put_aside(&dir)?
    {
        eprintln!("earlier results are in {}", workspace.relative(&old));
    }
    plan.computed_on = Some(machine.wanted.on.clone());
    write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    let signals = Signalled::watch()?;
    let result = if todo.is_empty() {
        let results = text::count(cached, "result");
        match missing {
            0 => eprintln!("{}: all {results} are there already, nothing to train", plan.name),
            n => eprintln!(
                "{}: nothing to train of what --only chose; {results} there, {n} missing in all",
                plan.name
            ),
        }
        Trained::default()
    } else {
        let (dir, plan, machine, data) = (&dir, &plan, &machine, workspace.data());
        let sweep = Sweep { dir, plan, machine, args, data, cached };
        train(&sweep, todo, &started, &signals.cancel)?
    };
    signals.training.store(false, Ordering::SeqCst);
    let records = report::journal::read(&dir)?.into_best_for(plan.computed_on.as_ref());
    let facts = SweepFacts {
        started,
        slots: if result.runs > 0 { &machine.slots } else { &[] },
        trained: result.runs as u64,
        cached: cached as u64,
        environment: provenance::environment(
            plan.runs.iter().filter_map(|r| records.get(&r.run_id)),
        ),
        record_host: args.record_host,
    };
    // Other results are shown than before: provenance must follow, trained or not.
    let moved = earlier.is_some_and(|e| e.computed_on != plan.computed_on);
    if result.runs > 0 || moved || !dir.manifest().is_file() {
        let manifest = provenance::manifest(workspace, &plan, facts);
        write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    }
    if !args.no_report {
        super::report::write(&dir)?;
        super::summary::print(workspace, &dir)?;
        if args.open {
            open(&dir);
        }
    }
    Ok(result.exit())
}

/// The runs that `--only` leaves; all without it.
fn chosen(plan: &Plan, only: &[String]) -> anyhow::Result<HashMap<Id, ()>> {
    let mut wanted: HashMap<&str, Vec<&str>> = HashMap::new();
    for item in only {
        match item.split_once('=') {
            Some((key @ ("optimizer" | "seed"), value)) => {
                wanted.entry(key).or_default().push(value)
            }
            _ => {
                return Err(bad_input(format!(
                    "--only {item}: write optimizer=<label> or seed=<number>"
                )));
            }
        }
    }
    for (key, values) in &wanted {
        for value in values {
            let known = plan.runs.iter().any(|r| match *key {
                "optimizer" => r.label == **value,
                _ => r.spec.seed.to_string() == **value,
            });
            if !known {
                return Err(bad_input(format!(
                    "--only {key}={value} matches no run; {}",
                    choice(plan)
                )));
            }
        }
    }
    let fits = |key: &str, value: &str| wanted.get(key).is_none_or(|v| v.contains(&value));
    let chosen: HashMap<Id, ()> = plan
        .runs
        .iter()
        .filter(|r| fits("optimizer", &r.label) && fits("seed", &r.spec.seed.to_string()))
        .map(|r| (r.run_id, ()))
        .collect();
    if chosen.is_empty() {
        return Err(bad_input(format!(
            "--only {} matches no run; {}",
            only.join(","),
            choice(plan)
        )));
    }
    Ok(chosen)
}

fn choice(plan: &Plan) -> String {
    let labels: Vec<String> = plan.optimizers.iter().map(|o| text::plain(&o.label)).collect();
    format!("the labels are {}, the seeds {:?}", labels.join(", "), plan.seeds)
}

/// The plan of the last sweep here, if any. A report folder belongs to one
/// sweep file, so that of another is refused.
fn earlier_plan(dir: &ReportDir, plan: &Plan) -> anyhow::Result<Option<Plan>> {
    let Ok(bytes) = fs::read(dir.plan()) else { return Ok(None) };
    let earlier: Plan = serde_json::from_slice(&bytes).map_err(|e| {
        bad_input(format!(
            "{} cannot be read: {e}\n  move it away; the journal beside it is kept and used",
            dir.plan().display()
        ))
    })?;
    if earlier.file != plan.file {
        return Err(bad_input(format!(
            "{} belongs to {}, not to {}\n  give one of them another `name`, or move the folder away",
            dir.path().display(),
            earlier.file,
            plan.file
        )));
    }
    Ok(Some(earlier))
}

fn warn_about(left: &Outstanding<'_>) {
    if left.other_code > 0 {
        eprintln!(
            "{} {} made by other versions of the training code and reused; --fresh trains anew",
            console::style("warning:").for_stderr().yellow(),
            if left.other_code == 1 {
                "1 result was".to_owned()
            } else {
                format!("{} results were", left.other_code)
            },
        );
    }
}

fn open(dir: &ReportDir) {
    let opened = std::process::Command::new("xdg-open").arg(dir.html()).spawn();
    if opened.is_err() {
        eprintln!("no browser could be opened: xdg-open is not there");
    }
}
