//! Resolution of `threads_per_run = "auto"`: measured once for each machine, model and batch size,
//! with all slots busy.
//!
//! Only `run` measures (`measure`). `--plan`, `why`, `needs`, `verify` and `doctor` only look up
//! the last sweep of the report folder and the stored measurements of `file`.

mod file;
mod measure;

use std::borrow::Borrow;

use spec::RunSpec;
use spec::event::Probe;
use spec::plan::{ExecutionProfile, Plan};
use spec::threads::Threads;
use store::layout::ReportDir;
use text_format::plural;

pub use file::{Entry, Key, MachineFile, Trial};

use crate::error::Error;
use crate::pool::Slot;
use crate::workspace::Workspace;
use crate::{clock, provenance, text};

/// Threads per run, and their source.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// Number of threads, at least 1.
    pub count: u64,
    /// Source of the number.
    pub source: Source,
}

/// Source of a number of threads.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The sweep file or the command line.
    Given,
    /// A GPU computes, so that a second thread of the processor would only wait.
    Gpu,
    /// The last sweep of this report folder resolved `"auto"` to it; with another number its
    /// results could not be reused.
    Earlier,
    /// A measurement on this machine, now or in an earlier sweep.
    Measured(Box<Entry>),
}

/// Sources of the number of threads other than a new measurement.
#[derive(Debug, Default)]
pub struct KnownThreads {
    /// Profile of the last sweep of the folder, if it used `"auto"`.
    earlier: Option<ExecutionProfile>,
    /// Stored measurements.
    kept: MachineFile,
}

impl KnownThreads {
    /// Reads the sources, if the plan asks for `"auto"`. `earlier` returns the plan of the last
    /// sweep in the folder; `None` if its results are not reused.
    pub fn of<P: Borrow<Plan>>(
        workspace: &Workspace,
        plan: &Plan,
        earlier: impl FnOnce() -> Option<P>,
    ) -> Self {
        if plan.threads_per_run != Threads::Auto {
            return KnownThreads::default();
        }
        let on = |plan: P| {
            let plan: &Plan = plan.borrow();
            plan.computed_on.clone().filter(|_| plan.threads_per_run == Threads::Auto)
        };
        let earlier = earlier().and_then(on);
        let kept = MachineFile::read(workspace);
        if let Some(problem) = &kept.problem {
            text::status!("{problem}; its measurements are repeated");
        }
        KnownThreads { earlier, kept }
    }

    /// Returns the plan's threads on this backend and kind of device; `None` if they are still to
    /// be measured. `key` is `None` without a worker.
    pub fn resolve(
        &self,
        plan: &Plan,
        on: &ExecutionProfile,
        key: Option<&Key>,
    ) -> Option<Resolved> {
        let resolved = |count, source| Some(Resolved { count, source });
        if let Some(count) = plan.threads_per_run.count() {
            return resolved(count, Source::Given);
        }
        if on.device_kind == "cuda" {
            return resolved(1, Source::Gpu);
        }
        // Equal except for the threads, which are to be found.
        let same =
            |e: &&ExecutionProfile| ExecutionProfile { threads: on.threads, ..(*e).clone() } == *on;
        if let Some(earlier) = self.earlier.as_ref().filter(same).filter(|e| e.threads > 0) {
            return resolved(earlier.threads, Source::Earlier);
        }
        let entry = self.kept.find(key?)?;
        resolved(entry.threads, Source::Measured(Box::new(entry.clone())))
    }
}

/// Returns the conditions of a measurement of the plan; `None` for a plan without runs.
pub fn key(plan: &Plan, slot: &Slot, probe: &Probe) -> Option<Key> {
    let spec = &plan.heaviest()?.spec;
    let dataset = &spec.data.dataset;
    Some(Key {
        processor: provenance::processor(),
        cores: provenance::cpus(),
        device: slot.device.to_string(),
        libtorch: probe.libtorch.clone().filter(|_| slot.backend() == "libtorch"),
        code: probe.code.clone(),
        model: spec.model.clone(),
        shape: spec.data.shape(),
        outputs: dataset.outputs(),
        batch_size: spec.data.batch_size,
        plain: !plan.fast_path,
    })
}

/// Input of a measurement in addition to the plan.
#[derive(Clone, Debug)]
pub struct MeasureContext<'a> {
    /// Folder of data and machine file.
    pub workspace: &'a Workspace,
    /// Report folder, whose `logs` the workers write to.
    pub dir: &'a ReportDir,
    /// The worker's program.
    pub worker: &'a std::path::Path,
    /// Folders of libtorch; `None` if the worker loads the one it was built with.
    pub libraries: Option<&'a std::ffi::OsStr>,
    /// Whether only problems are printed.
    pub quiet: bool,
}

/// Measures the threads and stores the measurement. Only one sweep measures at a time; if another
/// has just measured the same, its measurement is returned.
///
/// # Errors
/// No number of threads could be measured.
pub fn measure(plan: &Plan, key: Key, context: &MeasureContext<'_>) -> crate::Result<Resolved> {
    let Some(run) = plan.heaviest() else {
        return Err(Error::unexpected("the plan has no run to measure"));
    };
    let _alone = file::alone(context.workspace);
    if let Some(entry) = MachineFile::read(context.workspace).find(&key) {
        let source = Source::Measured(Box::new(entry.clone()));
        return Ok(Resolved { count: entry.threads, source });
    }
    if !context.quiet {
        text::status!("{}: measuring the best number of threads per run", plan.name);
    }
    if let Some(load) = load().filter(|load| *load > key.cores as f64) {
        let path = context.workspace.relative(&MachineFile::path(context.workspace));
        text::status!(
            "warning: other programs keep this machine busy (load {load:.1} on {}), which may distort the result; \
             `rm {path}` and --fresh repeat the measurement",
            plural::count(key.cores, "core")
        );
    }
    let trials = measure::trials(run, &key, context)?;
    let entry = Entry {
        threads: measure::best(&trials),
        measured: clock::now(),
        optimizer: run.spec.optimizer.kind().to_owned(),
        trials,
        key,
    };
    if let Err(error) = MachineFile::keep(context.workspace, &entry) {
        text::status!(
            "warning: the measurement could not be stored, the next sweep repeats it: {error}"
        );
    }
    Ok(Resolved { count: entry.threads, source: Source::Measured(Box::new(entry)) })
}

/// Returns the load of the machine, averaged over the last minute.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// Describes the threads in a line for `--plan` and the start of a sweep; `None` if the sweep file
/// gives the number.
pub fn describe(plan: &Plan, threads: Option<&Resolved>) -> Option<String> {
    let Some(Resolved { count, source }) = threads else {
        return Some("threads: auto (not measured yet; the sweep measures them)".to_owned());
    };
    let why = match source {
        Source::Given => return None,
        Source::Gpu => "auto: runs on a GPU".to_owned(),
        Source::Earlier => {
            "auto: as in the last sweep here, so that its results are reused; --fresh measures again"
                .to_owned()
        }
        Source::Measured(entry) => {
            let sizes = plan.sizes().len();
            let of = match (sizes, plan.heaviest()) {
                (2.., Some(run)) => {
                    format!(" with {}, the heaviest of {sizes} sizes", size(&run.spec))
                }
                _ => String::new(),
            };
            format!("measured {}{of}: {}", entry.day(), entry.told())
        }
    };
    Some(format!("threads: {count} ({why})"))
}

/// Describes model and batch size: `mlp hidden=[128] batch 64`.
fn size(spec: &RunSpec) -> String {
    file::size(&spec.model, spec.data.batch_size)
}

#[cfg(test)]
pub(crate) mod tests;
