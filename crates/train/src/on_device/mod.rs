//! The fast path on a GPU: steps and updates of few kernels, from libtorch's own operations on
//! device memory.
//!
//! Starting kernels, about 5 microseconds each, dominates the time of a small network on a GPU.
//! [`engine`] computes whole steps for the runs that [`crate::fused`] supports; where Burn
//! differentiates, [`update`] replaces the optimizer's rule. Both are tested on libtorch's CPU,
//! where [`crate::fused`] is faster. `train/src/launches.rs` counts the kernels of a step.
//!
//! Burn marks its libtorch backend as deprecated (0.22 is the last release line that has it), which
//! is allowed here.
#![allow(deprecated)]

mod engine;
mod fused_ops;
pub(crate) mod graph;
mod parameters;
mod stack;
mod update;

use optimizer_registry::Fused;
use spec::RunSpec;

use crate::autodiff::DeviceUpdate;
use crate::engine::StepEngine;
use crate::fused::{self, Shape};
use crate::samples::Samples;

/// Returns the step engine of a run that trains on the first `samples` samples of `split`, which is
/// on a device of libtorch; `None` if Burn has to differentiate.
pub(crate) fn engine<'a>(
    spec: &'a RunSpec,
    split: &Samples,
    samples: usize,
) -> Option<Box<dyn StepEngine + 'a>> {
    if !fused::applies(spec) {
        return None;
    }
    let Shape { widths, batch, rest } = fused::shape(spec, samples)?;
    let batches: Vec<usize> = [Some(batch), rest].into_iter().flatten().collect();
    Some(Box::new(engine::DeviceEngine::new(spec, split.clone(), widths, &batches)))
}

/// Returns the updates that replace the optimizer's rule where Burn's modules hold the parameters;
/// `None` if the rule is used.
pub(crate) fn update(spec: &RunSpec) -> Option<Box<dyn DeviceUpdate + '_>> {
    // The position on a landscape is read between steps.
    let applies = !spec.model.is_function() && Fused::for_device(&spec.optimizer, 0).is_some();
    applies.then(|| Box::new(parameters::InPlace::new(spec)) as Box<dyn DeviceUpdate>)
}
