//! `run`: plan, resume, train, collect, report.

use std::fs;
use std::sync::atomic::Ordering;

use spec::layout::ReportDir;
use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use store::journal::Journal;
use store::write_atomic;

use super::shard::{self, Chosen};
use super::training::{Signalled, Trained};
use crate::beacon::Beacon;
use crate::cli::RunArgs;
use crate::exit::{Exit, bad_input};
use crate::journal::put_aside;
use crate::launcher::{Launched, Launcher, Local, Work};
use crate::lock::{self, Lock};
use crate::machine::Machine;
use crate::pool;
use crate::provenance::{self, SweepFacts};
use crate::resume::{Outstanding, interleave, outstanding};
use crate::threads::{self, Known, Place};
use crate::workspace::Workspace;
use crate::{clock, dataset_check, estimate, reporter, text};

/// Runs a sweep.
pub(super) fn run(workspace: &Workspace, args: &RunArgs) -> anyhow::Result<Exit> {
    Ok(run_holding(workspace, args, &|_| Ok(()))?.0)
}

/// Like [`run`], with the folder's lock still held, so that no other sweep comes
/// between the results and what is made of them. `before_training` is called with the
/// report folder once the sweep can train, before anything in the folder is changed.
///
/// # Errors
/// Bad input, an error of the system, or that of `before_training`.
pub fn run_holding(
    workspace: &Workspace,
    args: &RunArgs,
    before_training: &dyn Fn(&ReportDir) -> anyhow::Result<()>,
) -> anyhow::Result<(Exit, Option<Lock>)> {
    let loaded = super::load_plan(workspace, &args.training.file, &args.training.set, args.smoke)?;
    if !loaded.warnings.is_empty() {
        text::complain(&loaded.warnings.render(console::colors_enabled_stderr()));
    }
    let mut plan = loaded.plan;
    let slurm = super::cluster::launcher(args, loaded.slurm)?;
    plan.pool = pool::entries(&plan.pool, &args.training.device)?;
    if let Some(timeout) = args.training.timeout {
        plan.keeping.timeout = Some(timeout.as_secs_f64());
    }
    let chosen = Chosen::of(&plan, args)?;
    let dir = workspace.report(&plan.name);
    let started = clock::now();
    // Taken before the journal is read: what another sweep finishes is seen.
    let lock = if args.plan { None } else { Some(lock::acquire(&dir, &started)?) };
    let mut beacon = (!args.plan).then(|| Beacon::new(&dir));
    let jobs = if args.training.timing { Some(1) } else { args.training.jobs };
    let signals = Signalled::new();
    let local = Local { signals: &signals };
    let launcher: &dyn Launcher = slurm.as_ref().map_or(&local, |slurm| slurm);
    if let Some(slurm) = slurm.as_ref().filter(|_| args.watch)
        && super::cluster::is_submitted(slurm, &dir, &plan.name, args)?
    {
        // Not held while others work.
        drop((beacon, lock));
        return Ok((super::cluster::follow(workspace, slurm, &dir, args)?, None));
    }
    if !args.plan {
        launcher.alone(&dir, &plan)?;
    }
    let earlier = earlier_plan(&dir, &plan, args.plan)?;
    let known = Known::of(workspace, &plan, || earlier.as_ref().filter(|_| !args.fresh));
    let cluster = slurm.as_ref().map(|slurm| &slurm.settings);
    // Each takes a few tenths of a second, so side by side: worker, data, sources.
    let (mut machine, mut data, provenance) = std::thread::scope(|scope| {
        let machine = scope.spawn(|| match cluster {
            Some(settings) => Machine::of_cluster(&plan, settings, jobs),
            None => Machine::find(&plan, jobs, &known),
        });
        let data = scope.spawn(|| dataset_check::on_disk(workspace, &plan));
        let provenance = provenance::gather(workspace);
        (joined(machine), joined(data), provenance)
    });
    if let Some(slurm) = &slurm {
        plan.pool = machine.pool_on_cluster(&plan, &slurm.settings);
    }
    if args.training.require_clean {
        require_clean(&provenance)?;
    }
    if let Some(earlier) = earlier.as_ref().filter(|_| !args.fresh) {
        // A plan that the sweep would refuse is none.
        dataset_check::same_data(earlier, &plan)?;
    }
    if !args.plan {
        if machine.threads.is_none() && machine.problem.is_none() {
            // They are measured on the data.
            std::mem::replace(&mut data, Ok(()))?;
        }
        let (dir, quiet, worker) = (&dir, args.training.quiet, &machine.worker.clone());
        if slurm.is_none() {
            machine.measure(&plan, jobs, &Place { workspace, dir, worker, quiet })?;
        }
    }
    let journal = if args.fresh { Journal::default() } else { store::journal::read(&dir)? };
    if args.plan || args.no_report {
        super::folder::warn(&journal.warnings);
    }
    plan.computed_on = Some(machine.wanted.on.clone());
    let problem = machine.problem.take();
    let left = outstanding(&plan, &journal, &machine.wanted, args.keep_failed, &dir);
    let narrowed = !chosen.by.is_empty();
    let (cached, missing, kept_failed) = (left.cached, left.runs.len(), left.kept_failed);
    let todo: Vec<&PlannedRun> =
        left.runs.iter().map(|(r, _)| *r).filter(|r| chosen.has(r.run_id)).collect();
    let work = Work {
        workspace,
        dir: &dir,
        plan: &plan,
        args,
        machine: &machine,
        provenance: &provenance,
        journal: &journal,
        cached,
        narrowed,
        started: &started,
    };
    if args.plan {
        let estimate = estimate::estimate(workspace, &journal, &machine, &todo);
        let told = if args.json {
            super::plan::json(&plan, &left, &chosen, &machine, estimate.as_ref())
        } else {
            let (estimate, verbose) = (estimate.as_ref(), args.training.verbose);
            super::plan::table(&plan, &left, &chosen, &machine, estimate, verbose)
        };
        told?;
        if let Some(error) = data.err().filter(|_| !todo.is_empty()) {
            crate::text::say!("warning: the sweep would be refused: {error:#}");
        }
        if !args.json {
            if let Some(problem) = problem.as_ref().filter(|_| slurm.is_some()) {
                crate::text::say!("warning: {problem}");
            }
            crate::text::print(&launcher.explain(&work, &todo)?);
        }
        return Ok((Exit::Ok, None));
    }
    let todo: Vec<PlannedRun> = interleave(&plan, todo).into_iter().cloned().collect();
    // Before anything is moved or written: a sweep that cannot train changes nothing.
    if let Some(problem) = problem.filter(|_| !todo.is_empty()) {
        return Err(problem);
    }
    if !todo.is_empty() {
        data?;
    }
    before_training(&dir)?;
    warn_about(&left);
    drop(left);
    if args.fresh
        && let Some(old) = put_aside(&dir)?
    {
        crate::text::say!("earlier results are in {}", workspace.relative(&old));
    }
    if let Some(line) = data_line(&plan).filter(|_| !args.training.quiet) {
        crate::text::say!("{line}");
    }
    if let Some(threads) =
        threads::words(&plan, machine.threads.as_ref()).filter(|_| !args.training.quiet)
    {
        crate::text::say!("{threads}");
    }
    write_atomic(&dir.plan(), &serde_json::to_vec_pretty(&plan)?)?;
    if slurm.is_none() {
        signals.listen()?;
    }
    let result = if todo.is_empty() {
        if !args.training.quiet {
            crate::text::say!(
                "{}: {}",
                plan.name,
                nothing_to_train(cached, kept_failed, missing, &chosen)
            );
        }
        Trained::default()
    } else {
        let Some(beacon) = beacon.as_mut() else { unreachable!("a plan has ended above") };
        if let (Some(lock), true) = (&lock, slurm.is_some()) {
            // An `sbatch` that outlives us must not be overtaken by the next sweep.
            lock.pass_on()?;
        }
        match launcher.launch(&work, todo, beacon)? {
            Launched::Trained(trained) => trained,
            Launched::Submitted(words) => {
                super::cluster::submitted(&work, &words)?;
                // Not held while others work.
                drop(lock);
                return match slurm.as_ref().filter(|_| args.watch) {
                    Some(slurm) => {
                        Ok((super::cluster::follow(workspace, slurm, &dir, args)?, None))
                    }
                    None => Ok((Exit::Ok, None)),
                };
            }
        }
    };
    signals.training.store(false, Ordering::SeqCst);
    // Other results are shown than before: provenance must follow, trained or not.
    let moved = earlier.is_some_and(|e| e.computed_on != plan.computed_on);
    if result.runs > 0 || moved || !dir.manifest().is_file() {
        let records = store::journal::read(&dir)?.into_best_for(plan.computed_on.as_ref());
        let facts = SweepFacts {
            started,
            slots: if result.runs > 0 { &machine.slots } else { &[] },
            trained: result.runs as u64,
            cached: cached as u64,
            environment: provenance::environment(
                plan.runs.iter().filter_map(|r| records.get(&r.run_id)),
            ),
            record_host: args.training.record_host,
            provenance,
        };
        let manifest = provenance::manifest(&plan, facts);
        write_atomic(&dir.manifest(), &serde_json::to_vec_pretty(&manifest)?)?;
    }
    if !args.no_report {
        reporter::write(workspace, &dir, lock.as_ref(), args.training.quiet)?;
        if args.open {
            open(&dir);
        }
    }
    shard::say_what_is_next(args);
    Ok((result.exit(), lock))
}

/// Returns the line on own data; none of other data.
pub(super) fn data_line(plan: &Plan) -> Option<String> {
    let name = plan.runs.first()?.spec.data.dataset.name();
    Some(text::wrapped(&text::plain(&plan.data.as_ref()?.line(&name))))
}

/// Why there is nothing to train: `cached` runs need none, of them `kept_failed`
/// for `--keep-failed`, and `missing` were not chosen by `--only` or `--shard`.
fn nothing_to_train(cached: usize, kept_failed: usize, missing: usize, chosen: &Chosen) -> String {
    let results = text::count(cached - kept_failed, "result");
    if missing > 0 {
        let by = &chosen.by;
        format!("nothing to train of what {by} chose; {results} there, {missing} missing in all")
    } else if kept_failed > 0 {
        let kept = text::count(kept_failed, "run");
        format!("nothing to train; {results} there, {kept} without one kept by --keep-failed")
    } else if cached == 1 {
        "its one result is there already, nothing to train".to_owned()
    } else {
        format!("all {results} are there already, nothing to train")
    }
}

/// The plan of the last sweep here, if any. A report folder belongs to one
/// sweep file, so that of another is refused. `look`: nothing is moved.
fn earlier_plan(dir: &ReportDir, plan: &Plan, look: bool) -> anyhow::Result<Option<Plan>> {
    let Ok(bytes) = fs::read(dir.plan()) else { return Ok(None) };
    let earlier: Plan = match serde_json::from_slice(&bytes) {
        Ok(plan) => plan,
        Err(_) if look => return Ok(None),
        Err(e) => {
            // Written anew from the sweep file; results are in the journal, not here.
            let aside = dir.path().join("plan.json.damaged");
            fs::rename(dir.plan(), &aside)?;
            crate::text::say!(
                "warning: {} could not be read ({e}); it is kept as {} and written anew",
                dir.plan().display(),
                aside.display()
            );
            return Ok(None);
        }
    };
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

/// What a thread came to; its panic is ours.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn require_clean(provenance: &Provenance) -> anyhow::Result<()> {
    match provenance.git_dirty {
        Some(false) => Ok(()),
        Some(true) => Err(bad_input(
            "--require-clean: the sources differ from the commit\n  commit or stash what `git status` shows",
        )),
        None => Err(bad_input(
            "--require-clean: this folder is in no git repository with a commit, so nothing can be said of its sources",
        )),
    }
}

fn warn_about(left: &Outstanding<'_>) {
    if left.other_code > 0 {
        crate::text::say!(
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
        crate::text::say!("no browser could be opened: xdg-open is not there");
    }
}
