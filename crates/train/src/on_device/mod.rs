//! The fast path on a GPU: steps and updates whose kernels are few, in libtorch's own
//! operations on the device's memory.
//!
//! The time of a small network on a GPU is the time of starting its kernels, some 5
//! microseconds each.
//! [`engine`] has the whole step of what [`crate::fused`] is for; where Burn differentiates,
//! [`update`] replaces the optimizer's rule. `train/src/launches.rs` counts the kernels of a step.
//! Both are tested on libtorch's CPU, where the path without a graph is faster.
//! Burn marks its libtorch backend deprecated (0.22 is the last line that has it), which is
//! allowed here.
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

/// The engine of a run that trains on the first `samples` samples of `split`, which lies on
/// a device of libtorch; none where Burn has to differentiate.
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

/// The updates that replace the optimizer's rule where Burn's modules hold the parameters; none
/// where the rule is used.
pub(crate) fn update(spec: &RunSpec) -> Option<Box<dyn DeviceUpdate + '_>> {
    // A descent on a landscape is looked at between steps.
    let applies = !spec.model.is_function() && Fused::for_device(&spec.optimizer, 0).is_some();
    applies.then(|| Box::new(parameters::InPlace::new(spec)) as Box<dyn DeviceUpdate>)
}
