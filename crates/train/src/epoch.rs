//! One pass over the training samples, an optimizer step after the other.

use burn::optim::{GradientsAccumulator, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorReadError};
use model::Network;
use optimizer_registry::clip::clip;
use spec::RunSpec;

use crate::feed::{EpochOrder, Samples};
use crate::progress;
use crate::run::{Run, State};

impl Run<'_> {
    /// One pass over the training samples; gives the loss of every step.
    ///
    /// A step averages the gradients of `accumulate` batches, of what is left at
    /// the end of the epoch, so that no gradient is carried into the next.
    pub(crate) fn epoch(
        &mut self,
        epoch: u64,
        state: State,
        samples: &Samples,
        order: &EpochOrder,
        device: &Device,
    ) -> Result<(State, Vec<f64>), TensorReadError> {
        let (mut network, mut optimizer) = state;
        let spec = self.spec;
        let indices = order.upload(device);
        let batches = order.bounds();
        let mut losses: Vec<Tensor<1>> = Vec::with_capacity(batches.len());
        for batches in batches.chunks(accumulate(spec)) {
            let loss_and_gradients =
                |network: &Network| loss_and_gradients(spec, network, samples, &indices, batches);
            let (loss, gradients) = loss_and_gradients(&network);
            losses.push(loss);
            let lr = progress::lr(spec, &self.progress.plateau, epoch, self.progress.steps);
            network = optimizer.step(lr, network, gradients, &mut |network| {
                let (loss, gradients) = loss_and_gradients(network);
                (f64::from(loss.into_scalar::<f32>()), gradients)
            });
            self.progress.steps += 1;
            if self.track(epoch, &network, &optimizer) {
                break;
            }
            self.report();
        }
        let losses: Vec<f32> = if losses.is_empty() {
            Vec::new()
        } else {
            Tensor::cat(losses, 0).try_into_data()?.iter::<f32>().collect()
        };
        Ok(((network, optimizer), losses.into_iter().map(f64::from).collect()))
    }
}

/// Batches an optimizer step.
pub(crate) fn accumulate(spec: &RunSpec) -> usize {
    usize::try_from(spec.update.accumulate).unwrap_or(usize::MAX).max(1)
}

/// Mean loss over these batches and its gradients, clipped. Batches weigh as
/// many samples as they have, so that k of them are one of k times the size, to
/// rounding; only one batch is in memory at a time.
fn loss_and_gradients(
    spec: &RunSpec,
    network: &Network,
    samples: &Samples,
    indices: &Tensor<1, Int>,
    batches: &[(usize, usize)],
) -> (Tensor<1>, GradientsParams) {
    let loss = |(start, end): (usize, usize)| {
        let batch = samples.select(&indices.clone().slice(start..end));
        model::loss(&spec.train, network.forward(batch.inputs), &batch.targets)
    };
    let gradients = |loss: Tensor<1>| GradientsParams::from_grads(loss.backward(), network);
    let (value, gradients) = if let [one] = batches {
        let loss = loss(*one);
        (loss.clone().inner(), gradients(loss))
    } else {
        let all: usize = batches.iter().map(|(start, end)| end - start).sum();
        let mut sum = GradientsAccumulator::new();
        let mut values = Vec::with_capacity(batches.len());
        for &(start, end) in batches {
            let loss = loss((start, end)) * ((end - start) as f64 / all as f64);
            values.push(loss.clone().inner());
            sum.accumulate(network, gradients(loss));
        }
        (Tensor::cat(values, 0).sum(), sum.grads())
    };
    (value, clip(&spec.update, network, gradients))
}
