//! What `threads_per_run = "auto"` comes to: measured once a machine, model and
//! batch size, for a machine whose slots are all busy.
//!
//! Looking is apart from measuring: `--plan`, `why`, `needs`, `verify` and
//! `doctor` only look, at the last sweep of the report folder and at the kept
//! measurements of `file`; `run` alone measures (`measure`).

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

/// Threads inside a run, and why so many.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    /// At least 1.
    pub count: u64,
    /// Where the number comes from.
    pub source: Source,
}

/// Where a number of threads comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// The sweep file or the command line.
    Given,
    /// A GPU computes: a second thread of the processor would wait beside the first.
    Gpu,
    /// `"auto"` came to it in the last sweep of this report folder: another
    /// number would make none of its results.
    Earlier,
    /// Measured here, now or in an earlier sweep.
    Measured(Box<Entry>),
}

/// What is known without measuring.
#[derive(Debug, Default)]
pub struct KnownThreads {
    /// What the last sweep of the folder computed on, if it was asked for `"auto"`.
    earlier: Option<ExecutionProfile>,
    /// What was measured here before.
    kept: MachineFile,
}

impl KnownThreads {
    /// Looks, where the plan asks for `"auto"`. `earlier` gives the plan of the
    /// last sweep in its folder, unless its results are not to be gone on with.
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
            text::status!("{problem}; what it kept is measured again");
        }
        KnownThreads { earlier, kept }
    }

    /// The plan's threads on this backend and kind of device; none where they
    /// are still to be measured. Without a worker there is no `key`.
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
        // But for the threads, which are asked for here.
        let same =
            |e: &&ExecutionProfile| ExecutionProfile { threads: on.threads, ..(*e).clone() } == *on;
        if let Some(earlier) = self.earlier.as_ref().filter(same).filter(|e| e.threads > 0) {
            return resolved(earlier.threads, Source::Earlier);
        }
        let entry = self.kept.find(key?)?;
        resolved(entry.threads, Source::Measured(Box::new(entry.clone())))
    }
}

/// What a measurement of the plan holds for; none for a plan without runs.
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

/// What a measurement needs beside the plan.
#[derive(Clone, Debug)]
pub struct MeasureContext<'a> {
    /// Where data and machine file are.
    pub workspace: &'a Workspace,
    /// Its folder of logs is the workers'.
    pub dir: &'a ReportDir,
    /// The worker's program.
    pub worker: &'a std::path::Path,
    /// The folders of libtorch; `None` where the worker loads the one it was built with.
    pub libraries: Option<&'a std::ffi::OsStr>,
    /// Says nothing but problems.
    pub quiet: bool,
}

/// Measures and keeps. One sweep at a time does; another that measured the same
/// meanwhile has spared it.
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
        text::status!("{}: measuring how many threads a run does best with here", plan.name);
    }
    if let Some(load) = load().filter(|load| *load > key.cores as f64) {
        let path = context.workspace.relative(&MachineFile::path(context.workspace));
        text::status!(
            "warning: other programs keep this machine busy (load {load:.1} on {}), which may mislead; \
             `rm {path}` and --fresh have it measured again",
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
            "warning: the measurement could not be kept, the next sweep repeats it: {error}"
        );
    }
    Ok(Resolved { count: entry.threads, source: Source::Measured(Box::new(entry)) })
}

/// Programs that wanted to run in the last minute, on average.
fn load() -> Option<f64> {
    std::fs::read_to_string("/proc/loadavg").ok()?.split_whitespace().next()?.parse().ok()
}

/// A line for the plan and for the start of a sweep; nothing where the file
/// gives the number.
pub fn describe(plan: &Plan, threads: Option<&Resolved>) -> Option<String> {
    let Some(Resolved { count, source }) = threads else {
        return Some("threads: auto (not measured yet; the sweep does)".to_owned());
    };
    let why = match source {
        Source::Given => return None,
        Source::Gpu => "auto: a GPU computes".to_owned(),
        Source::Earlier => {
            "auto: as in the last sweep here, so that its results hold; --fresh asks the machine anew"
                .to_owned()
        }
        Source::Measured(entry) => {
            let sizes = plan.sizes().len();
            let of = match (sizes, plan.heaviest()) {
                (2.., Some(run)) => {
                    format!(" by {}, the heaviest of {sizes} sizes", size(&run.spec))
                }
                _ => String::new(),
            };
            format!("measured {}{of}: {}", entry.day(), entry.told())
        }
    };
    Some(format!("threads: {count} ({why})"))
}

/// `mlp hidden=[128] batch 64`.
fn size(spec: &RunSpec) -> String {
    file::size(&spec.model, spec.data.batch_size)
}

#[cfg(test)]
pub(crate) mod tests;
