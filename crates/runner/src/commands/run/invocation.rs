//! The sweep that a command line asks for, and the state of its folder and machine.

use std::fs;
use std::time::Instant;

use spec::plan::{Plan, PlannedRun};
use spec::provenance::Provenance;
use store::journal::Journal;
use store::layout::ReportDir;
use text_format::plural;

use crate::cli::RunArgs;
use crate::commands::shard::Chosen;
use crate::commands::{cluster, load_plan};
use crate::error::{Error, bad_input};
use crate::exit::Exit;
use crate::launcher::slurm::Slurm;
use crate::launcher::{Launcher, Local, Work};
use crate::lock::{self, Lock};
use crate::machine::Machine;
use crate::resume::{Outstanding, outstanding};
use crate::threads::{KnownThreads, MeasureContext};
use crate::training::Signalled;
use crate::workspace::Workspace;
use crate::{clock, dataset_check, pool, provenance, stages, text};

/// The sweep that a command line asks for.
pub(super) struct Invocation<'a> {
    pub(super) workspace: &'a Workspace,
    pub(super) args: &'a RunArgs,
    /// The plan; `computed_on` is set once the machine is known.
    pub(super) plan: Plan,
    /// The launcher for a cluster; `None` for this machine.
    pub(super) slurm: Option<Slurm>,
    /// Runs of the plan that are selected for training.
    pub(super) chosen: Chosen,
    /// The report folder.
    pub(super) dir: ReportDir,
    /// Start of this sweep, RFC 3339.
    pub(super) started: String,
    pub(super) signals: Signalled,
    /// Start of training, for `--max-time`.
    pub(super) begun: Instant,
    local: Local,
}

/// State at the start: machine, data, sources and earlier results.
pub(super) struct Found {
    /// The plan of the last sweep in the folder; `None` if there is none.
    pub(super) earlier: Option<Plan>,
    /// Worker, slots and their environment.
    pub(super) machine: Machine,
    /// Result of the check of the data.
    data: crate::Result<()>,
    /// State of the sources.
    pub(super) provenance: Provenance,
    /// Earlier results; empty with `--fresh`.
    pub(super) journal: Journal,
}

impl Found {
    /// Restores the problems that would prevent training, for a later stage that has to train.
    pub(super) fn put_back(&mut self, problem: Option<Error>, data: crate::Result<()>) {
        self.machine.problem = problem;
        self.data = data;
    }

    /// Takes the result of the check of the data and leaves `Ok`.
    pub(super) fn take_data(&mut self) -> crate::Result<()> {
        std::mem::replace(&mut self.data, Ok(()))
    }
}

impl<'a> Invocation<'a> {
    /// Reads the sweep file and the command line.
    ///
    /// # Errors
    /// Bad input: diagnostics of the file, flags that exclude each other.
    pub(super) fn load(workspace: &'a Workspace, args: &'a RunArgs) -> crate::Result<Self> {
        let loaded = load_plan(workspace, &args.training.file, &args.training.set, args.smoke)?;
        if !loaded.warnings.is_empty() {
            text::print_error(&loaded.warnings.render(console::colors_enabled_stderr()));
        }
        let mut plan = loaded.plan;
        let slurm = cluster::launcher(args, loaded.slurm)?;
        plan.pool = pool::entries(&plan.pool, &args.training.device)?;
        if let Some(timeout) = args.training.timeout {
            plan.keeping.timeout = Some(timeout.as_secs_f64());
        }
        // The selection of a staged plan depends on its decisions.
        let chosen = if plan.is_staged() { Chosen::all(&plan) } else { Chosen::of(&plan, args)? };
        let (dir, started) = (workspace.report(&plan.name), clock::now());
        let signals = Signalled::new();
        let local = Local { cancel: signals.cancel.clone() };
        let begun = Instant::now();
        Ok(Invocation { workspace, args, plan, slurm, chosen, dir, started, signals, begun, local })
    }

    /// Acquires the lock of the report folder.
    pub(super) fn lock(&self) -> crate::Result<Lock> {
        lock::acquire(&self.dir, &self.started)
    }

    /// Returns the launcher that trains the runs.
    pub(super) fn launcher(&self) -> &dyn Launcher {
        match &self.slurm {
            Some(slurm) => slurm,
            None => &self.local,
        }
    }

    /// Returns the requested number of runs side by side; `None` means as many as the devices have
    /// room for.
    pub(super) fn jobs(&self) -> Option<u64> {
        if self.args.training.timing { Some(1) } else { self.args.training.jobs }
    }

    /// Returns whether the sweep is already on a cluster and only has to be followed.
    pub(super) fn is_submitted(&self) -> crate::Result<bool> {
        match self.slurm.as_ref().filter(|_| self.args.watch) {
            Some(slurm) => cluster::is_submitted(slurm, &self.dir, &self.plan.name, self.args),
            None => Ok(false),
        }
    }

    /// Follows the tasks of a cluster, then writes the report.
    pub(super) fn follow(&self) -> crate::Result<Exit> {
        match &self.slurm {
            Some(slurm) => cluster::follow(self.workspace, slurm, &self.dir, self.args),
            None => Ok(Exit::Ok),
        }
    }

    /// Finds machine, data, state of the sources and earlier results. Measures nothing.
    ///
    /// # Errors
    /// Bad input: the folder belongs to another sweep, the data has changed, the sources are not
    /// clean. The journal cannot be read.
    pub(super) fn look(&mut self) -> crate::Result<Found> {
        let (workspace, args) = (self.workspace, self.args);
        let earlier = earlier_plan(&self.dir, &self.plan, args.plan)?;
        let known =
            KnownThreads::of(workspace, &self.plan, || earlier.as_ref().filter(|_| !args.fresh));
        let (jobs, plan) = (self.jobs(), &self.plan);
        let cluster = self.slurm.as_ref().map(|slurm| &slurm.settings);
        // Worker, data and sources take a few tenths of a second each, so side by side.
        let (machine, data, provenance) = std::thread::scope(|scope| {
            let machine = scope.spawn(|| match cluster {
                Some(settings) => Machine::of_cluster(plan, settings, jobs),
                None => Machine::find(plan, jobs, &known),
            });
            let data = scope.spawn(|| dataset_check::on_disk(workspace, plan));
            let provenance = provenance::gather(workspace);
            (joined(machine), joined(data), provenance)
        });
        if let Some(slurm) = &self.slurm {
            self.plan.pool = machine.pool_on_cluster(&self.plan, &slurm.settings);
        }
        if args.training.require_clean {
            require_clean(&provenance)?;
        }
        if let Some(earlier) = earlier.as_ref().filter(|_| !args.fresh) {
            // Also for --plan: the sweep itself would refuse it.
            dataset_check::same_data(earlier, &self.plan)?;
        }
        let journal =
            if args.fresh { Journal::default() } else { store::journal::read(&self.dir)? };
        self.recall(earlier.as_ref().filter(|_| !args.fresh))?;
        Ok(Found { earlier, machine, data, provenance, journal })
    }

    /// Takes over the decisions of an earlier plan on stages, except with `--replan`.
    fn recall(&mut self, earlier: Option<&Plan>) -> crate::Result<()> {
        stages::recall(&mut self.plan, earlier);
        if self.plan.decisions.is_empty() {
            stages::take_over(&mut self.plan, &self.args.decided);
        }
        if self.args.replan {
            stages::forget(&mut self.plan);
        }
        self.chosen = Chosen::of(&self.plan, self.args)?;
        Ok(())
    }

    /// Opens the next stage if all runs of the current one have a result. Returns whether a stage
    /// was opened, and prints the decision or what the stage waits for.
    ///
    /// # Errors
    /// The journal cannot be read; `sweep-report` failed.
    pub(super) fn open_stage(&mut self, found: &mut Found) -> crate::Result<bool> {
        if !self.plan.is_open() {
            return Ok(false);
        }
        found.journal = store::journal::read(&self.dir)?;
        let missing = self.outstanding(found).runs.len();
        if missing > 0 {
            let (runs, have) = (plural::count(missing, "run"), plural::has_or_have(missing));
            let plan = &self.plan;
            let tuning = plan.until.is_none() && plan.confirming().next().is_none();
            let of = if tuning { " of tuning" } else { "" };
            let waits = stages::waits(&self.plan);
            let rest = match self.chosen.by.is_empty() {
                true => "; --keep-failed continues without failed runs",
                false => "",
            };
            let told = format!("{waits}: {runs}{of} {have} no result yet{rest}");
            text::status!("{}", text::wrapped(&told));
            return Ok(false);
        }
        let Some(decision) = crate::reporter::decide(&self.dir, &self.plan)? else {
            let waits = stages::waits(&self.plan);
            text::status!("{waits}: there is no result to decide from");
            return Ok(false);
        };
        let before = self.plan.runs.len();
        self.plan.decide(decision.clone());
        // A repeated decision with the same outcome replaces nothing.
        self.plan.superseded.retain(|earlier| *earlier != decision);
        self.chosen = Chosen::of(&self.plan, self.args)?;
        if !self.args.training.quiet {
            let opened = self.plan.runs.len() - before;
            let decided = stages::decided(&self.plan, &decision, opened);
            text::status!("{}", text::wrapped(&format!("{}: {decided}", self.plan.name)));
        }
        Ok(true)
    }

    /// Measures the threads per run on this machine, if they are unknown.
    ///
    /// # Errors
    /// The data is unusable, or no number of threads can be measured.
    pub(super) fn measure(&self, found: &mut Found) -> crate::Result<()> {
        let machine = &found.machine;
        if machine.threads.is_none() && machine.problem.is_none() {
            found.take_data()?;
        }
        if self.slurm.is_some() {
            return Ok(());
        }
        let machine = &found.machine;
        let (worker, libraries) = (machine.worker.clone(), machine.libraries.clone());
        let context = MeasureContext {
            workspace: self.workspace,
            dir: &self.dir,
            worker: &worker,
            libraries: libraries.as_deref(),
            quiet: self.args.training.quiet,
        };
        found.machine.measure(&self.plan, self.jobs(), &context)
    }

    /// Returns whether no further stage may begin: after a signal, or once `--max-time` is over.
    pub(super) fn is_over(&self) -> bool {
        let max = self.args.training.max_time;
        self.signals.cancel.is_cancelled() || max.is_some_and(|max| self.begun.elapsed() >= max)
    }

    /// Returns the runs of the plan without a reusable result.
    pub(super) fn outstanding<'p>(&'p self, found: &'p Found) -> Outstanding<'p> {
        let keep_failed = self.args.keep_failed;
        outstanding(&self.plan, &found.journal, &found.machine.wanted, keep_failed, &self.dir)
    }

    /// Returns the outstanding runs that are selected.
    pub(super) fn chosen_of<'p>(&self, left: &Outstanding<'p>) -> Vec<&'p PlannedRun> {
        left.runs.iter().map(|(run, _)| *run).filter(|run| self.chosen.has(run.run_id)).collect()
    }

    /// Returns the input of a launcher; `cached` is the number of reused results.
    pub(super) fn work<'p>(&'p self, found: &'p Found, cached: usize) -> Work<'p> {
        Work {
            workspace: self.workspace,
            dir: &self.dir,
            plan: &self.plan,
            args: self.args,
            machine: &found.machine,
            provenance: &found.provenance,
            journal: &found.journal,
            cached,
            begun: self.begun,
            narrowed: !self.chosen.by.is_empty(),
            started: &self.started,
        }
    }
}

/// Reads the plan of the last sweep in the folder; `None` if there is none. A report folder
/// belongs to one sweep file, so that of another file is refused. With `look`, a damaged plan is
/// not moved.
fn earlier_plan(dir: &ReportDir, plan: &Plan, look: bool) -> crate::Result<Option<Plan>> {
    let Ok(bytes) = fs::read(dir.plan()) else { return Ok(None) };
    let earlier: Plan = match serde_json::from_slice(&bytes) {
        Ok(plan) => plan,
        Err(_) if look => return Ok(None),
        Err(e) => {
            // Written again from the sweep file; results are in the journal, not here.
            let aside = dir.path().join("plan.json.damaged");
            fs::rename(dir.plan(), &aside)?;
            text::status!(
                "warning: {} could not be read ({e}); it is renamed to {} and written again",
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

/// Joins a scoped thread and propagates its panic.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn require_clean(provenance: &Provenance) -> crate::Result<()> {
    match provenance.git_dirty {
        Some(false) => Ok(()),
        Some(true) => Err(bad_input(
            "--require-clean: the sources differ from the commit\n  commit or stash what `git status` shows",
        )),
        None => Err(bad_input(
            "--require-clean: this folder is in no git repository with a commit, so the state of its sources is unknown",
        )),
    }
}
