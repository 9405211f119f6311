//! A tensor over memory that libtorch has not allocated.
//!
//! This is `unsafe` because neither Rust nor libtorch knows how long that memory lives and
//! that nobody writes to it:
//! - `feed::Samples` holds the inputs beside every tensor over them and beside
//!   every slice of those; what training keeps beyond a step are copies (`select`).
//! - Burn updates in place only what has one owner, and `feed::DeviceData` is
//!   always a second one. Were it to write all the same, the pages are read-only:
//!   the process would end, and no other worker would see altered data.
#![allow(deprecated, unsafe_code)]

use burn::backend::LibTorch;
use burn::tensor::{Float, Tensor};
use burn_tch::TchTensor;
use data::Inputs;

/// The inputs as a tensor of this shape on the CPU, without a copy; none of inputs
/// that are small enough to be copied, or that have another number of values.
pub(crate) fn over(inputs: &Inputs, shape: [usize; 2]) -> Option<Tensor<2>> {
    let size = shape.map(|n| i64::try_from(n).unwrap_or(i64::MAX));
    if !inputs.is_mapped() || shape[0].checked_mul(shape[1]) != Some(inputs.len()) {
        return None;
    }
    let start = inputs.as_ptr().cast();
    // SAFETY: `start` is that of as many values as the shape has; see above.
    let tensor =
        unsafe { tch::Tensor::from_blob(start, &size, &[], tch::Kind::Float, tch::Device::Cpu) };
    Some(Tensor::<2, Float>::from_primitive::<LibTorch>(TchTensor::new(tensor)))
}

/// Where the values of a tensor on the CPU lie.
#[cfg(test)]
pub(crate) fn address(tensor: Tensor<2>) -> usize {
    tensor.try_into_primitive::<LibTorch>().unwrap().tensor.data_ptr().addr()
}
