//! One pass over the training samples, a batch after the other.

use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorReadError};
use model::Network;

use crate::feed::{EpochOrder, Samples};
use crate::progress;
use crate::run::{Run, State};

impl Run<'_> {
    /// One pass over the training samples; gives the loss of every batch.
    pub(crate) fn epoch(
        &mut self,
        epoch: u64,
        state: State,
        samples: &Samples,
        order: &EpochOrder,
        device: &Device,
    ) -> Result<(State, Vec<f64>), TensorReadError> {
        let (mut network, mut optimizer) = state;
        let train = &self.spec.train;
        let indices = order.upload(device);
        let mut losses: Vec<Tensor<1>> = Vec::with_capacity(order.bounds().len());
        for (start, end) in order.bounds() {
            let batch = samples.select(&indices.clone().slice(start..end));
            let look = |network: &Network| {
                model::loss(train, network.forward(batch.inputs.clone()), &batch.targets)
            };
            let loss = look(&network);
            losses.push(loss.clone().inner());
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            let lr = progress::lr(self.spec, epoch, self.progress.steps);
            network = optimizer.step(lr, network, gradients, &mut |network| {
                let loss = look(network);
                let value = f64::from(loss.clone().into_scalar::<f32>());
                (value, GradientsParams::from_grads(loss.backward(), network))
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
