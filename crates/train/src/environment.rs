//! Where a run computes: the part of a record that says when two results may
//! be expected to agree bit by bit.

use spec::event::{PROTOCOL, Probe};
use spec::record::Environment;

use crate::device::{self, NamedDevice};

/// The Burn that the workspace pins.
pub const BURN_VERSION: &str = "0.22.1";

/// Hash of the sources of spec's seeds and stopping rules and of data, model, optimizer-registry and train.
pub const CODE: &str = env!("SWEEP_CODE_HASH");

/// Describes an opened device; `plain` leaves the fast path out.
pub fn describe(device: &NamedDevice, threads: u64, plain: bool) -> Environment {
    let libtorch = device.backend == "libtorch";
    let (device_model, driver) = if device.kind == "cuda" {
        (gpu_model(device.index.unwrap_or(0)), driver())
    } else {
        (cpu_model(), None)
    };
    Environment {
        backend: device.backend.to_owned(),
        device_kind: device.kind.to_owned(),
        device_model,
        cpu_features: cpu_features(),
        threads,
        burn: BURN_VERSION.to_owned(),
        libtorch: device::libtorch_version().filter(|_| libtorch),
        libtorch_kind: device::libtorch_kind().filter(|_| libtorch),
        driver,
        plain,
        code: CODE.to_owned(),
    }
}

/// What `--probe` prints.
pub fn probe() -> Probe {
    Probe {
        protocol: PROTOCOL,
        backends: device::backends(),
        libtorch: device::libtorch_version(),
        libtorch_kind: device::libtorch_kind(),
        cuda: device::cuda_devices() > 0,
        devices: device::available(),
        code: CODE.to_owned(),
    }
}

fn cpu_model() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|l| l.strip_prefix("model name")?.split_once(':'));
    model.map_or_else(|| "unknown".to_owned(), |(_, name)| name.trim().to_owned())
}

/// The name by NVIDIA's own tool: tch has no call for it.
fn gpu_model(index: usize) -> String {
    let visible = std::env::var("CUDA_VISIBLE_DEVICES")
        .ok()
        .and_then(|v| v.split(',').nth(index)?.trim().parse().ok());
    let physical = visible.unwrap_or(index);
    nvidia_smi("name").into_iter().nth(physical).unwrap_or_else(|| "unknown".to_owned())
}

/// Version of NVIDIA's driver, which all GPUs of a machine share.
fn driver() -> Option<String> {
    nvidia_smi("driver_version").into_iter().next().or_else(|| {
        let text = std::fs::read_to_string("/proc/driver/nvidia/version").ok()?;
        kernel_module_version(&text)
    })
}

/// The version in `/proc/driver/nvidia/version`, for machines without
/// nvidia-smi: the first word of digits and dots.
fn kernel_module_version(text: &str) -> Option<String> {
    let version =
        |word: &&str| word.contains('.') && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    text.split_whitespace().find(version).map(str::to_owned)
}

/// One property of every GPU; nothing where the tool is missing or fails.
fn nvidia_smi(property: &str) -> Vec<String> {
    let query = format!("--query-gpu={property}");
    let output = std::process::Command::new("nvidia-smi")
        .args([query.as_str(), "--format=csv,noheader"])
        .output();
    let Some(output) = output.ok().filter(|o| o.status.success()) else { return Vec::new() };
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|l| l.trim().to_owned()).filter(|l| !l.is_empty()).collect()
}

/// Instruction sets by which kernels choose their code, and so their bits.
fn cpu_features() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let mut out = Vec::new();
        macro_rules! ask {
            ($($name:tt)+) => { $(if std::arch::is_x86_feature_detected!($name) { out.push($name); })+ };
        }
        ask!("sse4.2" "avx" "fma" "avx2" "avx512f" "avx512bw" "avx512vl" "avx512vnni" "avx512bf16");
        out.join(" ")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        std::env::consts::ARCH.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_burn_version_is_the_pinned_one() {
        let manifest = include_str!("../../../Cargo.toml");
        assert!(manifest.contains(&format!("burn = {{ version = \"={BURN_VERSION}\"")));
    }

    #[test]
    fn the_driver_is_read_from_the_kernel_module() {
        let text = "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.129.03  Thu Oct 19\nGCC version: gcc version 11.4.0\n";
        assert_eq!(kernel_module_version(text).as_deref(), Some("535.129.03"));
        assert_eq!(kernel_module_version("no driver"), None);
    }

    #[test]
    fn environments_differ_by_threads_and_path() {
        let device = device::open(device::USUAL, 1).unwrap();
        let id = |threads, plain| describe(&device, threads, plain).id();
        assert_ne!(id(1, false), id(2, false));
        assert_ne!(id(1, false), id(1, true));
        assert_eq!(id(1, false), id(1, false));
        assert_eq!(CODE.len(), 32);
    }
}
