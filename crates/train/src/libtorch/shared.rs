//! A tensor over memory that libtorch has not allocated.
//!
//! `unsafe`: neither Rust nor libtorch checks that this memory outlives the tensor and that nobody
//! writes to it.
//! - `samples::Samples` holds the inputs beside every tensor over them and beside every slice of
//!   those; what training keeps beyond a step are copies (`select`).
//! - Burn updates a tensor in place only if it has a single owner, and `feed::DeviceData` is always
//!   a second one. A write would end the process, because the pages are read-only; no other worker
//!   would see altered data.
#![allow(deprecated, unsafe_code)]

use burn::backend::LibTorch;
use burn::tensor::{Float, Tensor};
use burn_tch::TchTensor;
use data::Inputs;

/// Returns the inputs as a CPU tensor of this shape, without a copy; `None` if they are not mapped,
/// because they are small, or have another number of values.
pub(crate) fn over(inputs: &Inputs, shape: [usize; 2]) -> Option<Tensor<2>> {
    let size = shape.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    if !inputs.is_mapped() || shape[0].checked_mul(shape[1]) != Some(inputs.len()) {
        return None;
    }
    let start = inputs.as_ptr().cast();
    // SAFETY: `start` points to as many values as the shape has; see above.
    let tensor =
        unsafe { tch::Tensor::from_blob(start, &size, &[], tch::Kind::Float, tch::Device::Cpu) };
    Some(Tensor::<2, Float>::from_primitive::<LibTorch>(TchTensor::new(tensor)))
}

/// Returns the address of the values of a CPU tensor.
#[cfg(test)]
pub(crate) fn address(tensor: Tensor<2>) -> usize {
    tensor.try_into_primitive::<LibTorch>().unwrap().tensor.data_ptr().addr()
}
