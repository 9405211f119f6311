//! Tests of the environment that a worker records: the loaded libtorch, and the GPU that CUDA
//! shows. No real hardware is involved: a small library stands in for another libtorch, a script
//! for `nvidia-smi`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use burn::tensor::Device;
use spec::record::Environment;
use train::device::NamedDevice;
use train::environment::describe;

/// Environment variable of a child process of this test, which prints what it would record.
const CHILD: &str = "SWEEP_TEST_PRINTS_ENVIRONMENT";

/// An A100 in two MIG instances and a whole H200.
const NVIDIA_SMI: &str = r#"#!/bin/sh
case "$1" in
-L) cat <<'END'
GPU 0: NVIDIA A100-SXM4-80GB (UUID: GPU-5d5ba0d6-d33d-2b2c-524d-9e3d8d2b8a77)
  MIG 3g.40gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 1g.10gb     Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
GPU 1: NVIDIA H200 (UUID: GPU-8932f937-d72c-4106-c12f-20bd9faed9f6)
END
;;
--query-gpu=driver_version) printf '580.65.06\n580.65.06\n' ;;
*) exit 2 ;;
esac
"#;

/// Returns the environment that a worker on its only GPU records, with these GPUs shown.
fn recorded(tools: &Path, visible: &str) -> Environment {
    let mut path = OsString::from(tools);
    path.push(":");
    path.push(env::var_os("PATH").unwrap_or_default());
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "the_gpu_that_cuda_shows_is_recorded", "--nocapture"])
        .env(CHILD, "1")
        .env("PATH", path)
        .env("CUDA_VISIBLE_DEVICES", visible)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let start = said.find('{').unwrap_or_else(|| panic!("{output:?}"));
    let mut read = serde_json::Deserializer::from_str(&said[start..]).into_iter();
    read.next().unwrap().unwrap()
}

#[test]
fn the_gpu_that_cuda_shows_is_recorded() {
    let device = NamedDevice {
        name: "libtorch:cuda:0".to_owned(),
        backend: "libtorch",
        kind: "cuda",
        index: Some(0),
        tf32: Some(false),
        steps_of_gpu: true,
        device: Device::flex(),
    };
    if env::var_os(CHILD).is_some() {
        println!("{}", serde_json::to_string(&describe(&device, 1, false)).unwrap());
        return;
    }
    let tools = tempfile::tempdir().unwrap();
    let tool = tools.path().join("nvidia-smi");
    fs::write(&tool, NVIDIA_SMI).unwrap();
    fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();

    let h200 = ("NVIDIA H200", Some("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6"));
    let part = "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb";
    for (visible, (name, uuid)) in [
        ("1", h200),
        ("GPU-8932f937-d72c-4106-c12f-20bd9faed9f6", h200),
        ("GPU-8932", h200),
        (part, ("NVIDIA A100-SXM4-80GB MIG 1g.10gb", Some(part))),
        ("GPU-0", ("unknown", None)),
    ] {
        let found = recorded(tools.path(), visible);
        assert_eq!((found.device_model.as_str(), found.gpu_uuid.as_deref()), (name, uuid));
        assert_eq!(found.driver.as_deref(), Some("580.65.06"));
        assert_eq!((found.tf32, found.deterministic), (Some(false), Some(true)));
        assert!(found.processor.is_some(), "the host's processor stands beside the GPU");
    }
}

#[cfg(feature = "libtorch")]
mod libtorch {
    use std::process::{Output, Stdio};

    use spec::event::{Event, Probe};
    use torch_version::Version;

    use super::*;

    /// Builds a library that only answers for the version of libtorch.
    fn stand_in(folder: &Path, version: Version) -> OsString {
        let (source, library) = (folder.join("version.c"), folder.join(format!("{version}.so")));
        let Version { major, minor, patch } = version;
        let text = format!(
            "unsigned long long aoti_torch_abi_version(void) {{ return {:#x}ULL; }}\n",
            (major << 56) | (minor << 48) | (patch << 40)
        );
        fs::write(&source, text).unwrap();
        let mut cc = Command::new("cc");
        let built = cc.args(["-shared", "-fPIC", "-o"]).args([&library, &source]).status();
        assert!(built.unwrap().success());
        library.into_os_string()
    }

    /// Runs the worker with a library preloaded before its own.
    fn worker(preloaded: &OsString, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_sweep-worker"))
            .args(args)
            .env("LD_PRELOAD", preloaded)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    fn probe(preloaded: &OsString) -> Probe {
        serde_json::from_slice(&worker(preloaded, &["--probe"]).stdout).unwrap()
    }

    /// Returns the version that the worker was linked with, which it loads by default.
    fn linked() -> Version {
        let probe = probe(&OsString::new());
        assert_eq!(probe.libtorch_refused, None);
        probe.libtorch.unwrap().parse().unwrap()
    }

    #[test]
    fn the_version_is_that_of_the_loaded_libtorch() {
        let folder = tempfile::tempdir().unwrap();
        let linked = linked();
        let other = Version { patch: linked.patch + 7, ..linked };
        let preloaded = stand_in(folder.path(), other);
        let found = probe(&preloaded);
        assert_eq!(found.libtorch, Some(other.to_string()));
        assert!(found.devices.contains(&"libtorch:cpu".to_owned()), "{found:?}");
        let ready = worker(&preloaded, &["--device", "libtorch:cpu"]);
        let event: Event = serde_json::from_slice(&ready.stdout).unwrap();
        let Event::Ready { environment, .. } = event else { panic!("{event:?}") };
        assert_eq!(environment.libtorch, Some(other.to_string()));
    }

    #[test]
    fn a_libtorch_that_does_not_fit_computes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let linked = linked();
        for (version, why) in [
            (Version { minor: torch_version::FIRST.1 - 1, ..linked }, "it lacks functions"),
            (Version { minor: torch_version::LAST.1 + 1, ..linked }, "may have changed functions"),
            (
                Version { minor: if linked.minor == 10 { 9 } else { 10 }, ..linked },
                "was built with",
            ),
        ] {
            let other = stand_in(folder.path(), version);
            let found = probe(&other);
            assert_eq!(found.libtorch, Some(version.to_string()));
            assert!(!found.devices.iter().any(|d| d.starts_with("libtorch")), "{found:?}");
            let said = found.libtorch_refused.unwrap();
            assert!(said.contains(why), "{said}");
            let refused = worker(&other, &["--device", "libtorch:cpu"]);
            assert_eq!((refused.status.code(), refused.stdout.len()), (Some(2), 0));
            assert!(String::from_utf8_lossy(&refused.stderr).contains(&said), "{refused:?}");
        }
    }
}
