//! Everything that names libtorch. Burn marks its libtorch devices deprecated
//! (0.22 is the last line that has them), which is allowed in this file alone.
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

/// Returns the kind of device that the loaded libtorch was built for, whether or not there is a GPU.
pub(crate) fn kind() -> &'static str {
    if loaded::has_cuda() { "cuda" } else { "cpu" }
}

/// Whether this libtorch was built with CUDA and sees a usable device.
pub(crate) fn cuda_devices() -> usize {
    loaded::load_cuda();
    if tch::Cuda::is_available() {
        usize::try_from(tch::Cuda::device_count()).unwrap_or(0)
    } else {
        0
    }
}

/// The CPU.
pub(crate) fn cpu() -> Device {
    Device::libtorch()
}

/// The GPU of this index, as seen under `CUDA_VISIBLE_DEVICES`.
pub(crate) fn cuda(index: usize) -> Device {
    Device::libtorch_cuda(index)
}

/// Threads inside one operation. Each thread of the process that computes must
/// call this first: libtorch sets OpenMP's count for the calling thread.
pub(crate) fn set_threads(threads: u64) {
    let threads = i32::try_from(threads).unwrap_or(i32::MAX);
    tch::set_num_threads(threads);
}

/// Turns libtorch's own autograd bookkeeping off while it lives: gradients are
/// Burn's. Bound to the calling thread.
pub(crate) struct NoGrad(#[allow(dead_code)] tch::NoGradGuard);

impl NoGrad {
    pub(crate) fn new() -> Self {
        NoGrad(tch::no_grad_guard())
    }
}
