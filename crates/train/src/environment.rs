//! The environment of a run: the part of a record by which two results can be expected to agree bit
//! for bit.

use spec::event::{PROTOCOL, Probe};
use spec::record::Environment;

use crate::device::{self, NamedDevice};
use crate::{gpu, processor};

/// Version of Burn that the workspace pins.
pub const BURN_VERSION: &str = "0.22.1";

/// Hash of the sources that decide what training computes, as 32 hexadecimal digits (`sources.rs`
/// lists them).
pub const CODE: &str = env!("SWEEP_CODE_HASH");

/// Describes the environment of an opened device; `plain` disables the fast path.
pub fn describe(device: &NamedDevice, threads: u64, plain: bool) -> Environment {
    let libtorch = device.backend == "libtorch";
    let gpu = device.index.filter(|_| device.kind == "cuda").map(gpu::find);
    let device_model = match &gpu {
        Some(found) => found.as_ref().map_or("unknown", |gpu| &gpu.name).to_owned(),
        None => processor::name(),
    };
    Environment {
        backend: device.backend.to_owned(),
        device_kind: device.kind.to_owned(),
        device_model,
        processor: processor::family(),
        gpu_uuid: gpu.clone().flatten().map(|gpu| gpu.uuid),
        cpu_features: processor::features(),
        threads,
        burn: BURN_VERSION.to_owned(),
        libtorch: device::libtorch_version().filter(|_| libtorch),
        libtorch_kind: device::libtorch_kind().filter(|_| libtorch),
        driver: gpu.and_then(|_| gpu::driver()),
        tf32: device.tf32,
        // Determinism is set together with TF32 when the device is opened.
        deterministic: device.tf32.map(|_| true),
        plain,
        code: CODE.to_owned(),
    }
}

/// Returns what `--probe` prints: the backends, devices and libtorch of this worker.
pub fn probe() -> Probe {
    Probe {
        protocol: PROTOCOL,
        backends: device::backends(),
        libtorch: device::libtorch_version(),
        libtorch_kind: device::libtorch_kind(),
        libtorch_folder: device::libtorch_folder(),
        libtorch_refused: device::libtorch_refused(),
        cuda: device::cuda_devices() > 0,
        devices: device::available(),
        code: CODE.to_owned(),
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
    fn environments_differ_by_threads_and_path() {
        let device = device::open(device::USUAL, 1).unwrap();
        let id = |threads, plain| describe(&device, threads, plain).id();
        assert_ne!(id(1, false), id(2, false));
        assert_ne!(id(1, false), id(1, true));
        assert_eq!(id(1, false), id(1, false));
        assert_eq!(CODE.len(), 32);
    }
}
