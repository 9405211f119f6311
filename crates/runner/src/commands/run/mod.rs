//! `run`: plan, resume, train, collect, report.

mod explain;
mod invocation;

use std::sync::atomic::Ordering;
use std::time::Instant;

use spec::plan::PlannedRun;
use spec::stages::Stage;
use store::layout::ReportDir;
use store::write_atomic;
use text_format::plural;

use self::invocation::{Found, Invocation};
use super::plan;
use super::shard::{self, Chosen};
use crate::cli::RunArgs;
use crate::exit::Exit;
use crate::launcher::Launched;
use crate::lock::Lock;
use crate::provenance::{self, SweepFacts};
use crate::resume::{Outstanding, interleave};
use crate::status_file::StatusFile;
use crate::training::Trained;
use crate::workspace::Workspace;
use crate::{reporter, stages, text, threads};
use store::archive::archive;

/// Trains a sweep and writes its report, or prints its plan.
pub(super) fn run(workspace: &Workspace, args: &RunArgs) -> crate::Result<Exit> {
    Ok(run_holding(workspace, args, &|_| Ok(()))?.0)
}

/// Trains a sweep as [`run`] does, and returns the folder's lock too, so that no other sweep can
/// start before the results are used; `None` where no lock is held any more. `before_training`
/// is called with the report folder once the sweep can train, before anything in the folder
/// changes.
///
/// # Errors
/// Bad input, an error of the system, or that of `before_training`.
pub fn run_holding(
    workspace: &Workspace,
    args: &RunArgs,
    before_training: &dyn Fn(&ReportDir) -> crate::Result<()>,
) -> crate::Result<(Exit, Option<Lock>)> {
    let mut invocation = Invocation::load(workspace, args)?;
    if args.plan {
        return Ok((explain::explain(&mut invocation)?, None));
    }
    // Taken before the journal is read, so that the results of another sweep are seen.
    let lock = invocation.lock()?;
    let mut status_file = StatusFile::new(&invocation.dir);
    if invocation.is_submitted()? {
        // Not held while the tasks work.
        drop((status_file, lock));
        return Ok((followed(&invocation, before_training)?, None));
    }
    invocation.launcher().alone(&invocation.dir, &invocation.plan)?;
    let mut found = invocation.look()?;
    invocation.measure(&mut found)?;
    let mut resumed = prepare(&mut invocation, &mut found, before_training)?;
    let (mut trained, reused) = (Trained::default(), resumed.results);
    if invocation.slurm.is_none() {
        invocation.signals.listen()?;
    }
    invocation.begun = Instant::now();
    loop {
        match train(&invocation, &found, &resumed, &lock, &mut status_file)? {
            Launched::Trained(more) => trained.add(more),
            Launched::Submitted(words) => {
                super::cluster::submitted(&invocation.work(&found, resumed.results), &words)?;
                drop((status_file, lock));
                let follows = args.watch;
                let exit = if follows { followed(&invocation, before_training)? } else { Exit::Ok };
                return Ok((exit, None));
            }
        }
        if trained.was_stopped() || invocation.is_over() || !invocation.open_stage(&mut found)? {
            break;
        }
        resumed = next_stage(&invocation, &mut found)?;
    }
    // The results before the first stage.
    resumed.results = reused;
    report(&invocation, found, &resumed, &trained, &lock)?;
    Ok((trained.exit(), Some(lock)))
}

/// Follows the tasks of a cluster to their end, then trains the next stage, if there is one.
fn followed(
    invocation: &Invocation<'_>,
    before_training: &dyn Fn(&ReportDir) -> crate::Result<()>,
) -> crate::Result<Exit> {
    let exit = invocation.follow()?;
    let goes_on = exit == Exit::Ok || invocation.args.keep_failed && exit == Exit::RunsFailed;
    let more = |plan: &spec::plan::Plan| goes_on && plan.is_open();
    let plan = store::plan(&invocation.dir).ok();
    if !plan.as_ref().is_some_and(more) {
        return Ok(exit);
    }
    let again = RunArgs { fresh: false, replan: false, ..invocation.args.clone() };
    let next = run_holding(invocation.workspace, &again, before_training)?.0;
    Ok(if next == Exit::Ok { exit } else { next })
}

/// Writes the plan with its new stage, and determines which of its runs are left to train.
fn next_stage(invocation: &Invocation<'_>, found: &mut Found) -> crate::Result<Resumed> {
    let plan = &invocation.plan;
    write_atomic(&invocation.dir.plan(), &serde_json::to_vec_pretty(plan)?)?;
    let (problem, data) = (found.machine.problem.take(), found.take_data());
    let left = invocation.outstanding(found);
    let todo: Vec<PlannedRun> =
        interleave(plan, invocation.chosen_of(&left)).into_iter().cloned().collect();
    let results = left.cached;
    if todo.is_empty() {
        found.put_back(problem, data);
    } else {
        problem.map_or(data, Err)?;
    }
    Ok(Resumed { results, todo })
}

/// The plan, divided into results that are reused and runs to train.
struct Resumed {
    /// Number of results that are reused.
    results: usize,
    /// The runs to train, in the order of execution.
    todo: Vec<PlannedRun>,
}

/// Determines what is left to train, refuses what cannot be trained, and then changes the
/// folder: archives earlier results with `--fresh` and writes the plan.
fn prepare(
    invocation: &mut Invocation<'_>,
    found: &mut Found,
    before_training: &dyn Fn(&ReportDir) -> crate::Result<()>,
) -> crate::Result<Resumed> {
    let (args, quiet) = (invocation.args, invocation.args.training.quiet);
    if args.no_report {
        super::folder::warn(&found.journal.warnings);
    }
    invocation.plan.computed_on = Some(found.machine.wanted.on.clone());
    let (problem, data) = (found.machine.problem.take(), found.take_data());
    let left = invocation.outstanding(found);
    let todo: Vec<PlannedRun> =
        interleave(&invocation.plan, invocation.chosen_of(&left)).into_iter().cloned().collect();
    // Before anything is moved or written: a sweep that cannot train changes nothing.
    let problem = match problem {
        Some(problem) if !todo.is_empty() => return Err(problem),
        other => other,
    };
    let data = if todo.is_empty() { data } else { data.map(|()| Ok(()))? };
    before_training(&invocation.dir)?;
    warn_about(&left);
    warn_of_stages(&invocation.plan, &found.journal);
    let results = left.cached;
    let nothing = nothing_to_train(&left, &invocation.chosen);
    if args.fresh
        && let Some(old) = archive(&invocation.dir)?
    {
        text::status!("earlier results are archived in {}", invocation.workspace.relative(&old));
    }
    let lines = [
        plan::data_line(&invocation.plan),
        threads::describe(&invocation.plan, found.machine.threads.as_ref()),
        todo.is_empty().then(|| format!("{}: {nothing}", invocation.plan.name)),
    ];
    write_atomic(&invocation.dir.plan(), &serde_json::to_vec_pretty(&invocation.plan)?)?;
    lines.iter().flatten().filter(|_| !quiet).for_each(|line| text::status!("{line}"));
    // A later stage may have something to train even if this one has nothing.
    found.put_back(problem, data);
    Ok(Resumed { results, todo })
}

/// Trains what is left, or submits it.
fn train(
    invocation: &Invocation<'_>,
    found: &Found,
    resumed: &Resumed,
    lock: &Lock,
    status_file: &mut StatusFile,
) -> crate::Result<Launched> {
    invocation.signals.training.store(true, Ordering::SeqCst);
    let launched = if resumed.todo.is_empty() {
        Launched::Trained(Trained::default())
    } else {
        if invocation.slurm.is_some() {
            // The next sweep must wait for an `sbatch` that outlives this process.
            lock.pass_on()?;
        }
        let work = invocation.work(found, resumed.results);
        invocation.launcher().launch(&work, resumed.todo.clone(), status_file)?
    };
    invocation.signals.training.store(false, Ordering::SeqCst);
    Ok(launched)
}

/// Prints the summary line, and writes the manifest, if the results have changed, and the report.
fn report(
    invocation: &Invocation<'_>,
    found: Found,
    resumed: &Resumed,
    trained: &Trained,
    lock: &Lock,
) -> crate::Result<()> {
    let (args, dir, plan) = (invocation.args, &invocation.dir, &invocation.plan);
    if trained.was_stopped() || trained.runs > 0 && !args.training.quiet {
        let elapsed = invocation.begun.elapsed();
        text::status!("{}", trained.summary(resumed.results, elapsed, args));
    }
    // Provenance must follow, trained or not.
    let moved = found.earlier.is_some_and(|e| e.computed_on != plan.computed_on);
    if trained.runs > 0 || moved || !dir.manifest().is_file() {
        let records = store::journal::read(dir)?.into_best_for(plan.computed_on.as_ref());
        let facts = SweepFacts {
            started: invocation.started.clone(),
            slots: if trained.runs > 0 { &found.machine.slots } else { &[] },
            trained: trained.runs as u64,
            cached: resumed.results as u64,
            environment: provenance::environment(
                plan.runs.iter().filter_map(|r| records.get(&r.run_id)),
            ),
            record_host: args.training.record_host,
            provenance: found.provenance,
        };
        let manifest = provenance::manifest(plan, facts);
        write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    }
    if !args.no_report {
        reporter::write(invocation.workspace, dir, Some(lock), args.training.quiet)?;
        if args.open {
            open(dir);
        }
    }
    shard::say_what_is_next(args);
    Ok(())
}

/// Returns why there is nothing to train: every run is cached, kept by `--keep-failed`, or not
/// selected by `--only` or `--shard`.
fn nothing_to_train(left: &Outstanding<'_>, chosen: &Chosen) -> String {
    let (cached, kept_failed, missing) = (left.cached, left.kept_failed, left.runs.len());
    let results = plural::count(cached - kept_failed - left.paused, "result");
    if missing > 0 {
        let by = &chosen.by;
        format!(
            "nothing to train among the runs chosen by {by}; {results} cached, {missing} missing in all"
        )
    } else if kept_failed > 0 {
        let kept = plural::count(kept_failed, "run");
        format!(
            "nothing to train; {results} cached, {kept} without a result left alone (--keep-failed)"
        )
    } else if left.paused > 0 {
        let paused = plural::count(left.paused, "run");
        let are = plural::is_or_are(left.paused);
        format!("nothing to train; {results} cached, {paused} {are} paused at a rung")
    } else {
        format!("nothing to train; {results} cached")
    }
}

fn warn_about(left: &Outstanding<'_>) {
    if left.other_code > 0 {
        text::status!(
            "{} {} {} made by other versions of the training code and reused; --fresh trains again",
            console::style("warning:").for_stderr().yellow(),
            plural::count(left.other_code, "result"),
            plural::was_or_were(left.other_code),
        );
    }
}

/// Warns about a decision on a stage whose results have changed since.
fn warn_of_stages(plan: &spec::plan::Plan, journal: &store::journal::Journal) {
    if let Some((decision, changed)) = stages::outdated(plan, journal) {
        let (when, choice) = match decision.stage {
            Stage::Tuning if decision.rung > 0 => ("configurations were cut", "cut"),
            Stage::Tuning if decision.look > 0 => ("the look at the seeds", "decision"),
            Stage::Tuning => ("the grids grew", "growth"),
            Stage::Confirm => ("configurations were chosen for [confirm]", "choice"),
        };
        text::status!(
            "{} {} {} changed since {when}; the {choice} stands, --replan repeats it",
            console::style("warning:").for_stderr().yellow(),
            plural::count(changed, "result"),
            plural::has_or_have(changed),
        );
    }
}

fn open(dir: &ReportDir) {
    let opened = std::process::Command::new("xdg-open").arg(dir.html()).spawn();
    if opened.is_err() {
        text::status!("cannot open a browser: xdg-open is not installed");
    }
}
