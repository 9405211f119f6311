//! A pass over samples by the path that a run takes: the fast one where there is
//! one, else Burn's own operations. Training and `measure` both go through here,
//! so that what is measured is what is trained.

use burn::tensor::{Device, TensorReadError};
use model::Network;
use optimizer_registry::Optimizer;
use spec::RunSpec;

use crate::device::NamedDevice;
use crate::feed::{DeviceData, EpochOrder, Samples};
use crate::fused;
use crate::run::{Job, Run, State};
use crate::trajectory;

/// What the passes of one run have in common.
pub(crate) struct Passes<'a> {
    data: &'a DeviceData,
    /// The training split, whole.
    split: Samples,
    device: Device,
    threads: usize,
    /// The fast path.
    step: Option<Box<dyn fused::Step>>,
}

impl<'a> Passes<'a> {
    /// For a run that trains on the first `samples` of `split`.
    pub(crate) fn new(
        job: &Job<'_>,
        data: &'a DeviceData,
        device: &NamedDevice,
        split: Samples,
        samples: usize,
    ) -> Self {
        let plain = job.environment.plain;
        let threads = usize::try_from(job.environment.threads).unwrap_or(1);
        Passes {
            data,
            split,
            device: device.device.clone(),
            threads,
            step: if plain { None } else { fused::planned(job.spec, device, samples, threads) },
        }
    }

    /// The run's optimizer for its model, or for the numbers of its fast path.
    pub(crate) fn optimizer(&self, spec: &RunSpec, network: &Network) -> Optimizer {
        let numbers = self.step.as_ref().map(|step| step.numbers());
        numbers
            .and_then(|n| Optimizer::fused(&spec.optimizer, n))
            .unwrap_or_else(|| Optimizer::new(&spec.optimizer, &spec.update, &spec.groups, network))
    }
}

impl Run<'_> {
    /// One pass over the samples of `order`; gives the loss of every step.
    pub(crate) fn pass(
        &mut self,
        passes: &mut Passes<'_>,
        epoch: u64,
        state: State,
        order: &EpochOrder,
    ) -> Result<(State, Vec<f64>), TensorReadError> {
        match &mut passes.step {
            Some(step) => {
                let host = passes.data.host();
                Ok(self.fused_epoch(step.as_mut(), epoch, state, host, order, passes.threads))
            }
            None => {
                let fed = trajectory::noisy(self.spec, epoch, &passes.split, &passes.device);
                self.epoch(epoch, state, &fed, order, &passes.device)
            }
        }
    }
}
