//! Checks of a sweep file: the file itself, its devices, its user data and its report folder.

use std::path::Path;

use spec::dataset::DatasetSpec;
use spec::event::Probe;
use spec::own_data::Unusable;
use spec::plan::Plan;
use store::layout::ReportDir;
use sweep_file::Loaded;
use sweep_file::diagnostic::Diagnostics;
use text_format::plural;

use super::finding::{Finding, Level};
use super::place::try_to_write;
use super::worker::Worker;
use crate::error::{Error, ExpectedError};
use crate::pool::Slot;
use crate::workspace::Workspace;
use crate::{dataset_check, lock, pool, provenance, text};

/// Runs all checks of the file.
pub(super) fn check(
    workspace: &Workspace,
    file: &Path,
    loaded: &crate::Result<Loaded>,
    worker: &Worker,
) -> Vec<Finding> {
    let mut out = vec![read(file, loaded)];
    let Ok(Loaded { plan, .. }) = loaded else { return out };
    // Problems of the worker are findings already.
    if !worker.is_broken() {
        let threads = super::threads::of(workspace, plan, worker.probe());
        out.push(devices(plan, threads, worker.probe(), pool::gpu_driver(), provenance::cpus()));
    }
    out.extend(own_data(workspace, plan));
    let dir = workspace.report(&plan.name);
    out.push(report_folder(&workspace.relative(dir.path()), &dir));
    out
}

/// Checks the file itself; the detail holds its diagnostics.
fn read(file: &Path, loaded: &crate::Result<Loaded>) -> Finding {
    let shown = file.display();
    let with = |finding: Finding, problems: &Diagnostics| Finding {
        detail: Some(problems.render(console::colors_enabled())),
        ..finding
    };
    match loaded {
        Ok(Loaded { plan, warnings, .. }) => {
            let runs = plural::count(plan.runs.len(), "run");
            let seeds = plural::count(plan.seeds.len(), "seed");
            let name = format!("{shown}: {}: {runs} over {seeds}", plan.name);
            if warnings.is_empty() {
                return Finding::ok("file", name);
            }
            let n = plural::count(warnings.len(), "warning");
            with(Finding::bad(Level::Warn, "file", format!("{name}; {n}"), "see below:"), warnings)
        }
        Err(Error::Expected(ExpectedError::Diagnostics(problems))) => {
            let n = plural::count(problems.len(), "problem");
            with(
                Finding::bad(
                    Level::Fail,
                    "file",
                    format!("{shown}: {n}"),
                    "fix the file, see below:",
                ),
                problems,
            )
        }
        Err(error) => Finding::bad(
            Level::Fail,
            "file",
            format!("{shown}: {error:#}"),
            "fix the file, or give another",
        ),
    }
}

/// Checks the slots of a pool whose devices exist. `threads` are the threads per run; `None` if
/// they are still to be measured.
fn with_room(slots: &[Slot], threads: Option<u64>) -> Finding {
    let Some(first) = slots.first() else {
        return Finding::bad(
            Level::Fail,
            "pool",
            "no device has room for a run",
            "give it at least one slot: `slots = 1` in its entry of the pool",
        );
    };
    let Some(threads) = threads else {
        let kind = first.device;
        return Finding::ok("pool", format!("{kind}; threads measured by the first sweep"));
    };
    let threads = plural::count(threads, "thread");
    let devices: Vec<String> = slots
        .chunk_by(|a, b| a.device == b.device)
        .map(|same| format!("{} x {}", same.len(), same[0].device))
        .collect();
    Finding::ok("pool", format!("{}; {threads} per run", devices.join(", ")))
}

/// Checks the pool against the devices of the worker. `threads` are the threads per run; `None`
/// if they are still to be measured.
fn devices(
    plan: &Plan,
    threads: Option<u64>,
    worker: Option<&Probe>,
    driver: bool,
    cpus: u64,
) -> Finding {
    let cuda = plan.pool.iter().find(|e| e.device.is_cuda());
    let slots = worker
        .map(|probe| pool::slots(&plan.pool, probe, threads.unwrap_or(1), cpus, None))
        .transpose();
    let without = "write `pool = [\"auto\"]` under [devices], or add `--device libtorch:cpu`";
    match (slots, cuda) {
        (Ok(Some(slots)), _) => with_room(&slots, threads),
        (_, Some(entry)) if !driver => Finding::bad(
            Level::Fail,
            "pool",
            format!("the pool asks for {}, but there is no NVIDIA driver here", entry.device),
            format!("install the driver; or {without}"),
        ),
        (Ok(None), _) => {
            let names: Vec<String> = plan.pool.iter().map(|e| e.device.to_string()).collect();
            Finding::ok("pool", format!("{}, once the worker is built", names.join(", ")))
        }
        (Err(_), Some(entry))
            if worker.is_some_and(|w| w.libtorch_kind.as_deref() != Some("cuda")) =>
        {
            Finding::bad(
                Level::Fail,
                "pool",
                format!(
                    "the pool asks for {}, but the worker's libtorch has no CUDA",
                    entry.device
                ),
                format!(
                    "`cargo xtask sweep FILE` downloads one with CUDA (3.9 GB, 6.2 GB on disk) and \
                     rebuilds the worker; LIBTORCH and SWEEP_WORKER, if set, must name one with \
                     CUDA; or {without}"
                ),
            )
        }
        (Err(error), Some(_)) => Finding::bad(
            Level::Fail,
            "pool",
            error.to_string(),
            format!(
                "name a GPU that `nvidia-smi -L` lists, check CUDA_VISIBLE_DEVICES; or {without}"
            ),
        ),
        // xtask builds another worker, as it does without one.
        (Err(error), None) if worker.is_some_and(|w| w.libtorch.is_none()) => Finding::bad(
            Level::Warn,
            "pool",
            error.to_string(),
            "`cargo xtask sweep FILE` builds one with libtorch (without SWEEP_WORKER, if that is \
             set); or add `--device flex`",
        ),
        (Err(error), None) => Finding::bad(
            Level::Fail,
            "pool",
            error.to_string(),
            "change `pool` in [devices] to available devices, or to [\"auto\"]",
        ),
    }
}

/// Checks user data; `None` for built-in datasets, which `place::datasets` checks.
fn own_data(workspace: &Workspace, plan: &Plan) -> Option<Finding> {
    let dataset = plan.runs.first().map(|r| &r.spec.data.dataset)?;
    let DatasetSpec::Own(_) = dataset else { return None };
    let otherwise = "fix the file";
    if let Err(error) = data::check_spec(dataset, &workspace.data(), workspace.root()) {
        let Unusable { problem, remedy } = error.parts();
        let remedy = remedy.unwrap_or_else(|| otherwise.to_owned());
        let problem = format!("{}: {problem}", dataset.name());
        return Some(Finding::bad(Level::Fail, "data", problem, remedy));
    }
    let earlier = std::fs::read(workspace.report(&plan.name).plan()).ok();
    let earlier: Option<Plan> = earlier.and_then(|bytes| serde_json::from_slice(&bytes).ok());
    if let Some(Err(error)) = earlier.map(|earlier| dataset_check::same_data(&earlier, plan)) {
        return Some(Finding::of_message(Level::Fail, "data", &error.to_string(), otherwise));
    }
    let described = plan.data.as_ref().map(|d| d.line(&dataset.name()));
    Some(Finding::ok("data", text::plain(&described.unwrap_or_default())))
}

/// Checks that a sweep can write its report now.
fn report_folder(shown: &str, dir: &ReportDir) -> Finding {
    if let Some(holder) = lock::holder(dir) {
        return Finding::bad(
            Level::Fail,
            "report",
            format!("another sweep is writing to {shown}: {holder}"),
            format!("wait for it to end, or end it: `cargo xtask cancel {shown}`"),
        );
    }
    let path = dir.path();
    if path.exists() && !path.is_dir() {
        return Finding::bad(
            Level::Fail,
            "report",
            format!("{shown} is a file, not a folder"),
            "move it away, or give the sweep another `name`",
        );
    }
    match path.is_dir().then(|| try_to_write(path)) {
        None => Finding::ok("report", format!("{shown}, created by the first sweep")),
        Some(Ok(())) => Finding::ok("report", format!("{shown}, no other sweep writes to it")),
        Some(Err(error)) => Finding::bad(
            Level::Fail,
            "report",
            format!("{shown} cannot be written to: {error}"),
            "fix its permissions, or give the sweep another `name`",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{plan, probe};
    use super::*;

    fn pool_of(devices_asked: &[&str], worker: Option<&Probe>, driver: bool) -> Finding {
        devices(&plan(devices_asked), Some(1), worker, driver, 4)
    }

    #[test]
    fn a_pool_that_can_be_had_is_shown_as_slots() {
        let cpu = probe(&["flex", "libtorch:cpu"], Some("cpu"));
        let found = pool_of(&["auto"], Some(&cpu), false);
        assert_eq!(found, Finding::ok("pool", "4 x libtorch:cpu; 1 thread per run"));
        let found = devices(&plan(&["auto"]), Some(2), Some(&cpu), false, 4);
        assert_eq!(found.text, "2 x libtorch:cpu; 2 threads per run");
        let found = devices(&plan(&["auto"]), None, Some(&cpu), false, 4);
        assert_eq!(found.text, "libtorch:cpu; threads measured by the first sweep");
        let cuda = probe(&["flex", "libtorch:cuda:0", "libtorch:cuda:1"], Some("cuda"));
        let found = pool_of(&["libtorch:cuda:*"], Some(&cuda), true);
        assert_eq!(found.text, "1 x libtorch:cuda:0, 1 x libtorch:cuda:1; 1 thread per run");
    }

    #[test]
    fn cuda_that_cannot_be_had_is_to_be_mended() {
        let cpu = probe(&["flex", "libtorch:cpu"], Some("cpu"));
        let cuda = probe(&["flex", "libtorch:cuda:0"], Some("cuda"));
        for worker in [None, Some(&cpu)] {
            let found = pool_of(&["libtorch:cuda:0"], worker, false);
            assert_eq!(found.level, Level::Fail);
            assert!(found.text.contains("no NVIDIA driver"), "{found:?}");
            assert!(found.remedy.unwrap().contains("pool = [\"auto\"]"));
        }
        let found = pool_of(&["libtorch:cuda:0"], Some(&cpu), true);
        assert_eq!(found.level, Level::Fail);
        assert!(found.remedy.unwrap().contains("downloads one with CUDA"));
        let found = pool_of(&["libtorch:cuda:7"], Some(&cuda), true);
        assert_eq!(found.level, Level::Fail);
        assert!(found.text.contains("`libtorch:cuda:7` is not usable here"), "{found:?}");
    }

    #[test]
    fn a_worker_that_xtask_will_build_is_no_error() {
        assert_eq!(pool_of(&["libtorch:cuda:0"], None, true).level, Level::Ok);
        let found = pool_of(&["libtorch:cpu"], None, false);
        assert_eq!(found.text, "libtorch:cpu, once the worker is built");
        let found = pool_of(&["libtorch:cpu"], Some(&probe(&["flex"], None)), false);
        assert_eq!(found.level, Level::Warn);
        assert!(found.remedy.unwrap().contains("builds one with libtorch"));
    }

    #[test]
    fn a_report_folder_that_is_held_or_no_folder_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let dir = ReportDir::new(folder.path().join("x"));
        assert!(report_folder("reports/x", &dir).text.contains("created by the first sweep"));
        let held = lock::acquire(&dir, "now").unwrap();
        let found = report_folder("reports/x", &dir);
        assert_eq!(found.level, Level::Fail);
        assert!(found.text.contains("since now"), "{found:?}");
        assert!(found.remedy.unwrap().contains("cargo xtask cancel reports/x"));
        drop(held);
        assert_eq!(report_folder("reports/x", &dir).level, Level::Ok);
        let file = folder.path().join("y");
        std::fs::write(&file, "").unwrap();
        assert_eq!(report_folder("reports/y", &ReportDir::new(file)).level, Level::Fail);
    }

    #[test]
    fn an_error_that_is_no_diagnostic_is_shown() {
        let found = read(Path::new("x.toml"), &Err(Error::unexpected("out of luck")));
        assert_eq!((found.level, found.text.as_str()), (Level::Fail, "x.toml: out of luck"));
    }
}
