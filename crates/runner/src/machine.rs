//! The worker, the slots of a machine and the threads per run on it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use spec::event::Probe;
use spec::plan::{Plan, PoolEntry};
use spec::slurm::SlurmSettings;

use crate::error::bad_input;
use crate::pool::{self, Slot};
use crate::provenance;
use crate::python;
use crate::resume::ExecutionTarget;
use crate::threads::{self, KnownThreads, MeasureContext, Resolved};
use crate::worker_process;

/// Worker, slots and the environment of their results.
#[derive(Debug)]
pub struct Machine {
    /// The worker's program.
    pub worker: PathBuf,
    /// The folders of libtorch, as the value of `LD_LIBRARY_PATH`; `None` where workers
    /// load the one they were built with.
    pub libraries: Option<OsString>,
    /// Slots of the pool; empty if there is a problem.
    pub slots: Vec<Slot>,
    /// Environment that results must have been computed in.
    pub wanted: ExecutionTarget,
    /// Threads per run; `None` if they are still to be measured, in which case slots assume 1.
    pub threads: Option<Resolved>,
    /// Reason why nothing can be trained here; cached results can still be reported.
    pub problem: Option<crate::Error>,
    probe: Option<Probe>,
}

impl Machine {
    /// Probes the worker for devices and makes the slots of the pool. Measures nothing.
    pub fn find(plan: &Plan, jobs: Option<u64>, known: &KnownThreads) -> Self {
        let worker = worker_process::program();
        let probed = Self::probe(plan, &worker).and_then(|(probe, libraries)| {
            Self::probed(plan, &worker, probe, libraries, jobs, known)
        });
        match probed {
            Ok(machine) => machine,
            Err(problem) => {
                let mut wanted = ExecutionTarget::without_probe(&plan.pool, plan);
                let threads = known.resolve(plan, &wanted.on, None);
                wanted.on.threads = count(threads.as_ref());
                let problem = Some(problem);
                let (slots, libraries) = (Vec::new(), None);
                Machine { worker, libraries, slots, wanted, threads, problem, probe: None }
            }
        }
    }

    /// Returns the machine of a cluster's nodes, as far as it is known from here; the slots are
    /// those of one task.
    pub fn of_cluster(plan: &Plan, settings: &SlurmSettings, jobs: Option<u64>) -> Self {
        let worker = worker_process::program();
        // The libtorch of the nodes is unknown here.
        let probe = Self::probe(plan, &worker).map(|(probe, _)| probe);
        let libtorch = probe.as_ref().map_or(true, |probe| probe.libtorch.is_some());
        let devices = pool::on_cluster(&plan.pool, libtorch, settings.gpus);
        let mut wanted = ExecutionTarget::without_probe(&devices, plan);
        let cuda = wanted.on.device_kind == "cuda";
        let threads = match plan.threads_per_run.count() {
            None if cuda => Some(1),
            count => count,
        };
        wanted.on.threads = threads.unwrap_or(0);
        let slots = pool::of_task(&devices, settings, wanted.on.threads, jobs);
        let resolved = threads.map(|count| Resolved { count, source: threads::Source::Given });
        let problem = match (&probe, &resolved) {
            (_, None) => Some(bad_input(
                "threads_per_run = \"auto\" is measured on the machine that trains, which is not this one\n  \
                 write a number in [devices], or --set devices.threads_per_run=1",
            )),
            (Err(_), _) => None,
            (Ok(_), _) if cuda && settings.gpus == 0 && settings.extra.is_empty() => {
                Some(bad_input(
                    "the pool asks for GPUs, but the tasks do not\n  write gpus = 1 in [slurm], or the site's own flag in `extra`",
                ))
            }
            _ => None,
        };
        if let Ok(probe) = &probe {
            wanted.code.clone_from(&probe.code);
        }
        let (problem, probe) = match probe {
            Ok(probe) => (problem, Some(probe)),
            // Python's torch is only needed on the nodes.
            Err(_) if python::is_wanted(Some(plan)) => (problem, None),
            Err(error) => (problem.or(Some(error)), None),
        };
        Machine { worker, libraries: None, slots, wanted, threads: resolved, problem, probe }
    }

    /// Returns the plan's pool on a cluster's nodes, with `auto` replaced by a device.
    pub fn pool_on_cluster(&self, plan: &Plan, settings: &SlurmSettings) -> Vec<PoolEntry> {
        let libtorch = self.probe.as_ref().is_none_or(|probe| probe.libtorch.is_some());
        pool::on_cluster(&plan.pool, libtorch, settings.gpus)
    }

    /// Returns the machine of a cluster's task, on the node where it runs.
    ///
    /// # Errors
    /// The worker does not start on this node, or a device is missing.
    pub fn of_task(
        plan: &Plan,
        worker: &Path,
        cpus: u64,
        jobs: Option<u64>,
    ) -> crate::Result<Self> {
        let (probe, libraries) = Self::probe(plan, worker)?;
        let on = plan.computed_on.clone();
        let threads = on.as_ref().map_or(1, |on| on.threads.max(1));
        let slots = pool::slots(&plan.pool, &probe, threads, cpus, jobs)?;
        let first = slots.first().ok_or_else(|| bad_input("the device pool has no slot"))?;
        let mut wanted = ExecutionTarget::new(first, plan, &probe.code);
        wanted.on.threads = threads;
        let resolved = Resolved { count: threads, source: threads::Source::Given };
        let (worker, threads) = (worker.to_path_buf(), Some(resolved));
        let (problem, probe) = (None, Some(probe));
        Ok(Machine { worker, libraries, slots, wanted, threads, problem, probe })
    }

    /// Probes the worker with the libtorch that the plan asks for. Returns the search path of that
    /// libtorch too, `None` if the worker loads the one it was built with.
    fn probe(plan: &Plan, worker: &Path) -> crate::Result<(Probe, Option<OsString>)> {
        if !worker.is_file() {
            let message = format!(
                "there is no worker at {}; build one with cargo xtask sweep",
                worker.display()
            );
            return Err(bad_input(message));
        }
        let torch = python::torch(Some(plan))?;
        let libraries = torch.as_ref().map(python::libraries);
        let probe = worker_process::probe(worker, libraries.as_deref())?;
        if let Some(torch) = &torch {
            python::check(torch, &probe)?;
        }
        Ok((probe, libraries))
    }

    fn probed(
        plan: &Plan,
        worker: &Path,
        probe: Probe,
        libraries: Option<OsString>,
        jobs: Option<u64>,
        known: &KnownThreads,
    ) -> crate::Result<Self> {
        // The kind of device first: it decides the threads, and they the number of slots.
        let first = slots(plan, &probe, 1, jobs)?.into_iter().next();
        let first = first.ok_or_else(|| bad_input("the device pool has no slot"))?;
        let mut wanted = ExecutionTarget::new(&first, plan, &probe.code);
        let key = threads::key(plan, &first, &probe);
        let threads = known.resolve(plan, &wanted.on, key.as_ref());
        wanted.on.threads = count(threads.as_ref());
        let slots = slots(plan, &probe, wanted.on.threads.max(1), jobs)?;
        let (worker, probe) = (worker.to_path_buf(), Some(probe));
        Ok(Machine { worker, libraries, slots, wanted, threads, problem: None, probe })
    }

    /// Measures the threads per run, if they are unknown, and makes the slots for that number.
    ///
    /// # Errors
    /// There is a problem, or no number of threads can be measured.
    pub fn measure(
        &mut self,
        plan: &Plan,
        jobs: Option<u64>,
        context: &MeasureContext<'_>,
    ) -> crate::Result<()> {
        if self.threads.is_some() {
            return Ok(());
        }
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let (Some(probe), Some(first)) = (&self.probe, self.slots.first()) else { return Ok(()) };
        let Some(key) = threads::key(plan, first, probe) else { return Ok(()) };
        let found = threads::measure(plan, key, context)?;
        self.slots = slots(plan, probe, found.count, jobs)?;
        self.wanted.on.threads = found.count;
        self.threads = Some(found);
        Ok(())
    }
}

fn count(threads: Option<&Resolved>) -> u64 {
    threads.map_or(0, |resolved| resolved.count)
}

fn slots(plan: &Plan, probe: &Probe, threads: u64, jobs: Option<u64>) -> crate::Result<Vec<Slot>> {
    pool::slots(&plan.pool, probe, threads, provenance::cpus(), jobs)
}
