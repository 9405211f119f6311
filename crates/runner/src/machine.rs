//! The worker, the slots of this machine and the threads of a run on it.

use std::path::{Path, PathBuf};

use spec::event::Probe;
use spec::plan::Plan;

use crate::exit::bad_input;
use crate::pool::{self, Slot};
use crate::provenance;
use crate::resume::Wanted;
use crate::threads::{self, Known, Place, Resolved};
use crate::worker_process;

/// Workers, slots and what they compute on.
#[derive(Debug)]
pub struct Machine {
    /// The worker's program.
    pub worker: PathBuf,
    /// Slots of the pool; none if there is a problem.
    pub slots: Vec<Slot>,
    /// What results are to be computed on.
    pub wanted: Wanted,
    /// Threads of a run; none where they are still to be measured, and slots
    /// then have one.
    pub threads: Option<Resolved>,
    /// Why nothing can be trained here. What is cached can be told, and
    /// reported, all the same.
    pub problem: Option<anyhow::Error>,
    probe: Option<Probe>,
}

impl Machine {
    /// Asks the worker which devices there are and makes the pool's slots.
    /// Measures nothing.
    pub fn find(plan: &Plan, jobs: Option<u64>, known: &Known) -> Self {
        let worker = worker_process::program();
        match Self::probe(&worker).and_then(|probe| Self::probed(plan, &worker, probe, jobs, known))
        {
            Ok(machine) => machine,
            Err(problem) => {
                let mut wanted = Wanted::without_probe(&plan.pool, plan.fast_path);
                let threads = known.resolve(plan, &wanted.on, None);
                wanted.on.threads = count(threads.as_ref());
                let problem = Some(problem);
                Machine { worker, slots: Vec::new(), wanted, threads, problem, probe: None }
            }
        }
    }

    fn probe(worker: &Path) -> anyhow::Result<Probe> {
        if !worker.is_file() {
            let message = format!(
                "there is no worker at {}; build one with cargo xtask sweep",
                worker.display()
            );
            return Err(bad_input(message));
        }
        worker_process::probe(worker)
    }

    fn probed(
        plan: &Plan,
        worker: &Path,
        probe: Probe,
        jobs: Option<u64>,
        known: &Known,
    ) -> anyhow::Result<Self> {
        // The kind of device first: it decides the threads, and they the number of slots.
        let first = slots(plan, &probe, 1, jobs)?.into_iter().next();
        let first = first.ok_or_else(|| bad_input("the device pool has no slot"))?;
        let mut wanted = Wanted::new(&first, plan.fast_path, &probe.code);
        let key = threads::key(plan, &first, &probe);
        let threads = known.resolve(plan, &wanted.on, key.as_ref());
        wanted.on.threads = count(threads.as_ref());
        let slots = slots(plan, &probe, wanted.on.threads.max(1), jobs)?;
        let (worker, probe) = (worker.to_path_buf(), Some(probe));
        Ok(Machine { worker, slots, wanted, threads, problem: None, probe })
    }

    /// Measures the threads of a run, where they are not known, and makes the
    /// slots anew.
    ///
    /// # Errors
    /// Nothing can be measured here.
    pub fn measure(
        &mut self,
        plan: &Plan,
        jobs: Option<u64>,
        place: &Place<'_>,
    ) -> anyhow::Result<()> {
        if self.threads.is_some() {
            return Ok(());
        }
        if let Some(problem) = self.problem.take() {
            return Err(problem);
        }
        let (Some(probe), Some(first)) = (&self.probe, self.slots.first()) else { return Ok(()) };
        let Some(key) = threads::key(plan, first, probe) else { return Ok(()) };
        let found = threads::measure(plan, key, place)?;
        self.slots = slots(plan, probe, found.count, jobs)?;
        self.wanted.on.threads = found.count;
        self.threads = Some(found);
        Ok(())
    }
}

fn count(threads: Option<&Resolved>) -> u64 {
    threads.map_or(0, |resolved| resolved.count)
}

fn slots(plan: &Plan, probe: &Probe, threads: u64, jobs: Option<u64>) -> anyhow::Result<Vec<Slot>> {
    pool::slots(&plan.pool, probe, threads, provenance::cpus(), jobs)
}
