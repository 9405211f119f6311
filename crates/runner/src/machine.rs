//! The worker and the slots of this machine.

use std::path::PathBuf;

use spec::plan::Plan;

use crate::exit::bad_input;
use crate::pool::{self, Slot};
use crate::provenance;
use crate::resume::Wanted;
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
    /// Why nothing can be trained here. What is cached can be told, and
    /// reported, all the same.
    pub problem: Option<anyhow::Error>,
}

impl Machine {
    /// Asks the worker which devices there are and makes the pool's slots.
    pub fn find(plan: &Plan, jobs: Option<u64>) -> Self {
        let worker = worker_process::program();
        match Self::slots(plan, &worker, jobs) {
            Ok((slots, wanted)) => Machine { worker, slots, wanted, problem: None },
            Err(problem) => Machine {
                worker,
                slots: Vec::new(),
                wanted: Wanted::without_probe(&plan.pool, plan.threads_per_run),
                problem: Some(problem),
            },
        }
    }

    fn slots(
        plan: &Plan,
        worker: &std::path::Path,
        jobs: Option<u64>,
    ) -> anyhow::Result<(Vec<Slot>, Wanted)> {
        if !worker.is_file() {
            let message = format!(
                "there is no worker at {}; build one with cargo xtask sweep",
                worker.display()
            );
            return Err(bad_input(message));
        }
        let probe = worker_process::probe(worker)?;
        let slots =
            pool::slots(&plan.pool, &probe, plan.threads_per_run, provenance::cpus(), jobs)?;
        let first = slots.first().ok_or_else(|| bad_input("the device pool has no slot"))?;
        let wanted = Wanted::new(first, plan.threads_per_run, &probe.code);
        Ok((slots, wanted))
    }
}
