//! The choice of a run's engine.

use crate::autodiff::AutodiffEngine;
use crate::device::NamedDevice;
use crate::engine::StepEngine;
use crate::feed::{DeviceData, Samples};
use crate::fused;
use crate::job::Job;

/// The engine of a run that trains on the first `samples` of `split`: the fused one where
/// there is one and the fast path is on, else Burn's own operations.
pub(crate) fn engine<'a>(
    job: &Job<'a>,
    data: &'a DeviceData,
    device: &NamedDevice,
    split: Samples,
    samples: usize,
) -> Box<dyn StepEngine + 'a> {
    let threads = usize::try_from(job.environment.threads).unwrap_or(1);
    let fused = match job.environment.plain {
        true => None,
        false => fused::engine(job.spec, data.host(), device, samples, threads),
    };
    fused.unwrap_or_else(|| Box::new(AutodiffEngine::new(job.spec, split, device.device.clone())))
}
