//! Checks of the worker, its protocol and its devices, and of the GPUs of this machine.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use spec::event::{PROTOCOL, Probe};

use super::ask::{PATIENCE, Reply, ask};
use super::finding::{Finding, Level};
use crate::pool;
use crate::python::LIBRARIES;
use crate::worker_process::GPU_ORDER;

/// Time limit of a probe: a worker may load two gigabytes of libraries before it answers.
const PROBE_WITHIN: Duration = Duration::from_secs(90);

const BUILD_ANEW: &str = "rebuild it: `cargo xtask sweep FILE`; or set SWEEP_WORKER to another";

/// A worker's program and the answer to its probe.
#[derive(Debug)]
pub(super) struct Worker {
    program: PathBuf,
    state: State,
}

#[derive(Debug)]
enum State {
    Absent,
    Broken { text: String, remedy: String },
    Ready(Probe),
}

impl Worker {
    /// Probes the program, if it exists, with `libraries` as the search path of libtorch.
    pub(super) fn find(program: PathBuf, libraries: Option<&OsStr>) -> Self {
        if !program.is_file() {
            return Worker { program, state: State::Absent };
        }
        let answer = ask(
            Command::new(&program)
                .arg("--probe")
                .env(GPU_ORDER.0, GPU_ORDER.1)
                .envs(libraries.map(|value| (LIBRARIES, value))),
            PROBE_WITHIN,
        );
        Worker { state: judge(answer), program }
    }

    /// Returns the probe of a worker that works.
    pub(super) fn probe(&self) -> Option<&Probe> {
        match &self.state {
            State::Ready(probe) => Some(probe),
            _ => None,
        }
    }

    /// Returns whether the worker exists and does not work.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken { .. })
    }

    /// Returns the findings on the program and its devices.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let program = self.program.display();
        match &self.state {
            State::Absent => vec![Finding::bad(
                Level::Warn,
                "worker",
                format!("not built yet: {program} does not exist"),
                "`cargo xtask sweep FILE` builds it",
            )],
            State::Broken { text, remedy } => {
                vec![Finding::bad(Level::Fail, "worker", format!("{program}: {text}"), remedy)]
            }
            State::Ready(probe) => {
                let linked = match (&probe.libtorch, &probe.libtorch_kind) {
                    (Some(version), Some(kind)) => format!("libtorch {version} for {kind}"),
                    (Some(version), None) => format!("libtorch {version}"),
                    (None, _) => "no libtorch".to_owned(),
                };
                if let Some(why) = &probe.libtorch_refused {
                    let remedy = "unset the variables that select it (LD_LIBRARY_PATH, LIBTORCH, \
                                  LIBTORCH_USE_PYTORCH), and rebuild the worker: `cargo xtask \
                                  sweep FILE`";
                    let text = format!("{program}: {why}");
                    return vec![Finding::bad(Level::Fail, "worker", text, remedy)];
                }
                let folder = probe.libtorch_folder.as_ref();
                let from = folder.map(|folder| format!(" from {folder}")).unwrap_or_default();
                let text = format!(
                    "{program}: protocol {PROTOCOL}, backends {}, {linked}{from}",
                    probe.backends.join(" and ")
                );
                let devices = probe.devices.iter().map(|d| Finding::ok("device", d));
                std::iter::once(Finding::ok("worker", text)).chain(devices).collect()
            }
        }
    }

    #[cfg(test)]
    pub(super) fn ready(program: &str, probe: Probe) -> Self {
        Worker { program: program.into(), state: State::Ready(probe) }
    }

    #[cfg(test)]
    pub(super) fn absent(program: &str) -> Self {
        Worker { program: program.into(), state: State::Absent }
    }
}

/// Interprets the answer to `--probe`.
fn judge(answer: Reply) -> State {
    let broken = |text: String, remedy: &str| State::Broken { text, remedy: remedy.to_owned() };
    let said = match answer {
        Reply::WorkerOutput(said) => said,
        Reply::Failed(why) if why.contains("shared librar") => {
            return broken(
                format!("does not start: {why}"),
                "the libtorch that it was built with is missing or incomplete: `cargo xtask sweep FILE` \
                 restores it and rebuilds the worker",
            );
        }
        Reply::Failed(why) => return broken(format!("--probe {why}"), BUILD_ANEW),
        Reply::NotStarted(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            return broken("is not executable".to_owned(), BUILD_ANEW);
        }
        Reply::NotStarted(error) => return broken(format!("does not start: {error}"), BUILD_ANEW),
        Reply::Late => {
            let seconds = PROBE_WITHIN.as_secs();
            return broken(format!("--probe printed nothing for {seconds} s"), BUILD_ANEW);
        }
    };
    // The protocol first: a probe of another one may have other fields.
    let value: serde_json::Value = match serde_json::from_str(&said) {
        Ok(value) => value,
        Err(error) => {
            let start: String = said.trim().chars().take(80).collect();
            return broken(
                format!("is not a worker: --probe printed `{start}` ({error})"),
                BUILD_ANEW,
            );
        }
    };
    match value["protocol"].as_u64() {
        Some(protocol) if protocol != u64::from(PROTOCOL) => broken(
            format!("speaks protocol {protocol}, this program speaks {PROTOCOL}"),
            "build both from the same sources: `cargo xtask sweep FILE` does; or set SWEEP_WORKER \
             to another",
        ),
        _ => match serde_json::from_value(value) {
            Ok(probe) => State::Ready(probe),
            Err(error) => {
                broken(format!("the output of --probe cannot be parsed: {error}"), BUILD_ANEW)
            }
        },
    }
}

/// Checks the GPUs of this machine.
pub(super) fn gpu_now(worker: &Worker) -> Finding {
    let driver = std::fs::read_to_string("/proc/driver/nvidia/version").ok();
    let driver = driver.map(|text| driver_version(&text).unwrap_or_else(|| "unknown".to_owned()));
    let driver = driver.or_else(|| pool::gpu_driver().then(|| "unknown".to_owned()));
    gpu(driver.as_deref(), &ask(Command::new("nvidia-smi").arg("-L"), PATIENCE), worker.probe())
}

/// Returns the first word of digits and dots in `/proc/driver/nvidia/version`.
fn driver_version(text: &str) -> Option<String> {
    let is_version =
        |w: &&str| w.contains('.') && w.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.split_whitespace().find(is_version).map(str::to_owned)
}

/// Compares driver and `nvidia-smi -L` with the devices of the worker.
fn gpu(driver: Option<&str>, smi: &Reply, worker: Option<&Probe>) -> Finding {
    let gpus: Vec<&str> = match smi {
        Reply::WorkerOutput(text) => text
            .lines()
            .filter(|l| l.starts_with("GPU "))
            // `GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-...)`
            .map(|l| l.split(" (UUID").next().unwrap_or(l).trim())
            .collect(),
        _ => Vec::new(),
    };
    if driver.is_none() && gpus.is_empty() {
        return Finding::ok("gpu", "none (CPU only)");
    }
    let mut there = format!("NVIDIA driver {}", driver.unwrap_or("unknown"));
    if !gpus.is_empty() {
        there += &format!("; {}", gpus.join(", "));
    } else if let Reply::Failed(why) = smi {
        there += &format!("; nvidia-smi {why}");
    }
    let Some(worker) = worker else { return Finding::ok("gpu", there) };
    let seen = worker.devices.iter().filter(|d| d.starts_with("libtorch:cuda:")).count();
    match worker.libtorch_kind.as_deref() {
        _ if seen > 0 => Finding::ok("gpu", format!("{there}; the worker uses {seen}")),
        Some("cuda") => Finding::bad(
            Level::Warn,
            "gpu",
            format!("{there}; but libtorch finds no usable GPU"),
            "check CUDA_VISIBLE_DEVICES and `nvidia-smi`; CUDA 12.8 needs driver 525 or newer",
        ),
        kind => {
            let what = if kind.is_some() {
                "the worker's libtorch is for the CPU"
            } else {
                "the worker has no libtorch"
            };
            Finding::bad(
                Level::Warn,
                "gpu",
                format!("{there}; but {what}"),
                "with `pool = [\"libtorch:cuda:0\"]` or [\"auto\"], `cargo xtask sweep FILE` downloads \
                 one with CUDA (3.9 GB, 6.2 GB on disk)",
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::probe;
    use super::*;

    fn said(text: &str) -> Reply {
        Reply::WorkerOutput(text.to_owned())
    }

    fn findings(answer: Reply) -> Vec<Finding> {
        Worker { program: "/w".into(), state: judge(answer) }.findings()
    }

    #[test]
    fn a_worker_that_works_shows_its_devices() {
        let text = serde_json::to_string(&probe(&["flex", "libtorch:cpu"], Some("cpu"))).unwrap();
        let all = findings(said(&text));
        assert!(all.iter().all(|f| f.level == Level::Ok), "{all:?}");
        assert!(all[0].text.contains("libtorch 2.9.0 for cpu"), "{all:?}");
        let devices: Vec<&str> = all[1..].iter().map(|f| f.text.as_str()).collect();
        assert_eq!(devices, ["flex", "libtorch:cpu"]);
    }

    #[test]
    fn a_worker_that_does_not_is_an_error_with_a_remedy() {
        let library = "ended with exit status: 127: w: error while loading shared libraries: \
                       libtorch_cpu.so: cannot open shared object file";
        for (answer, text, remedy) in [
            (said("{\"protocol\":1,\"new\":0}"), "speaks protocol 1", "the same sources"),
            (said("hello"), "printed `hello`", "rebuild it"),
            (said("{\"protocol\":4}"), "cannot be parsed", "rebuild it"),
            (Reply::Failed(library.to_owned()), "libtorch_cpu.so", "restores it"),
            (Reply::Failed("ended with signal: 4".to_owned()), "signal: 4", "rebuild it"),
            (Reply::Late, "printed nothing", "rebuild it"),
            (
                Reply::NotStarted(std::io::ErrorKind::PermissionDenied.into()),
                "not executable",
                "rebuild it",
            ),
        ] {
            let all = findings(answer);
            assert_eq!((all.len(), all[0].level), (1, Level::Fail), "{all:?}");
            assert!(all[0].text.contains(text), "{all:?}");
            assert!(all[0].remedy.as_ref().unwrap().contains(remedy), "{all:?}");
        }
    }

    #[test]
    fn a_worker_that_is_not_built_is_a_warning() {
        let worker = Worker::find("/no/such/worker".into(), None);
        assert!(!worker.is_broken() && worker.probe().is_none());
        assert_eq!(worker.findings()[0].level, Level::Warn);
    }

    #[test]
    fn gpus_are_compared_with_what_the_worker_can_use() {
        let none = Reply::NotStarted(std::io::ErrorKind::NotFound.into());
        let smi = said("GPU 0: NVIDIA H100 80GB HBM3 (UUID: GPU-1)\n");
        let cpu = probe(&["flex", "libtorch:cpu"], Some("cpu"));
        let blind = probe(&["flex", "libtorch:cpu"], Some("cuda"));
        let cuda = probe(&["flex", "libtorch:cuda:0"], Some("cuda"));
        let flex = probe(&["flex"], None);
        assert_eq!(gpu(None, &none, Some(&cpu)), Finding::ok("gpu", "none (CPU only)"));
        let good = gpu(Some("570.1"), &smi, Some(&cuda));
        assert_eq!(good.level, Level::Ok);
        assert!(
            good.text.contains("driver 570.1; GPU 0: NVIDIA H100 80GB HBM3; the worker uses 1"),
            "{good:?}"
        );
        let mismatch = gpu(Some("570.1"), &smi, Some(&cpu));
        assert_eq!(mismatch.level, Level::Warn);
        assert!(mismatch.remedy.unwrap().contains("libtorch:cuda:0"));
        assert!(gpu(Some("570.1"), &smi, Some(&flex)).text.contains("no libtorch"));
        assert!(gpu(Some("1.0"), &none, Some(&blind)).remedy.unwrap().contains("CUDA_VISIBLE"));
        assert_eq!(gpu(Some("1.0"), &none, None).level, Level::Ok);
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19\n";
        assert_eq!(driver_version(text).as_deref(), Some("535.129.03"));
    }
}
