//! Devices by name: `flex`, `libtorch:cpu`, `libtorch:cuda:<index>`.

use burn::tensor::Device;
use spec::device::DeviceName;

/// A device that a worker computes on.
#[derive(Clone, Debug)]
pub struct NamedDevice {
    /// Name as in the pool, such as `libtorch:cuda:0`.
    pub name: String,
    /// `flex` or `libtorch`.
    pub backend: &'static str,
    /// `cpu` or `cuda`.
    pub kind: &'static str,
    /// Index of the GPU as this process sees it; `None` on a CPU.
    pub index: Option<usize>,
    /// True if matrix products and convolutions may round their inputs to TF32; `None` on a CPU.
    pub tf32: Option<bool>,
    /// True if the GPU's step engine is used: on a GPU, and in tests on libtorch's CPU.
    pub steps_of_gpu: bool,
    /// Burn's device, without autodiff.
    pub device: Device,
}

impl NamedDevice {
    /// Returns true if libtorch keeps its tensors in host memory.
    #[cfg(feature = "libtorch")]
    pub(crate) fn is_libtorch_cpu(&self) -> bool {
        self.backend == "libtorch" && self.kind == "cpu"
    }

    /// Uses the GPU's step engine on libtorch's CPU, so that tests can compare it with the CPU's
    /// own. The environment does not record this, so the results must not be stored.
    pub fn with_steps_of_gpu(self) -> Self {
        NamedDevice { steps_of_gpu: self.backend == "libtorch", ..self }
    }

    /// Sets whether matrix products and convolutions of this process round their inputs to TF32; no
    /// effect on a CPU.
    pub fn with_tf32(self, on: bool) -> Self {
        let tf32 = self.tf32.map(|_| {
            #[cfg(feature = "libtorch")]
            crate::libtorch::set_cuda_arithmetic(on);
            on
        });
        NamedDevice { tf32, ..self }
    }
}

/// Error for a device that this worker cannot use.
#[derive(Debug, thiserror::Error)]
pub enum DeviceError {
    /// The name is not a known device; the second field lists the available ones.
    #[error("there is no device `{0}`; this worker knows: {1}")]
    Unknown(String, String),
    /// The worker was compiled without the feature `flex`.
    #[error(
        "device `flex`: this worker was built for libtorch alone; `cargo xtask sweep` builds one for flex, or use --device libtorch:cpu"
    )]
    NoFlex,
    /// The worker was compiled without the feature `libtorch`.
    #[error(
        "device `{0}`: this worker was built without libtorch; `cargo xtask sweep` builds one that has it, or use --device flex"
    )]
    NoLibtorch(String),
    /// The bindings do not support the loaded libtorch's version; the second field says why.
    #[error("device `{0}`: {1}")]
    LibtorchRefused(String, String),
    /// libtorch has no CUDA, or sees fewer GPUs.
    #[error(
        "device `{name}`: libtorch sees {found} CUDA device(s); a libtorch with CUDA and a working driver are needed, or use --device libtorch:cpu"
    )]
    NoCuda {
        /// Requested device.
        name: String,
        /// Number of GPUs that libtorch sees.
        found: usize,
    },
}

/// Returns the backends compiled into this worker.
pub fn backends() -> Vec<String> {
    let compiled = [("flex", cfg!(feature = "flex")), ("libtorch", cfg!(feature = "libtorch"))];
    compiled.iter().filter(|(_, there)| *there).map(|(name, _)| (*name).to_owned()).collect()
}

/// Returns the number of GPUs that libtorch can use; 0 without libtorch.
pub fn cuda_devices() -> usize {
    #[cfg(feature = "libtorch")]
    return if libtorch_refused().is_none() { crate::libtorch::cuda_devices() } else { 0 };
    #[cfg(not(feature = "libtorch"))]
    0
}

/// Returns the version of the loaded libtorch; `None` without libtorch.
pub fn libtorch_version() -> Option<String> {
    #[cfg(feature = "libtorch")]
    return Some(crate::libtorch::version().to_string());
    #[cfg(not(feature = "libtorch"))]
    None
}

/// Returns the kind of the loaded libtorch, `cpu` or `cuda`; `None` without libtorch.
pub fn libtorch_kind() -> Option<String> {
    #[cfg(feature = "libtorch")]
    return Some(crate::libtorch::kind().to_owned());
    #[cfg(not(feature = "libtorch"))]
    None
}

/// Returns the folder of the loaded libtorch; `None` if unknown or without libtorch.
pub fn libtorch_folder() -> Option<String> {
    #[cfg(feature = "libtorch")]
    return crate::libtorch::folder().map(|folder| folder.display().to_string());
    #[cfg(not(feature = "libtorch"))]
    None
}

/// Returns why the loaded libtorch cannot be used; `None` if it can, or without libtorch.
pub fn libtorch_refused() -> Option<String> {
    #[cfg(feature = "libtorch")]
    return crate::libtorch::refused();
    #[cfg(not(feature = "libtorch"))]
    None
}

/// Returns the names of the devices that can be opened on this machine.
pub fn available() -> Vec<String> {
    let mut out = Vec::new();
    if cfg!(feature = "flex") {
        out.push("flex".to_owned());
    }
    if cfg!(feature = "libtorch") && libtorch_refused().is_none() {
        out.push("libtorch:cpu".to_owned());
        out.extend((0..cuda_devices()).map(|i| format!("libtorch:cuda:{i}")));
    }
    out
}

/// Default device of a worker: `flex` if it is compiled in, else `libtorch:cpu`.
pub const USUAL: &str = if cfg!(feature = "flex") { "flex" } else { "libtorch:cpu" };

/// Opens a device. With libtorch, it also sets the number of threads inside one operation of the
/// calling thread. On a GPU, TF32 is off and cuDNN is deterministic.
///
/// # Errors
/// Fails for an unknown name, a device that this build or machine lacks, or a libtorch version that
/// the bindings do not support.
pub fn open(name: &str, threads: u64) -> Result<NamedDevice, DeviceError> {
    let named = |backend, kind, index, device| NamedDevice {
        name: name.to_owned(),
        backend,
        kind,
        index,
        tf32: None,
        steps_of_gpu: kind == "cuda",
        device,
    };
    let unknown = || DeviceError::Unknown(name.to_owned(), available().join(", "));
    let wanted: DeviceName = name.parse().map_err(|_| unknown())?;
    match wanted {
        DeviceName::Flex if !cfg!(feature = "flex") => return Err(DeviceError::NoFlex),
        DeviceName::Flex => return Ok(named("flex", "cpu", None, Device::flex())),
        // The runner resolves these to a device before it starts a worker.
        DeviceName::Auto | DeviceName::EveryCuda => return Err(unknown()),
        DeviceName::LibtorchCpu | DeviceName::Cuda(_) => {}
    }
    #[cfg(not(feature = "libtorch"))]
    {
        let _ = threads;
        Err(DeviceError::NoLibtorch(name.to_owned()))
    }
    #[cfg(feature = "libtorch")]
    {
        if let Some(reason) = libtorch_refused() {
            return Err(DeviceError::LibtorchRefused(name.to_owned(), reason));
        }
        crate::libtorch::set_threads(threads);
        let Some(index) = wanted.gpu() else {
            return Ok(named("libtorch", "cpu", None, crate::libtorch::cpu()));
        };
        let found = cuda_devices();
        if index >= found {
            return Err(DeviceError::NoCuda { name: name.to_owned(), found });
        }
        let opened = named("libtorch", "cuda", Some(index), crate::libtorch::cuda(index));
        Ok(NamedDevice { tf32: Some(false), ..opened }.with_tf32(false))
    }
}

/// Guard that a computing thread holds while it trains: it turns libtorch's own autograd off.
pub struct ComputeGuard {
    #[cfg(feature = "libtorch")]
    _no_grad: crate::libtorch::NoGrad,
}

impl ComputeGuard {
    /// Prepares the calling thread.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self {
            #[cfg(feature = "libtorch")]
            _no_grad: crate::libtorch::NoGrad::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_names_are_refused_with_the_choice() {
        let message = open("gpu", 1).unwrap_err().to_string();
        assert!(
            message.contains("there is no device `gpu`") && message.contains(USUAL),
            "{message}"
        );
        assert!(open("libtorch:cuda:9999", 1).is_err());
    }

    #[test]
    fn what_was_compiled_in_is_offered_and_nothing_else() {
        for (name, backend, there) in [
            ("flex", "flex", cfg!(feature = "flex")),
            ("libtorch:cpu", "libtorch", cfg!(feature = "libtorch")),
        ] {
            assert_eq!(open(name, 1).is_ok_and(|device| device.backend == backend), there);
            assert_eq!(available().contains(&name.to_owned()), there);
            assert_eq!(backends().contains(&backend.to_owned()), there);
        }
        assert_eq!(open(USUAL, 1).unwrap().name, USUAL);
    }
}
