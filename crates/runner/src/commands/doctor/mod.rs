//! `doctor`: checks everything a sweep needs and prints each finding with its remedy.
//!
//! Each check is a function of facts that returns a [`Finding`]; the facts are gathered
//! separately, so that tests can invent them.

mod ask;
mod file;
mod finding;
mod libtorch;
mod place;
mod threads;
mod toolchain;
mod worker;

use std::path::Path;

use spec::device::DeviceName;
use spec::plan::Plan;

use self::finding::{Finding, Level, closing};
use self::worker::Worker;
use crate::exit::Exit;
use crate::workspace::Workspace;
use crate::{provenance, python, text, worker_process};

/// Programs that the next sweep still has to build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Need {
    /// Whether a worker must be built.
    worker: bool,
    /// Whether a worker with libtorch must be built.
    libtorch: bool,
    /// Whether the sweep file names no device but flex.
    flex_only: bool,
}

impl Need {
    fn new(worker: &Worker, plan: Option<&Plan>) -> Self {
        let flex_only = plan.is_some_and(|p| p.pool.iter().all(|e| e.device == DeviceName::Flex));
        let missing = match worker.probe() {
            Some(probe) => plan.is_some() && !flex_only && probe.libtorch.is_none(),
            None => true,
        };
        Need { worker: missing, libtorch: missing && !flex_only, flex_only }
    }
}

/// Returns the severity of something missing: only what is needed must be fixed.
fn unless(needed: bool) -> Level {
    if needed { Level::Fail } else { Level::Warn }
}

/// Checks the machine, and the sweep file if one is given. Exit code 2 if a check failed.
pub(super) fn doctor(workspace: &Workspace, file: Option<&Path>) -> crate::Result<Exit> {
    let loaded = file.map(|file| super::load_plan(workspace, file, &[], false));
    let plan = loaded.as_ref().and_then(|l| l.as_ref().ok()).map(|l| &l.plan);
    // A python3 without torch is a finding of libtorch.
    let torch = python::torch(plan).ok().flatten();
    let libraries = torch.as_ref().map(python::libraries);
    let worker = Worker::find(worker_process::program(), libraries.as_deref());
    let need = Need::new(&worker, plan);

    let mut all = Vec::new();
    // Printed part by part: some checks take seconds.
    let mut tell = |part: Vec<Finding>| {
        for finding in &part {
            text::print(&finding.show());
        }
        all.extend(part);
    };
    tell(toolchain::check(workspace.root(), &worker, need, python::is_wanted(plan)));
    tell(worker.findings());
    tell(vec![worker::gpu_now(&worker)]);
    tell(place::datasets(workspace, plan));
    tell(place::disk(workspace));
    tell(place::machine());
    tell(threads::check(workspace, plan, &worker));
    let has_git = workspace.root().join(".git").exists();
    tell(vec![place::sources(&provenance::gather(workspace), workspace.root(), has_git)]);
    if let (Some(file), Some(loaded)) = (file, &loaded) {
        tell(file::check(workspace, file, loaded, &worker));
    }
    text::print(&format!("{}\n", closing(&all)));
    let mend = all.iter().any(|f| f.level == Level::Fail);
    Ok(if mend { Exit::BadInput } else { Exit::Ok })
}

#[cfg(test)]
mod tests {
    use spec::event::Probe;
    use spec::metric::Metric;
    use spec::plan::PoolEntry;

    use super::*;

    /// Returns a probe with these devices and this kind of libtorch.
    pub(super) fn probe(devices: &[&str], kind: Option<&str>) -> Probe {
        Probe {
            protocol: spec::event::PROTOCOL,
            backends: vec!["flex".to_owned()],
            libtorch: kind.map(|_| "2.9.0".to_owned()),
            libtorch_kind: kind.map(str::to_owned),
            libtorch_folder: None,
            libtorch_refused: None,
            cuda: devices.iter().any(|d| d.contains("cuda")),
            devices: devices.iter().map(|d| (*d).to_owned()).collect(),
            code: String::new(),
        }
    }

    /// Returns a plan without runs on this pool.
    pub(super) fn plan(pool: &[&str]) -> Plan {
        Plan {
            v: spec::plan::PLAN_VERSION,
            name: "x".to_owned(),
            description: String::new(),
            file: "experiments/x.toml".to_owned(),
            text: String::new(),
            overrides: vec![],
            metrics: vec![],
            target: spec::plan::Target {
                split: spec::record::Split::Validation,
                metric: Metric::ACCURACY,
                value: None,
                at: Default::default(),
            },
            claim: None,
            seeds: vec![0],
            until: None,
            tuning: None,
            confirm: None,
            decisions: Vec::new(),
            superseded: Vec::new(),
            optimizers: vec![],
            runs: vec![],
            pool: pool
                .iter()
                .map(|d| PoolEntry { device: d.parse().unwrap(), slots: None })
                .collect(),
            threads_per_run: Default::default(),
            fast_path: true,
            tf32: false,
            libtorch: Default::default(),
            keeping: spec::plan::ArtifactOptions::default(),
            report: Default::default(),
            regress: Default::default(),
            lints: Vec::new(),
            data: None,
            computed_on: None,
        }
    }

    #[test]
    fn a_worker_that_is_there_needs_no_build() {
        let ready = |kind| Worker::ready("w", probe(&["flex"], kind));
        let none = Need::default();
        assert_eq!(Need::new(&ready(Some("cpu")), Some(&plan(&["auto"]))), none);
        assert_eq!(Need::new(&ready(None), None), none);
        let flex = plan(&["flex"]);
        assert_eq!(
            Need::new(&ready(None), Some(&flex)),
            Need { worker: false, libtorch: false, flex_only: true }
        );
        let all = Need { worker: true, libtorch: true, flex_only: false };
        assert_eq!(Need::new(&ready(None), Some(&plan(&["libtorch:cpu"]))), all);
        let absent = Worker::absent("w");
        assert_eq!(Need::new(&absent, None), all);
        assert_eq!(
            Need::new(&absent, Some(&flex)),
            Need { worker: true, libtorch: false, flex_only: true }
        );
    }
}
