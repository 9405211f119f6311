//! Access to libtorch. Burn marks its libtorch devices as deprecated (0.22 is the last release line
//! that has them), which is allowed here.
#![allow(deprecated)]

pub(crate) mod arena;

use burn::tensor::Device;

mod cuda_arithmetic;
mod loaded;
mod shared;

#[cfg(test)]
pub(crate) use self::shared::address;
pub(crate) use self::shared::over;

pub(crate) use self::cuda_arithmetic::set as set_cuda_arithmetic;
pub(crate) use self::loaded::{folder, refused, version};

/// Returns the kind of device for which the loaded libtorch was built, `cpu` or `cuda`, whether or
/// not there is a GPU.
pub(crate) fn kind() -> &'static str {
    if loaded::has_cuda() { "cuda" } else { "cpu" }
}

/// Returns the number of GPUs that libtorch can use; 0 without CUDA.
pub(crate) fn cuda_devices() -> usize {
    loaded::load_cuda();
    if tch::Cuda::is_available() {
        usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
    } else {
        0
    }
}

/// Returns Burn's device for libtorch on the CPU.
pub(crate) fn cpu() -> Device {
    Device::libtorch()
}

/// Returns Burn's device for the GPU `index`, counted within `CUDA_VISIBLE_DEVICES`.
pub(crate) fn cuda(index: usize) -> Device {
    Device::libtorch_cuda(index)
}

/// Sets the number of threads inside one operation. Each computing thread must call this first:
/// libtorch sets OpenMP's count for the calling thread only.
pub(crate) fn set_threads(threads: u64) {
    let threads = i32::try_from(threads).unwrap_or(i32::MAX);
    tch::set_num_threads(threads);
}

/// Turns off libtorch's own autograd on the calling thread while it lives, because Burn computes
/// the gradients.
pub(crate) struct NoGrad(#[allow(dead_code)] tch::NoGradGuard);

impl NoGrad {
    pub(crate) fn new() -> Self {
        NoGrad(tch::no_grad_guard())
    }
}
