//! The choice of a run's step engine.

use crate::autodiff::AutodiffEngine;
use crate::device::NamedDevice;
use crate::engine::StepEngine;
use crate::feed::DeviceData;
use crate::fused;
use crate::job::Job;
#[cfg(feature = "libtorch")]
use crate::on_device::{self, graph};
use crate::samples::Samples;

/// Returns the step engine of a run that trains on the first `samples` samples of `split`: a faster
/// one if it supports the run and the fast path is on, else that of Burn's own operations.
pub(crate) fn engine<'a>(
    job: &Job<'a>,
    data: &'a DeviceData,
    device: &NamedDevice,
    split: Samples,
    samples: usize,
) -> Box<dyn StepEngine + 'a> {
    let threads = usize::try_from(job.environment.threads).unwrap_or(1);
    let plain = AutodiffEngine::new(job.spec, split.clone(), device.device.clone());
    if job.environment.plain {
        return Box::new(plain);
    }
    #[cfg(feature = "libtorch")]
    if device.backend == "libtorch"
        && let Some(gradients) = graph::gradients(job.spec)
    {
        let update = on_device::update(job.spec);
        return Box::new(plain.with_gradients(Box::new(gradients)).with_update(update));
    }
    #[cfg(feature = "libtorch")]
    if device.steps_of_gpu {
        let update = || plain.with_update(on_device::update(job.spec));
        return on_device::engine(job.spec, &split, samples).unwrap_or_else(|| Box::new(update()));
    }
    fused::engine(job.spec, data.host(), device, samples, threads)
        .unwrap_or_else(|| Box::new(plain))
}
